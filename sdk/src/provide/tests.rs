//! Tests of giving packages and tools from a cache, without network and without apt.

use std::path::Path;

use fs_err as fs;
use tempfile::TempDir;

use crate::cache::Cache;
use crate::deb::tests::{FILE, make_deb};
use crate::digest::Digest;
use crate::lock::{Lock, Pin};
use crate::progress::Progress;
use crate::store::{Pins, Store};
use crate::{Error, Options, Request, Sdk};

fn sdk(cache: &Path, locked: bool) -> Sdk {
    Sdk::open(Options {
        cache: cache.to_owned(),
        mirror: Some("file:///nonexistent".to_owned()),
        offline: !locked,
        locked,
        progress: Progress::quiet(),
    })
    .expect("opens")
}

/// A full cache and its lock: `hello` for images, which brings `libhello`, and the tool `greet`.
fn full() -> (TempDir, Lock) {
    let folder = tempfile::tempdir().expect("tempdir");
    let cache = Cache::open(folder.path()).expect("opens");
    let mut lock = Lock::empty("trixie");
    let mut pins = Pins::new();
    let scratch = cache.scratch().expect("scratch");
    for (name, depends, path) in [
        ("hello", &["libhello"][..], "./usr/bin/hello"),
        ("libhello", &[], "./usr/lib/libhello.so"),
        ("greet", &[], "./usr/bin/greet"),
    ] {
        let deb = scratch.path().join(format!("{name}.deb"));
        make_deb(&deb, name, "1", "xz", &[(FILE, path, "#!/bin/sh\n", 0o755)]);
        let bytes = fs::read(&deb).expect("there");
        let pin = Pin {
            version: "1".to_owned(),
            architecture: "all".to_owned(),
            size: bytes.len() as u64,
            sha256: Digest::of(&bytes),
            depends: depends.iter().map(|name| (*name).to_owned()).collect(),
        };
        let section = if name == "greet" { &mut lock.tools } else { &mut lock.image };
        section.insert(name.to_owned(), pin.clone());
        pins.insert(pin.sha256, (name.to_owned(), pin));
    }
    Store::new(&cache).add(&pins, scratch.path(), &Progress::quiet()).expect("adds");
    (folder, lock)
}

fn request(image: &[&str], tools: &[&str]) -> Request {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Request { image: names(image), tools: names(tools) }
}

#[test]
fn a_full_cache_needs_neither_network_nor_apt() {
    let (folder, lock) = full();
    for _ in 0..2 {
        let provided = sdk(folder.path(), false)
            .provide(&lock, &request(&["hello"], &["greet"]))
            .expect("provides");
        let names: Vec<_> = provided.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["hello", "libhello"]);
        assert_eq!(provided.lock, lock);
        let tools = provided.tools.expect("asked for");
        let status = tools.command("greet").expect("there").status().expect("runs");
        assert!(status.success());
    }
}

#[test]
fn tools_that_are_not_asked_for_are_not_arranged() {
    let (folder, lock) = full();
    let provided =
        sdk(folder.path(), false).provide(&lock, &request(&["libhello"], &[])).expect("provides");
    assert!(provided.tools.is_none());
    assert_eq!(fs::read_dir(folder.path().join("tools")).expect("there").count(), 0);
}

#[test]
fn what_the_cache_lacks_is_named_offline() {
    let (folder, mut lock) = full();
    let mut gone = lock.image["libhello"].clone();
    gone.sha256 = Digest::of("gone");
    lock.image.insert("libhello".to_owned(), gone);
    let error = sdk(folder.path(), false)
        .provide(&lock, &request(&["hello", "unpinned"], &["greet"]))
        .expect_err("refused");
    match error {
        Error::Offline(names) => assert_eq!(names, ["libhello", "unpinned"]),
        other => panic!("{other}"),
    }
}

#[test]
fn a_pin_with_the_digest_of_another_version_is_refused() {
    let (folder, mut lock) = full();
    if let Some(pin) = lock.image.get_mut("hello") {
        pin.version = "2".to_owned();
    }
    let error =
        sdk(folder.path(), false).provide(&lock, &request(&["hello"], &[])).expect_err("refused");
    assert!(error.to_string().starts_with("the lock pins hello 2 with"), "{error}");
}

#[test]
fn a_package_outside_the_lock_is_refused_when_locked() {
    let (folder, lock) = full();
    let error =
        sdk(folder.path(), true).provide(&lock, &request(&["unpinned"], &[])).expect_err("refused");
    assert!(matches!(error, Error::Locked(_)), "{error}");
}

#[test]
fn a_damaged_tree_is_mended_offline_and_said() {
    let (folder, lock) = full();
    let sdk = sdk(folder.path(), false);
    let wanted = request(&["hello"], &[]);
    let provided = sdk.provide(&lock, &wanted).expect("provides");
    let file = provided.packages[0].dir.join("usr/bin/hello");
    fs::write(&file, "broken").expect("writes");
    sdk.provide(&lock, &wanted).expect("provides");
    assert_eq!(fs::read(&file).expect("there"), b"#!/bin/sh\n");
    assert_eq!(sdk.options().progress.warnings().len(), 1);
}

#[test]
fn verifying_names_what_is_damaged() {
    let (folder, lock) = full();
    let sdk = sdk(folder.path(), false);
    assert!(sdk.verify(&lock).expect("reads").is_empty());
    let provided = sdk.provide(&lock, &request(&["hello"], &[])).expect("provides");
    let deb = provided.packages[0].dir.with_file_name("package.deb");
    fs::write(deb, "broken").expect("writes");
    assert_eq!(sdk.verify(&lock).expect("reads"), ["hello"]);
}

#[test]
fn a_cache_whose_path_the_loader_cannot_take_is_refused() {
    let folder = tempfile::tempdir().expect("tempdir");
    let result = Sdk::open(Options {
        cache: folder.path().join("a:b"),
        mirror: None,
        offline: true,
        locked: false,
        progress: Progress::quiet(),
    });
    assert!(matches!(result, Err(Error::CachePath(_))));
}
