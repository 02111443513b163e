//! Owners and modes: what has to change, as a value, and changing it.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, Stat, Uid, chmodat, chownat, fstat};

use super::line::{Item, Setting};
use super::walk::file_type;

/// What has to change on a thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The new user.
    pub user: Option<u32>,
    /// The new group.
    pub group: Option<u32>,
    /// The new mode.
    pub mode: Option<u32>,
}

/// What has to change on a thing like this for an item; `made` is the mode of what was just made, where it was.
pub fn change(item: &Item, stat: &Stat, made: Option<u32>) -> Change {
    let counts = |setting: &Setting| made.is_some() || !setting.only_new;
    let owner = |setting: Option<Setting>, now: u32| {
        setting.filter(counts).map(|setting| setting.value).filter(|value| *value != now)
    };
    let mode = item
        .mode
        .filter(counts)
        .map(|mode| if mode.masked { masked(mode.value, stat) } else { mode.value });
    let link = file_type(stat) == FileType::Symlink;
    Change {
        user: owner(item.user, stat.st_uid),
        group: owner(item.group, stat.st_gid),
        mode: mode.or(made).filter(|mode| !link && *mode != stat.st_mode & 0o7777),
    }
}

/// Bits that nobody has now are not given to anybody, and only folders get the special ones.
fn masked(mode: u32, stat: &Stat) -> u32 {
    let mut mode = mode;
    for bits in [0o111, 0o222, 0o444] {
        if stat.st_mode & bits == 0 {
            mode &= !bits;
        }
    }
    if file_type(stat) == FileType::Directory { mode } else { mode & 0o777 }
}

/// Changes a thing opened to look at.
pub fn apply(fd: &OwnedFd, item: &Item, made: Option<u32>) -> io::Result<()> {
    let stat = fstat(fd)?;
    let change = change(item, &stat, made);
    if change == Change::default() {
        return Ok(());
    }
    if file_type(&stat) == FileType::RegularFile && stat.st_nlink > 1 && !links_are_protected() {
        return Err(io::Error::other(
            "the file has further names, which may be in places of ordinary users",
        ));
    }
    let owner_changes = change.user.is_some() || change.group.is_some();
    let now = stat.st_mode & 0o7777;
    if let Some(mode) = change.mode.filter(|_| owner_changes) {
        // Between the two changes nobody has more than before and after.
        set_mode(fd, now & mode & 0o777)?;
    }
    if owner_changes {
        chownat(
            fd,
            "",
            change.user.map(Uid::from_raw),
            change.group.map(Gid::from_raw),
            AtFlags::EMPTY_PATH,
        )?;
    }
    // A change of the owner takes set-user-ID bits away.
    match change.mode {
        Some(mode) => set_mode(fd, mode)?,
        None if owner_changes && file_type(&stat) != FileType::Symlink && now & 0o6000 != 0 => {
            set_mode(fd, now)?;
        }
        None => {}
    }
    Ok(())
}

fn set_mode(fd: &OwnedFd, mode: u32) -> io::Result<()> {
    Ok(chmodat(CWD, through(fd), Mode::from_raw_mode(mode), AtFlags::empty())?)
}

/// A path to what a descriptor is open on, for calls that take no such descriptor.
pub fn through(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

fn links_are_protected() -> bool {
    std::fs::read_to_string("/proc/sys/fs/protected_hardlinks").is_ok_and(|text| text.trim() == "1")
}
