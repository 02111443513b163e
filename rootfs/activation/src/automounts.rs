//! Automount points: autofs mounted on a folder, which tells of the first access and holds it up until it is answered
//! (systemd.automount(5); the kernel's Documentation/filesystems/autofs.rst, protocol 5, direct mounts).
//!
//! Processes of the group that mounted it pass through, so whoever serves it, and the children that mount on it, must be
//! of one process group.

use std::ffi::CString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use keelson_units::model::Automount;
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags};
use rustix::pipe::PipeFlags;

use crate::mounts::{MountError, Options};

pub use control::expire;
pub use packet::{Packet, PacketError};

mod control;
mod packet;

/// `AUTOFS_SUPER_MAGIC` of linux/magic.h.
const MAGIC: u64 = 0x0187;

/// A pipe for an automount point: what is read here, and what the kernel writes to. Reading does not wait.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    Ok((reader, writer))
}

/// Makes the folder and mounts autofs on it, for the caller's process group to serve. May hang as any mount does, and
/// until the kernel's module is loaded: only for a child process.
pub fn attach(automount: &Automount, writer: BorrowedFd<'_>) -> Result<(), MountError> {
    let point = &automount.mount_point;
    let mode = automount.directory_mode.unwrap_or(0o755);
    let made = DirBuilder::new().recursive(true).mode(mode).create(point);
    made.map_err(|error| MountError::Directory(point.clone(), error))?;
    let (flags, data) = options(&automount.extra_options, writer)?;
    let failed = |source: io::Error| MountError::Mount {
        what: "automount point".to_owned(),
        mount_point: point.clone(),
        fs_type: "autofs".to_owned(),
        source,
    };
    match rustix::mount::mount("keelson", point, "autofs", flags, data.as_c_str()) {
        Err(Errno::NODEV) => Err(failed(io::Error::other("this kernel has no autofs"))),
        mounted => mounted.map_err(|error| failed(error.into())),
    }
}

/// The flags and the words of mount(2) for autofs.
fn options(extra: &str, writer: BorrowedFd<'_>) -> Result<(MountFlags, CString), MountError> {
    let extra = Options::parse(extra);
    let group = rustix::process::getpgrp().as_raw_nonzero();
    let mut data = format!("fd={},pgrp={group},minproto=5,maxproto=5,direct", writer.as_raw_fd());
    if !extra.data.is_empty() {
        data = format!("{data},{}", extra.data);
    }
    let flags = MountFlags::from_bits_retain(u32::try_from(extra.flags).unwrap_or_default());
    let data = CString::new(data).map_err(|_| MountError::Option(extra.data))?;
    Ok((flags, data))
}

/// Takes away an automount point and all that is mounted on it, at once also where it is in use. May hang: only for a
/// child process.
pub fn detach(point: &Path) -> Result<(), MountError> {
    loop {
        match rustix::mount::unmount(point, UnmountFlags::NOFOLLOW | UnmountFlags::DETACH) {
            Ok(()) => {}
            // Nothing is mounted there any more, or the folder is gone.
            Err(Errno::INVAL | Errno::NOENT) => return Ok(()),
            Err(error) => return Err(MountError::Unmount(point.to_owned(), error.into())),
        }
    }
}

/// An automount point that is served.
#[derive(Debug)]
pub struct Point {
    pipe: OwnedFd,
    folder: File,
}

impl AsFd for Point {
    /// What becomes readable when there is a packet, or when the kernel's end is closed.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl Point {
    /// Opens what [`attach`] has mounted, and sets how long it must rest to be expired.
    ///
    /// The folder stays open: so answers need no path, and the automount point is the one that was mounted, whatever
    /// comes to lie on it. Only this call walks the path, and waits where that leads through a dead server.
    pub fn open(path: &Path, pipe: OwnedFd, idle: Option<Duration>) -> io::Result<Self> {
        let folder = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW)
            .open(path)?;
        let kind = rustix::fs::fstatfs(&folder)?.f_type;
        if u64::try_from(kind) != Ok(MAGIC) {
            return Err(io::Error::other("something else is mounted on the automount point"));
        }
        control::set_timeout(folder.as_fd(), idle.unwrap_or_default())?;
        Ok(Self { pipe, folder })
    }

    /// The folder, for [`expire`].
    pub fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// Takes the next packet; none where there is none now. An end of the pipe is an error: the automount point is gone.
    pub fn receive(&self) -> io::Result<Option<Packet>> {
        // The kernel writes packets one by one, so a read gives one whole.
        let mut bytes = [0; packet::SIZE * 2];
        match rustix::io::read(&self.pipe, &mut bytes) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => Ok(Some(Packet::parse(&bytes[..length]).map_err(io::Error::other)?)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets those go on who wait for a packet's answer; with an error number they get that.
    pub fn answer(&self, token: u32, outcome: Result<(), Errno>) -> io::Result<()> {
        control::answer(self.folder.as_fd(), token, outcome)
    }

    /// Holds up nobody any more: who waits gets an error, who comes sees an empty folder.
    pub fn let_go(&self) -> io::Result<()> {
        control::let_go(self.folder.as_fd())
    }
}

#[cfg(test)]
mod tests;
