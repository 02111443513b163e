//! Folders that a service may write to, worked on by root: by descriptors and never through a link of the service, and
//! without recursion, however deep they are.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, ResolveFlags, Uid, chownat, fchown, fstat,
    mkdirat, open, openat, openat2, renameat, statat, unlinkat,
};
use rustix::io::Errno;

/// The deepest folder whose contents get another owner.
const DEEPEST: usize = 256;

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

/// Makes and opens a folder below `base`, the last part with `mode`. A link on the way counts only where this user made
/// it: an administrator may put a folder elsewhere, a service may not.
pub fn open_folder(base: &Path, relative: &Path, mode: u32) -> io::Result<OwnedFd> {
    std::fs::create_dir_all(base)?;
    let mut folder = open(base, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty())?;
    let mut parts = relative.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(part) = part else { return Err(Errno::INVAL.into()) };
        let mode = if parts.peek().is_none() { mode } else { 0o755 };
        match mkdirat(&folder, part, Mode::from_raw_mode(mode)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        folder = match openat(&folder, part, FOLDER, Mode::empty()) {
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let found = statat(&folder, part, AtFlags::SYMLINK_NOFOLLOW)?;
                if found.st_uid != rustix::process::geteuid().as_raw() {
                    return Err(Errno::LOOP.into());
                }
                openat(&folder, part, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty())?
            }
            opened => opened?,
        };
    }
    Ok(folder)
}

/// Gives a folder to its owner; where it was another's, with all in it.
pub fn own(folder: OwnedFd, (uid, gid): (u32, u32)) -> io::Result<()> {
    let foreign = |stat: &rustix::fs::Stat| (stat.st_uid, stat.st_gid) != (uid, gid);
    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    if !foreign(&fstat(&folder)?) {
        return Ok(());
    }
    let mut stack = vec![(Dir::read_from(&folder)?, folder)];
    while let Some((entries, folder)) = stack.last_mut() {
        let Some(entry) = entries.next() else {
            // Last, so that one who is interrupted begins again.
            fchown(&*folder, uid, gid)?;
            stack.pop();
            continue;
        };
        let entry = entry?;
        let name = entry.file_name();
        if is_self_or_parent(name) {
            continue;
        }
        let found = match statat(&*folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => continue,
            found => found?,
        };
        if !foreign(&found) {
            continue;
        }
        if FileType::from_raw_mode(found.st_mode) != FileType::Directory {
            chownat(&*folder, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
            continue;
        }
        let below = openat(&*folder, name, FOLDER, Mode::empty())?;
        if stack.len() >= DEEPEST {
            return Err(Errno::NAMETOOLONG.into());
        }
        stack.push((Dir::read_from(&below)?, below));
    }
    Ok(())
}

/// Moves a folder below `base` out of the way of a new one, to the top of `base` under a name of nobody. Gives where it
/// is then to be removed; none where it is gone already, or was not there. EBUSY: something is mounted there.
pub fn set_aside(base: &Path, relative: &Path) -> io::Result<Option<PathBuf>> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let (Some(parent), Some(name)) = (relative.parent(), relative.file_name()) else {
        return Err(Errno::INVAL.into());
    };
    if !base.join(parent).exists() {
        return Ok(None);
    }
    let parent = open_folder(base, parent, 0o755)?;
    let top = open(base, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty())?;
    loop {
        let aside = format!(".keelson-removed-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        match renameat(&parent, name, &top, &aside) {
            Ok(()) => {
                let empty = unlinkat(&top, &aside, AtFlags::REMOVEDIR).is_ok();
                return Ok((!empty).then(|| base.join(aside)));
            }
            Err(Errno::NOENT) => return Ok(None),
            // The name is taken.
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR | Errno::ISDIR) => {}
            // A folder above it is mounted.
            Err(Errno::XDEV) => return Ok(Some(base.join(relative))),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Removes a file, or a folder with all in it. What is not there is no error. EBUSY: something is mounted in it, which
/// is not entered and stays, with the folders to it.
///
/// Folders in it are first moved to its top, so that no depth matters.
pub fn remove(path: &Path) -> io::Result<()> {
    let folder = match open(path, FOLDER, Mode::empty()) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => return Ok(()),
        Err(Errno::NOTDIR | Errno::LOOP) => {
            return Ok(unlinkat(CWD, path, AtFlags::empty())?);
        }
        Err(error) => return Err(error.into()),
    };
    let mut moved = 0;
    loop {
        let mut progress = false;
        let mut problem = None;
        for name in names(&folder)? {
            match remove_entry(&folder, &name, &mut moved) {
                Ok(()) => progress = true,
                Err(error) => problem = Some(error),
            }
        }
        match (progress, problem) {
            (true, _) => {}
            (false, Some(error)) => return Err(error.into()),
            (false, None) => return Ok(unlinkat(CWD, path, AtFlags::REMOVEDIR)?),
        }
    }
}

/// Removes an entry of the top folder: of one that is a folder, what is in it is removed or moved to the top.
fn remove_entry(top: &OwnedFd, name: &CStr, moved: &mut u64) -> Result<(), Errno> {
    let inner = match openat2(top, name, FOLDER, Mode::empty(), ResolveFlags::NO_XDEV) {
        Ok(inner) => inner,
        Err(Errno::NOENT) => return Ok(()),
        Err(Errno::XDEV) => return Err(Errno::BUSY),
        Err(Errno::NOTDIR | Errno::LOOP) => return unlinkat(top, name, AtFlags::empty()),
        Err(error) => return Err(error),
    };
    loop {
        let entries = names(&inner)?;
        if entries.is_empty() {
            return unlinkat(top, name, AtFlags::REMOVEDIR);
        }
        let mut problem = None;
        let mut progress = false;
        for entry in entries {
            let outcome = match unlinkat(&inner, &entry, AtFlags::empty()) {
                Err(Errno::ISDIR | Errno::PERM) => lift(&inner, &entry, top, moved),
                outcome => outcome,
            };
            progress |= outcome.is_ok();
            problem = problem.or(outcome.err());
        }
        if let (false, Some(error)) = (progress, problem) {
            return Err(error);
        }
    }
}

fn lift(from: &OwnedFd, name: &CStr, top: &OwnedFd, moved: &mut u64) -> Result<(), Errno> {
    loop {
        *moved += 1;
        match renameat(from, name, top, format!(".{moved}")) {
            // The name is taken.
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
            outcome => return outcome,
        }
    }
}

fn names(folder: impl AsFd) -> Result<Vec<CString>, Errno> {
    let mut names = Vec::new();
    // What is left is met in the next round.
    for entry in Dir::read_from(folder)?.take(4096) {
        let entry = entry?;
        if !is_self_or_parent(entry.file_name()) {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

fn is_self_or_parent(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}

#[cfg(test)]
mod tests;
