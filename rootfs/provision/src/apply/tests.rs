use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use crate::decode::decode;
use crate::plan::plan;
use crate::root::Root;

use super::apply;

/// A root with the files that matter.
fn host() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    let at = |path: &str| root.path().join(path);
    for folder in ["etc", "usr/lib/systemd/system", "root"] {
        fs::create_dir_all(at(folder)).expect("made");
    }
    let uid = rustix::process::geteuid().as_raw();
    fs::write(
        at("etc/passwd"),
        format!("root:x:0:0::/root:/bin/sh\ncore:x:{uid}:{uid}::/home/core:/bin/sh\n"),
    )
    .expect("written");
    fs::write(at("etc/group"), "root:x:0:\ncore:x:500:\n").expect("written");
    fs::write(at("etc/hostname"), "keelson\n").expect("written");
    fs::write(at("etc/shadow"), "root:*:::::::\ncore:*:::::::\n").expect("written");
    fs::write(at("usr/lib/systemd/system/ssh.service"), "[Install]\nWantedBy=multi-user.target\n")
        .expect("written");
    symlink("usr/lib", at("lib")).expect("linked");
    root
}

/// Applies a configuration: the lines, or the errors of the plan, or the error of the operation that failed.
fn provision(root: &Path, members: &str) -> Result<Vec<String>, Vec<String>> {
    let text = format!("{{\"ignition\": {{\"version\": \"3.4.0\"}}, {members}}}");
    let config = decode(text.as_bytes()).expect("a good configuration").config;
    let mut open = Root::open(root).expect("a root");
    let plan = plan(&config, &open);
    if !plan.errors.is_empty() {
        return Err(plan.errors.into_iter().map(|(at, what)| format!("{at}: {what}")).collect());
    }
    open.set_homes(plan.homes);
    plan.operations
        .iter()
        .map(|operation| apply(operation, &open).map_err(|error| vec![error.to_string()]))
        .collect()
}

const ALL: &str = r#"
    "storage": {
        "directories": [{"path": "/opt/app/data", "mode": 448}],
        "files": [
            {"path": "/etc/app/x.conf", "mode": 384, "contents": {"source": "data:,one%0a"}},
            {"path": "/etc/both", "contents": {"source": "data:,a%0a"}, "append": [{"source": "data:,b%0a"}, {"source": "data:,c%0a"}]},
            {"path": "/etc/hostname", "overwrite": true, "contents": {"source": "data:,box%0a"}},
            {"path": "/etc/group", "append": [{"source": "data:,app:x:900:%0a"}]},
            {"path": "/etc/empty"}],
        "links": [{"path": "/etc/here", "target": "app/x.conf"}, {"path": "/etc/same", "target": "/etc/app/x.conf", "hard": true}]},
    "systemd": {"units": [
        {"name": "app.service", "enabled": true, "contents": "[Service]\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n",
         "dropins": [{"name": "10.conf", "contents": "[Unit]\n"}]},
        {"name": "ssh.service", "enabled": true},
        {"name": "bad.service", "mask": true}]},
    "passwd": {"users": [{"name": "core", "passwordHash": "$6$a$b", "sshAuthorizedKeys": ["ssh-ed25519 AAAA me"]}]}"#;

#[test]
fn everything_is_written_and_a_second_run_changes_nothing() {
    let root = host();
    let at = |path: &str| root.path().join(path);
    let first = provision(root.path(), ALL).expect("applied");
    assert_eq!(first[0], "made /opt/app/data (0700)");
    assert_eq!(provision(root.path(), ALL).expect("applied again"), first);
    let mode =
        |path: &str| fs::symlink_metadata(at(path)).expect("there").permissions().mode() & 0o7777;
    for (path, text, expected) in [
        ("etc/app/x.conf", "one\n", 0o600),
        ("etc/hostname", "box\n", 0o644),
        ("etc/group", "root:x:0:\ncore:x:500:\napp:x:900:\n", 0o644),
        ("etc/empty", "", 0o644),
        ("etc/both", "a\nb\nc\n", 0o644),
        ("etc/systemd/system/app.service.d/10.conf", "[Unit]\n", 0o644),
        ("etc/shadow", "root:*:::::::\ncore:$6$a$b:::::::\n", 0o600),
        ("home/core/.ssh/authorized_keys", "ssh-ed25519 AAAA me\n", 0o600),
    ] {
        assert_eq!(fs::read_to_string(at(path)).expect("there"), text, "{path}");
        assert_eq!(mode(path), expected, "{path}");
    }
    assert_eq!(
        (mode("opt/app/data"), mode("home/core/.ssh"), mode("opt/app")),
        (0o700, 0o700, 0o755)
    );
    for (path, target) in [
        ("etc/here", "app/x.conf"),
        ("etc/systemd/system/bad.service", "/dev/null"),
        (
            "etc/systemd/system/multi-user.target.wants/app.service",
            "/etc/systemd/system/app.service",
        ),
        (
            "etc/systemd/system/multi-user.target.wants/ssh.service",
            "/usr/lib/systemd/system/ssh.service",
        ),
    ] {
        assert_eq!(fs::read_link(at(path)).expect("a link"), Path::new(target), "{path}");
    }
    assert_eq!(
        fs::metadata(at("etc/same")).expect("there").ino(),
        fs::metadata(at("etc/app/x.conf")).expect("there").ino()
    );
    let left: Vec<_> = fs::read_dir(at("etc"))
        .expect("there")
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains("new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_is_in_the_way_is_told_before_anything_is_written() {
    let root = host();
    let found = provision(
        root.path(),
        r#""storage": {"files": [{"path": "/etc/new", "contents": {"source": "data:,x"}},
            {"path": "/etc/hostname", "contents": {"source": "data:,x"}},
            {"path": "/root", "overwrite": true},
            {"path": "/etc/x", "user": {"name": "nobody"}}]},
           "systemd": {"units": [{"name": "no.service", "enabled": true}]},
           "passwd": {"users": [{"name": "alice"}]}"#,
    );
    let replaces =
        "is there already and is something else; `\"overwrite\": true` replaces files and links";
    assert_eq!(found, Err(vec![
        format!("storage.files[1]: /etc/hostname {replaces}"),
        format!("storage.files[2]: /root {replaces}"),
        "storage.files[3].user: there is no user `nobody` on this host".to_owned(),
        "systemd.units[0]: `no.service` cannot be enabled: there is no such unit in the configuration or on the host".to_owned(),
        "passwd.users[0]: there is no user `alice` on this host, and users cannot be made by this release".to_owned(),
    ]));
    assert!(!root.path().join("etc/new").exists());
}

#[test]
fn links_lead_nowhere_outside_of_the_root_and_not_into_usr() {
    let root = host();
    let outside = tempfile::tempdir().expect("a folder");
    let at = |path: &str| root.path().join(path);
    symlink(outside.path(), at("etc/out")).expect("linked");
    symlink("../usr/lib", at("etc/vendor")).expect("linked");
    symlink(outside.path().join("target"), at("etc/file")).expect("linked");
    let file = |path: &str| {
        format!(
            r#""storage": {{"files": [{{"path": "{path}", "overwrite": true, "contents": {{"source": "data:,x"}}}}]}}"#
        )
    };
    // Inside the root the absolute link has no target.
    assert!(provision(root.path(), &file("/etc/out/x")).is_err());
    let refused = provision(root.path(), &file("/etc/vendor/x")).expect_err("read-only");
    assert!(
        refused[0].ends_with("it leads into /usr, the verified, read-only system"),
        "{refused:?}"
    );
    // A link that is the file itself is replaced, not followed.
    assert!(provision(root.path(), &file("/etc/file")).is_ok());
    assert!(fs::symlink_metadata(at("etc/file")).expect("there").is_file());
    assert_eq!(fs::read_dir(outside.path()).expect("there").count(), 0);
    assert!(!at("usr/lib/x").exists());
}

#[test]
fn disabling_removes_the_links_of_the_install_section() {
    let root = host();
    let unit = |enabled: bool| {
        format!(r#""systemd": {{"units": [{{"name": "ssh.service", "enabled": {enabled}}}]}}"#)
    };
    let link = root.path().join("etc/systemd/system/multi-user.target.wants/ssh.service");
    for enabled in [true, false, false] {
        provision(root.path(), &unit(enabled)).expect("applied");
        assert_eq!(link.is_symlink(), enabled);
    }
}
