//! Tests of the cache's folders, locks and renames.

use std::sync::atomic::{AtomicUsize, Ordering};

use fs_err as fs;

use super::{Cache, Stamp};
use crate::progress::Progress;

#[test]
fn many_builds_that_publish_one_entry_leave_one_whole_entry() {
    let folder = tempfile::tempdir().expect("tempdir");
    let place = folder.path().join("packages/abc");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let cache = Cache::open(folder.path()).expect("opens");
                let scratch = cache.scratch().expect("scratch");
                let entry = scratch.path().join("entry");
                fs::create_dir(&entry).expect("mkdir");
                fs::write(entry.join("one"), "1").expect("write");
                fs::write(entry.join("two"), "2").expect("write");
                Cache::publish(&entry, &place).expect("publishes");
                assert_eq!(fs::read(place.join("two")).expect("there"), b"2");
            });
        }
    });
    assert_eq!(fs::read_dir(&place).expect("there").count(), 2);
    assert_eq!(fs::read_dir(folder.path().join("tmp")).expect("there").count(), 0);
}

#[test]
fn a_named_lock_is_held_by_one_at_a_time() {
    let folder = tempfile::tempdir().expect("tempdir");
    let inside = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let cache = Cache::open(folder.path()).expect("opens");
                for _ in 0..20 {
                    let _held = cache.lock("apt", &Progress::quiet()).expect("locks");
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
}

#[test]
fn removing_an_entry_that_is_gone_is_no_error() {
    let folder = tempfile::tempdir().expect("tempdir");
    let cache = Cache::open(folder.path()).expect("opens");
    cache.remove(&cache.path("packages/none")).expect("is fine");
}

#[test]
fn a_stamp_tells_a_changed_file() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("file");
    assert_eq!(Stamp::of(&path), None);
    fs::write(&path, "one").expect("write");
    let before = Stamp::of(&path);
    assert_eq!(Stamp::of(&path), before);
    fs::write(&path, "four").expect("write");
    assert_ne!(Stamp::of(&path), before);
}
