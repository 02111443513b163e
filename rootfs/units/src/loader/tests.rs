use super::*;
use crate::install::State;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

const USR: &str = "usr/lib/systemd/system";
const ETC: &str = "etc/systemd/system";

/// A root folder with these files.
fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    root
}

fn link(root: &tempfile::TempDir, path: &str, target: &str) {
    let path = root.path().join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    symlink(target, path).expect("a link");
}

fn loader(root: &tempfile::TempDir) -> Loader {
    Loader::new(root.path(), Facts::default())
}

fn name(text: &str) -> UnitName {
    text.parse().expect("a name")
}

fn load(loader: &mut Loader, text: &str) -> Unit {
    match loader.load(&name(text)) {
        Loaded::Unit(unit) => *unit,
        other => panic!("{text}: {other:?}"),
    }
}

fn names(unit: &Unit, relation: Relation) -> Vec<&str> {
    unit.dependencies.of(relation).map(UnitName::as_str).collect()
}

#[test]
fn the_search_path_and_drop_ins_have_their_order() {
    let root = root(&[
        (&format!("{USR}/a-b.service"), "[Unit]\nDescription=usr\n[Service]\nExecStart=/usr\n"),
        (
            &format!("{ETC}/a-b.service"),
            "[Unit]\nDescription=etc\n[Service]\nExecStart=/etc\nNice=1\n",
        ),
        (&format!("{USR}/a-b.service.d/20-x.conf"), "[Service]\nNice=2\n"),
        (&format!("{ETC}/a-b.service.d/20-x.conf"), "[Service]\nNice=3\n"),
        (&format!("{USR}/a-.service.d/10-y.conf"), "[Service]\nNice=4\nUMask=022\n"),
        (&format!("{USR}/service.d/30-z.conf"), "[Service]\nUMask=077\n"),
        (&format!("{USR}/a-b.service.d/40-gone.conf"), "[Service]\nNice=5\n"),
        (&format!("{ETC}/a-b.service.d/40-gone.conf"), ""),
        (&format!("{ETC}/a-b.service.d/readme"), "[Service]\nNice=6\n"),
    ]);
    let unit = load(&mut loader(&root), "a-b.service");
    assert_eq!(unit.description, "etc");
    let files: Vec<_> = unit.drop_ins.iter().filter_map(|path| path.file_name()).collect();
    assert_eq!(files, ["10-y.conf", "20-x.conf", "30-z.conf"]);
    let crate::model::Body::Service(service) = &unit.body else { panic!("a service") };
    assert_eq!((service.exec.nice, service.exec.umask), (Some(3), Some(0o77)));
}

#[test]
fn templates_aliases_and_masks_are_followed() {
    let root = root(&[
        (&format!("{USR}/t@.service"), "[Unit]\nDescription=%i of %p\n[Service]\nExecStart=/a\n"),
        (&format!("{USR}/real.service"), "[Service]\nExecStart=/a\n"),
        (&format!("{ETC}/empty.service"), ""),
        ("opt/away.service", "[Service]\nExecStart=/away\n"),
    ]);
    link(&root, &format!("{ETC}/other.service"), "/usr/lib/systemd/system/real.service");
    link(&root, &format!("{USR}/third.service"), "other.service");
    link(&root, &format!("{USR}/u@.service"), "t@.service");
    link(&root, &format!("{ETC}/null.service"), "/dev/null");
    link(&root, &format!("{ETC}/away.service"), "/opt/away.service");
    link(&root, &format!("{ETC}/loop-a.service"), "loop-b.service");
    link(&root, &format!("{ETC}/loop-b.service"), "loop-a.service");
    let mut loader = loader(&root);
    assert_eq!(load(&mut loader, "t@x.service").description, "x of t");
    let unit = load(&mut loader, "u@x.service");
    assert_eq!(unit.name.as_str(), "t@x.service");
    assert_eq!(unit.aliases, BTreeSet::from([name("u@x.service")]));
    let unit = load(&mut loader, "third.service");
    assert_eq!(unit.name.as_str(), "real.service");
    assert_eq!(unit.aliases, BTreeSet::from([name("other.service"), name("third.service")]));
    assert_eq!(
        load(&mut loader, "away.service").fragment,
        Some(root.path().join("opt/away.service"))
    );
    for (text, state) in [
        ("null.service", LoadState::Masked),
        ("empty.service", LoadState::Masked),
        ("none.service", LoadState::NotFound),
        ("loop-a.service", LoadState::NotFound),
    ] {
        assert_eq!(loader.load(&name(text)).state(), state, "{text}");
    }
    assert_eq!(LoadState::BadSetting.as_str(), "bad-setting");
}

#[test]
fn a_template_that_is_kept_is_read_once_and_then_anew() {
    let path = format!("{USR}/a@.service");
    let root = root(&[(&path, "[Unit]\nDescription=first %i\n[Service]\nExecStart=/a\n")]);
    let mut loader = loader(&root);
    let description = |loader: &mut Loader, name| load(loader, name).description;
    assert!(!loader.keep_templates(true));
    assert_eq!(description(&mut loader, "a@1.service"), "first 1");
    fs::write(root.path().join(&path), "[Unit]\nDescription=second %i\n").expect("a file");
    assert!(loader.keep_templates(true));
    assert_eq!(description(&mut loader, "a@2.service"), "first 2");
    loader.keep_templates(false);
    assert_eq!(description(&mut loader, "a@3.service"), "second 3");
}

#[test]
fn links_in_folders_pull_in() {
    let root = root(&[
        (&format!("{USR}/m.target"), "[Unit]\n"),
        (&format!("{USR}/a.service"), "[Service]\nExecStart=/a\n"),
        (
            &format!("{USR}/early.service"),
            "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/a\n",
        ),
        (&format!("{USR}/late.service"), "[Unit]\nAfter=m.target\n[Service]\nExecStart=/a\n"),
        (&format!("{USR}/g@.service"), "[Service]\nExecStart=/a\n"),
    ]);
    for unit in ["a", "early", "late", "masked", "g@1"] {
        let file = if unit == "g@1" { "g@.service".to_owned() } else { format!("{unit}.service") };
        let target = format!("/usr/lib/systemd/system/{file}");
        link(&root, &format!("{USR}/m.target.wants/{unit}.service"), &target);
    }
    link(&root, &format!("{ETC}/m.target.wants/masked.service"), "/dev/null");
    link(&root, &format!("{ETC}/m.target.requires/a.service"), "../a.service");
    let mut loader = loader(&root);
    let unit = load(&mut loader, "m.target");
    assert_eq!(
        names(&unit, Relation::Wants),
        ["a.service", "early.service", "g@1.service", "late.service"]
    );
    assert_eq!(names(&unit, Relation::Requires), ["a.service"]);
    // What has no default dependencies or comes later is not waited for.
    assert_eq!(names(&unit, Relation::After), ["a.service", "g@1.service"]);
    assert_eq!(names(&load(&mut loader, "late.service"), Relation::After).len(), 5);
}

#[test]
fn a_folder_of_a_unit_may_be_a_link() {
    let root = root(&[
        (&format!("{USR}/a.service"), "[Service]\nExecStart=/a\n"),
        ("opt/drop-ins/10-x.conf", "[Service]\nNice=2\n"),
        ("opt/wants/b.service", "[Unit]\n"),
    ]);
    link(&root, &format!("{ETC}/a.service.d"), "/opt/drop-ins");
    link(&root, &format!("{ETC}/a.service.wants"), "../../../opt/wants");
    link(&root, &format!("{ETC}/a.service.requires"), "/opt/absent");
    let unit = load(&mut loader(&root), "a.service");
    let crate::model::Body::Service(service) = &unit.body else { panic!("a service") };
    assert_eq!(service.exec.nice, Some(2));
    assert!(names(&unit, Relation::Wants).contains(&"b.service"));
}

#[test]
fn every_type_has_its_own_dependencies() {
    let root = root(&[
        (&format!("{USR}/a.service"), "[Service]\nExecStart=/a\nStateDirectory=x\n"),
        (&format!("{USR}/i@.service"), "[Service]\nExecStart=/a\nStandardOutput=null\n"),
        (&format!("{USR}/a.socket"), "[Socket]\nListenStream=/srv/data/s\n"),
        (&format!("{USR}/c.socket"), "[Socket]\nListenStream=80\nAccept=yes\n"),
        (&format!("{USR}/a.timer"), "[Timer]\nOnCalendar=daily\nUnit=b.service\n"),
        (&format!("{USR}/a.path"), "[Path]\nPathExists=/srv/data/x\n"),
        (&format!("{USR}/srv-data.mount"), "[Mount]\nWhat=/dev/vdb\nWhere=/srv/data\nType=ext4\n"),
        (&format!("{USR}/srv.mount"), "[Mount]\nWhat=h:/x\nWhere=/srv\nType=nfs\n"),
        (
            &format!("{USR}/var-lib.mount"),
            "[Mount]\nWhat=t\nWhere=/var/lib\nType=tmpfs\nOptions=nofail\n",
        ),
        (&format!("{USR}/srv.automount"), "[Automount]\nWhere=/srv\n"),
        (&format!("{USR}/srv-data-x.automount"), "[Automount]\nWhere=/srv/data/x\n"),
        (
            &format!("{USR}/needs.service"),
            "[Unit]\nRequiresMountsFor=/srv/y\n[Service]\nExecStart=/a\n",
        ),
        (&format!("{USR}/dev-vdc.swap"), "[Swap]\nWhat=/dev/vdc\n"),
    ]);
    let mut loader = loader(&root);
    for (unit, relation, expected) in [
        ("a.service", Relation::Requires, "sysinit.target system.slice var-lib.mount"),
        (
            "a.service",
            Relation::After,
            "basic.target sysinit.target system.slice systemd-journald.socket var-lib.mount",
        ),
        ("a.service", Relation::Conflicts, "shutdown.target"),
        ("i@x.service", Relation::After, "basic.target sysinit.target system-i.slice"),
        ("a.socket", Relation::Before, "a.service shutdown.target sockets.target"),
        ("a.socket", Relation::Requires, "srv-data.mount srv.mount sysinit.target system.slice"),
        ("a.socket", Relation::Triggers, "a.service"),
        ("c.socket", Relation::Triggers, ""),
        ("a.timer", Relation::After, "sysinit.target time-set.target time-sync.target"),
        ("a.timer", Relation::Before, "b.service shutdown.target timers.target"),
        ("a.path", Relation::Before, "a.service paths.target shutdown.target"),
        ("a.path", Relation::Requires, "srv-data.mount srv.mount sysinit.target"),
        ("srv-data.mount", Relation::Requires, "dev-vdb.device srv.mount system.slice"),
        ("srv-data.mount", Relation::Before, "local-fs.target umount.target"),
        ("srv-data.mount", Relation::StopPropagatedFrom, "dev-vdb.device"),
        ("srv.mount", Relation::Before, "remote-fs.target umount.target"),
        ("srv.mount", Relation::Wants, "network-online.target"),
        ("var-lib.mount", Relation::Before, "umount.target"),
        (
            "var-lib.mount",
            Relation::After,
            "local-fs-pre.target swap.target system.slice systemd-journald.socket",
        ),
        ("srv.automount", Relation::Triggers, "srv.mount"),
        ("srv.automount", Relation::Wants, ""),
        ("srv.automount", Relation::Before, "local-fs.target srv.mount umount.target"),
        ("srv.automount", Relation::After, "local-fs-pre.target"),
        ("srv.automount", Relation::Conflicts, "umount.target"),
        ("srv-data-x.automount", Relation::Requires, "srv-data.mount srv.mount"),
        ("srv-data-x.automount", Relation::After, "local-fs-pre.target srv-data.mount srv.mount"),
        ("needs.service", Relation::Requires, "srv.mount sysinit.target system.slice"),
        ("dev-vdc.swap", Relation::Before, "swap.target umount.target"),
        ("dev-vdc.swap", Relation::Requires, "dev-vdc.device system.slice"),
        ("a-b-c.slice", Relation::Requires, "a-b.slice"),
        ("a.slice", Relation::After, "-.slice"),
        ("-.slice", Relation::After, ""),
        ("system.slice", Relation::Conflicts, ""),
        ("-.mount", Relation::After, "-.slice"),
    ] {
        let unit = load(&mut loader, unit);
        assert_eq!(names(&unit, relation).join(" "), expected, "{} {relation:?}", unit.name);
    }
    let timeout = load(&mut loader, "dev-vdb.device").settings.job_running_timeout;
    assert_eq!(timeout, Some(std::time::Duration::from_secs(90)));
    assert_eq!(loader.load(&name("none.mount")).state(), LoadState::NotFound);
    assert_eq!(
        names(&loader.load_bare(&name("none.mount")), Relation::Conflicts),
        ["umount.target"]
    );
}

#[test]
fn fstab_goes_before_usr_and_after_etc() {
    let root = root(&[
        (
            "etc/fstab",
            "/dev/vda1 /a ext4 defaults 0 2\n/dev/vda2 /b ext4 noauto\n/dev/vda3 /c ext4 nofail\n",
        ),
        (&format!("{USR}/a.mount"), "[Mount]\nWhat=/dev/usr\nWhere=/a\n"),
        (&format!("{ETC}/b.mount"), "[Mount]\nWhat=/dev/etc\nWhere=/b\n"),
        (&format!("{USR}/local-fs.target"), "[Unit]\n"),
    ]);
    let mut loader = loader(&root);
    let what = |unit: &Unit| match &unit.body {
        crate::model::Body::Mount(mount) => mount.what.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(what(&load(&mut loader, "a.mount")), "/dev/vda1");
    assert_eq!(what(&load(&mut loader, "b.mount")), "/dev/etc");
    let checked =
        ["a.mount", "b.mount", "c.mount"].map(|name| match load(&mut loader, name).body {
            crate::model::Body::Mount(mount) => mount.check,
            other => panic!("{other:?}"),
        });
    assert_eq!(checked, [true, false, false]);
    let target = load(&mut loader, "local-fs.target");
    assert_eq!(names(&target, Relation::Requires), ["a.mount"]);
    assert_eq!(names(&target, Relation::Wants), ["c.mount"]);
    let states: Vec<(String, State)> = loader
        .known_names()
        .into_iter()
        .map(|file| (file.name.to_string(), file.state))
        .filter(|(name, _)| name.ends_with(".mount"))
        .collect();
    assert_eq!(
        states,
        [
            ("a.mount".to_owned(), State::Static),
            ("b.mount".to_owned(), State::Static),
            ("c.mount".to_owned(), State::Generated)
        ]
    );
}

#[test]
fn built_in_units_give_way_to_files_and_reload_forgets() {
    let root = root(&[]);
    let mut loader = loader(&root)
        .with_built_in(&[("x.service", "[Unit]\nDescription=in\n[Service]\nExecStart=/x\n")]);
    assert_eq!(load(&mut loader, "x.service").description, "in");
    let folder = root.path().join(ETC);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("x.service"), "[Unit]\nDescription=out\n[Service]\nExecStart=/x\n")
        .expect("a file");
    assert_eq!(load(&mut loader, "x.service").description, "in");
    loader.reload();
    assert_eq!(load(&mut loader, "x.service").description, "out");
    let unit = loader.transient(&name("y.service"), "[Service]\nExecStart=/y\n");
    assert_eq!(unit.fragment, Some(PathBuf::from("/run/systemd/transient/y.service")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_unit_file_of_random_bytes_is_loaded(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
        let root = root(&[]);
        let folder = root.path().join(USR);
        fs::create_dir_all(&folder).expect("a folder");
        for kind in UnitKind::ALL {
            fs::write(folder.join(format!("a.{}", kind.suffix())), &bytes).expect("a file");
        }
        fs::write(root.path().join("etc-fstab"), &bytes).expect("a file");
        let mut loader = loader(&root);
        for kind in UnitKind::ALL {
            loader.load(&name(&format!("a.{}", kind.suffix())));
        }
    }
}
