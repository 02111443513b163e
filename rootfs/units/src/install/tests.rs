use super::*;
use std::fs;
use std::os::unix::fs::symlink;

const USR: &str = "usr/lib/systemd/system";

fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for (file, text) in [
        (
            "a.service",
            "[Service]\nExecStart=/a\n[Install]\nWantedBy=m.target\nAlias=b.service\nAlso=a.socket no.socket\n",
        ),
        ("a.socket", "[Socket]\nListenStream=1\n[Install]\nWantedBy=sockets.target\n"),
        ("plain.service", "[Service]\nExecStart=/a\n"),
        ("also.service", "[Service]\nExecStart=/a\n[Install]\nAlso=a.service\n"),
        (
            "t@.service",
            "[Service]\nExecStart=/a\n[Install]\nWantedBy=m.target\nDefaultInstance=x\n",
        ),
        ("m.target", "[Unit]\n"),
    ] {
        let folder = root.path().join(USR);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(file), text).expect("a file");
    }
    root
}

fn names(texts: &[&str]) -> Vec<UnitName> {
    texts.iter().map(|text| text.parse().expect("a name")).collect()
}

fn said(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

/// Makes a plan and carries it out.
fn run(
    root: &tempfile::TempDir,
    plan: impl FnOnce(&Installer) -> Result<Vec<Change>, InstallError>,
) -> Vec<String> {
    let changes = plan(&Installer::new(root.path(), false)).expect("a plan");
    apply(root.path(), &changes).expect("a change");
    said(&changes)
}

fn state(root: &tempfile::TempDir, name: &str) -> &'static str {
    Installer::new(root.path(), false).state(&name.parse().expect("a name")).as_str()
}

#[test]
fn a_unit_is_enabled_and_disabled_as_systemctl_says_it() {
    let root = root();
    assert_eq!(state(&root, "a.service"), "disabled");
    assert_eq!(
        run(&root, |i| i.enable(&names(&["a.service"]))),
        [
            "Created symlink '/etc/systemd/system/b.service' → '/usr/lib/systemd/system/a.service'.",
            "Created symlink '/etc/systemd/system/m.target.wants/a.service' → '/usr/lib/systemd/system/a.service'.",
            "Created symlink '/etc/systemd/system/sockets.target.wants/a.socket' → '/usr/lib/systemd/system/a.socket'.",
        ]
    );
    assert_eq!(state(&root, "a.service"), "enabled");
    assert_eq!(state(&root, "b.service"), "alias");
    assert_eq!(run(&root, |i| i.enable(&names(&["a.service"]))), Vec::<String>::new());
    let again = run(&root, |i| i.reenable(&names(&["a.service"])));
    assert_eq!(again.len(), 6);
    assert_eq!(
        run(&root, |i| i.disable(&names(&["a.service"]))),
        [
            "Removed '/etc/systemd/system/b.service'.",
            "Removed '/etc/systemd/system/m.target.wants/a.service'.",
            "Removed '/etc/systemd/system/sockets.target.wants/a.socket'.",
        ]
    );
    assert_eq!(state(&root, "a.service"), "disabled");
}

#[test]
fn templates_are_enabled_by_instance() {
    let root = root();
    let said = run(&root, |i| i.enable(&names(&["t@.service", "t@y.service"])));
    assert_eq!(
        said,
        [
            "Created symlink '/etc/systemd/system/m.target.wants/t@x.service' → '/usr/lib/systemd/system/t@.service'.",
            "Created symlink '/etc/systemd/system/m.target.wants/t@y.service' → '/usr/lib/systemd/system/t@.service'.",
        ]
    );
    assert_eq!(state(&root, "t@.service"), "enabled");
    assert_eq!(state(&root, "t@y.service"), "enabled");
    assert_eq!(state(&root, "t@z.service"), "disabled");
    assert_eq!(run(&root, |i| i.disable(&names(&["t@y.service"]))).len(), 1);
    assert_eq!(run(&root, |i| i.disable(&names(&["t@.service"]))).len(), 1);
}

#[test]
fn masks_links_and_states_are_told_apart() {
    let root = root();
    assert_eq!(state(&root, "plain.service"), "static");
    assert_eq!(state(&root, "also.service"), "indirect");
    assert_eq!(state(&root, "none.service"), "not-found");
    assert_eq!(
        run(&root, |i| i.mask(&names(&["plain.service"]))),
        ["Created symlink '/etc/systemd/system/plain.service' → '/dev/null'."]
    );
    assert_eq!(state(&root, "plain.service"), "masked");
    let installer = Installer::new(root.path(), false);
    assert!(matches!(installer.enable(&names(&["plain.service"])), Err(InstallError::Masked(_))));
    assert!(matches!(installer.enable(&names(&["none.service"])), Err(InstallError::Missing(_))));
    assert_eq!(
        run(&root, |i| Ok(i.unmask(&names(&["plain.service"])))),
        ["Removed '/etc/systemd/system/plain.service'."]
    );
    fs::create_dir(root.path().join("opt")).expect("a folder");
    fs::write(root.path().join("opt/l.service"), "[Service]\nExecStart=/l\n").expect("a file");
    run(&root, |i| i.link(&[PathBuf::from("/opt/l.service")]));
    assert_eq!(state(&root, "l.service"), "linked");
    assert_eq!(run(&root, |i| i.disable(&names(&["l.service"]))).len(), 1);
    let runtime = Installer::new(root.path(), true);
    apply(root.path(), &runtime.enable(&names(&["a.socket"])).expect("a plan")).expect("a change");
    assert_eq!(state(&root, "a.socket"), "enabled-runtime");
}

#[test]
fn what_an_administrator_wrote_is_not_overwritten() {
    let root = root();
    let folder = root.path().join("etc/systemd/system");
    fs::create_dir_all(folder.join("plain.service.d")).expect("a folder");
    fs::write(folder.join("plain.service"), "[Service]\nExecStart=/mine\n").expect("a file");
    fs::write(folder.join("plain.service.d/x.conf"), "[Service]\nNice=1\n").expect("a file");
    symlink("/usr/lib/systemd/system/plain.service", folder.join("b.service")).expect("a link");
    let installer = Installer::new(root.path(), false);
    assert!(matches!(installer.mask(&names(&["plain.service"])), Err(InstallError::Exists(_))));
    assert!(matches!(installer.enable(&names(&["a.service"])), Err(InstallError::OtherLink(..))));
    let forced = Installer::new(root.path(), false).with_force(true);
    assert_eq!(forced.enable(&names(&["a.service"])).expect("a plan").len(), 3);
    assert_eq!(
        run(&root, |i| Ok(i.revert(&names(&["plain.service"])))),
        [
            "Removed '/etc/systemd/system/plain.service'.",
            "Removed '/etc/systemd/system/plain.service.d/x.conf'.",
            "Removed '/etc/systemd/system/plain.service.d'.",
        ]
    );
    assert!(!folder.join("plain.service.d").exists());
}

#[test]
fn presets_enable_and_disable_by_the_first_rule_that_fits() {
    let root = root();
    let folder = root.path().join("usr/lib/systemd/system-preset");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(
        folder.join("90-a.preset"),
        "# c\nenable t@.service p q\nenable a.socket\ndisable *\n",
    )
    .expect("a file");
    run(&root, |i| i.enable(&names(&["a.service"])));
    let said = run(&root, Installer::preset_all);
    assert_eq!(
        said,
        [
            "Removed '/etc/systemd/system/b.service'.",
            "Removed '/etc/systemd/system/m.target.wants/a.service'.",
            "Removed '/etc/systemd/system/sockets.target.wants/a.socket'.",
            "Created symlink '/etc/systemd/system/m.target.wants/t@p.service' → '/usr/lib/systemd/system/t@.service'.",
            "Created symlink '/etc/systemd/system/m.target.wants/t@q.service' → '/usr/lib/systemd/system/t@.service'.",
        ]
    );
    let installer = Installer::new(root.path(), false);
    assert!(installer.preset_of(&names(&["a.socket"])[0]));
    assert!(!installer.preset_of(&names(&["a.service"])[0]));
    assert_eq!(
        installer.edit_path(&names(&["a.service"])[0], false),
        Path::new("/etc/systemd/system/a.service.d/override.conf")
    );
}

#[test]
fn the_default_target_is_a_link() {
    let root = root();
    assert_eq!(
        run(&root, |i| i.set_default(&names(&["m.target"])[0])),
        [
            "Created symlink '/etc/systemd/system/default.target' → '/usr/lib/systemd/system/m.target'."
        ]
    );
}
