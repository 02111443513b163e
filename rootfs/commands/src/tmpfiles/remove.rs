//! Taking things away, with all that is below them; what is mounted below them is not entered.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;
use rustix::fs::{
    AtFlags, Dir, FileType, OFlags, StatxAttributes, StatxFlags, fstat, statx, unlinkat,
};
use rustix::io::Errno;

use super::line::{Item, Kind};
use super::walk::{self, Place, file_type};
use crate::glob;

/// Does what a line of `--remove` asks for.
pub fn remove(root: &OwnedFd, root_path: &Path, item: &Item) -> Result<()> {
    for path in glob::paths(root_path, &item.path) {
        let place = walk::place(root, &path, false)?;
        match item.kind {
            Kind::Remove => one(&place)?,
            Kind::RemoveAll => tree(&place)?,
            Kind::EmptiedDirectory => {
                if let Some(fd) = place.open()?.filter(is_folder) {
                    below(&fd, &path)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_folder(fd: &OwnedFd) -> bool {
    fstat(fd).is_ok_and(|stat| file_type(&stat) == FileType::Directory)
}

/// A thing that is no folder, or an empty one.
fn one(place: &Place) -> Result<()> {
    let Some(fd) = place.open()? else { return Ok(()) };
    let flags = if is_folder(&fd) { AtFlags::REMOVEDIR } else { AtFlags::empty() };
    match unlinkat(&place.folder, &place.name, flags) {
        Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY) => Ok(()),
        Err(error) => Err(place.failed(error).into()),
    }
}

/// A thing with all that is below it.
pub fn tree(place: &Place) -> Result<()> {
    let Some(fd) = place.open()? else { return Ok(()) };
    if is_folder(&fd) {
        below(&fd, &place.path)?;
    }
    one(place)
}

/// All that is below a folder.
fn below(folder: &OwnedFd, path: &Path) -> Result<()> {
    let within = |name: OsString| {
        let place = Place { folder: folder.try_clone()?, path: path.join(&name), name };
        match place.open()? {
            Some(fd) if !is_mounted(&fd)? => {
                let emptied = if is_folder(&fd) { below(&fd, &place.path) } else { Ok(()) };
                emptied.and_then(|()| one(&place))
            }
            _ => Ok(()),
        }
    };
    // What fails somewhere does not spare the rest; the first failure is told.
    let mut outcome = Ok(());
    for name in names(folder)? {
        outcome = outcome.and(within(name));
    }
    outcome
}

/// Whether something is mounted just there. A bind mount has the device of its source, so that would not tell.
pub fn is_mounted(fd: &OwnedFd) -> Result<bool> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW;
    let attributes = statx(fd, "", flags, StatxFlags::empty())?.stx_attributes;
    Ok(attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// The names in a folder, sorted.
pub fn names(folder: impl AsFd) -> Result<Vec<OsString>> {
    let readable = walk::open_unseen(folder, ".", OFlags::DIRECTORY)?;
    let mut names = Vec::new();
    for entry in Dir::new(readable)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
