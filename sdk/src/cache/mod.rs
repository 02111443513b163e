//! The content-addressed cache shared by all checkouts of a user.
//!
//! An entry is a folder that appears complete or not at all: it is written in the scratch folder and
//! renamed into place. Two builds may work on it at once; a named advisory lock keeps them from doing
//! the same work twice, and losing that race is harmless. Nothing here knows what an entry holds.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fs_err as fs;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::TempDir;

use crate::progress::Progress;

/// Scratch folders older than this were left by a build that was killed.
const STALE: Duration = Duration::from_hours(48);

/// The cache's folder.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

/// An exclusive advisory lock, released when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _file: File,
}

impl Cache {
    /// Makes the folders of the cache where they are missing and removes what killed builds left.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let cache = Self { root: fs::canonicalize(root)? };
        for folder in ["apt", "crates", "locks", "packages", "tmp", "tools"] {
            fs::create_dir_all(cache.root.join(folder))?;
        }
        let tag = cache.root.join("CACHEDIR.TAG");
        if !tag.exists() {
            // The signature that backup programs look for (Cache Directory Tagging Specification).
            fs::write(&tag, "Signature: 8a477f597d28d172789f06886806bc55\n")?;
        }
        cache.remove_stale_scratch();
        Ok(cache)
    }

    /// A path in the cache.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Takes the lock of that name; says so if another build must be waited for.
    pub(crate) fn lock(&self, name: &str, progress: &Progress) -> io::Result<Held> {
        let path = self.root.join("locks").join(name);
        let take = || {
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let _step = progress.step("waiting for another build that uses the cache");
                    file.lock()?;
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
            Ok(Held { _file: file })
        };
        take().map_err(|error: io::Error| {
            io::Error::new(error.kind(), format!("locking {}: {error}", path.display()))
        })
    }

    /// A new private folder on the cache's file system, removed when dropped.
    pub(crate) fn scratch(&self) -> io::Result<TempDir> {
        tempfile::Builder::new().prefix("build-").tempdir_in(self.root.join("tmp")).map_err(
            |error| {
                io::Error::new(
                    error.kind(),
                    format!("making a folder in {}: {error}", self.root.join("tmp").display()),
                )
            },
        )
    }

    /// Moves a finished folder to its place. One that is there already stays: it has the same content.
    pub(crate) fn publish(folder: &Path, place: &Path) -> io::Result<()> {
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        match renameat_with(CWD, folder, CWD, place, RenameFlags::NOREPLACE) {
            Ok(()) | Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(()),
            // File systems without RENAME_NOREPLACE: an existing non-empty folder refuses by itself.
            Err(Errno::INVAL | Errno::NOSYS) => match fs::rename(folder, place) {
                Err(_) if place.is_dir() => Ok(()),
                other => other,
            },
            Err(error) => Err(io::Error::new(
                io::Error::from(error).kind(),
                format!("moving {} to {}: {error}", folder.display(), place.display()),
            )),
        }
    }

    /// Takes a damaged entry away: first out of its place, then off the disk.
    pub(crate) fn remove(&self, place: &Path) -> io::Result<()> {
        let scratch = self.scratch()?;
        match fs::rename(place, scratch.path().join("removed")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Brings all written data to the disk, so that a rename after this never shows a half entry
    /// following a power cut.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let root = fs::File::open(&self.root)?;
        rustix::fs::syncfs(&root).map_err(io::Error::from)
    }

    fn remove_stale_scratch(&self) {
        // Cleaning is a courtesy: a folder that cannot be looked at or removed is no reason to stop.
        let Ok(entries) = fs::read_dir(self.root.join("tmp")) else {
            return;
        };
        for entry in entries.flatten() {
            let old = entry.metadata().and_then(|metadata| metadata.modified()).is_ok_and(|time| {
                SystemTime::now().duration_since(time).is_ok_and(|age| age > STALE)
            });
            if old {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Size and modification time of a file: what tells, without reading it, that it is the one checked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Stamp {
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Stamp {
    /// Length of the file in bytes.
    pub(crate) fn size(self) -> u64 {
        self.size
    }

    /// The stamp of the file as it is now; none if there is no such file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        metadata.is_file().then(|| Self {
            size: metadata.len(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        })
    }
}

/// Writes a file and brings it to the disk.
pub(crate) fn write_durable(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

/// Replaces a file as a whole: readers see the old bytes or the new.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests;
