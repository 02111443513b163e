//! Paths walked part by part, so that nobody but root can lead a program of root elsewhere by a link.
//!
//! A step from what an ordinary user owns to what somebody else owns is refused, as is a link in such a place. Links of
//! root are followed, and never lead out of the root folder.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Stat, chmodat, fstat, mkdirat, openat, readlinkat,
};
use rustix::io::Errno;

use super::own::through;

/// As many links are followed as the kernel follows.
const MOST_LINKS: usize = 40;

/// Why a path cannot be gone.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The kernel says no.
    #[error("{}", path.display())]
    Io {
        /// As far as it went.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An ordinary user could have set a trap.
    #[error("{}: unsafe path transition: {} belongs to an ordinary user", .0.display(), .1.display())]
    Unsafe(PathBuf, PathBuf),
    /// Too many links.
    #[error("{}: too many links", .0.display())]
    Links(PathBuf),
    /// The root itself.
    #[error("{}: this is the root", .0.display())]
    Root(PathBuf),
}

/// An open folder and a name in it, which may not be there.
#[derive(Debug)]
pub struct Place {
    /// The folder, opened to look things up.
    pub folder: OwnedFd,
    /// The name.
    pub name: OsString,
    /// The whole path, for words.
    pub path: PathBuf,
}

/// Opens the folder that things are looked up in.
pub fn open_root(root: &Path) -> Result<OwnedFd, WalkError> {
    openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| failed(root, error))
}

/// Opens the folder of a path; those missing are made with mode 0755 where `make` says so.
pub fn place(root: &OwnedFd, path: &Path, make: bool) -> Result<Place, WalkError> {
    let name = path.file_name().ok_or_else(|| WalkError::Root(path.to_owned()))?.to_owned();
    let folder = folder(root, path.parent().unwrap_or(Path::new("/")), make)?;
    Ok(Place { folder, name, path: path.to_owned() })
}

/// Opens a folder, following links of root.
pub fn folder(root: &OwnedFd, path: &Path, make: bool) -> Result<OwnedFd, WalkError> {
    let mut stack =
        vec![root.try_clone().map_err(|source| WalkError::Io { path: path.to_owned(), source })?];
    let mut rest: Vec<OsString> = parts(path);
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part == ".." {
            if stack.len() > 1 {
                stack.pop();
            }
            continue;
        }
        let Some(top) = stack.last() else { break };
        let next = step(top, &part, path, make)?;
        let (here, there) = (stat(top, path)?, stat(&next, path)?);
        if here.st_uid != 0 && here.st_uid != there.st_uid {
            return Err(WalkError::Unsafe(path.to_owned(), PathBuf::from(&part)));
        }
        if file_type(&there) != FileType::Symlink {
            stack.push(next);
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(WalkError::Links(path.to_owned()));
        }
        let target = readlinkat(top, &part, Vec::new()).map_err(|error| failed(path, error))?;
        let target = Path::new(OsStr::from_bytes(target.to_bytes()));
        if target.is_absolute() {
            stack.truncate(1);
        }
        rest.extend(parts(target));
    }
    let end = stack.pop().expect("the root is never taken off");
    if file_type(&stat(&end, path)?) == FileType::Directory {
        Ok(end)
    } else {
        Err(failed(path, Errno::NOTDIR))
    }
}

/// The parts of a path, the first at the end.
fn parts(path: &Path) -> Vec<OsString> {
    let part = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().rev().filter_map(part).collect()
}

fn step(folder: &OwnedFd, part: &OsStr, path: &Path, make: bool) -> Result<OwnedFd, WalkError> {
    let to_error = |error| failed(path, error);
    match open(folder, part) {
        Err(Errno::NOENT) if make => match mkdirat(folder, part, Mode::from_raw_mode(0o755)) {
            Ok(()) => {
                let made = open(folder, part).map_err(to_error)?;
                // Whatever the umask and the folder above hand down.
                let mode = Mode::from_raw_mode(0o755);
                chmodat(CWD, through(&made), mode, AtFlags::empty()).map_err(to_error)?;
                Ok(made)
            }
            Err(Errno::EXIST) => open(folder, part).map_err(to_error),
            Err(error) => Err(to_error(error)),
        },
        other => other.map_err(to_error),
    }
}

fn open(folder: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    openat(folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Opens a thing in a folder for reading, a link not followed, without its time of access being set by what is read:
/// that would make it young for ever. Only the owner and root may ask for that.
pub fn open_unseen(
    folder: impl AsFd,
    name: impl AsRef<OsStr>,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
    let (folder, name) = (folder.as_fd(), name.as_ref());
    match openat(folder, name, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => openat(folder, name, flags, Mode::empty()),
        opened => opened,
    }
}

fn stat(fd: &OwnedFd, path: &Path) -> Result<Stat, WalkError> {
    fstat(fd).map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: Errno) -> WalkError {
    WalkError::Io { path: path.to_owned(), source: error.into() }
}

/// What a thing is.
pub fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

impl Place {
    /// The thing itself, a link not followed, opened to look at; none where it is not there.
    pub fn open(&self) -> Result<Option<OwnedFd>, WalkError> {
        match open(&self.folder, &self.name) {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// An error with the path.
    pub fn failed(&self, error: impl Into<io::Error>) -> WalkError {
        WalkError::Io { path: self.path.clone(), source: error.into() }
    }
}

#[cfg(test)]
mod tests;
