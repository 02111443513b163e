use std::ffi::CString;

use keelson_units::model::{BindMount, ExecSettings, NamespacePath, Protect};

use super::steps::{Places, layout, plan};
use super::*;
use crate::plan::{Action, Plan};

fn named(path: &str) -> NamespacePath {
    NamespacePath { path: path.into(), may_miss: false, below_root: false }
}

fn at<'a>(layout: &'a Layout, path: &str) -> &'a Entry {
    layout.entries.get(Path::new(path)).unwrap_or_else(|| panic!("{path} is not there"))
}

fn actions(exec: &ExecSettings) -> Vec<MountAction> {
    let mut made = Plan::default();
    plan(&mut made, exec, &Places::default()).expect("paths without NUL");
    let mounts = made.steps.into_iter().map(|step| match step.action {
        Action::Mount(action) => action,
        other => panic!("{other:?}"),
    });
    mounts.collect()
}

#[test]
fn nothing_is_needed_without_a_setting() {
    assert!(!needed(&ExecSettings::default()));
    for exec in [
        ExecSettings { private_tmp: Protect::Yes, ..ExecSettings::default() },
        ExecSettings { protect_proc: Some("invisible"), ..ExecSettings::default() },
        ExecSettings { no_exec_paths: vec![named("/tmp")], ..ExecSettings::default() },
    ] {
        assert!(needed(&exec));
    }
}

#[test]
fn strict_protection_leaves_named_paths_writable() {
    let exec = ExecSettings {
        protect_system: Protect::Strict,
        read_write_paths: vec![named("/var/lib/x")],
        read_only_paths: vec![named("/var/lib/x/y")],
        ..ExecSettings::default()
    };
    let layout = layout(&exec, &Places::default());
    for (path, read_only) in [
        ("/", true),
        ("/etc/x", true),
        ("/dev/null", false),
        ("/home/core", false),
        ("/var/lib", true),
        ("/var/lib/x/z", false),
        ("/var/lib/x/y/z", true),
    ] {
        assert_eq!(layout.rights(Path::new(path)).read_only, read_only, "{path}");
    }
    let own: Vec<_> = layout.own_rights().map(|(path, ..)| path.to_owned()).collect();
    for path in ["/var/lib/x", "/var/lib/x/y", "/proc", "/dev"] {
        assert!(own.contains(&PathBuf::from(path)), "{path}");
    }
}

#[test]
fn a_network_of_its_own_has_a_sys_of_its_own_with_what_is_mounted_in_it() {
    let kind = |layout: &Layout, path: &str| match &at(layout, path).content {
        Some(Content::New(new)) => new.kind.clone(),
        other => panic!("{other:?}"),
    };
    let mut exec = ExecSettings { private_network: true, ..ExecSettings::default() };
    let found = layout(&exec, &Places::default());
    assert_eq!(kind(&found, "/sys"), CString::from(c"sysfs"));
    let bound = Content::Bind { source: "/sys/fs/cgroup".into(), recursive: true };
    assert_eq!(at(&found, "/sys/fs/cgroup").content, Some(bound));
    // Groups of its own stay.
    exec.protect_control_groups = Protect::Full;
    let found = layout(&exec, &Places::default());
    assert_eq!(kind(&found, "/sys/fs/cgroup"), CString::from(c"cgroup2"));
    // Nothing of the host is made in a root folder that has none of it.
    exec.protect_control_groups = Protect::No;
    exec.mount_api_vfs = Some(false);
    let root = Places { root: Some("/srv".into()), ..Places::default() };
    assert!(!layout(&exec, &root).entries.contains_key(Path::new("/sys/fs/cgroup")));
}

#[test]
fn trees_are_cloned_before_the_root_is_closed_and_attached_after() {
    let exec = ExecSettings {
        protect_system: Protect::Strict,
        read_write_paths: vec![named("/srv")],
        ..ExecSettings::default()
    };
    let actions = actions(&exec);
    let path = CString::new("/srv").expect("no NUL");
    let find = |wanted: &dyn Fn(&MountAction) -> bool| {
        actions.iter().position(wanted).expect("the step is there")
    };
    let cloned =
        find(&|action| matches!(action, MountAction::Clone { path: at, .. } if *at == path));
    let closed = find(&|action| matches!(action, MountAction::Attributes { recursive: true, .. }));
    let attached =
        find(&|action| matches!(action, MountAction::Attach { path: at, .. } if *at == path));
    assert!(cloned < closed && closed < attached);
}

#[test]
fn what_is_in_a_hidden_folder_is_left_out() {
    let exec = ExecSettings {
        protect_home: Protect::Yes,
        read_write_paths: vec![named("/home/core/x")],
        ..ExecSettings::default()
    };
    let layout = layout(&exec, &Places::default());
    assert_eq!(at(&layout, "/home").content, Some(Content::Hidden));
    assert!(!layout.entries.contains_key(Path::new("/home/core/x")));
}

#[test]
fn read_only_wins_over_writable_and_no_exec_over_exec() {
    let exec = ExecSettings {
        read_write_paths: vec![named("/a")],
        read_only_paths: vec![named("/a")],
        exec_paths: vec![named("/b")],
        no_exec_paths: vec![named("/b"), named("/")],
        ..ExecSettings::default()
    };
    let layout = layout(&exec, &Places::default());
    assert!(layout.rights(Path::new("/a")).read_only);
    assert!(layout.rights(Path::new("/b")).no_execute);
}

#[test]
fn binds_in_a_read_only_tree_keep_their_own_rights() {
    let bind = |target: &str, read_only| BindMount {
        source: "/data".into(),
        target: target.into(),
        may_miss: true,
        not_recursive: false,
        read_only,
    };
    let exec = ExecSettings {
        protect_system: Protect::Strict,
        bind_mounts: vec![bind("/mnt/w", false), bind("/mnt/r", true)],
        ..ExecSettings::default()
    };
    let layout = layout(&exec, &Places::default());
    assert!(!layout.rights(Path::new("/mnt/w")).read_only);
    assert!(layout.rights(Path::new("/mnt/r")).read_only);
    assert!(at(&layout, "/mnt/w").may_miss);
}

#[test]
fn a_root_folder_gets_the_api_file_systems_and_drops_paths_outside() {
    let mut inside = named("/x");
    inside.below_root = true;
    let exec = ExecSettings {
        root_directory: Some("/srv/root".into()),
        read_only_paths: vec![named("/srv/root/etc"), named("/etc"), inside],
        ..ExecSettings::default()
    };
    let places = Places { root: Some("/srv/root".into()), ..Places::default() };
    let layout = layout(&exec, &places);
    for path in ["/proc", "/sys", "/dev", "/run"] {
        assert!(at(&layout, path).content.is_some(), "{path}");
    }
    assert_eq!(at(&layout, "/etc").read_only, Some(true));
    assert_eq!(at(&layout, "/x").read_only, Some(true));
    assert!(!layout.entries.contains_key(Path::new("/srv/root/etc")));
}

#[test]
fn private_devices_have_nodes_and_links() {
    let exec = ExecSettings { private_devices: true, ..ExecSettings::default() };
    let actions = actions(&exec);
    let nodes = actions.iter().filter(|action| matches!(action, MountAction::Node { .. })).count();
    assert_eq!(nodes, 6);
}
