//! What triggers a path unit.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use keelson_units::model::{PathCondition, PathUnit, Watch};
use proptest::prelude::*;

use super::{Watcher, glob, is_hidden, make_directories};

fn unit(condition: PathCondition, path: PathBuf) -> PathUnit {
    PathUnit { watches: vec![Watch { condition, path }], ..PathUnit::default() }
}

#[test]
fn a_path_that_exists_triggers_at_once_and_one_that_comes_when_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/c");
    let mut watcher = Watcher::new(&unit(PathCondition::Exists, path.clone())).unwrap();
    assert!(!watcher.check());
    fs::create_dir(folder.path().join("a")).unwrap();
    assert!(!watcher.on_event().unwrap());
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    assert!(!watcher.on_event().unwrap());
    fs::write(&path, "").unwrap();
    assert!(watcher.on_event().unwrap());
    assert!(watcher.check());
    // Nothing new: no trigger by events, though the condition still holds.
    assert!(!watcher.on_event().unwrap());
}

#[test]
fn a_folder_that_was_made_whole_before_anybody_looked_triggers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/c");
    let mut watcher = Watcher::new(&unit(PathCondition::Exists, path.clone())).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    assert!(watcher.on_event().unwrap());
}

#[test]
fn changed_waits_for_the_writer_to_close_and_modified_does_not() {
    for (condition, on_write) in [(PathCondition::Changed, false), (PathCondition::Modified, true)]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut file = fs::File::create(&path).unwrap();
        let mut watcher = Watcher::new(&unit(condition, path.clone())).unwrap();
        assert!(!watcher.check());
        file.write_all(b"x").unwrap();
        assert_eq!(watcher.on_event().unwrap(), on_write, "{condition:?}");
        drop(file);
        assert!(watcher.on_event().unwrap());
        fs::remove_file(&path).unwrap();
        assert!(watcher.on_event().unwrap());
        assert!(!watcher.on_event().unwrap());
        fs::write(&path, "").unwrap();
        assert!(watcher.on_event().unwrap());
    }
}

#[test]
fn a_file_that_is_replaced_is_watched_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("file"), folder.path().join("other"));
    fs::write(&path, "").unwrap();
    let mut watcher = Watcher::new(&unit(PathCondition::Changed, path.clone())).unwrap();
    for _ in 0..3 {
        fs::write(&other, "new").unwrap();
        watcher.on_event().unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(watcher.on_event().unwrap());
        fs::write(&path, "more").unwrap();
        assert!(watcher.on_event().unwrap());
    }
}

#[test]
fn a_folder_triggers_when_something_that_counts_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let mut unit = unit(PathCondition::DirectoryNotEmpty, path.clone());
    unit.make_directory = true;
    make_directories(&unit).unwrap();
    let mut watcher = Watcher::new(&unit).unwrap();
    fs::write(path.join(".hidden"), "").unwrap();
    fs::write(path.join("file~"), "").unwrap();
    assert!(!watcher.on_event().unwrap());
    assert!(!watcher.check());
    fs::write(path.join("file"), "").unwrap();
    assert!(watcher.on_event().unwrap());
    assert!(watcher.check());
}

#[test]
fn a_pattern_triggers_when_something_fits_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("one.d")).unwrap();
    let mut watcher =
        Watcher::new(&unit(PathCondition::ExistsGlob, folder.path().join("*.d/x[0-9].{a,b}")))
            .unwrap();
    for (path, fits) in [("one.d/x1.c", false), ("one.d/xx.a", false), ("one.d/x1.b", true)] {
        fs::write(folder.path().join(path), "").unwrap();
        assert_eq!(watcher.on_event().unwrap(), fits, "{path}");
    }
    fs::remove_file(folder.path().join("one.d/x1.b")).unwrap();
    assert!(!watcher.check());
    fs::create_dir(folder.path().join("two.d")).unwrap();
    assert!(!watcher.on_event().unwrap());
    fs::write(folder.path().join("two.d/x2.a"), "").unwrap();
    assert!(watcher.on_event().unwrap());
}

#[test]
fn the_end_of_watches_is_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    fs::create_dir_all(&path).unwrap();
    let mut watcher = Watcher::new(&unit(PathCondition::Exists, path.join("c"))).unwrap();
    fs::remove_dir_all(folder.path().join("a")).unwrap();
    watcher.on_event().unwrap();
    // Taking the watches back has itself made events; taking those in must make no more.
    watcher.on_event().unwrap();
    let mut polled = [rustix::event::PollFd::new(&watcher, rustix::event::PollFlags::IN)];
    let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
    assert_eq!(rustix::event::poll(&mut polled, Some(&now)).unwrap(), 0);
}

#[test]
fn names_fit_patterns_as_the_shell_has_it() {
    let rows = [
        ("*", "a", true),
        ("*", ".a", false),
        (".*", ".a", true),
        ("a*c", "abbc", true),
        ("a*c", "ab", false),
        ("*a*b", "xaxb", true),
        ("?", "é", true),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false),
        ("[]x]", "]", true),
        ("[a", "[a", true),
        ("\\*", "*", true),
        ("\\*", "a", false),
        ("", "", true),
        ("a", "", false),
    ];
    for (pattern, name, fits) in rows {
        assert_eq!(glob::fits(pattern, name), fits, "{pattern} {name}");
    }
}

#[test]
fn patterns_tell_the_folders_to_look_into() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    fs::create_dir_all(base.join("a/x")).unwrap();
    fs::create_dir_all(base.join("b")).unwrap();
    let folders = glob::folders(&format!("{}/*/x/*.conf", base.display()));
    let below: Vec<&Path> =
        folders.iter().filter_map(|folder| folder.strip_prefix(base).ok()).collect();
    assert_eq!(below, ["", "a", "a/x", "b"].map(Path::new));
}

#[test]
fn what_does_not_count_is_known_by_its_name() {
    let names = [".a", "a~", "a.rpmnew", "lost+found", "a.swp", "a"];
    assert_eq!(names.map(is_hidden), [true, true, true, true, true, false]);
}

proptest! {
    #[test]
    fn any_pattern_ends(pattern in "[a\\[\\]!^*?{},\\\\.-]{0,12}", name in "[a.\\[-]{0,8}") {
        glob::fits(&pattern, &name);
        glob::folders(&format!("/{pattern}"));
    }
}
