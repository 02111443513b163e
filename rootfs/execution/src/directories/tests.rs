use std::collections::BTreeMap;

use super::*;

fn settings(kind: DirectoryKind, path: &str, links: &[&str]) -> ExecSettings {
    let links = links.iter().map(PathBuf::from).collect();
    let folder = ServiceDirectory { path: path.into(), links, read_only: false };
    ExecSettings {
        directories: BTreeMap::from([(kind, vec![folder])]),
        directory_modes: BTreeMap::from([(kind, 0o750)]),
        ..ExecSettings::default()
    }
}

#[test]
fn folders_are_made_with_their_mode_and_links() {
    let root = tempfile::tempdir().expect("a folder");
    let exec = settings(DirectoryKind::Runtime, "a/b", &["other"]);
    for _ in 0..2 {
        make(root.path(), &exec, None).expect("folders can be made");
    }
    let found = fs::metadata(root.path().join("run/a/b")).expect("it is there");
    assert_eq!(found.permissions().mode() & 0o7777, 0o750);
    assert_eq!(fs::read_link(root.path().join("run/other")).expect("a link"), Path::new("a/b"));
}

#[test]
fn folders_of_dynamic_users_are_private_and_old_ones_move_along() {
    let root = tempfile::tempdir().expect("a folder");
    let mut exec = settings(DirectoryKind::State, "a", &[]);
    make(root.path(), &exec, None).expect("folders can be made");
    fs::write(root.path().join("var/lib/a/file"), "x").expect("a file");
    exec.dynamic_user = true;
    make(root.path(), &exec, None).expect("folders can be made");
    let private = root.path().join("var/lib/private");
    assert_eq!(fs::metadata(&private).expect("it is there").permissions().mode() & 0o7777, 0o700);
    assert_eq!(fs::read(private.join("a/file")).expect("it moved"), b"x");
    let link = fs::read_link(root.path().join("var/lib/a")).expect("a link");
    assert_eq!(link, Path::new("private/a"));
}

#[test]
fn folders_of_a_time_with_a_dynamic_user_move_back() {
    let root = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(root.path().join("var/lib")).expect("folders");
    for path in ["a", "b/c"] {
        let mut exec = settings(DirectoryKind::State, path, &[]);
        exec.dynamic_user = true;
        make(root.path(), &exec, None).expect("folders can be made");
        let public = root.path().join("var/lib").join(path);
        assert!(public.is_symlink());
        fs::write(public.join("file"), "x").expect("a file");
        exec.dynamic_user = false;
        for _ in 0..2 {
            make(root.path(), &exec, None).expect("folders can be made");
            assert!(!public.is_symlink());
            assert_eq!(fs::read(public.join("file")).expect("it moved"), b"x");
            assert!(!root.path().join("var/lib/private").join(path).exists());
        }
    }
}

#[test]
fn links_are_relative() {
    for (target, name, expected) in [
        ("/run/a", "/run/b", "a"),
        ("/var/lib/private/a/b", "/var/lib/a/b", "../private/a/b"),
        ("/run/a", "/run/x/y", "../a"),
    ] {
        assert_eq!(relative(Path::new(target), Path::new(name)), Path::new(expected));
    }
}
