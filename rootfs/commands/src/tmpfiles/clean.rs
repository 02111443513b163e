//! `--clean`: what is old below a path goes.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use rustix::fs::OFlags;
use rustix::fs::{
    AtFlags, FileType, FlockOperation, Statx, StatxFlags, StatxTimestamp, flock, fstat, statx,
    unlinkat,
};
use rustix::io::Errno;

use super::age::{Age, Times};
use super::line::{Item, Kind};
use super::remove;
use super::walk::{self, Place, file_type};
use crate::{glob, screen};

/// What keeps things from being cleaned.
#[derive(Debug, Default)]
pub struct Kept {
    /// `x`, and the paths of all other lines: the path with all below.
    pub all: Vec<String>,
    /// `X`: the path alone.
    pub alone: Vec<String>,
}

/// One cleaning.
#[derive(Debug)]
pub struct Cleaner<'a> {
    /// The root folder.
    pub root: &'a OwnedFd,
    /// Its path, for patterns.
    pub root_path: &'a Path,
    /// What stays.
    pub kept: &'a Kept,
    /// The present.
    pub now: SystemTime,
    /// Only say what would go.
    pub dry_run: bool,
}

impl Cleaner<'_> {
    /// Cleans below the paths of a line with an age.
    pub fn clean(&self, item: &Item) -> Result<()> {
        let Some(age) = item.age else { return Ok(()) };
        let paths = if matches!(item.kind, Kind::AdjustDirectory | Kind::Keep | Kind::KeepAlone) {
            glob::paths(self.root_path, &item.path)
        } else {
            vec![Path::new(&item.path).to_owned()]
        };
        // What fails somewhere keeps nothing else from being cleaned; the first failure is told.
        let mut outcome = Ok(());
        for path in paths {
            outcome = outcome.and(self.clean_path(&path, age));
        }
        outcome
    }

    fn clean_path(&self, path: &Path, age: Age) -> Result<()> {
        let place = match walk::place(self.root, path, false) {
            Err(walk::WalkError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(());
            }
            place => place?,
        };
        match place.open()? {
            Some(fd) if file_type(&fstat(&fd)?) == FileType::Directory => {
                self.below(&fd, path, age, age.keep_first).map(|_cleaned| ())
            }
            _ => Ok(()),
        }
    }

    /// Cleans what is in a folder. Gives it locked; none where somebody is at work in it, or it cannot be read.
    fn below(
        &self,
        folder: &OwnedFd,
        path: &Path,
        age: Age,
        keep: bool,
    ) -> Result<Option<OwnedFd>> {
        let readable = match walk::open_unseen(folder, ".", OFlags::DIRECTORY) {
            Ok(readable) => readable,
            Err(Errno::ACCESS | Errno::PERM) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Only an exclusive lock finds shared ones too.
        if flock(&readable, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(None);
        }
        let within = |name: OsString| {
            let place = Place { folder: folder.try_clone()?, path: path.join(&name), name };
            match place.open()? {
                Some(fd) if !remove::is_mounted(&fd)? => self.one(&fd, &place, age, keep),
                _ => Ok(()),
            }
        };
        let mut outcome = Ok(());
        for name in remove::names(folder)? {
            outcome = outcome.and(within(name));
        }
        outcome.map(|()| Some(readable))
    }

    fn one(&self, fd: &OwnedFd, place: &Place, age: Age, keep: bool) -> Result<()> {
        let text = place.path.to_string_lossy();
        if self.kept.all.iter().any(|pattern| glob::matches(pattern, &text)) {
            return Ok(());
        }
        let flags = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        // The times before the folder is looked into, which changes them.
        let stat = statx(fd, "", AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW, flags)?;
        let kind = FileType::from_raw_mode(u32::from(stat.stx_mode));
        let is_folder = kind == FileType::Directory;
        let mut lock = None;
        if is_folder {
            lock = self.below(fd, &place.path, age, false)?;
            if lock.is_none() {
                return Ok(());
            }
        }
        let alone = self.kept.alone.iter().any(|pattern| glob::matches(pattern, &text));
        let times = if is_folder { age.folders } else { age.files };
        let sticky = !is_folder && stat.stx_mode & 0o1000 != 0;
        if keep
            || alone
            || sticky
            || kind == FileType::Socket && is_live(&text)
            || !self.is_old(&stat, times, age.span)
        {
            return Ok(());
        }
        if kind == FileType::RegularFile {
            // One that cannot be opened is nobody's to lock either.
            lock = walk::open_unseen(&place.folder, &place.name, OFlags::NONBLOCK).ok();
            let locked =
                lock.as_ref().map(|file| flock(file, FlockOperation::NonBlockingLockExclusive));
            if locked == Some(Err(Errno::WOULDBLOCK)) {
                return Ok(());
            }
        }
        if self.dry_run {
            screen::print(&format!("Would remove {text}\n"));
            return Ok(());
        }
        let flags = if is_folder { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        let removed = unlinkat(&place.folder, &place.name, flags);
        drop(lock);
        match removed {
            Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY | Errno::BUSY) => Ok(()),
            Err(error) => Err(place.failed(error).into()),
        }
    }

    fn is_old(&self, stat: &Statx, times: Times, span: Duration) -> bool {
        let counted = [
            (times.access, stat.stx_atime),
            (times.change, stat.stx_ctime),
            (times.modification, stat.stx_mtime),
            (times.birth && stat.stx_mask & StatxFlags::BTIME.bits() != 0, stat.stx_btime),
        ];
        let moment = |time: StatxTimestamp| {
            UNIX_EPOCH + Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), time.tv_nsec)
        };
        let Some(limit) = self.now.checked_sub(span) else { return false };
        counted
            .into_iter()
            .filter(|(counts, _)| *counts)
            .all(|(_, time)| span.is_zero() || moment(time) < limit)
    }
}

/// Whether a socket has somebody behind it.
fn is_live(path: &str) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    sockets.lines().any(|line| line.ends_with(&format!(" {path}")))
}
