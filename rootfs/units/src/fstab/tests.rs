use super::*;
use crate::text::Entry;
use proptest::prelude::*;

fn made(text: &str) -> Vec<(String, Vec<String>, Vec<String>)> {
    let lines = parse(text, Path::new("/etc/fstab"), &mut Vec::new());
    let setting = |entry: &Entry| format!("{}={}", entry.key, entry.value);
    let all = units(&lines).into_iter().map(|(name, unit)| {
        let settings = unit.entries.iter().filter(|entry| entry.key != "SourcePath");
        let pulled = unit.pulled_by.iter().map(|(by, relation)| format!("{relation:?} {by}"));
        (name.to_string(), settings.map(setting).collect(), pulled.collect())
    });
    all.collect()
}

#[test]
fn lines_become_units() {
    for (text, name, settings, pulled) in [
        (
            "UUID=AB-CD /a\\040b auto ro,x-systemd.mount-timeout=5s 0 2",
            "a\\x20b.mount",
            "What=/dev/disk/by-uuid/AB-CD Where=/a b Options=ro,x-systemd.mount-timeout=5s TimeoutSec=5s",
            "Requires local-fs.target",
        ),
        (
            "h:/x /n nfs nofail",
            "n.mount",
            "What=h:/x Where=/n Type=nfs Options=nofail",
            "Wants remote-fs.target",
        ),
        ("/dev/a /x ext4 noauto", "x.mount", "What=/dev/a Where=/x Type=ext4 Options=noauto", ""),
        (
            "/dev/a none swap sw,pri=5",
            "dev-a.swap",
            "What=/dev/a Priority=5 Options=sw,pri=5",
            "Requires swap.target",
        ),
        (
            "/dev/a /x ext4 x-systemd.requires=/dev/b,x-systemd.wanted-by=y.target",
            "x.mount",
            "What=/dev/a Where=/x Type=ext4 \
            Options=x-systemd.requires=/dev/b,x-systemd.wanted-by=y.target Requires=dev-b.device \
            After=dev-b.device",
            "Wants y.target",
        ),
    ] {
        let units = made(text);
        assert_eq!(units[0].0, name, "{text}");
        assert_eq!(units[0].1.join(" "), settings, "{text}");
        assert_eq!(units[0].2.join(" "), pulled, "{text}");
    }
}

#[test]
fn tags_lead_to_links() {
    let rows = [
        (
            "UUID=123E4567-E89B-12D3-A456-426614174000",
            "/dev/disk/by-uuid/123e4567-e89b-12d3-a456-426614174000",
        ),
        ("UUID=1A2B-3C4D", "/dev/disk/by-uuid/1A2B-3C4D"),
        ("LABEL=\"my data\"", "/dev/disk/by-label/my\\x20data"),
        ("PARTLABEL=ROOT", "/dev/disk/by-partlabel/ROOT"),
        ("ID=a/b", "/dev/disk/by-id/a\\x2fb"),
        ("PARTUUID=ab030201-02", "/dev/disk/by-partuuid/ab030201-02"),
    ];
    for (what, path) in rows {
        assert_eq!(tagged_path(what).unwrap().to_str(), Some(path));
    }
    assert_eq!(tagged_path("/dev/sda1"), None);
}

#[test]
fn values_in_links_are_written_as_udev_does() {
    let rows = [
        ("EFI-SYSTEM", "EFI-SYSTEM"),
        ("a b/c", "a\\x20b\\x2fc"),
        ("größe", "größe"),
        ("x\\y\n", "x\\x5cy\\x0a"),
    ];
    for (value, name) in rows {
        assert_eq!(encode(value), name);
    }
}

#[test]
fn an_automount_is_pulled_in_instead_of_its_mount() {
    let units = made("/dev/a /x ext4 noauto,x-systemd.automount,x-systemd.idle-timeout=1min\n");
    assert_eq!(units[0].0, "x.automount");
    assert_eq!(units[0].1, ["Where=/x", "TimeoutIdleSec=1min"]);
    assert_eq!(units[0].2, ["Requires local-fs.target"]);
    assert_eq!(units[1].2, Vec::<String>::new());
}

#[test]
fn the_sixth_field_has_a_local_file_system_checked() {
    for (text, check) in [
        ("/dev/a /x ext4 defaults 0 2", true),
        ("/dev/a /x ext4 defaults 0 0", false),
        ("/dev/a /x ext4 defaults", false),
        ("h:/a /x nfs defaults 0 2", false),
    ] {
        let lines = parse(text, Path::new("/etc/fstab"), &mut Vec::new());
        assert!(units(&lines).values().all(|unit| unit.check == check), "{text}");
    }
}

#[test]
fn options_that_are_not_done_are_told() {
    let mut remarks = Vec::new();
    let text = "/dev/a /x ext4 x-systemd.growfs,ro\n/dev/b none swap x-systemd.makefs\n";
    parse(text, Path::new("/etc/fstab"), &mut remarks);
    let told: Vec<String> = remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "/etc/fstab:1: x-systemd.growfs is not done here; passed over",
            "/etc/fstab:2: x-systemd.makefs is not done here; passed over",
        ]
    );
}

#[test]
fn what_is_no_line_is_told() {
    let mut remarks = Vec::new();
    let lines = parse("# c\n\n/dev/a /x\nproc /proc proc\n", Path::new("/etc/fstab"), &mut remarks);
    assert_eq!(lines.len(), 1);
    assert!(remarks[0].to_string().starts_with("/etc/fstab:3: `/dev/a /x` has not"));
    assert!(units(&lines).is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\PC /=,\\n\\\\]{0,120}") {
        units(&parse(&text, Path::new("/etc/fstab"), &mut Vec::new()));
    }
}
