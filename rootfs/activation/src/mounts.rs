//! Mounting, unmounting and swapping for mount and swap units (systemd.mount(5), systemd.swap(5)).

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use keelson_output::eprintln;
use keelson_units::model::{Mount, Swap};

pub use check::is_known as can_be_checked;
pub use options::{Kind, Options};
pub use source::{Source, find_source};

mod attach;
mod check;
mod helper;
mod loop_device;
pub mod options;
pub mod source;
mod swap;

/// Work on one mount point or swap space.
///
/// It holds all it needs. `run` may hang for as long as a disk or a server does, so the manager never calls it itself:
/// it forks (it has one thread, so a child may do anything), and the child runs it, writes the error to standard error
/// and exits with `MountError::exit_code`.
#[derive(Clone, Debug)]
pub struct Task {
    work: Work,
}

#[derive(Clone, Debug)]
enum Work {
    Mount(Attachment),
    Unmount { mount_point: PathBuf, fs_type: Option<String>, lazy: bool, force: bool },
    SwapOn { what: String, priority: Option<i32>, options: String },
    SwapOff { what: String },
}

/// What is mounted where.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of its own")]
struct Attachment {
    what: String,
    mount_point: PathBuf,
    fs_type: Option<String>,
    options: String,
    sloppy: bool,
    read_write_only: bool,
    directory_mode: u32,
    check: bool,
    remount: bool,
}

impl Task {
    /// Mounts.
    pub fn mount(mount: &Mount) -> Self {
        Self { work: Work::Mount(Attachment::of(mount, false)) }
    }

    /// Gives a mounted file system the options of the unit: its reload.
    pub fn remount(mount: &Mount) -> Self {
        Self { work: Work::Mount(Attachment::of(mount, true)) }
    }

    /// Unmounts what is on top.
    pub fn unmount(mount: &Mount) -> Self {
        Self {
            work: Work::Unmount {
                mount_point: mount.mount_point.clone(),
                fs_type: mount.fs_type.clone(),
                lazy: mount.lazy_unmount,
                force: mount.force_unmount,
            },
        }
    }

    /// Swaps to it.
    pub fn swap_on(swap: &Swap) -> Self {
        let work = Work::SwapOn {
            what: swap.what.clone(),
            priority: swap.priority,
            options: swap.options.clone(),
        };
        Self { work }
    }

    /// Swaps to it no more, which takes as long as reading it back.
    pub fn swap_off(swap: &Swap) -> Self {
        Self { work: Work::SwapOff { what: swap.what.clone() } }
    }

    /// Does it. May hang: only for a child process.
    pub fn run(&self) -> Result<(), MountError> {
        match &self.work {
            Work::Mount(attachment) => attach::attach(attachment),
            Work::Unmount { mount_point, fs_type, lazy, force } => {
                attach::detach(mount_point, fs_type.as_deref(), *lazy, *force)
            }
            Work::SwapOn { what, priority, options } => swap::on(what, *priority, options),
            Work::SwapOff { what } => swap::off(what),
        }
    }

    /// Does it as the whole life of a child process: the exit code is the result, standard error has the reason.
    pub fn run_as_process(&self) -> i32 {
        match self.run() {
            Ok(()) => 0,
            Err(error) => {
                eprintln(&error);
                error.exit_code()
            }
        }
    }
}

impl Attachment {
    fn of(mount: &Mount, remount: bool) -> Self {
        Self {
            what: mount.what.clone(),
            mount_point: mount.mount_point.clone(),
            fs_type: mount.fs_type.clone(),
            options: mount.options.clone(),
            sloppy: mount.sloppy,
            read_write_only: mount.read_write_only,
            directory_mode: mount.directory_mode.unwrap_or(0o755),
            check: mount.check,
            remount,
        }
    }
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// A value of `Options=`.
    #[error("mount option `{0}` is not understood")]
    Option(String),
    /// `UUID=` and the like, or a path, lead nowhere.
    #[error("{0} does not exist")]
    NoSource(String),
    /// Nothing known is on the device.
    #[error("{0} has no file system that this kernel knows")]
    NoFileSystem(PathBuf),
    /// The mount point could not be made.
    #[error("making {0} failed: {1}")]
    Directory(PathBuf, io::Error),
    /// The mount point is reached through a symlink.
    #[error("the mount point {0} contains a symlink; mount on {1} instead")]
    Symlink(PathBuf, PathBuf),
    /// There is no loop device for a file.
    #[error("making a loop device for {0} failed: {1}")]
    Loop(PathBuf, io::Error),
    /// e2fsck ended so, and errors are left; it has told which.
    #[error("{0} is damaged and e2fsck -p does not repair it: {1}")]
    Damaged(PathBuf, ExitStatus),
    /// mount(2)
    #[error("mounting {what} on {mount_point} as {fs_type} failed: {source}", mount_point = .mount_point.display())]
    Mount {
        /// The device, or any text.
        what: String,
        /// Where.
        mount_point: PathBuf,
        /// The type.
        fs_type: String,
        /// Why not.
        source: io::Error,
    },
    /// umount2(2)
    #[error("unmounting {0} failed: {1}")]
    Unmount(PathBuf, io::Error),
    /// swapon(2), swapoff(2)
    #[error("{0} {1} failed: {2}")]
    Swap(&'static str, PathBuf, io::Error),
    /// A helper program could not be run.
    #[error("running {0} failed: {1}")]
    Helper(PathBuf, io::Error),
    /// A helper program failed; it has told why.
    #[error("{0} failed: {1}")]
    HelperFailed(PathBuf, ExitStatus),
}

impl MountError {
    /// That of mount(8): 32 for a failed mount, 1 for wrong words, or the helper's own.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Option(_) => 1,
            Self::HelperFailed(_, status) => status.code().unwrap_or(32),
            _ => 32,
        }
    }
}

/// Whether a type of file system is served over the network, so that it needs the network and may hang.
pub fn is_network(fs_type: &str) -> bool {
    const NETWORK: [&str; 20] = [
        "afs",
        "ceph",
        "cifs",
        "smb3",
        "smbfs",
        "sshfs",
        "ncpfs",
        "ncp",
        "nfs",
        "nfs4",
        "gfs",
        "gfs2",
        "glusterfs",
        "pvfs2",
        "ocfs2",
        "lustre",
        "davfs",
        "9p",
        "beegfs",
        "orangefs",
    ];
    let name = fs_type.strip_prefix("fuse.").unwrap_or(fs_type);
    NETWORK.contains(&name)
}

/// Whether a path lies on a device that exists, for conditions of units.
pub fn is_block_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_block_device())
}

#[cfg(test)]
mod tests;
