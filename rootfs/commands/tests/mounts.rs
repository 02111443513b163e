//! What is mounted below a folder that `systemd-tmpfiles` empties or cleans is not entered. It has its own `main`, since a
//! namespace can only be entered by a process of one thread.
#![expect(
    unsafe_code,
    reason = "unshare(2) is unsafe in rustix: other threads could share the file table"
)]
#![expect(clippy::print_stdout, reason = "a test program without a harness tells its results")]

use std::fs;
use std::path::Path;
use std::process::Command;

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

fn mounts_are_not_entered(root: &Path) {
    let (source, point) = (root.join("kept"), root.join("tmp/sub/point"));
    bind(&source, &point);
    fs::write(root.join("tmp/sub/old"), "x").expect("written");
    fs::create_dir_all(root.join("etc/tmpfiles.d")).expect("made");
    for (option, line) in
        [("--clean", "d /tmp - - - 0"), ("--remove", "D /tmp"), ("--remove", "R /tmp/sub")]
    {
        fs::write(root.join("etc/tmpfiles.d/t.conf"), line).expect("written");
        let status = Command::new(env!("CARGO_BIN_EXE_keelson-commands"))
            .args(["systemd-tmpfiles", option, "--root"])
            .arg(root)
            .status()
            .expect("run");
        assert!(status.success(), "{line}");
        assert!(source.join("file").exists(), "{line}");
        assert!(!root.join("tmp/sub/old").exists(), "{line}");
    }
}
