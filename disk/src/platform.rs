//! `disk.raw` as another platform's: the same disk with a few byte ranges replaced.
//!
//! The manifest of a build records the ranges ([`PlatformRange`]); their contents for each platform are
//! artifacts of the build. No range is a hole in `disk.raw`, so where data lies on the disk is the same
//! for all platforms.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use keelson_format::disk::Role;
use keelson_format::platform::{ADDON_PATH, CFG_PATH, Platform};
use keelson_format::release::{Disk, PlatformRange};

use crate::fat::{ReadError, Reader};

/// The files that differ, and the suffixes of their artifacts.
const FILES: [(&str, &str); 2] = [(ADDON_PATH, "addon.efi"), (CFG_PATH, "cfg")];

/// What makes a disk that of a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// First byte on the disk and contents, in the order of the disk.
    patches: Vec<(u64, Vec<u8>)>,
}

/// Why a disk cannot be made that of a platform.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// The file with the platform's bytes could not be read.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has another length than the range.
    #[error("{name} has {found} bytes; its place on the disk has {expected}")]
    Length {
        /// The artifact.
        name: String,
        /// Its length.
        found: u64,
        /// The length of the range.
        expected: u64,
    },
    /// The manifest knows of no ranges: the release was built before there were platforms.
    #[error("release.json has no `platform`: disk.raw is for every platform and cannot be changed")]
    None,
}

/// Why the ranges of a disk could not be found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The ESP could not be read.
    #[error("reading the ESP: {0}")]
    Esp(#[from] ReadError),
    /// A file lies in more than one piece.
    #[error("{path} on the ESP is in {pieces} pieces, not one")]
    Pieces {
        /// The file.
        path: String,
        /// How many.
        pieces: usize,
    },
}

/// Finds the ranges on a disk with an ESP; those of files that the ESP lacks are left out.
pub fn find(raw: &File, disk: &Disk) -> Result<Vec<PlatformRange>, FindError> {
    let esp = disk.partitions.iter().find(|partition| partition.label == Role::Esp.label());
    let Some(esp) = esp else { return Ok(Vec::new()) };
    let volume = Reader::open(raw, esp.start)?;
    let mut ranges = Vec::new();
    for found in volume.files()? {
        let Some((path, suffix)) = FILES.into_iter().find(|(path, _)| *path == found.path) else {
            continue;
        };
        let pieces = volume.pieces(&found)?;
        let [Range { start, end }] = pieces[..] else {
            return Err(FindError::Pieces { path: found.path, pieces: pieces.len() });
        };
        let (path, suffix) = (path.to_owned(), suffix.to_owned());
        ranges.push(PlatformRange { path, start, size: end - start, suffix });
    }
    ranges.sort_by_key(|range| range.start);
    Ok(ranges)
}

impl Overlay {
    /// Reads the bytes of `platform` from the folder of a build.
    pub fn read(
        ranges: &[PlatformRange],
        platform: Platform,
        folder: &Path,
    ) -> Result<Self, OverlayError> {
        Self::with(ranges, platform, |name| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|source| OverlayError::Read { path, source })
        })
    }

    /// As [`Overlay::read`], from wherever `contents` finds the artifact of a name.
    pub fn with(
        ranges: &[PlatformRange],
        platform: Platform,
        mut contents: impl FnMut(&str) -> Result<Vec<u8>, OverlayError>,
    ) -> Result<Self, OverlayError> {
        if ranges.is_empty() {
            return Err(OverlayError::None);
        }
        let mut patches = Vec::new();
        for range in ranges {
            let name = range.artifact(platform);
            let bytes = contents(&name)?;
            let (found, expected) = (bytes.len() as u64, range.size);
            if found != expected {
                return Err(OverlayError::Length { name, found, expected });
            }
            patches.push((range.start, bytes));
        }
        Ok(Self { patches })
    }

    /// One that changes nothing.
    pub fn nothing() -> Self {
        Self { patches: Vec::new() }
    }

    /// First byte on the disk and contents of each range, in the order of the disk.
    pub fn patches(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.patches.iter().map(|(start, bytes)| (*start, bytes.as_slice()))
    }

    /// Replaces what of `buffer`, read from byte `at` of `disk.raw`, is the platform's.
    pub fn apply(&self, at: u64, buffer: &mut [u8]) {
        let end = at + buffer.len() as u64;
        for (start, bytes) in self.patches() {
            let from = start.max(at);
            let to = (start + bytes.len() as u64).min(end);
            if from < to {
                buffer[index(from - at)..index(to - at)]
                    .copy_from_slice(&bytes[index(from - start)..index(to - start)]);
            }
        }
    }

    /// Writes the platform's bytes over those of a disk.
    pub fn write(&self, disk: &File) -> io::Result<()> {
        self.patches().try_for_each(|(start, bytes)| disk.write_all_at(bytes, start))
    }
}

/// An offset within a buffer.
fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("no more than the buffer has")
}

#[cfg(test)]
mod tests;
