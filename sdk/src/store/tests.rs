//! Tests of the packages in the cache, with packages made here.

use fs_err as fs;
use tempfile::TempDir;

use super::{Pins, Store, StoreError};
use crate::cache::Cache;
use crate::deb::tests::{FILE, make_deb};
use crate::digest::Digest;
use crate::lock::Pin;
use crate::progress::Progress;

/// A folder with a cache and a "mirror" folder that holds one package.
fn setup() -> (TempDir, Cache, Pins) {
    let folder = tempfile::tempdir().expect("tempdir");
    fs::create_dir(folder.path().join("mirror")).expect("mkdir");
    let deb = folder.path().join("mirror/hello_1_all.deb");
    make_deb(
        &deb,
        "hello",
        "1",
        "xz",
        &[
            (FILE, "./usr/bin/hello", "#!/bin/sh\n", 0o755),
            (FILE, "./usr/share/doc/hello/copyright", "free", 0o644),
        ],
    );
    let bytes = fs::read(&deb).expect("there");
    let pin = Pin {
        version: "1".to_owned(),
        architecture: "all".to_owned(),
        size: bytes.len() as u64,
        sha256: Digest::of(&bytes),
        depends: Vec::new(),
    };
    let cache = Cache::open(&folder.path().join("cache")).expect("opens");
    let pins = Pins::from([(pin.sha256, ("hello".to_owned(), pin))]);
    (folder, cache, pins)
}

/// Fetches from the mirror folder as apt would, through links as apt does for `file://`.
fn fetch(folder: &TempDir, cache: &Cache, pins: &Pins) -> Result<(), StoreError> {
    let scratch = cache.scratch().expect("scratch");
    let mirror = folder.path().join("mirror/hello_1_all.deb");
    std::os::unix::fs::symlink(mirror, scratch.path().join("hello_1_all.deb")).expect("link");
    Store::new(cache).add(pins, scratch.path(), &Progress::quiet())
}

fn load(cache: &Cache, pins: &Pins) -> Option<super::Package> {
    let (name, pin) = pins.values().next().expect("one");
    Store::new(cache).load(name, pin)
}

#[test]
fn a_package_that_was_added_is_loaded_with_its_entries() {
    let (folder, cache, pins) = setup();
    assert!(load(&cache, &pins).is_none());
    fetch(&folder, &cache, &pins).expect("adds");
    let package = load(&cache, &pins).expect("there");
    assert_eq!(fs::read(package.dir.join("usr/bin/hello")).expect("there"), b"#!/bin/sh\n");
    assert_eq!(package.entry("usr/bin/hello").expect("there").mode, 0o755);
    assert!(package.entry("usr/bin/hell").is_none());
    assert!(package.copyright().expect("there").is_file());
    assert_eq!(package.control.package, "hello");
}

#[test]
fn a_damaged_tree_is_made_again_from_the_package_without_fetching() {
    let (folder, cache, pins) = setup();
    fetch(&folder, &cache, &pins).expect("adds");
    let file = load(&cache, &pins).expect("there").dir.join("usr/bin/hello");
    for damage in ["longer than it was before", "#!/bin/s\u{1}\n"] {
        fs::write(&file, damage).expect("write");
        assert!(load(&cache, &pins).is_none(), "{damage:?} is noticed");
        let progress = Progress::quiet();
        let fetch = Store::new(&cache).mend(pins.clone(), &progress).expect("mends");
        assert!(fetch.is_empty());
        assert_eq!(progress.warnings().len(), 1);
        assert_eq!(fs::read(&file).expect("there"), b"#!/bin/sh\n");
        assert!(load(&cache, &pins).is_some());
    }
}

#[test]
fn a_damaged_package_is_fetched_again() {
    let (folder, cache, pins) = setup();
    fetch(&folder, &cache, &pins).expect("adds");
    let deb = load(&cache, &pins).expect("there").dir.with_file_name("package.deb");
    fs::write(&deb, "garbage").expect("write");
    assert!(load(&cache, &pins).is_none());
    let again = Store::new(&cache).mend(pins.clone(), &Progress::quiet()).expect("mends");
    assert_eq!(again, pins);
    fetch(&folder, &cache, &pins).expect("adds");
    assert!(load(&cache, &pins).is_some());
}

#[test]
fn verifying_reads_every_byte_and_removes_what_is_damaged() {
    let (folder, cache, pins) = setup();
    fetch(&folder, &cache, &pins).expect("adds");
    let (name, pin) = pins.values().next().expect("one");
    let store = Store::new(&cache);
    assert!(store.verify(name, pin).expect("reads"));
    let path = load(&cache, &pins).expect("there").dir.join("usr/bin/hello");
    let before = fs::metadata(&path).expect("there").modified().expect("time");
    fs::write(&path, "#!/bin/zz\n").expect("write");
    let file = std::fs::File::options().write(true).open(&path).expect("opens");
    file.set_modified(before).expect("sets");
    assert!(load(&cache, &pins).is_some(), "the quick look cannot tell");
    assert!(!store.verify(name, pin).expect("reads"));
    assert!(load(&cache, &pins).is_none());
}

#[test]
fn other_bytes_than_pinned_are_refused() {
    let (folder, cache, pins) = setup();
    let (_, (name, mut pin)) = pins.into_iter().next().expect("one");
    pin.sha256 = Digest::of("other");
    let pins = Pins::from([(pin.sha256, (name, pin))]);
    let error = fetch(&folder, &cache, &pins).expect_err("refused");
    assert!(matches!(error, StoreError::Digest { .. }), "{error}");
    assert!(load(&cache, &pins).is_none());
}

#[test]
fn two_builds_that_add_one_package_leave_one_whole_entry() {
    let (folder, cache, pins) = setup();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| fetch(&folder, &cache, &pins).expect("adds"));
        }
    });
    let (name, pin) = pins.values().next().expect("one");
    assert!(Store::new(&cache).verify(name, pin).expect("reads"));
}
