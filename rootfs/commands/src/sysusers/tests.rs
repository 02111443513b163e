use super::*;

#[test]
fn files_are_replaced_whole_and_keep_their_mode() {
    let root = tempfile::tempdir().expect("a folder");
    let etc = root.path().join("etc");
    fs::create_dir_all(&etc).expect("made");
    fs::write(etc.join("passwd"), "root:x:0:0::/root:/bin/sh\n").expect("written");
    fs::write(etc.join("shadow"), "root:*:::::::\n").expect("written");
    fs::set_permissions(etc.join("shadow"), fs::Permissions::from_mode(0o600)).expect("set");
    let inline = |words: &[&str], dry_run| Options {
        root: root.path().to_owned(),
        inline: true,
        dry_run,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        ..Options::default()
    };
    assert!(work(&inline(&["u web 404 \"Web\"", "g log 190"], true)).expect("done"));
    assert!(!etc.join("group").exists());
    assert!(work(&inline(&["u web 404 \"Web\"", "g log 190"], false)).expect("done"));
    let text = |name: &str| fs::read_to_string(etc.join(name)).expect("there");
    assert_eq!(
        text("passwd"),
        "root:x:0:0::/root:/bin/sh\nweb:x:404:404:Web:/:/usr/sbin/nologin\n"
    );
    assert_eq!(text("passwd-"), "root:x:0:0::/root:/bin/sh\n");
    assert_eq!(text("group"), "log:x:190:\nweb:x:404:\n");
    assert_eq!(fs::metadata(etc.join("shadow")).expect("there").mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(etc.join("gshadow")).expect("there").mode() & 0o777, 0o640);
    assert!(!work(&inline(&["u 1bad"], false)).expect("done"));
}
