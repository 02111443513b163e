//! Real mounts, in a mount namespace of their own. It has its own `main`, since a namespace can only be left by a
//! process of one thread.
#![expect(
    unsafe_code,
    reason = "unshare(2) is unsafe in rustix: other threads could share the file table"
)]
#![expect(clippy::print_stdout, reason = "a test program without a harness tells its results")]

use std::fs;
use std::path::{Path, PathBuf};

use keelson_activation::mount_table::{Change, Table};
use keelson_activation::mounts::{MountError, Task};
use keelson_units::model::Mount;
use rustix::thread::UnshareFlags;

fn main() {
    // `cargo test -- --list` and nextest ask for names.
    if std::env::args().any(|argument| argument == "--list") {
        println!("mounts_come_change_and_go: test");
        return;
    }
    enter_namespace();
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().canonicalize().expect("its path");
    mounts_come_change_and_go(&path);
    println!("mounts_come_change_and_go: ok");
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

fn mount(what: &str, point: &Path, fs_type: Option<&str>, options: &str) -> Mount {
    Mount {
        what: what.to_owned(),
        mount_point: point.to_owned(),
        fs_type: fs_type.map(str::to_owned),
        options: options.to_owned(),
        ..Mount::default()
    }
}

fn options_of(table: &Table, point: &Path) -> String {
    table.mounts().get(point).expect("it is mounted").options.clone()
}

fn mounts_come_change_and_go(folder: &Path) {
    let mut table = Table::open().expect("the table");
    let point: PathBuf = folder.join("deep/tmp");
    let tmpfs = mount(
        "tmpfs",
        &point,
        Some("tmpfs"),
        "nosuid,size=1M,mode=0700,x-systemd.wanted-by=a,nofail",
    );
    Task::mount(&tmpfs).run().expect("a tmpfs");
    let changes = table.update().expect("the table");
    assert!(
        matches!(&changes[..], [Change::Added(entry)] if entry.mount_point == point && entry.fs_type == "tmpfs")
    );
    assert!(options_of(&table, &point).contains("nosuid"));
    assert!(table.mounts()[&point].fs_options.contains("size=1024k"));

    std::os::unix::fs::symlink("deep", folder.join("link")).expect("a link");
    let through = mount("tmpfs", &folder.join("link/through"), Some("tmpfs"), "");
    let refused = Task::mount(&through).run();
    assert!(matches!(refused, Err(MountError::Symlink(..))), "{refused:?}");
    assert!(table.update().expect("the table").is_empty(), "nothing is mounted");

    let read_only = mount("tmpfs", &point, Some("tmpfs"), "ro,nosuid,size=1M");
    fs::write(point.join("file"), "x").expect("it can be written");
    Task::remount(&read_only).run().expect("other options");
    let changes = table.update().expect("the table");
    assert!(matches!(&changes[..], [Change::Changed(_)]), "{changes:?}");
    assert!(fs::write(point.join("file"), "y").is_err(), "it is read-only");

    let bound = mount(point.to_str().expect("plain"), &folder.join("bound"), None, "bind,ro,nodev");
    Task::mount(&bound).run().expect("a bind mount");
    table.update().expect("the table");
    let options = options_of(&table, &folder.join("bound"));
    assert!(options.starts_with("ro,") && options.contains("nodev"), "{options}");
    let file =
        mount(point.join("file").to_str().expect("plain"), &folder.join("a/file"), None, "bind");
    Task::mount(&file).run().expect("a bind mount of a file");
    assert_eq!(fs::read_to_string(folder.join("a/file")).expect("it is there"), "x");
    Task::unmount(&file).run().expect("its end");

    let disk = mount("disk", &folder.join("disk"), Some("tmpfs"), "");
    Task::mount(&disk).run().expect("another tmpfs");
    for name in ["lower", "upper", "work"] {
        fs::create_dir(disk.mount_point.join(name)).expect("a folder");
    }
    fs::write(disk.mount_point.join("lower/seen"), "").expect("a file");
    let at = disk.mount_point.display();
    let options = format!("lowerdir={at}/lower,upperdir={at}/upper,workdir={at}/work");
    let overlay = mount("overlay", &folder.join("merged"), Some("overlay"), &options);
    Task::mount(&overlay).run().expect("an overlay");
    assert!(folder.join("merged/seen").exists());

    let busy = fs::File::open(point.join("file")).expect("it is there");
    assert!(Task::unmount(&tmpfs).run().is_err(), "it is in use");
    let lazy = Mount { lazy_unmount: true, ..tmpfs };
    Task::unmount(&lazy).run().expect("it goes when it is no more used");
    drop(busy);
    table.update().expect("the table");
    for unit in [&bound, &overlay, &disk] {
        Task::unmount(unit).run().expect("their end");
    }
    let changes = table.update().expect("the table");
    let gone = |change: &Change| matches!(change, Change::Removed(_));
    assert!(changes.len() == 3 && changes.iter().all(gone), "{changes:?}");
}
