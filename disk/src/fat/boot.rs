//! The reserved sectors: boot sector (sections 3.1 to 3.3); on FAT32 FSInfo (section 5) and a backup of
//! both.

use super::geometry::{FIRST_CLUSTER, Geometry, Kind, RESERVED_SECTORS, ROOT_RECORDS, TABLES};
use super::{SECTOR, Volume};

const SECTOR_BYTES: usize = 512;
const FSINFO: u64 = 1;
const BACKUP: u64 = 6;
/// A fixed disk.
pub(super) const MEDIA: u8 = 0xf8;
/// Code that halts for ever, behind a jump over the parameters.
const HALT: [u8; 3] = [0xf4, 0xeb, 0xfd];

/// The sectors to write, with their numbers. `next` is the first free cluster.
pub(super) fn sectors(
    volume: &Volume,
    geometry: &Geometry,
    next: u32,
) -> Vec<(u64, [u8; SECTOR_BYTES])> {
    let boot = boot_sector(volume, geometry);
    match geometry.kind {
        Kind::Fat16 => vec![(0, boot)],
        Kind::Fat32 => {
            let info = fs_info(geometry, next);
            vec![(0, boot), (FSINFO, info), (BACKUP, boot), (BACKUP + FSINFO, info)]
        }
    }
}

fn boot_sector(volume: &Volume, geometry: &Geometry) -> [u8; SECTOR_BYTES] {
    let mut sector = [0; SECTOR_BYTES];
    let mut put = |at: usize, bytes: &[u8]| sector[at..at + bytes.len()].copy_from_slice(bytes);
    put(3, b"MSWIN4.1"); // the name that section 3.1 calls the safest
    put(11, &le16(SECTOR));
    put(13, &[geometry.sectors_per_cluster]);
    put(14, &le16(RESERVED_SECTORS));
    put(16, &[u8::try_from(TABLES).expect("two")]);
    put(21, &[MEDIA]);
    put(24, &63u16.to_le_bytes()); // sectors of a track and heads, for firmware that still asks
    put(26, &255u16.to_le_bytes());
    put(28, &volume.hidden_sectors.to_le_bytes());
    let rest = match geometry.kind {
        Kind::Fat16 => {
            put(0, &[0xeb, 0x3c, 0x90]);
            put(17, &le16(ROOT_RECORDS));
            // The number of sectors is in one of two fields, by whether it fits the first.
            match u16::try_from(geometry.sectors) {
                Ok(sectors) => put(19, &sectors.to_le_bytes()),
                Err(_) => put(32, &geometry.sectors.to_le_bytes()),
            }
            put(22, &le16(u64::from(geometry.table_sectors)));
            put(54, b"FAT16   ");
            put(62, &HALT);
            36
        }
        Kind::Fat32 => {
            put(0, &[0xeb, 0x58, 0x90]);
            put(32, &geometry.sectors.to_le_bytes());
            put(36, &geometry.table_sectors.to_le_bytes());
            put(44, &FIRST_CLUSTER.to_le_bytes());
            put(48, &le16(FSINFO));
            put(50, &le16(BACKUP));
            put(82, b"FAT32   ");
            put(90, &HALT);
            64
        }
    };
    put(rest, &[0x80]); // drive number
    put(rest + 2, &[0x29]); // the three fields that follow are there
    put(rest + 3, &volume.id.to_le_bytes());
    put(rest + 7, &volume.label.0);
    put(510, &[0x55, 0xaa]);
    sector
}

fn fs_info(geometry: &Geometry, next: u32) -> [u8; SECTOR_BYTES] {
    let mut sector = [0; SECTOR_BYTES];
    let mut put = |at: usize, value: u32| sector[at..at + 4].copy_from_slice(&value.to_le_bytes());
    let free = geometry.clusters - (next - FIRST_CLUSTER);
    put(0, 0x4161_5252);
    put(484, 0x6141_7272);
    put(488, free);
    put(492, if free == 0 { u32::MAX } else { next });
    put(508, 0xaa55_0000);
    sector
}

fn le16(value: u64) -> [u8; 2] {
    u16::try_from(value).expect("constants and tables of FAT16 are below 65536").to_le_bytes()
}
