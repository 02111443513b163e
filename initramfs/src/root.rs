//! ROOT: makes its file system at the first boot, checks it at later ones, lets it grow with the
//! disk, and puts the top-level folders and links on it.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use keelson_format::cmdline::Cmdline;
use rustix::fs::statvfs;
use rustix::mount::MountFlags;
use thiserror::Error;

use crate::console;
use crate::devices::node;
use crate::find::{self, Disk, FindError, Partition};
use crate::grow;
use crate::mounts;
use crate::programs;
use crate::refuse::{Failure, doing};
use crate::superblock::{Content, LOOKED_AT};

/// Why there is no ROOT.
#[derive(Debug, Error)]
pub(crate) enum RootError {
    /// The disk has no partition for it.
    #[error(transparent)]
    Find(#[from] FindError),
    /// A system call failed.
    #[error("ROOT: {0}")]
    Failed(#[from] Failure),
    /// The partition holds something else.
    #[error("{name} ({label}) holds {content}, expected ext4 or nothing; it is left as it is")]
    Foreign { name: String, label: String, content: &'static str },
    /// e2fsck found damage that needs a decision.
    #[error(
        "{name} ({label}) is damaged and e2fsck -p does not repair it (exit status {status}); \
         `keelson.fsck=repair` on the command line lets e2fsck repair all it can"
    )]
    Damaged { name: String, label: String, status: i32 },
}

/// Makes or checks ROOT of a disk and mounts it on `target`.
pub(crate) fn mount(disk: &Disk, cmdline: &Cmdline, target: &str) -> Result<(), RootError> {
    let partition = find::root(disk)?;
    let bytes = grow::partition(disk, partition);
    let node = node(&partition.name);
    let ext4 = match content(&node)? {
        Content::Ext4(ext4) => {
            check(partition, ext4.clean, cmdline)?;
            Some(ext4)
        }
        Content::DamagedExt4 => {
            check(partition, false, cmdline)?;
            // Its size is not known before it is read again: it grows at the next boot.
            None
        }
        Content::Nothing => {
            let Partition { name, label, .. } = partition;
            console::step(format_args!(
                "first boot: making the file system of {name} ({label}, {bytes} bytes)"
            ));
            make(&node)?;
            None
        }
        Content::Foreign(content) => {
            let (name, label) = (partition.name.clone(), partition.label.clone());
            return Err(RootError::Foreign { name, label, content });
        }
    };
    mounts::on(&node, target, "ext4", MountFlags::RELATIME, "errors=remount-ro")?;
    if let Some(ext4) = ext4 {
        grow::file_system(&ext4, partition, bytes, target);
    }
    if let Some(full) = space(target)? {
        console::warn(format_args!("{} ({}) is full: {full}", partition.name, partition.label));
    }
    Ok(())
}

/// Mounts the `/` of a live boot on `target`: memory, at most half of what the machine has.
pub(crate) fn in_memory(target: &str) -> Result<(), Failure> {
    mounts::on("tmpfs", target, "tmpfs", MountFlags::empty(), "mode=755,size=50%")
}

/// What to say of a file system that is full: less than a hundredth of its bytes or files free.
fn space(target: &str) -> Result<Option<String>, Failure> {
    let s = statvfs(target).map_err(doing(format!("looking at {target}")))?;
    let full = s.f_bavail < s.f_blocks / 100 || s.f_favail < s.f_files / 100;
    let text = || {
        let (free, bytes) = (s.f_bavail * s.f_frsize, s.f_blocks * s.f_frsize);
        format!("{free} of {bytes} bytes and {} of {} files are free", s.f_favail, s.f_files)
    };
    Ok(full.then(text))
}

fn content(node: &str) -> Result<Content, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(node).map_err(doing(format!("opening {node}")))?;
    file.take(LOOKED_AT).read_to_end(&mut bytes).map_err(doing(format!("reading {node}")))?;
    Ok(Content::of(&bytes))
}

fn make(node: &str) -> Result<(), Failure> {
    let arguments = [
        "-q",
        "-F",
        "-t",
        "ext4",
        "-L",
        "ROOT",
        "-E",
        "lazy_itable_init=1,lazy_journal_init=1",
        node,
    ];
    let configuration = ("MKE2FS_CONFIG", "/usr/share/factory/etc/mke2fs.conf");
    programs::run("/usr/sbin/mke2fs", &arguments, &[configuration])?.success()
}

/// Lets e2fsck replay the journal and repair what is safe, where the last boot did not end well.
fn check(partition: &Partition, is_clean: bool, cmdline: &Cmdline) -> Result<(), RootError> {
    let repair = cmdline.value("keelson.fsck") == Some("repair");
    if is_clean && !repair {
        return Ok(());
    }
    let node = node(&partition.name);
    let arguments: &[&str] = if repair { &["-f", "-y", &node] } else { &["-p", &node] };
    let ended = programs::run("/usr/sbin/e2fsck", arguments, &[])?;
    match ended.status.code() {
        // Bit 0: errors corrected. Bit 1: restart advised, for a file system that was mounted.
        Some(0..=3) => Ok(()),
        Some(status) => {
            let (name, label) = (partition.name.clone(), partition.label.clone());
            Err(RootError::Damaged { name, label, status })
        }
        None => Err(ended.failure().into()),
    }
}

/// The top-level folders of `/` and their modes.
const FOLDERS: [(&str, u32); 17] = [
    ("usr", 0o755),
    ("etc", 0o755),
    ("proc", 0o555),
    ("sys", 0o555),
    ("dev", 0o755),
    ("run", 0o755),
    ("boot", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("root", 0o700),
    ("srv", 0o755),
    ("tmp", 0o1777),
    ("var", 0o755),
    ("var/lib", 0o755),
    ("var/lib/keelson", 0o755),
    ("var/log", 0o755),
];

/// The top-level links into `/usr`.
const LINKS: [(&str, &str); 4] =
    [("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")];

/// Makes the folders and links of `/` that are not there yet below `root`.
///
/// What stands in the way of a link is an error: programs would not be found. A folder that cannot
/// be made, as on a full ROOT, is said; one that is needed here fails again where it is mounted on.
pub(crate) fn populate(root: &Path) -> Result<(), Failure> {
    for (name, mode) in FOLDERS {
        let path = root.join(name);
        if path.is_dir() {
            continue;
        }
        let made = DirBuilder::new().mode(mode).create(&path);
        // Set again, since the mode above is subject to the umask.
        let made = made.and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)));
        if let Err(error) = made {
            console::warn(format_args!("making /{name} on ROOT: {error}"));
        }
    }
    links(root)
}

/// Makes the links of `/` into `/usr` below `root`.
pub(crate) fn links(root: &Path) -> Result<(), Failure> {
    for (name, target) in LINKS {
        let path = root.join(name);
        match fs::read_link(&path) {
            Ok(found) if found == Path::new(target) => {}
            Ok(_) => {
                let what = || format!("replacing the link /{name}");
                fs::remove_file(&path).map_err(doing(what()))?;
                symlink(target, &path).map_err(doing(what()))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                symlink(target, &path).map_err(doing(format!("making the link /{name}")))?;
            }
            Err(error) => {
                return Err(doing::<io::Error>(format!("/{name} is not a link to {target}"))(
                    error,
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
