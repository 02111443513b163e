use tempfile::TempDir;

use super::*;
use crate::arguments::{Wish, parse};
use crate::testing::{MIB, disk_file};

fn wish(line: &str, path: &Path) -> Install {
    let words = line.replace('@', &path.display().to_string());
    match parse(words.split_whitespace().map(Into::into).collect()) {
        Ok(Wish::Install(install)) => *install,
        other => panic!("{line}: {other:?}"),
    }
}

fn system() -> System {
    System { sys: PathBuf::from("/nothing"), proc: PathBuf::from("/nothing"), started_from: None }
}

#[test]
fn files_that_hold_something_are_refused_without_wipe() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    assert!(check(&wish("--target-file @", &path), &system()).is_ok(), "not there");
    keelson_disk::sparse::create(&path, 8 * MIB).expect("made");
    assert!(check(&wish("--target-file @", &path), &system()).is_ok(), "empty");
    disk_file(&path, 8 * MIB, &[("data", 2, 3)]);
    let error = check(&wish("--target-file @", &path), &system()).expect_err("refused").to_string();
    assert!(
        error.contains("it is not empty (GPT with data): --wipe installs all the same"),
        "{error}"
    );
    assert!(check(&wish("--target-file @ --wipe", &path), &system()).is_ok());
}

#[test]
fn a_file_is_no_device_and_a_device_no_file() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    keelson_disk::sparse::create(&path, 8 * MIB).expect("made");
    let error = check(&wish("@", &path), &system()).expect_err("refused").to_string();
    assert!(error.contains("is no disk; --target-file writes to a file"), "{error}");
    assert!(check(&wish("/dev/null", &path), &system()).is_err());
    assert!(check(&wish("/dev/not-there", &path), &system()).is_err());
}

#[test]
fn other_disks_of_the_same_version_are_named_but_neither_the_medium_nor_the_target() {
    let folder = TempDir::new().expect("a folder");
    let disk = |name: &str, parts: &[crate::testing::Part]| {
        let path = folder.path().join(name);
        disk_file(&path, 32 * MIB, parts);
        path
    };
    let target = disk("target", &crate::testing::PARTS);
    let link = folder.path().join("by-id");
    std::os::unix::fs::symlink(&target, &link).expect("linked");
    let disks = [
        target.clone(),
        disk("medium", &[("usr-A", 4, 4), (recipe::LABEL, 8, 1)]),
        disk("other", &[("data", 4, 4)]),
        disk("twin", &[("ESP", 1, 3), ("data", 4, 4)]),
        folder.path().join("gone"),
    ];
    let image = Table::of_disk(&Look::open(&target).expect("opened")).expect("a table");
    for path in [&target, &link] {
        let found = twins(&wish("@", path), &disks, &image);
        assert_eq!(found, [folder.path().join("twin")]);
    }
    let array = disk("array", &[]);
    for line in ["@", "--target-file @"] {
        assert!(twins(&wish(line, &array), &disks, &image).is_empty(), "{line}");
    }
    assert!(twins(&wish("--target-file @", &target), &disks, &image).is_empty());
}

#[test]
fn partitions_are_kept_by_patterns() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    disk_file(&path, 32 * MIB, &[("data-1", 2, 3), ("log", 6, 2), ("data-2", 10, 2)]);
    let labels = |line: &str| -> Vec<String> {
        kept(&wish(line, &path))
            .expect("read")
            .into_iter()
            .map(|partition| partition.label)
            .collect()
    };
    assert_eq!(labels("--target-file @ --save-partlabel data-*"), ["data-1", "data-2"]);
    assert_eq!(
        labels("--target-file @ --save-partlabel log --save-partlabel data-?"),
        ["data-1", "log", "data-2"]
    );
    assert!(labels("--target-file @").is_empty());
    for (pattern, label, expected) in [
        ("*", "", true),
        ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXbYbZ", false),
        ("?", "", false),
        ("[a]", "a", false),
        ("**a", "bca", true),
    ] {
        assert_eq!(matches(pattern, label), expected, "{pattern} {label}");
    }
}

#[test]
fn a_disk_without_a_table_keeps_nothing_only_where_it_is_empty() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    let file = keelson_disk::sparse::create(&path, 8 * MIB).expect("made");
    let install = wish("--target-file @ --save-partlabel data", &path);
    assert!(kept(&install).expect("read").is_empty());
    std::os::unix::fs::FileExt::write_all_at(&file, b"XFSB", 0).expect("written");
    assert!(kept(&install).expect_err("refused").to_string().contains("no GUID partition table"));
}

#[test]
fn a_pattern_without_a_match_is_refused_with_the_labels_there_are() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    disk_file(&path, 32 * MIB, &[("data-1", 2, 3), ("log", 6, 2)]);
    let install = wish("--target-file @ --wipe --save-partlabel log --save-partlabel dta-*", &path);
    for error in [
        kept(&install).expect_err("refused").to_string(),
        check(&install, &system()).expect_err("refused").to_string(),
    ] {
        let text =
            "no partition has a label that matches \"dta-*\"; there are: \"data-1\", \"log\"";
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn an_unfinished_disk_keeps_what_it_kept_and_nothing_of_the_image() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    let mark = table::unfinished_first_sector(false, 32 * MIB);
    let begin = |parts: &[crate::testing::Part]| {
        let file = disk_file(&path, 32 * MIB, parts);
        std::os::unix::fs::FileExt::write_all_at(&file, &mark, 0).expect("written");
    };
    begin(&[("ESP", 2, 3), ("data", 6, 2), ("ROOT", 8, 2)]);
    let all = kept(&wish("--target-file @ --save-partlabel *", &path)).expect("read");
    assert_eq!(all.iter().map(|kept| kept.label.as_str()).collect::<Vec<_>>(), ["data"]);
    assert!(kept(&wish("--target-file @ --wipe --save-partlabel dta", &path)).is_err());
    begin(&[("", 6, 2)]);
    assert!(check(&wish("--target-file @ --save-partlabel *", &path), &system()).is_ok());
    // What was begun on an empty disk keeps nothing, and the same command goes on.
    begin(&[("ESP", 2, 3), ("ROOT", 8, 2)]);
    let again = wish("--target-file @ --save-partlabel data", &path);
    assert!(kept(&again).expect("read").is_empty());
    assert!(check(&again, &system()).is_ok());
}

#[test]
fn an_unfinished_disk_without_the_table_it_shows_is_not_taken_for_one_that_keeps_nothing() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    let file = keelson_disk::sparse::create(&path, 32 * MIB).expect("made");
    let install = wish("--target-file @ --save-partlabel data", &path);
    for shown in [false, true] {
        let mark = table::unfinished_first_sector(shown, 32 * MIB);
        std::os::unix::fs::FileExt::write_all_at(&file, &mark, 0).expect("written");
        let found = kept(&install).map_err(|error| error.to_string());
        match found {
            Ok(kept) => assert!(!shown && kept.is_empty()),
            Err(error) => assert!(shown && error.contains("cannot be read"), "{error}"),
        }
    }
}

#[test]
fn a_disk_that_changed_before_it_was_opened_is_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    let bytes = 32 * MIB;
    let opened = |line: &str, change: &dyn Fn()| {
        disk_file(&path, bytes, &[("data", 2, 3), ("log", 6, 2)]);
        let install = wish(line, &path);
        let old = kept(&install).expect("read");
        change();
        let disk = open(&install, bytes).expect("opened");
        check_again(&install, &system(), &disk, bytes, &old).map_err(|error| format!("{error:#}"))
    };
    let wipe = "--target-file @ --wipe --save-partlabel data";
    assert_eq!(opened(wipe, &|| ()), Ok(()));
    let moved = || drop(disk_file(&path, bytes, &[("data", 3, 2)]));
    let error = opened(wipe, &moved).expect_err("refused");
    assert!(error.contains("changed meanwhile; nothing was written"), "{error}");
    let gone = || drop(disk_file(&path, bytes, &[("other", 3, 2)]));
    assert!(opened(wipe, &gone).expect_err("refused").contains("no partition has a label"));
    let error = opened("--target-file @", &|| ()).expect_err("refused");
    assert!(error.contains("it is not empty"), "{error}");
    let install = wish(wipe, &path);
    let disk = open(&install, bytes).expect("opened");
    let error = check_again(&install, &system(), &disk, bytes + 512, &[]).expect_err("refused");
    assert!(error.to_string().contains("bytes and had"), "{error}");
}
