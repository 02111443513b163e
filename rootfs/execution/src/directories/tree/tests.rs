use std::fs;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_chain_of_folders_deeper_than_any_path_is_removed_with_all_in_it() {
    let base = tempfile::tempdir().expect("a folder");
    let top = base.path().join("top");
    let mut folder = open_folder(&top, Path::new("x"), 0o755).expect("a folder");
    let long = "d".repeat(250);
    for _ in 0..100 {
        mkdirat(&folder, &*long, Mode::from_raw_mode(0o755)).expect("a folder");
        folder = openat(&folder, &*long, FOLDER, Mode::empty()).expect("it is there");
    }
    for name in [".1", ".2", "file"] {
        fs::write(top.join("x").join(name), "x").expect("a file");
        fs::write(top.join(name), "x").expect("a file");
    }
    symlink("/", top.join("link")).expect("a link");
    remove(&top).expect("it can be removed");
    assert!(!top.exists());
    remove(&top).expect("what is not there is no error");
}

#[test]
fn links_and_files_are_removed_themselves() {
    let base = tempfile::tempdir().expect("a folder");
    let kept = base.path().join("kept");
    fs::create_dir(&kept).expect("a folder");
    fs::write(kept.join("file"), "x").expect("a file");
    let link = base.path().join("link");
    symlink(&kept, &link).expect("a link");
    remove(&link).expect("it can be removed");
    assert!(!link.is_symlink() && kept.join("file").exists());
}

#[test]
fn many_entries_are_removed_in_rounds() {
    let base = tempfile::tempdir().expect("a folder");
    let top = base.path().join("top");
    fs::create_dir_all(top.join("inner")).expect("a folder");
    for number in 0..5000 {
        fs::write(top.join(format!("inner/{number}")), "").expect("a file");
    }
    remove(&top).expect("it can be removed");
    assert!(!top.exists());
}

#[test]
fn a_folder_that_is_owned_already_is_left_alone_and_links_of_ours_are_followed() {
    let base = tempfile::tempdir().expect("a folder");
    fs::create_dir(base.path().join("elsewhere")).expect("a folder");
    symlink("elsewhere", base.path().join("link")).expect("a link");
    let folder = open_folder(base.path(), Path::new("link/inner"), 0o700).expect("it is made");
    let found = fstat(&folder).expect("it is open");
    assert!(base.path().join("elsewhere/inner").is_dir());
    own(folder, (found.st_uid, found.st_gid)).expect("nothing is to be done");
}

#[test]
fn a_file_in_the_way_is_an_error() {
    let base = tempfile::tempdir().expect("a folder");
    fs::write(base.path().join("file"), "x").expect("a file");
    assert!(open_folder(base.path(), Path::new("file/inner"), 0o700).is_err());
}

#[test]
fn what_is_set_aside_makes_room_at_once_and_is_removed_later() {
    let base = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(base.path().join("a/b/c")).expect("a folder");
    let aside = set_aside(base.path(), Path::new("a/b")).expect("it moves").expect("it is full");
    assert!(!base.path().join("a/b").exists() && aside.join("c").exists());
    remove(&aside).expect("it can be removed");
    assert_eq!(set_aside(base.path(), Path::new("a")).expect("it is empty"), None);
    assert_eq!(set_aside(base.path(), Path::new("x/y")).expect("it is not there"), None);
    assert_eq!(fs::read_dir(base.path()).expect("a folder").count(), 0);
}
