//! inotify(7) on the paths of a unit and on the folders above them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use keelson_units::model::{PathCondition, PathUnit, Watch};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

use super::{glob, holds};

/// Events that are taken at once.
const EVENTS: usize = 4096;

/// The watched paths of one unit; it can be polled for reading.
#[derive(Debug)]
pub struct Watcher {
    descriptor: OwnedFd,
    watches: Vec<Watch>,
    /// Whether each watched path existed when it was looked at last.
    existed: Vec<bool>,
    /// The kernel's numbers that are in use; true where it is a watched path itself, of which a change counts.
    numbers: BTreeMap<i32, bool>,
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// The path itself went or may be read now.
const SELF: WatchFlags =
    WatchFlags::DELETE_SELF.union(WatchFlags::MOVE_SELF).union(WatchFlags::ATTRIB);
/// Something came into a folder.
const ENTERS: WatchFlags = WatchFlags::CREATE.union(WatchFlags::MOVED_TO);
/// Something in a folder or file is another.
const CHANGES: WatchFlags =
    WatchFlags::CLOSE_WRITE.union(WatchFlags::DELETE).union(WatchFlags::MOVED_FROM).union(ENTERS);

impl Watcher {
    /// Watches from now on. After it, and before waiting, `check` is to be asked: something may be there already.
    pub fn new(unit: &PathUnit) -> io::Result<Self> {
        let descriptor = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let watches = unit.watches.clone();
        let existed = watches.iter().map(|watch| watch.path.exists()).collect();
        let mut watcher = Self { descriptor, watches, existed, numbers: BTreeMap::new() };
        watcher.arm();
        Ok(watcher)
    }

    /// Whether the unit is to be triggered for what exists now: at the start, and after the triggered unit stopped.
    pub fn check(&self) -> bool {
        self.watches.iter().any(|watch| holds(watch.condition, &watch.path))
    }

    /// To be called when it is readable. Whether the unit is to be triggered.
    pub fn on_event(&mut self) -> io::Result<bool> {
        let (changed, stale) = self.drain()?;
        if stale {
            self.arm();
        }
        let appeared = self.appeared();
        Ok(changed || appeared || (stale && self.check()))
    }

    /// Takes all events: whether a watched path changed, and whether any event was not merely the end of a watch.
    fn drain(&self) -> io::Result<(bool, bool)> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.descriptor, &mut buffer);
        let (mut changed, mut stale) = (false, false);
        let mut taken = 0;
        loop {
            // One who writes without end must not hold the caller; what is left makes the descriptor ready again.
            taken += 1;
            if taken > EVENTS && reader.is_buffer_empty() {
                return Ok((changed, stale));
            }
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {
                    (changed, stale) = (true, true);
                }
                Ok(event) if event.events().contains(ReadFlags::IGNORED) => {}
                Ok(event) => {
                    stale = true;
                    changed |= self.numbers.get(&event.wd()) == Some(&true);
                }
                Err(rustix::io::Errno::AGAIN) => return Ok((changed, stale)),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A path that is watched for changes came or went.
    fn appeared(&mut self) -> bool {
        let mut appeared = false;
        for (watch, existed) in self.watches.iter().zip(&mut self.existed) {
            let exists = watch.path.exists();
            let counts =
                matches!(watch.condition, PathCondition::Changed | PathCondition::Modified);
            appeared |= counts && exists != *existed;
            *existed = exists;
        }
        appeared
    }

    /// Watches what exists now of the paths and of the folders above, and nothing else any more. What cannot be
    /// watched is left out: the folder above tells when it changes.
    fn arm(&mut self) {
        let mut numbers = BTreeMap::new();
        for watch in &self.watches {
            for (path, flags, counts) in targets(watch) {
                if let Ok(number) =
                    inotify::add_watch(&self.descriptor, &path, flags | WatchFlags::MASK_ADD)
                {
                    *numbers.entry(number).or_default() |= counts;
                }
            }
        }
        let old: BTreeSet<i32> = self.numbers.keys().copied().collect();
        for number in old.into_iter().filter(|number| !numbers.contains_key(number)) {
            // It is gone already where its file is.
            let _ = inotify::remove_watch(&self.descriptor, number);
        }
        self.numbers = numbers;
    }
}

/// What is watched for one condition: paths, for which events, and whether those count as a change.
fn targets(watch: &Watch) -> Vec<(PathBuf, WatchFlags, bool)> {
    if watch.condition == PathCondition::ExistsGlob {
        let folders = watch.path.to_str().map(glob::folders).unwrap_or_default();
        return folders.into_iter().map(|folder| (folder, SELF | ENTERS, false)).collect();
    }
    let own = match watch.condition {
        PathCondition::Exists | PathCondition::ExistsGlob => SELF,
        PathCondition::Changed => SELF | CHANGES,
        PathCondition::Modified => SELF | CHANGES | WatchFlags::MODIFY,
        PathCondition::DirectoryNotEmpty => SELF | ENTERS,
    };
    let counts = matches!(watch.condition, PathCondition::Changed | PathCondition::Modified);
    let mut targets = Vec::new();
    for folder in watch.path.ancestors().skip(1) {
        let next_exists =
            below(&watch.path, folder).is_some_and(|next| next.symlink_metadata().is_ok());
        targets.push((folder.to_owned(), if next_exists { SELF } else { SELF | ENTERS }, false));
        if folder.is_symlink() {
            targets.push((folder.to_owned(), SELF | WatchFlags::DONT_FOLLOW, false));
        }
    }
    if watch.path.is_symlink() {
        targets.push((watch.path.clone(), SELF | WatchFlags::DONT_FOLLOW, counts));
    }
    targets.push((watch.path.clone(), own, counts));
    targets
}

/// The part of a path that is one step below a folder on it.
fn below<'a>(path: &'a Path, folder: &Path) -> Option<&'a Path> {
    path.ancestors().find(|part| part.parent() == Some(folder))
}
