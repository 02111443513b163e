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
        (&[("Name", "eth*"), ("Name", "")], true),
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
        (&[], true),
    ] {
        let mut matching = Match::default();
        for (key, value) in lines {
            assert_eq!(matching.set(key, value), Ok(true));
        }
        assert_eq!(matching.fits(&link(), &host()), fits, "{lines:?}");
    }
}
