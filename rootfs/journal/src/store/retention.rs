//! How much the log may take, and the removal of its oldest segments.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::directory::{ACTIVE, segments};
use super::segment::index_path;

/// Limits as they are set; `None` takes the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `SystemMaxUse=` or `RuntimeMaxUse=`, in bytes.
    pub max_use: Option<u64>,
    /// `SystemKeepFree=`, in bytes.
    pub keep_free: Option<u64>,
    /// `SystemMaxFileSize=`, in bytes.
    pub max_file: Option<u64>,
    /// `SystemMaxFiles=`.
    pub max_files: Option<u64>,
}

/// Limits with their defaults, for one file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes all files together may take.
    pub max_use: u64,
    /// Bytes that stay free on the file system.
    pub keep_free: u64,
    /// Bytes of one segment.
    pub max_file: u64,
    /// How many segments.
    pub max_files: u64,
    /// `MaxRetentionSec=`.
    pub max_age: Option<Duration>,
    /// `MaxFileSec=`.
    pub max_file_age: Option<Duration>,
}

/// The size and the free bytes of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its size in bytes.
    pub size: u64,
    /// What is free.
    pub free: u64,
}

impl Space {
    /// Asks the file system `folder` is on.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let stat = rustix::fs::statvfs(folder)?;
        Ok(Self { size: stat.f_blocks * stat.f_frsize, free: stat.f_bavail * stat.f_frsize })
    }
}

impl Limits {
    /// Fills in what is not set: a tenth of the disk but at most `ceiling` for use, a twentieth but at most 512 MiB free,
    /// an eighth of the use for a file.
    pub fn resolve(wanted: Wanted, ceiling: u64, space: Space) -> Self {
        let max_use =
            wanted.max_use.unwrap_or_else(|| (space.size / 10).min(ceiling)).max(512 << 10);
        let max_file = wanted.max_file.unwrap_or_else(|| (max_use / 8).min(128 << 20));
        Self {
            max_use,
            keep_free: wanted.keep_free.unwrap_or_else(|| (space.size / 20).min(512 << 20)),
            max_file: max_file.clamp(64 << 10, 2 << 30),
            max_files: wanted.max_files.unwrap_or(100),
            max_age: None,
            max_file_age: Some(Duration::from_hours(720)),
        }
    }
}

/// What is to be removed; zero or `None` sets no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vacuum {
    /// Bytes all segments may take.
    pub size: Option<u64>,
    /// How many there may be.
    pub files: Option<u64>,
    /// How old a segment's last line may be.
    pub age: Option<Duration>,
    /// Bytes that are to be removed, as far as `keep` lets it.
    pub release: u64,
    /// Bytes that are left to the log whatever `release` asks for.
    pub keep: u64,
}

/// A segment that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Its file.
    pub path: PathBuf,
    /// The bytes it and its index took.
    pub bytes: u64,
}

/// Removes closed segments, oldest first, until `vacuum` is met. The one that is written stays.
pub fn vacuum(folder: &Path, vacuum: Vacuum, now: SystemTime) -> io::Result<Vec<Removed>> {
    let all = segments(folder)?;
    let mut used: u64 = all.iter().map(|path| bytes_of(path)).sum();
    let mut count = all.len() as u64;
    let mut released = 0;
    let mut removed = Vec::new();
    for path in all.into_iter().filter(|path| path.file_name().is_some_and(|name| name != ACTIVE)) {
        let bytes = bytes_of(&path);
        let over = vacuum.size.is_some_and(|size| size > 0 && used > size)
            || vacuum.files.is_some_and(|files| files > 0 && count > files)
            || released < vacuum.release && used.saturating_sub(bytes) >= vacuum.keep;
        if !over && !vacuum.age.is_some_and(|age| is_older(&path, age, now)) {
            break;
        }
        std::fs::remove_file(&path)?;
        if let Err(error) = std::fs::remove_file(index_path(&path))
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        used -= bytes;
        released += bytes;
        count -= 1;
        removed.push(Removed { path, bytes });
    }
    Ok(removed)
}

/// The bytes a segment and its index take.
pub fn bytes_of(segment: &Path) -> u64 {
    [segment.to_owned(), index_path(segment)]
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

fn is_older(path: &Path, age: Duration, now: SystemTime) -> bool {
    let written = path.metadata().and_then(|metadata| metadata.modified());
    written.is_ok_and(|written| now.duration_since(written).is_ok_and(|passed| passed > age))
}

#[cfg(test)]
mod tests;
