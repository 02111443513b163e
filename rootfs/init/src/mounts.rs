//! Mounts: the API file systems at the start, everything else away at the end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, mount_remount, unmount,
};

use crate::shutdown::{Bounded, UNMOUNT};

mod info;
pub use info::{MountPoint, parse};

/// A mount that did not work.
#[derive(Debug, thiserror::Error)]
#[error("mounting {kind} on {target}: {source}")]
pub struct MountError {
    kind: &'static str,
    target: &'static str,
    source: io::Error,
}

struct Api {
    kind: &'static str,
    target: &'static str,
    flags: MountFlags,
    options: &'static str,
    /// Whether a system works without it, so that its lack is no message.
    optional: bool,
}

const fn api(
    kind: &'static str,
    target: &'static str,
    flags: MountFlags,
    options: &'static str,
) -> Api {
    Api { kind, target, flags, options, optional: false }
}

const fn optional(
    kind: &'static str,
    target: &'static str,
    flags: MountFlags,
    options: &'static str,
) -> Api {
    Api { kind, target, flags, options, optional: true }
}

const SAFE: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);
const NO_DEVICES: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);

/// What is mounted, parents first. The initramfs has done the first four.
const API: &[Api] = &[
    api("proc", "/proc", SAFE, ""),
    api("sysfs", "/sys", SAFE, ""),
    api("devtmpfs", "/dev", MountFlags::NOSUID, "mode=0755"),
    api("tmpfs", "/run", NO_DEVICES, "mode=0755,size=20%"),
    api(
        "devpts",
        "/dev/pts",
        MountFlags::NOSUID.union(MountFlags::NOEXEC),
        "gid=5,mode=0620,ptmxmode=0666",
    ),
    api("tmpfs", "/dev/shm", NO_DEVICES, "mode=1777"),
    api("mqueue", "/dev/mqueue", SAFE, ""),
    optional("hugetlbfs", "/dev/hugepages", NO_DEVICES, ""),
    api("tmpfs", "/tmp", NO_DEVICES, "mode=1777,size=50%"),
    api("cgroup2", "/sys/fs/cgroup", SAFE, "nsdelegate,memory_recursiveprot"),
    optional("securityfs", "/sys/kernel/security", SAFE, ""),
    optional("bpf", "/sys/fs/bpf", SAFE, "mode=0700"),
    optional("pstore", "/sys/fs/pstore", SAFE, ""),
    optional("efivarfs", "/sys/firmware/efi/efivars", SAFE.union(MountFlags::RDONLY), ""),
];

/// The mounts there are.
pub fn current() -> io::Result<Vec<MountPoint>> {
    Ok(parse(&fs::read("/proc/self/mountinfo")?))
}

/// Mounts the API file systems that are missing. Gives those that did not work; none is fatal by itself.
pub fn mount_api() -> Vec<MountError> {
    let mut problems = Vec::new();
    for wanted in API {
        let mounted = current().unwrap_or_default();
        if mounted.iter().any(|mount| mount.target == Path::new(wanted.target)) {
            continue;
        }
        if let Err(source) = mount_one(wanted) {
            let known =
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
                    || source.raw_os_error() == Some(libc::ENODEV);
            if !(wanted.optional && known) {
                problems.push(MountError { kind: wanted.kind, target: wanted.target, source });
            }
        }
    }
    problems
}

/// What is mounted from now on is seen in the mount namespaces of services, too, as with systemd: they are made slaves of
/// this one. Without it an automount point would wait there for a mount that never comes.
pub fn share_all() -> Result<(), MountError> {
    let shared = MountPropagationFlags::SHARED | MountPropagationFlags::REC;
    mount_change("/", shared).map_err(|error| MountError {
        kind: "shared mounts",
        target: "/",
        source: error.into(),
    })
}

fn mount_one(wanted: &Api) -> io::Result<()> {
    if !Path::new(wanted.target).is_dir() {
        fs::create_dir_all(wanted.target)?;
    }
    let options = std::ffi::CString::new(wanted.options).expect("the table has no NUL");
    match mount(wanted.kind, wanted.target, wanted.kind, wanted.flags, options.as_c_str()) {
        // An older kernel knows fewer options; the mount matters more.
        Err(rustix::io::Errno::INVAL) if wanted.kind == "cgroup2" => {
            Ok(mount(wanted.kind, wanted.target, wanted.kind, wanted.flags, c"")?)
        }
        outcome => Ok(outcome?),
    }
}

/// Takes all mounts away, deepest and youngest first, and makes read-only what cannot go. Gives what is still writable.
///
/// `/`, `/usr` and the API file systems stay: this program runs from them. `/` ends read-only.
pub fn unmount_all(bounded: &mut Bounded) -> Vec<PathBuf> {
    let mut hanging: BTreeSet<PathBuf> = BTreeSet::new();
    let mut attempt = |path: &Path, work: &mut dyn FnMut() -> bool| {
        if hanging.contains(path) {
            return false;
        }
        let outcome = bounded(&format!("unmounting {}", path.display()), UNMOUNT, work);
        if outcome.is_none() {
            hanging.insert(path.to_owned());
        }
        outcome == Some(true)
    };
    // Each round can free what an earlier one found busy.
    for _ in 0..8 {
        let mounts = current().unwrap_or_default();
        let mut progress = false;
        // An automount point goes at once and takes with it what lies on it, so that must be gone before.
        let covered = |point: &MountPoint| {
            let lies_on = |other: &MountPoint| {
                other.kind != "autofs" && other.target.starts_with(&point.target)
            };
            point.kind == "autofs" && mounts.iter().any(lies_on)
        };
        for point in mounts.iter().rev().filter(|point| !stays(&point.target) && !covered(point)) {
            let target = &point.target;
            let mut flags = UnmountFlags::NOFOLLOW;
            // This program holds an automount point open.
            flags.set(UnmountFlags::DETACH, point.kind == "autofs");
            progress |= attempt(target, &mut || unmount(target, flags).is_ok());
        }
        if !progress {
            break;
        }
    }
    let mut writable = Vec::new();
    for point in current().unwrap_or_default().iter().rev() {
        let on_disk = point.source.starts_with("/dev/") || point.kind == "overlay";
        if point.read_only || !on_disk || is_below_api(&point.target) {
            continue;
        }
        let target = &point.target;
        if !attempt(target, &mut || mount_remount(target, MountFlags::RDONLY, c"").is_ok()) {
            writable.push(point.target.clone());
        }
    }
    writable
}

fn stays(target: &Path) -> bool {
    target == Path::new("/") || target == Path::new("/usr") || is_below_api(target)
}

fn is_below_api(target: &Path) -> bool {
    ["/proc", "/sys", "/dev", "/run"].iter().any(|folder| {
        // What services mounted below /run (containers) goes; /run itself holds the control socket.
        target == Path::new(folder) || (target.starts_with(folder) && *folder != "/run")
    })
}

#[cfg(test)]
mod tests;
