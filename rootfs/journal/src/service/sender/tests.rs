use super::*;

#[test]
fn units_and_slices_are_read_from_cgroups() {
    let rows = [
        ("/system.slice/ssh.service", Some("ssh.service"), Some("system.slice")),
        ("/system.slice/docker.service/deep/er", Some("docker.service"), Some("system.slice")),
        ("/machine.slice/machine-a.slice/x.scope", Some("x.scope"), Some("machine-a.slice")),
        ("/init.scope", Some("init.scope"), None),
        ("/user.slice/plain", None, Some("user.slice")),
        ("/", None, None),
    ];
    for (path, unit, slice) in rows {
        assert_eq!(unit_of(path).as_deref(), unit, "{path}");
        assert_eq!(slice_of(path), slice, "{path}");
    }
    assert_eq!(
        cgroup_path("3:cpu:/x\n0::/system.slice/a.service\n").as_deref(),
        Some("/system.slice/a.service")
    );
}

#[test]
fn a_process_is_remembered_after_it_is_gone() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("proc/42");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("comm"), "sshd\n").unwrap();
    std::fs::write(folder.join("cmdline"), "sshd\0-D\0").unwrap();
    std::fs::write(folder.join("cgroup"), "0::/system.slice/ssh.service\n").unwrap();
    let mut senders = Senders::new(root.path());
    let credentials = Credentials { pid: 42, uid: 0, gid: 0 };
    let first = senders.process(credentials, 0);
    assert_eq!(first.unit.as_deref(), Some("ssh.service"));
    assert!(first.fields.contains(&field("_CMDLINE", "sshd -D")));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(senders.process(credentials, 10 * FRESH), first);
    // Its number may be another user's by now.
    for now in [FRESH / 2, 10 * FRESH] {
        let other = senders.process(Credentials { uid: 1000, ..credentials }, now);
        assert_eq!(other.unit, None);
        assert!(other.fields.contains(&field("_UID", "1000")), "{other:?}");
    }
}

#[test]
fn the_managers_links_say_a_units_settings() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("run/systemd/units");
    std::fs::create_dir_all(&folder).unwrap();
    let link = |what: &str, target: &str| {
        std::os::unix::fs::symlink(target, folder.join(format!("{what}:a.service"))).unwrap();
    };
    link("invocation", "0123456789abcdef0123456789abcdef");
    link("log-rate-limit-interval", "5000000");
    link("log-rate-limit-burst", "7");
    link("log-level-max", "4");
    let unit = Senders::new(root.path()).unit("a.service", None, 0);
    assert_eq!(unit.invocation.as_deref(), Some("0123456789abcdef0123456789abcdef"));
    let default = Rate { interval: Duration::from_secs(1), burst: 1 };
    assert_eq!(unit.rate(default), Rate { interval: Duration::from_secs(5), burst: 7 });
    assert_eq!(unit.max_level, Some(4));
}

#[test]
fn a_unit_that_is_started_again_at_once_has_its_new_run() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("run/systemd/units");
    std::fs::create_dir_all(&folder).unwrap();
    let link = folder.join("invocation:a.service");
    let mut senders = Senders::new(root.path());
    for (pid, run) in [(7, "first"), (7, "first"), (8, "second"), (9, "third")] {
        let _old = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(run, &link).unwrap();
        let unit = senders.unit("a.service", Some(pid), 1);
        assert_eq!(unit.invocation.as_deref(), Some(run));
    }
    std::fs::remove_file(&link).unwrap();
    assert_eq!(senders.unit("a.service", Some(9), 2).invocation.as_deref(), Some("third"));
}
