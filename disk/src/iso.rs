//! The live medium: an ISO 9660 image (ECMA-119, 4th edition, with Rock Ridge names) that is a disk with
//! a GUID partition table as well.
//!
//! Large files are partitions too: the same bytes are a file of the CD's tree and a partition of the
//! stick that the image is written to. A CD boots by El Torito, a stick by its MBR or its ESP. Nothing
//! depends on a clock: every time is 1980-01-01. Files are copied, never held.

mod descriptors;
mod directory;
mod el_torito;
mod tree;

use std::io;
use std::os::unix::fs::FileExt as _;

use uuid::Uuid;

use crate::bios::IsoCode;
use crate::content::{Content, ContentError};
use crate::gpt::{self, GptError};

/// Bytes of a logical block of the CD.
pub const BLOCK: u64 = 2048;
/// Every file that is a partition starts at a multiple of this many bytes, the first right there; what
/// comes before is the head: descriptors, folders and the other files.
pub const ALIGNMENT: u64 = gpt::ALIGNMENT;

/// Zeroes behind the last file: drives read ahead of what is asked for, and some CDs end in two blocks
/// that cannot be read.
const TAIL: u64 = 150 * BLOCK;
/// Path of the boot catalogue.
const CATALOGUE: &str = "boot/boot.cat";
/// Path of the code that a BIOS starts from a CD.
const BIOS_IMAGE: &str = "boot/bios.img";

/// What is on the medium.
#[derive(Debug)]
pub struct Image<'a> {
    /// Name of the volume, at most 32 of `A-Z`, `0-9` and `_`.
    pub volume: &'a str,
    /// GUID of the disk.
    pub guid: Uuid,
    /// Path of the file that is the EFI system partition.
    pub esp: &'a str,
    /// What a BIOS starts, where it can.
    pub bios: Option<&'a IsoCode>,
    /// The files, in the order in which they lie on the medium.
    pub files: &'a [File],
}

/// A file of the medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path from the root; folders are made as needed.
    pub path: String,
    /// What is in it.
    pub content: Content,
    /// The partition that it is as well, if it is one.
    pub partition: Option<Partition>,
}

/// What the partition table says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The label.
    pub label: String,
    /// What it is for.
    pub type_guid: Uuid,
    /// Its own GUID.
    pub guid: Uuid,
}

/// Why no medium was written.
#[derive(Debug, thiserror::Error)]
pub enum IsoError {
    /// A name that the volume or a file may not have.
    #[error("{name:?} is no name on an ISO 9660 volume: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two files of one path, or of names that differ only in what ISO 9660 leaves out.
    #[error("{path:?} is there already, as {other:?}")]
    Duplicate {
        /// The second.
        path: String,
        /// The first.
        other: String,
    },
    /// The files that are no partitions are too large.
    #[error(
        "folders and files that are no partitions take {bytes} bytes; there is room for {room}"
    )]
    Head {
        /// What they take.
        bytes: u64,
        /// What there is.
        room: u64,
    },
    /// The firmware cannot be told of so large an ESP.
    #[error("the ESP has {bytes} bytes; El Torito counts at most {limit}")]
    EspSize {
        /// Its length.
        bytes: u64,
        /// The most that can be.
        limit: u64,
    },
    /// The ESP is not one of the files, or is no partition.
    #[error("{path:?}, which is to be the ESP, is no file that is a partition")]
    NoEsp {
        /// Its path.
        path: String,
    },
    /// The medium would be larger than ISO 9660 counts.
    #[error("{bytes} bytes are too many for an ISO 9660 volume")]
    Size {
        /// Its length.
        bytes: u64,
    },
    /// The partition table.
    #[error(transparent)]
    Gpt(#[from] GptError),
    /// A file of the host could not be read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Writing failed.
    #[error("writing an ISO 9660 volume: {0}")]
    Write(#[from] io::Error),
}

/// Where partitions of these lengths lie, in bytes: known before anything else of the medium is.
pub fn partition_starts(lengths: &[u64]) -> Vec<u64> {
    let mut next = ALIGNMENT;
    let start = |bytes: &u64| {
        let start = next;
        next = (start + bytes).next_multiple_of(ALIGNMENT);
        start
    };
    lengths.iter().map(start).collect()
}

/// A file with its place in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    path: String,
    start: u64,
    bytes: u64,
}

impl Placed {
    /// The block it starts at.
    fn block(&self) -> Result<u32, IsoError> {
        u32::try_from(self.start / BLOCK).map_err(|_| IsoError::Size { bytes: self.start })
    }
}

/// Writes a medium to an empty file.
pub fn write(out: &std::fs::File, image: &Image<'_>) -> Result<(), IsoError> {
    let lengths: Vec<u64> =
        image.files.iter().map(|file| file.content.bytes()).collect::<Result<_, _>>()?;
    let is_partition = |file: &File| file.partition.is_some();
    let large: Vec<u64> = std::iter::zip(image.files, &lengths)
        .filter_map(|(file, bytes)| is_partition(file).then_some(*bytes))
        .collect();
    let mut starts = partition_starts(&large).into_iter();

    // Head: system area, descriptors, path tables and folders, then the small files.
    let own = [(CATALOGUE, BLOCK), (BIOS_IMAGE, image.bios.map_or(0, IsoCode::boot_image_bytes))];
    let own = own.into_iter().filter(|(_, bytes)| *bytes > 0);
    let paths = image.files.iter().map(|file| file.path.as_str());
    let mut tree = tree::Tree::of(paths.chain(own.clone().map(|(path, _)| path)))?;
    let mut next = tree.place(descriptors::END)?;
    let mut in_head = |bytes: u64| {
        let start = next;
        // An empty file in the block of another would be taken for it.
        next = (start + bytes.max(1)).next_multiple_of(BLOCK);
        start
    };
    let mut placed: Vec<Placed> = Vec::new();
    for (file, bytes) in std::iter::zip(image.files, &lengths) {
        let start = match &file.partition {
            Some(_) => starts.next().expect("as many as there are partitions"),
            None => in_head(*bytes),
        };
        placed.push(Placed { path: file.path.clone(), start, bytes: *bytes });
    }
    for (path, bytes) in own {
        placed.push(Placed { path: path.to_owned(), start: in_head(bytes), bytes });
    }
    if next > ALIGNMENT {
        return Err(IsoError::Head { bytes: next, room: ALIGNMENT });
    }

    let end = placed.iter().map(|file| file.start + file.bytes).max().unwrap_or(0);
    // The backup table takes the last 33 sectors.
    let total = (end.next_multiple_of(ALIGNMENT) + TAIL).next_multiple_of(ALIGNMENT);
    out.set_len(total)?;
    let table = table(image, &placed, total);
    gpt::write(out, &table)?;
    if let Some(code) = image.bios {
        let boot_image = find(&placed, BIOS_IMAGE)?;
        out.write_all_at(&code.mbr(boot_image.block()?), 0)?;
        out.write_all_at(&code.boot_image(boot_image.block()?), boot_image.start)?;
    }
    out.write_all_at(&ACTIVE, ACTIVE_AT)?;
    for (at, bytes) in tree.encode(&placed)? {
        out.write_all_at(&bytes, at)?;
    }
    let catalogue = find(&placed, CATALOGUE)?;
    let blocks = u32::try_from(total / BLOCK).map_err(|_| IsoError::Size { bytes: total })?;
    descriptors::write(out, image.volume, blocks, &tree, catalogue.block()?)?;
    out.write_all_at(&boot_catalogue(image, &placed)?, catalogue.start)?;
    for (file, place) in std::iter::zip(image.files, &placed) {
        let mut at = place.start;
        file.content.for_each_piece(place.bytes, 1 << 20, |piece| {
            out.write_all_at(piece, at)?;
            at += piece.len() as u64;
            Ok::<_, IsoError>(())
        })?;
    }
    Ok(())
}

/// The second entry of the MBR.
const ACTIVE_AT: u64 = 446 + 16;
/// An active partition of one sector and of no type: there are BIOSes that boot no disk without an active
/// partition, and firmware and kernels skip one without a type.
const ACTIVE: [u8; 16] = [0x80, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0];

fn find<'a>(placed: &'a [Placed], path: &str) -> Result<&'a Placed, IsoError> {
    let found = placed.iter().find(|file| file.path == path);
    found.ok_or_else(|| IsoError::NoEsp { path: path.to_owned() })
}

fn boot_catalogue(image: &Image<'_>, placed: &[Placed]) -> Result<[u8; 2048], IsoError> {
    let is_esp = |file: &File| file.path == image.esp && file.partition.is_some();
    if !image.files.iter().any(is_esp) {
        return Err(IsoError::NoEsp { path: image.esp.to_owned() });
    }
    let esp = find(placed, image.esp)?;
    let bytes = esp.bytes;
    let sectors = u16::try_from(bytes.div_ceil(el_torito::SECTOR))
        .map_err(|_| IsoError::EspSize { bytes, limit: u64::from(u16::MAX) * el_torito::SECTOR })?;
    let efi = el_torito::Entry { block: esp.block()?, sectors };
    let bios = image.bios.map(|_| find(placed, BIOS_IMAGE)?.block()).transpose()?;
    Ok(el_torito::catalogue(bios, efi))
}

fn table(image: &Image<'_>, placed: &[Placed], total: u64) -> gpt::Table {
    let partition = |(file, place): (&File, &Placed)| {
        let Partition { label, type_guid, guid } = file.partition.clone()?;
        let first_lba = place.start / gpt::SECTOR;
        // Whole MiB, zeroes at the end: a CD's blocks and a disk's large sectors both map to that.
        let sectors = place.bytes.max(1).next_multiple_of(ALIGNMENT) / gpt::SECTOR;
        let last_lba = first_lba + sectors - 1;
        Some(gpt::Partition { label, type_guid, guid, first_lba, last_lba, attributes: 0 })
    };
    let partitions = std::iter::zip(image.files, placed).filter_map(partition).collect();
    gpt::Table { disk_bytes: total, guid: image.guid, partitions }
}

#[cfg(test)]
mod tests;
