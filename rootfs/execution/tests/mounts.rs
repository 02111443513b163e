//! What is mounted in a folder that is removed for a service stays. It has its own `main`, since a namespace can only be
//! entered by a process of one thread.
#![expect(
    unsafe_code,
    reason = "unshare(2) is unsafe in rustix: other threads could share the file table"
)]
#![expect(clippy::print_stdout, reason = "a test program without a harness tells its results")]

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use keelson_execution::directories::tree;
use rustix::thread::UnshareFlags;

fn main() {
    // `cargo test -- --list` and nextest ask for names.
    if std::env::args().any(|argument| argument == "--list") {
        println!("mounts_are_not_entered: test");
        return;
    }
    enter_namespace();
    let folder = tempfile::tempdir().expect("a scratch folder");
    mounts_are_not_entered(folder.path());
    println!("mounts_are_not_entered: ok");
}

/// A user namespace as well, so that an ordinary user may mount.
fn enter_namespace() {
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    // SAFETY: there is one thread.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) }
        .expect("namespaces");
    fs::write("/proc/self/setgroups", "deny").expect("no groups");
    fs::write("/proc/self/uid_map", format!("0 {uid} 1")).expect("the user");
    fs::write("/proc/self/gid_map", format!("0 {gid} 1")).expect("the group");
}

/// Binds a folder with a file in it to another.
fn bind(source: &Path, point: &Path) {
    fs::create_dir_all(source).expect("made");
    fs::write(source.join("file"), "x").expect("written");
    fs::create_dir_all(point).expect("made");
    rustix::mount::mount_bind(source, point).expect("bound");
}

fn mounts_are_not_entered(base: &Path) {
    let (shallow, deep, whole) = (base.join("shallow"), base.join("deep"), base.join("whole"));
    bind(&shallow, &base.join("top/point"));
    bind(&deep, &base.join("top/a/b/point"));
    fs::write(base.join("top/a/b/file"), "x").expect("written");
    let error = tree::remove(&base.join("top")).expect_err("not all of it can be removed");
    assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
    assert!(shallow.join("file").exists() && deep.join("file").exists());
    assert!(!base.join("top/a/b/file").exists());

    bind(&whole, &base.join("run"));
    let error = tree::set_aside(base, Path::new("run")).expect_err("it cannot be moved");
    assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
}
