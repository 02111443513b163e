use super::*;
use std::os::unix::fs::symlink;

/// A root with these files; a text that begins with `->` is a link.
fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        match text.strip_prefix("->") {
            Some(target) => symlink(target, path).expect("linked"),
            None => fs::write(path, text).expect("written"),
        }
    }
    root
}

fn unit(loader: &mut Loader, name: &str) -> Unit {
    match loader.load(name) {
        Loaded::Unit(unit) => *unit,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn the_first_folder_has_the_last_word_and_drop_ins_are_added() {
    let root = root(&[
        (
            "usr/lib/systemd/system/a.service",
            "[Unit]\nDescription=vendor\n[Service]\nExecStart=/v\n",
        ),
        ("etc/systemd/system/a.service", "[Unit]\nDescription=own\n"),
        ("usr/lib/systemd/system/a.service.d/20.conf", "[Unit]\nDescription=vendor drop-in\n"),
        ("usr/lib/systemd/system/a.service.d/10.conf", "[Unit]\nDescription=first\n"),
        ("etc/systemd/system/a.service.d/20.conf", "[Unit]\nWants=b.service\n"),
        ("etc/systemd/system/a.service.d/readme", "[Unit]\nDescription=no\n"),
    ]);
    let unit = unit(&mut Loader::new(root.path()), "a.service");
    assert_eq!(unit.description, "first");
    assert!(unit.wants.contains("b.service"));
}

#[test]
fn masks_and_missing_units_are_told_apart() {
    let root = root(&[
        ("usr/lib/systemd/system/a.service", "[Service]\nExecStart=/v\n"),
        ("etc/systemd/system/a.service", "->/dev/null"),
        ("etc/systemd/system/b.service", ""),
    ]);
    let mut loader = Loader::new(root.path());
    assert!(matches!(loader.load("a.service"), Loaded::Masked));
    assert!(matches!(loader.load("b.service"), Loaded::Masked));
    assert!(matches!(loader.load("c.service"), Loaded::Missing));
    assert!(matches!(loader.load("c.target"), Loaded::Missing));
}

#[test]
fn templates_give_instances_and_aliases_their_own_name() {
    let root = root(&[
        (
            "usr/lib/systemd/system/getty@.service",
            "[Unit]\nDescription=on %i\n[Service]\nExecStart=/g %I\n",
        ),
        ("usr/lib/systemd/system/ssh.service", "[Service]\nExecStart=/s\n"),
        ("etc/systemd/system/sshd.service", "->../../../usr/lib/systemd/system/ssh.service"),
        (
            "etc/systemd/system/multi-user.target.wants/getty@ttyS0.service",
            "->/usr/lib/systemd/system/getty@.service",
        ),
        ("usr/lib/systemd/system/multi-user.target.wants/sshd.service", "->../ssh.service"),
    ]);
    let (units, aliases) = Loader::new(root.path()).load_closure(&["multi-user.target"]);
    assert_eq!(units["getty@ttyS0.service"].description, "on ttyS0");
    assert_eq!(aliases["sshd.service"], "ssh.service");
    assert!(!units.contains_key("sshd.service"));
    let target = &units["multi-user.target"];
    assert!(target.after.contains("ssh.service") && target.after.contains("getty@ttyS0.service"));
}

#[test]
fn targets_that_only_order_are_there_and_do_not_pull_anything_in() {
    let root = root(&[
        (
            "usr/lib/systemd/system/a.service",
            "[Unit]\nAfter=network.target late.target\n[Service]\nExecStart=/a\n",
        ),
        ("usr/lib/systemd/system/late.target", "[Unit]\nWants=extra.service\n"),
        ("usr/lib/systemd/system/extra.service", "[Service]\nExecStart=/e\n"),
    ]);
    let (units, _) = Loader::new(root.path()).load_closure(&["a.service"]);
    assert!(units.contains_key("network.target") && units.contains_key("late.target"));
    assert!(!units.contains_key("extra.service"));
}

#[test]
fn the_units_of_this_program_are_understood_whole() {
    let root = root(&[]);
    let mut loader = Loader::new(root.path());
    for (name, _) in BUILT_IN {
        unit(&mut loader, name);
    }
    assert_eq!(loader.remarks, []);
}
