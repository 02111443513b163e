//! FAT for EFI system partitions: a writer that lays out and writes, and a reader.
//!
//! A volume is FAT32, or FAT16 where it is too small for that, as on a live medium.
//!
//! Sections named here are of "Microsoft Extensible Firmware Initiative FAT32 File System Specification",
//! version 1.03, which the UEFI specification (13.3) refers to.
//!
//! The writer measures first: every folder and file gets one run of clusters, in the order listed, and
//! nothing is written where they do not fit. Times are 1980-01-01; so a volume depends on its
//! parameters and entries alone. It writes only what is not zero and holds the allocation table of the
//! clusters in use (4 bytes each at most) and one folder at a time, never a file.

mod boot;
mod directory;
mod geometry;
mod layout;
mod names;
mod reader;

use std::fmt;
use std::fs::File;
use std::io;
use std::str::FromStr;

pub use self::reader::{Found, FoundReader, ReadError, Reader};

use self::geometry::Geometry;
use self::layout::{Layout, Placed};
use crate::content::{Content, ContentError};
use crate::sparse::write_nonzero;

/// Bytes in a sector.
pub const SECTOR: u64 = 512;

/// The parameters of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its length, a multiple of [`SECTOR`]; at least about 2 MiB. FAT32 from about 33 MiB on.
    pub bytes: u64,
    /// The volume's serial number.
    pub id: u32,
    /// Its label.
    pub label: Label,
    /// Sectors before it on the disk: the partition's first block.
    pub hidden_sectors: u32,
}

/// A volume label: 1 to 11 of `A-Z`, `0-9`, `_`, `-` and inner spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label([u8; 11]);

impl FromStr for Label {
    type Err = FatError;

    fn from_str(text: &str) -> Result<Self, FatError> {
        let fine =
            |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b' ');
        if text.is_empty() || text.len() > 11 || text.trim() != text || !text.bytes().all(fine) {
            return Err(FatError::Label { label: text.to_owned() });
        }
        let mut label = [b' '; 11];
        label[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self(label))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(String::from_utf8_lossy(&self.0).trim_end())
    }
}

/// One folder or file of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path from the root: `EFI/Linux/x.efi`.
    pub path: String,
    /// What it is.
    pub node: Node,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Directory,
    /// A file.
    File(Content),
}

impl Entry {
    /// A folder. Only empty ones, and those whose place matters, need be listed.
    pub fn directory(path: impl Into<String>) -> Self {
        Self { path: path.into(), node: Node::Directory }
    }

    /// A file. Folders above it that are not listed are made.
    pub fn file(path: impl Into<String>, content: impl Into<Content>) -> Self {
        Self { path: path.into(), node: Node::File(content.into()) }
    }
}

/// Why no volume was written.
#[derive(Debug, thiserror::Error)]
pub enum FatError {
    /// The label has a character or a length that labels may not have.
    #[error("{label:?} is no volume label: 1 to 11 of A-Z, 0-9, _, - and inner spaces are")]
    Label {
        /// The label.
        label: String,
    },
    /// The volume is not whole sectors, or too small or large.
    #[error(
        "{bytes} bytes are no FAT volume: it takes whole sectors of {SECTOR}, {least} bytes at least and less than 1 TiB"
    )]
    Size {
        /// The length asked for.
        bytes: u64,
        /// The least that would do.
        least: u64,
    },
    /// A name that FAT cannot hold.
    #[error("{path:?}: {name:?} is no file name on FAT: {reason}")]
    Name {
        /// The whole path.
        path: String,
        /// The component at fault.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two entries whose paths differ at most in case.
    #[error("{path:?} is there already, as {other:?}: case does not tell names apart on FAT")]
    Duplicate {
        /// The second.
        path: String,
        /// The first.
        other: String,
    },
    /// A file stands where the path needs a folder.
    #[error("{path:?} lies below {file:?}, which is a file")]
    BelowFile {
        /// The path.
        path: String,
        /// The file above it.
        file: String,
    },
    /// A file of 4 GiB or more.
    #[error("{path:?} has {bytes} bytes; FAT ends at 4 GiB")]
    FileSize {
        /// The path.
        path: String,
        /// Its length.
        bytes: u64,
    },
    /// A folder with more records than it may have (a long name takes several).
    #[error("folder {path:?} needs {records} records; FAT ends at {limit}")]
    DirectorySize {
        /// The folder.
        path: String,
        /// How many it would need.
        records: u64,
        /// How many it may have: 65536, and 512 for the root of FAT16.
        limit: u64,
    },
    /// The entries do not fit.
    #[error("the files need {needed} bytes and the volume has {available}: {} too many; the largest: {}", needed - available, list(largest))]
    Full {
        /// Bytes of all clusters that the entries take.
        needed: u64,
        /// Bytes of all clusters there are.
        available: u64,
        /// The largest files with their lengths, largest first.
        largest: Vec<(String, u64)>,
    },
    /// A file of the host could not be read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Writing the volume failed.
    #[error("writing a FAT volume: {0}")]
    Write(#[from] io::Error),
}

/// Writes a volume with these entries to byte `at` of `out`.
///
/// The region must be a hole before (or zeroes): zeroes are not written. On an error before the first
/// write (all but [`FatError::Content`] and [`FatError::Write`]) `out` is untouched.
pub fn write(out: &File, at: u64, volume: &Volume, entries: &[Entry]) -> Result<(), FatError> {
    let geometry = Geometry::of(volume.bytes)?;
    let layout = Layout::of(entries, &geometry)?;

    for (sector, bytes) in boot::sectors(volume, &geometry, layout.next_cluster) {
        write_nonzero(out, at + sector * SECTOR, &bytes)?;
    }
    let table = layout.table(geometry.kind);
    for copy in 0..geometry::TABLES {
        write_nonzero(out, at + geometry.table_offset(copy), &table)?;
    }
    for (index, placed) in layout.placed.iter().enumerate() {
        write_placed(out, at, &geometry, &layout, index, placed, &volume.label)?;
    }
    Ok(())
}

fn write_placed(
    out: &File,
    at: u64,
    geometry: &Geometry,
    layout: &Layout<'_>,
    index: usize,
    placed: &Placed<'_>,
    label: &Label,
) -> Result<(), FatError> {
    let mut position = at
        + match placed.clusters {
            // The root of FAT16; anything else without clusters is an empty file.
            0 if index == layout::ROOT => geometry.root_offset(),
            0 => return Ok(()),
            _ => geometry.cluster_offset(placed.first),
        };
    match placed.content {
        None => Ok(write_nonzero(out, position, &directory::records(layout, index, label))?),
        Some(content) => content.for_each_piece(placed.bytes, 1 << 20, |piece| {
            write_nonzero(out, position, piece)?;
            position += piece.len() as u64;
            Ok(())
        }),
    }
}

fn list(files: &[(String, u64)]) -> String {
    files.iter().map(|(path, bytes)| format!("{path} ({bytes})")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
