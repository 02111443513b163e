//! The partition table: protective MBR, primary and backup GPT (UEFI specification, sections 5.2.3 and 5.3).
//!
//! Every GUID comes from the caller; the crate that writes the table would draw them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ::gpt::disk::LogicalBlockSize;
use ::gpt::mbr::{MBRError, ProtectiveMBR};
use ::gpt::partition::Partition as Record;
use ::gpt::partition_types::{OperatingSystem, Type};
use uuid::Uuid;

/// Bytes in a logical block.
pub const SECTOR: u64 = 512;
/// Every partition starts at a multiple of this many bytes.
pub const ALIGNMENT: u64 = 1 << 20;
/// UTF-16 units of a label.
pub const LABEL_UNITS: usize = 36;

/// The first block a partition may have: behind the MBR, the header and 128 entries.
const FIRST_USABLE: u64 = 34;
/// Blocks behind the last one a partition may have: 128 entries and the backup header.
const BACKUP_SECTORS: u64 = 33;
const MAX_PARTITIONS: usize = 128;
const ENTRY_BYTES: usize = 128;

/// A disk's partition table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The length of the disk, a multiple of [`SECTOR`].
    pub disk_bytes: u64,
    /// The disk's GUID.
    pub guid: Uuid,
    /// The partitions, the first being number 1.
    pub partitions: Vec<Partition>,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its label, at most [`LABEL_UNITS`] UTF-16 units.
    pub label: String,
    /// What it is for.
    pub type_guid: Uuid,
    /// Its own GUID.
    pub guid: Uuid,
    /// Its first block.
    pub first_lba: u64,
    /// Its last block, which belongs to it.
    pub last_lba: u64,
    /// The attribute bits (section 5.3.3, table 5.8).
    pub attributes: u64,
}

impl Partition {
    /// Where it starts on the disk, in bytes.
    pub fn offset(&self) -> u64 {
        self.first_lba * SECTOR
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> u64 {
        (self.last_lba + 1 - self.first_lba) * SECTOR
    }
}

/// Why a table was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum GptError {
    /// The disk's length is not whole blocks.
    #[error("a disk of {bytes} bytes is not a number of blocks of {SECTOR} bytes")]
    DiskLength {
        /// The length.
        bytes: u64,
    },
    /// The file has another length than the table says.
    #[error("the disk has {found} bytes and its table is for {expected}")]
    OtherLength {
        /// What the table says.
        expected: u64,
        /// What the file has.
        found: u64,
    },
    /// More than 128.
    #[error("{count} partitions; a table has room for {MAX_PARTITIONS}")]
    Count {
        /// How many.
        count: usize,
    },
    /// A label that is too long, or a GUID of zeroes.
    #[error("partition {label:?}: {reason}")]
    Partition {
        /// The label.
        label: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A partition that lies outside of the usable blocks, or ends before it starts.
    #[error(
        "partition {label:?} has blocks {first}..={last}; the disk has {FIRST_USABLE}..={usable}"
    )]
    Outside {
        /// The label.
        label: String,
        /// Its first block.
        first: u64,
        /// Its last.
        last: u64,
        /// The last usable one.
        usable: u64,
    },
    /// A start that is no multiple of [`ALIGNMENT`].
    #[error("partition {label:?} starts at block {first}, which is no multiple of 1 MiB")]
    Unaligned {
        /// The label.
        label: String,
        /// Its first block.
        first: u64,
    },
    /// Two partitions have a block in common, or a GUID.
    #[error("partitions {a:?} and {b:?} have {what} in common")]
    Clash {
        /// The one.
        a: String,
        /// The other.
        b: String,
        /// What they share.
        what: &'static str,
    },
    /// The entries of the two tables differ.
    #[error("the backup partition table has other entries than the primary one")]
    Backup,
    /// The table could not be written, or what was read is none.
    #[error("partition table: {0}")]
    Table(#[from] ::gpt::GptError),
    /// The protective MBR could not be written.
    #[error("protective MBR: {0}")]
    Mbr(#[from] MBRError),
    /// The disk could not be read.
    #[error("partition table: {0}")]
    Io(#[from] io::Error),
}

/// Writes protective MBR, primary and backup table to a disk that has its length already.
///
/// Writes nothing where the table is refused, and nothing but the first 34 and last 33 blocks.
pub fn write(disk: &File, table: &Table) -> Result<(), GptError> {
    check(table)?;
    let found = disk.metadata()?.len();
    if found != table.disk_bytes {
        return Err(GptError::OtherLength { expected: table.disk_bytes, found });
    }
    // The MBR holds 32 bits; a larger disk is all ones (section 5.2.3).
    let blocks = u32::try_from(table.disk_bytes / SECTOR - 1).unwrap_or(u32::MAX);
    disk.write_all_at(&ProtectiveMBR::with_lb_size(blocks).to_bytes(), 0)?;

    let config = ::gpt::GptConfig::new().writable(true).logical_block_size(LogicalBlockSize::Lb512);
    let mut gpt = config.create_from_device(disk.try_clone()?, Some(table.guid))?;
    gpt.update_partitions(
        table.partitions.iter().map(record).zip(1..).map(|(r, n)| (n, r)).collect(),
    )?;
    gpt.write()?;
    Ok(())
}

/// Reads the table of a disk, which must be of 128 entries. Primary and backup must both be intact.
pub fn read(disk: &File) -> Result<Table, GptError> {
    let disk_bytes = disk.metadata()?.len();
    let config = ::gpt::GptConfig::new()
        .only_valid_headers(true)
        .logical_block_size(LogicalBlockSize::Lb512);
    let gpt = config.open_from_device(disk.try_clone()?)?;
    // The crate checks the entries of the primary table alone.
    let entries = |first_lba: u64| -> io::Result<_> {
        let mut entries = vec![0; MAX_PARTITIONS * ENTRY_BYTES];
        disk.read_exact_at(&mut entries, first_lba * SECTOR)?;
        Ok(entries)
    };
    let (primary, backup) = (gpt.primary_header(), gpt.backup_header());
    let starts = (
        primary.map_err(::gpt::GptError::from)?.part_start,
        backup.map_err(::gpt::GptError::from)?.part_start,
    );
    if entries(starts.0)? != entries(starts.1)? {
        return Err(GptError::Backup);
    }
    let used = gpt.partitions().values().filter(|record| record.is_used());
    let partitions = used
        .map(|record| Partition {
            label: record.name.clone(),
            type_guid: record.part_type_guid.guid,
            guid: record.part_guid,
            first_lba: record.first_lba,
            last_lba: record.last_lba,
            attributes: record.flags,
        })
        .collect();
    Ok(Table { disk_bytes, guid: *gpt.guid(), partitions })
}

fn record(partition: &Partition) -> Record {
    Record {
        part_type_guid: Type { guid: partition.type_guid, os: OperatingSystem::None },
        part_guid: partition.guid,
        first_lba: partition.first_lba,
        last_lba: partition.last_lba,
        flags: partition.attributes,
        name: partition.label.clone(),
    }
}

fn check(table: &Table) -> Result<(), GptError> {
    if !table.disk_bytes.is_multiple_of(SECTOR) {
        return Err(GptError::DiskLength { bytes: table.disk_bytes });
    }
    if table.partitions.len() > MAX_PARTITIONS {
        return Err(GptError::Count { count: table.partitions.len() });
    }
    let usable = (table.disk_bytes / SECTOR).saturating_sub(BACKUP_SECTORS + 1);
    let mut guids = BTreeMap::from([(table.guid, "the disk")]);
    for partition in &table.partitions {
        let Partition { label, first_lba: first, last_lba: last, .. } = partition;
        let refused = |reason| GptError::Partition { label: label.clone(), reason };
        if label.encode_utf16().count() > LABEL_UNITS || label.contains('\0') {
            return Err(refused("a label has at most 36 UTF-16 units and no zero"));
        }
        if partition.type_guid.is_nil() || partition.guid.is_nil() {
            return Err(refused("a GUID of zeroes marks an unused entry"));
        }
        if *first < FIRST_USABLE || last < first || *last > usable {
            return Err(GptError::Outside {
                label: label.clone(),
                first: *first,
                last: *last,
                usable,
            });
        }
        if !(first * SECTOR).is_multiple_of(ALIGNMENT) {
            return Err(GptError::Unaligned { label: label.clone(), first: *first });
        }
        if let Some(other) = guids.insert(partition.guid, label) {
            return Err(GptError::Clash {
                a: other.to_owned(),
                b: label.clone(),
                what: "their GUID",
            });
        }
    }
    let mut sorted: Vec<&Partition> = table.partitions.iter().collect();
    sorted.sort_by_key(|partition| partition.first_lba);
    for pair in sorted.windows(2) {
        if pair[1].first_lba <= pair[0].last_lba {
            let (a, b) = (pair[0].label.clone(), pair[1].label.clone());
            return Err(GptError::Clash { a, b, what: "blocks" });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
