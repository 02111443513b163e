//! The raw disk: its partition table, the ESP and the first slot, composed from their parts.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use keelson_format::disk::{Role, Slot};
use keelson_format::release::{Disk, Partition};

use crate::bios::{BiosError, DiskCode};
use crate::fat::{self, Entry, FatError, Volume};
use crate::gpt::{self, GptError, Table};
use crate::sparse::{self, SparseError};

/// What is put on a new disk.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Serial number of the ESP's file system.
    pub esp_volume_id: u32,
    /// Files of the ESP, in the order in which they lie on it.
    pub esp: &'a [Entry],
    /// The EROFS image of `/usr`.
    pub usr: &'a Path,
    /// Its verity superblock and hash tree.
    pub verity: &'a Path,
    /// Its signed root hash.
    pub signature: &'a Path,
    /// Boot code for BIOS, for a disk with a partition for it.
    pub bios: Option<&'a DiskCode>,
}

/// Why a disk could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RawError {
    /// The partition table.
    #[error(transparent)]
    Gpt(#[from] GptError),
    /// The ESP.
    #[error("writing the ESP: {0}")]
    Fat(#[from] FatError),
    /// A part, or the disk.
    #[error(transparent)]
    Sparse(#[from] SparseError),
    /// The boot code for BIOS.
    #[error(transparent)]
    Bios(#[from] BiosError),
    /// The boot code could not be written.
    #[error("writing the boot code for BIOS: {0}")]
    Write(#[from] io::Error),
}

/// Writes a disk to `to`, which holds only zeroes and has the length that `disk` says.
///
/// # Panics
/// Where `disk` lacks a partition of [`keelson_format::disk::TABLE`], the one for BIOS where there is no
/// boot code for it.
pub fn write(to: &File, disk: &Disk, parts: &Parts<'_>) -> Result<(), RawError> {
    let table = Table {
        disk_bytes: disk.size,
        guid: disk.guid,
        partitions: disk.partitions.iter().map(table_entry).collect(),
    };
    gpt::write(to, &table)?;
    let esp = partition(disk, Role::Esp);
    let volume = Volume {
        bytes: esp.size,
        id: parts.esp_volume_id,
        label: "ESP".parse().expect("a label of FAT"),
        hidden_sectors: u32::try_from(esp.start / gpt::SECTOR).expect("the ESP comes first"),
    };
    fat::write(to, esp.start, &volume, parts.esp)?;
    for (path, role) in [
        (parts.usr, Role::UsrData(Slot::A)),
        (parts.verity, Role::UsrHash(Slot::A)),
        (parts.signature, Role::UsrSignature(Slot::A)),
    ] {
        sparse::copy(path, to, partition(disk, role).start)?;
    }
    if let Some(code) = parts.bios {
        let bios = partition(disk, Role::Bios);
        let first = bios.start / gpt::SECTOR;
        to.write_all_at(&code.mbr(first), 0)?;
        to.write_all_at(&code.partition(first, bios.size)?, bios.start)?;
    }
    Ok(())
}

fn partition(disk: &Disk, role: Role) -> &Partition {
    let found = disk.partitions.iter().find(|partition| partition.label == role.label());
    found.expect("every role has its partition")
}

fn table_entry(partition: &Partition) -> gpt::Partition {
    let first_lba = partition.start / gpt::SECTOR;
    gpt::Partition {
        label: partition.label.clone(),
        type_guid: partition.type_guid,
        guid: partition.guid,
        first_lba,
        last_lba: first_lba + partition.size / gpt::SECTOR - 1,
        attributes: 0,
    }
}
