use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn root() -> (tempfile::TempDir, OwnedFd) {
    let folder = tempfile::tempdir().expect("a folder");
    let fd = open_root(folder.path()).expect("opened");
    (folder, fd)
}

#[test]
fn links_are_followed_but_never_out_of_the_root() {
    let (folder_path, root) = root();
    fs::create_dir_all(folder_path.path().join("run/x")).expect("made");
    fs::create_dir_all(folder_path.path().join("var")).expect("made");
    for (link, target) in [
        ("var/run", "../run"),
        ("var/abs", "/run"),
        ("var/out", "../../../../../run"),
        ("loop", "loop"),
    ] {
        symlink(target, folder_path.path().join(link)).expect("linked");
    }
    let expected = fs::metadata(folder_path.path().join("run/x")).expect("there");
    for path in ["/run/x", "/var/run/x", "/var/abs/x", "/var/out/x", "/var/../run/./x"] {
        let fd = folder(&root, Path::new(path), false).expect(path);
        assert_eq!(
            fstat(&fd).expect("a stat").st_ino,
            std::os::unix::fs::MetadataExt::ino(&expected),
            "{path}"
        );
    }
    assert!(matches!(folder(&root, Path::new("/loop/x"), false), Err(WalkError::Links(_))));
    assert!(folder(&root, Path::new("/none"), false).is_err());
    assert!(matches!(place(&root, Path::new("/"), false), Err(WalkError::Root(_))));
}

#[test]
fn missing_folders_are_made_and_what_is_there_stays() {
    let (folder_path, root) = root();
    fs::write(folder_path.path().join("file"), "x").expect("written");
    let place = place(&root, Path::new("/a/b/c"), true).expect("made");
    assert!(place.open().expect("looked").is_none());
    assert!(folder_path.path().join("a/b").is_dir());
    assert!(folder(&root, Path::new("/file"), true).is_err());
    assert!(folder(&root, Path::new("/file/x"), true).is_err());
}
