//! The formats in which a disk is shipped, all written in one pass over the raw disk.
//!
//! One reader goes over the raw disk in windows of 2 MiB, skips those that hold only zeroes, and gives
//! each to every writer. Of one window the next is read, this one is compressed, and what was made of the one before
//! is written, all at the same time and on all cores, while a digest of a whole file may be one window further behind;
//! files grow in the order of the disk. What a writer gets depends on the content alone, never on the number of cores
//! or on what the host's file system has allocated, so two writes give the same bytes. At most four windows are in
//! memory, and what the writers made of three: what is stored as it is, as almost all is, goes from the window to the
//! file without a copy.
//!
//! A writer is given the windows in ascending order, and then the end: see [`Writer`].

mod archive;
mod bmap;
mod deflate;
mod dense;
mod digest;
mod gce;
mod ova;
mod pass;
mod plain;
mod pool;
mod qcow2;
pub mod source;
mod target;

mod vhd;
mod vhdx;
mod vmdk;
mod window;
mod zst;

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

pub use ova::Machine;
pub use pass::write;
use source::Source;
use window::Window;

use crate::platform::Overlay;

/// A format of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The disk itself, sparse.
    Raw,
    /// Zstandard frames of the disk, with this level.
    Zst {
        /// zstd's.
        level: i32,
    },
    /// The map of bmap-tools, version 2.0: what is to be copied, with digests.
    Bmap,
    /// QEMU's, version 3, with clusters of Zstandard at this level.
    Qcow2 {
        /// zstd's.
        level: i32,
    },
    /// VMware's hosted sparse extent.
    VmdkSparse,
    /// VMware's stream-optimized extent.
    VmdkStream,
    /// A stream-optimized extent in an archive with its OVF descriptor and manifest.
    Ova(Machine),
    /// Microsoft's fixed VHD.
    Vhd,
    /// Microsoft's dynamic VHDX.
    Vhdx,
    /// `disk.raw` in a tar archive compressed with gzip, as Google Compute Engine imports it.
    Gce,
}

/// One file to write.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its format.
    pub form: Form,
    /// The file, which is made, or replaced.
    pub to: PathBuf,
    /// What is different on this disk.
    pub overlay: Overlay,
    /// What the identifiers in the file are derived from: the same disk has the same.
    pub identity: Uuid,
}

/// Why formats were not written. No file of any of the jobs is left then, but for those that were there before
/// where the disk was refused ([`FormatError::Length`], [`FormatError::TooLong`], [`FormatError::Overlay`]) or could
/// not be opened.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The raw disk could not be read.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// The raw disk.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("writing {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk has a length that the format has not.
    #[error(
        "{}: a disk of {bytes} bytes cannot be a {format}, which has a multiple of {unit}: \
         give the disk of the board such a size",
        path.display()
    )]
    Length {
        /// The file that was to be written.
        path: PathBuf,
        /// Name of the format.
        format: &'static str,
        /// Length of the disk.
        bytes: u64,
        /// What it is to be a multiple of.
        unit: &'static str,
    },
    /// The disk is longer than the format can say.
    #[error(
        "{}: a disk of {bytes} bytes cannot be a {format}, which has at most {limit}", path.display()
    )]
    TooLong {
        /// The file that was to be written.
        path: PathBuf,
        /// Name of the format.
        format: &'static str,
        /// Length of the disk.
        bytes: u64,
        /// The longest disk.
        limit: u64,
    },
    /// An overlay reaches over the end of the disk.
    #[error("{}: the overlay ends at byte {end}, the disk at {bytes}", path.display())]
    Overlay {
        /// The raw disk.
        path: PathBuf,
        /// Where the overlay ends.
        end: u64,
        /// Length of the disk.
        bytes: u64,
    },
}

/// What writes one file.
trait Writer: Send {
    /// Takes the next window, which is not all zeroes. Windows ascend; those that are left out hold only zeroes. What
    /// is made of it may be written with the next one.
    fn window(&mut self, window: &Window) -> io::Result<()>;

    /// Writes what is not written yet and what comes at the end.
    fn finish(&mut self) -> io::Result<()>;
}

/// What a writer is made for.
struct Order<'a> {
    to: &'a Path,
    /// Length of the disk.
    bytes: u64,
    /// The raw disk with the job's overlay, for a writer that must know its map from the start.
    source: &'a Source,
    identity: Uuid,
}

#[cfg(test)]
mod tests;
