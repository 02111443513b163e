use std::path::PathBuf;

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
