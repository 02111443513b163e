//! `C`: files and trees copied from elsewhere, the factory's by default.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{FileType, Mode, OFlags, fstat, mkdirat, openat, readlinkat, symlinkat};
use rustix::io::Errno;

use super::line::Item;
use super::walk::{self, Place, file_type};
use super::{make, own, remove};

/// Copies a source to a place that is empty; with `+` also into a folder that is not.
pub fn copy(root: &OwnedFd, place: &Place, source: &Path, item: &Item) -> Result<()> {
    let from = walk::place(root, source, false);
    // What the factory does not have is not wanted.
    let Some(source_fd) = from.ok().map(|from| from.open()).transpose()?.flatten() else {
        return Ok(());
    };
    if let Some(fd) = place.open()? {
        let is_folder = file_type(&fstat(&fd)?) == FileType::Directory;
        if !is_folder || !(item.plus || remove::names(&fd)?.is_empty()) {
            return make::finish(place, item, None);
        }
    }
    onto(&source_fd, place)
        .with_context(|| format!("copying {} to {}", source.display(), place.path.display()))?;
    make::finish(place, item, None)
}

/// Copies one thing with all below it; what is there stays.
fn onto(source: &OwnedFd, place: &Place) -> Result<()> {
    let stat = fstat(source)?;
    let mode = stat.st_mode & 0o7777;
    let owned = Item { mode: None, ..plain(stat.st_uid, stat.st_gid) };
    match file_type(&stat) {
        FileType::Directory => {
            let made = match mkdirat(&place.folder, &place.name, Mode::from_raw_mode(0o700)) {
                Ok(()) => true,
                Err(Errno::EXIST) => false,
                Err(error) => return Err(place.failed(error).into()),
            };
            let folder = place
                .open()?
                .ok_or_else(|| place.failed(io::Error::from(io::ErrorKind::NotFound)))?;
            for name in remove::names(source)? {
                let from = Place {
                    folder: source.try_clone()?,
                    path: place.path.join(&name),
                    name: name.clone(),
                };
                let to = Place { folder: folder.try_clone()?, path: place.path.join(&name), name };
                if let Some(from) = from.open()? {
                    onto(&from, &to)?;
                }
            }
            if made {
                own::apply(&folder, &owned, Some(mode)).map_err(|error| place.failed(error))?;
            }
            return Ok(());
        }
        FileType::RegularFile => {
            let flags =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let target = match openat(&place.folder, &place.name, flags, Mode::from_raw_mode(0o600))
            {
                Err(Errno::EXIST) => return Ok(()),
                other => other.map_err(|error| place.failed(error))?,
            };
            let mut from = File::from(make::reopen(source, OFlags::RDONLY)?);
            io::copy(&mut from, &mut File::from(target)).map_err(|error| place.failed(error))?;
        }
        FileType::Symlink => {
            match symlinkat(readlinkat(source, "", Vec::new())?, &place.folder, &place.name) {
                Ok(()) | Err(Errno::EXIST) => return Ok(()),
                Err(error) => return Err(place.failed(error).into()),
            }
        }
        _ => return Ok(()),
    }
    make::finish(place, &owned, Some(mode))
}

/// An item that sets an owner and nothing else.
fn plain(user: u32, group: u32) -> Item {
    let setting = |value| Some(super::line::Setting { value, only_new: false, masked: false });
    Item {
        kind: super::line::Kind::Adjust,
        plus: false,
        boot_only: false,
        may_fail: false,
        replaces: false,
        purged: false,
        path: String::new(),
        mode: None,
        user: setting(user),
        group: setting(group),
        age: None,
        argument: None,
    }
}
