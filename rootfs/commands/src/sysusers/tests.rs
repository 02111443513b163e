use super::*;

fn inline(root: &Path, words: &[&str]) -> Options {
    Options {
        root: root.to_owned(),
        inline: true,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        ..Options::default()
    }
}

#[test]
fn files_are_replaced_whole_and_keep_their_mode() {
    let root = tempfile::tempdir().expect("a folder");
    let etc = root.path().join("etc");
    fs::create_dir_all(&etc).expect("made");
    fs::write(etc.join("passwd"), "root:x:0:0::/root:/bin/sh\n").expect("written");
    fs::write(etc.join("shadow"), "root:*:::::::\n").expect("written");
    fs::set_permissions(etc.join("shadow"), fs::Permissions::from_mode(0o600)).expect("set");
    let inline = |words: &[&str], dry_run| Options { dry_run, ..inline(root.path(), words) };
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

#[test]
fn lines_that_are_not_utf_8_stay_byte_for_byte() {
    let root = tempfile::tempdir().expect("a folder");
    let etc = root.path().join("etc");
    fs::create_dir_all(&etc).expect("made");
    fs::write(etc.join("passwd"), b"root:x:0:0::/root:/bin/sh\njo:x:1000:1000:J\xf6rg:/:/bin/sh\n")
        .expect("written");
    fs::write(etc.join("group"), b"adm:x:4:J\xf6rg\n").expect("written");
    assert!(work(&inline(root.path(), &["u web 404", "m web adm"])).expect("done"));
    assert_eq!(
        fs::read(etc.join("passwd")).expect("there"),
        b"root:x:0:0::/root:/bin/sh\njo:x:1000:1000:J\xf6rg:/:/bin/sh\n\
          web:x:404:404::/:/usr/sbin/nologin\n"
    );
    assert_eq!(fs::read(etc.join("group")).expect("there"), b"adm:x:4:J\xf6rg,web\nweb:x:404:\n");
}

#[test]
fn nothing_is_written_where_a_file_cannot_be_read() {
    let root = tempfile::tempdir().expect("a folder");
    let etc = root.path().join("etc");
    fs::create_dir_all(etc.join("shadow")).expect("made");
    fs::write(etc.join("passwd"), "root:x:0:0::/root:/bin/sh\n").expect("written");
    let error = work(&inline(root.path(), &["u web 404"])).expect_err("a folder is no shadow");
    assert!(format!("{error:#}").contains("etc/shadow"), "{error:#}");
    assert_eq!(
        fs::read_to_string(etc.join("passwd")).expect("there"),
        "root:x:0:0::/root:/bin/sh\n"
    );
    assert!(!etc.join("group").exists() && !etc.join("passwd-").exists());
}

#[test]
fn what_is_wrong_keeps_nothing_else_from_being_made() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("etc/sysusers.d");
    fs::create_dir_all(&folder).expect("made");
    let options = Options { root: root.path().to_owned(), ..Options::default() };
    let passwd = || fs::read_to_string(root.path().join("etc/passwd")).expect("there");
    std::os::unix::fs::symlink("/nowhere/at/all", folder.join("a.conf")).expect("linked");
    fs::write(folder.join("b.conf"), b"# J\xf6rg\nu one 401\n").expect("written");
    assert!(work(&options).expect("done"), "a link to nowhere and a comment are no mistakes");
    assert!(passwd().contains("one:x:401:"));
    fs::write(folder.join("c.conf"), b"u db -:nowhere\nu J\xf6rg\nu web 404\n").expect("written");
    assert!(!work(&options).expect("done"));
    assert!(passwd().contains("web:x:404:") && !passwd().contains("db:"));
}
