//! Making what lines ask for: files, folders, links, pipes, devices.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, fstat, makedev, mkdirat, mknodat, openat, readlinkat,
    renameat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use super::line::{Item, Kind};
use super::walk::{self, Place, file_type};
use super::{attributes, copy, own, remove};
use crate::glob;

/// What lines of copies and links come from where nothing else is said.
const FACTORY: &str = "/usr/share/factory";

/// Does what a line asks for below the root.
pub fn create(root: &OwnedFd, root_path: &Path, item: &Item) -> Result<()> {
    if item.kind.is_pattern() {
        for path in glob::paths(root_path, &item.path) {
            on_existing(root, &path, item)?;
        }
        return Ok(());
    }
    let place = walk::place(root, Path::new(&item.path), true)?;
    match item.kind {
        Kind::File => file(&place, item),
        Kind::Directory | Kind::EmptiedDirectory => directory(root, &place, item),
        Kind::Fifo => node(&place, item, FileType::Fifo, 0),
        Kind::CharDevice => node(&place, item, FileType::CharacterDevice, device(item)?),
        Kind::BlockDevice => node(&place, item, FileType::BlockDevice, device(item)?),
        Kind::Link | Kind::LinkIfTarget => link(root, &place, item),
        _ => {
            let source =
                item.text().map_or_else(|| format!("{FACTORY}{}", item.path), str::to_owned);
            copy::copy(root, &place, Path::new(&source), item)
        }
    }
}

/// Lines about what is there already.
fn on_existing(root: &OwnedFd, path: &Path, item: &Item) -> Result<()> {
    let place = walk::place(root, path, false)?;
    let Some(fd) = place.open()? else { return Ok(()) };
    match item.kind {
        Kind::Write => return write_existing(&place, item),
        Kind::AdjustDirectory if file_type(&fstat(&fd)?) != FileType::Directory => return Ok(()),
        Kind::AdjustDirectory | Kind::Adjust | Kind::AdjustAll => adjust(&fd, &place, item)?,
        Kind::Attribute
        | Kind::AttributeAll
        | Kind::Flags
        | Kind::FlagsAll
        | Kind::Acl
        | Kind::AclAll => {
            attributes::set(&fd, item).with_context(|| place.path.display().to_string())?;
        }
        _ => return Ok(()),
    }
    if item.kind.is_recursive() && file_type(&fstat(&fd)?) == FileType::Directory {
        for name in remove::names(&fd)? {
            on_existing(root, &path.join(name), &Item { path: String::new(), ..item.clone() })?;
        }
    }
    Ok(())
}

/// Owner and mode of what was there.
fn adjust(fd: &OwnedFd, place: &Place, item: &Item) -> Result<()> {
    own::apply(fd, item, None).map_err(|error| place.failed(error))?;
    Ok(())
}

/// What stands in the way goes, where the line says so; gives whether the place is free now.
fn cleared(place: &Place, item: &Item, wanted: FileType) -> Result<bool> {
    let Some(fd) = place.open()? else { return Ok(true) };
    let found = file_type(&fstat(&fd)?);
    if found == wanted {
        return Ok(false);
    }
    if !(item.replaces || item.plus && item.kind != Kind::File) {
        bail!("{}: is there and is something else", place.path.display());
    }
    remove::tree(place)?;
    Ok(true)
}

fn directory(root: &OwnedFd, place: &Place, item: &Item) -> Result<()> {
    // A link to a folder will do, as /var/run does for /run.
    if let Some(fd) = place.open()? {
        let is_link = file_type(&fstat(&fd)?) == FileType::Symlink;
        if is_link && !item.replaces && walk::folder(root, &place.path, false).is_ok() {
            return Ok(());
        }
    }
    let free = cleared(place, item, FileType::Directory)?;
    if free {
        mkdirat(&place.folder, &place.name, Mode::from_raw_mode(0o700))
            .map_err(|error| place.failed(error))?;
    }
    finish(place, item, free.then_some(0o755))
}

fn file(place: &Place, item: &Item) -> Result<()> {
    let free = cleared(place, item, FileType::RegularFile)?;
    if free || item.plus {
        let flags = if free { OFlags::CREATE | OFlags::EXCL } else { OFlags::TRUNC };
        write(place, flags, item.argument.as_deref().unwrap_or_default())?;
    }
    finish(place, item, free.then_some(0o644))
}

fn write(place: &Place, flags: OFlags, text: &[u8]) -> Result<()> {
    let flags = flags
        | OFlags::WRONLY
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::CLOEXEC;
    let fd = openat(&place.folder, &place.name, flags, Mode::from_raw_mode(0o600))
        .map_err(|error| place.failed(error))?;
    File::from(fd).write_all(text).map_err(|error| place.failed(error))?;
    Ok(())
}

fn write_existing(place: &Place, item: &Item) -> Result<()> {
    // What is there is written over from its start, and not cut off: files of /proc and /sys want it so.
    let how = if item.plus { OFlags::APPEND } else { OFlags::empty() };
    write(place, how, item.argument.as_deref().unwrap_or_default())
}

fn node(place: &Place, item: &Item, kind: FileType, device: u64) -> Result<()> {
    let free = cleared(place, item, kind)?;
    if free {
        mknodat(&place.folder, &place.name, kind, Mode::from_raw_mode(0o600), device)
            .map_err(|error| place.failed(error))?;
    }
    finish(place, item, free.then_some(0o644))
}

/// `MAJOR:MINOR`
fn device(item: &Item) -> Result<u64> {
    let text = item.text().unwrap_or_default();
    let numbers = text
        .split_once(':')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    let (major, minor) = numbers.with_context(|| format!("'{text}' is no MAJOR:MINOR"))?;
    Ok(makedev(major, minor))
}

fn link(root: &OwnedFd, place: &Place, item: &Item) -> Result<()> {
    let target = item.text().map_or_else(|| format!("{FACTORY}{}", item.path), str::to_owned);
    if item.kind == Kind::LinkIfTarget && !is_there(root, &item.path, &target) {
        return Ok(());
    }
    match symlinkat(target.as_str(), &place.folder, &place.name) {
        Ok(()) => return finish(place, item, None),
        Err(Errno::EXIST) => {}
        Err(error) => return Err(place.failed(error).into()),
    }
    let now = readlinkat(&place.folder, &place.name, Vec::new());
    if now.as_ref().is_ok_and(|now| now.to_bytes() == target.as_bytes()) {
        return finish(place, item, None);
    }
    let other_type = now.is_err();
    if !(item.plus || item.replaces && other_type) {
        return Ok(());
    }
    if other_type {
        remove::tree(place)?;
    }
    // Over the old link in one step.
    let fresh = format!(".#{}", place.name.to_string_lossy());
    match unlinkat(&place.folder, fresh.as_str(), AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(place.failed(error).into()),
    }
    symlinkat(target.as_str(), &place.folder, fresh.as_str())
        .and_then(|()| renameat(&place.folder, fresh.as_str(), &place.folder, &place.name))
        .map_err(|error| place.failed(error))?;
    finish(place, item, None)
}

fn is_there(root: &OwnedFd, link: &str, target: &str) -> bool {
    let whole = Path::new(link).parent().unwrap_or(Path::new("/")).join(target);
    walk::place(root, &whole, false)
        .and_then(|place| place.open())
        .is_ok_and(|found| found.is_some())
}

/// Owner and mode of what is at a place now; `made` is the mode of what was just made.
pub fn finish(place: &Place, item: &Item, made: Option<u32>) -> Result<()> {
    let Some(fd) = place.open()? else {
        return Err(place.failed(io::Error::from(io::ErrorKind::NotFound)).into());
    };
    own::apply(&fd, item, made).map_err(|error| place.failed(error))?;
    Ok(())
}

/// Opens a thing for reading that was opened to look at.
pub fn reopen(fd: &OwnedFd, flags: OFlags) -> io::Result<OwnedFd> {
    Ok(openat(
        CWD,
        own::through(fd),
        flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}
