use super::*;

fn link() -> Candidate {
    Candidate {
        names: vec!["enp0s3".to_owned(), "lan".to_owned()],
        mac: "52:54:00:12:34:56".parse().ok(),
        permanent_mac: "52:54:00:12:34:57".parse().ok(),
        device_type: "ether".to_owned(),
        kind: String::new(),
        driver: "virtio_net".to_owned(),
        path: "pci-0000:00:03.0".to_owned(),
    }
}

fn host() -> Host {
    Host {
        name: "node1".to_owned(),
        command_line: vec!["quiet".to_owned(), "a=b".to_owned()],
        virtualization: "kvm".to_owned(),
        kernel: "6.12.48".to_owned(),
        architecture: "x86-64".to_owned(),
        ..Host::default()
    }
}

#[test]
fn lines_of_one_key_add_and_lines_of_different_keys_all_count() {
    for (lines, fits) in [
        (&[("Name", "en*")][..], true),
        (&[("Name", "eth* en*")], true),
        (&[("Name", "lan")], true),
        (&[("Name", "!en*")], false),
        (&[("Name", "eth*"), ("Name", "enp*")], true),
        (&[("Name", "eth*"), ("Name", "")], false),
        (&[("Name", "*")], true),
        (&[("Host", "node1")], true),
        (&[("Name", "en*"), ("Driver", "e1000")], false),
        (&[("MACAddress", "52-54-00-12-34-56 00:00:00:00:00:01")], true),
        (&[("PermanentMACAddress", "52:54:00:12:34:56")], false),
        (&[("Type", "ether"), ("Kind", "!*")], true),
        (&[("Kind", "veth")], false),
        (&[("Path", "pci-0000:00:0?.0")], true),
        (&[("Name", "en*"), ("Host", "node*")], true),
        (&[("Name", "en*"), ("Host", "!node1")], false),
        (&[("Name", "en*"), ("KernelCommandLine", "a")], true),
        (&[("Name", "en*"), ("KernelCommandLine", "a=c")], false),
        (&[("Name", "en*"), ("Virtualization", "vm")], true),
        (&[("Name", "en*"), ("Virtualization", "no")], false),
        (&[("Name", "en*"), ("Architecture", "arm64")], false),
        (&[("Name", "en*"), ("KernelVersion", "6.1?.*")], true),
        (&[("Name", "en*"), ("KernelVersion", "5.*")], false),
        (&[], false),
    ] {
        let mut matching = Match::default();
        for (key, value) in lines {
            assert_eq!(matching.set(key, value), Ok(true));
        }
        assert_eq!(matching.fits(&link(), &host()), fits, "{lines:?}");
    }
}

#[test]
fn what_is_not_known_or_cannot_be_read_fits_nothing() {
    for (key, value, told, fits) in [
        ("SSID", "home", Ok(false), false),
        ("Firmware", "uefi", Ok(false), false),
        ("KernelVersion", ">=6.0", Err("`>=6.0` is no pattern; comparisons"), false),
        ("MACAddress", "52:54", Err("`52:54`: "), false),
        ("MACAddress", "52:54 52:54:00:12:34:56", Err("`52:54`: "), true),
        // A typo is told and counts for nothing.
        ("Nmae", "eth*", Ok(false), true),
    ] {
        let mut matching = Match::name("en*");
        let found = matching.set(key, value);
        let agrees = match (&found, told) {
            (Err(wrong), Err(beginning)) => wrong.starts_with(beginning),
            (found, told) => found.as_ref().ok() == told.as_ref().ok(),
        };
        assert!(agrees, "{key}={value}: {found:?}");
        assert_eq!(matching.fits(&link(), &host()), fits, "{key}={value}");
    }
    let mut alone = Match::default();
    assert_eq!(alone.set("Nmae", "eth*"), Ok(false));
    assert!(!alone.fits(&link(), &host()) && alone.fits_host(&host()));
    assert_eq!(alone.set("Credential", "x"), Ok(false));
    assert!(!alone.fits_host(&host()));
}
