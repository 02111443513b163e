//! The reserved sectors: boot sector (sections 3.1 to 3.3); on FAT32 FSInfo (section 5) and a backup of
//! both. They are written in one form; a boot sector is read in any that the specification allows.

use super::geometry::{
    self, FIRST_CLUSTER, Geometry, Kind, RESERVED_SECTORS, ROOT_RECORDS, TABLES,
};
use super::names::Short;
use super::{SECTOR, Volume};

const SECTOR_BYTES: usize = 512;
const FSINFO: u64 = 1;
const BACKUP: u64 = 6;
/// A fixed disk.
pub(super) const MEDIA: u8 = 0xf8;
/// Code that halts for ever, behind a jump over the parameters.
const HALT: [u8; 3] = [0xf4, 0xeb, 0xfd];

/// The names of its kind, which a boot sector has for people alone (sections 3.2 and 3.3), and where.
const KIND_NAMES: [(usize, &[u8]); 2] = [(54, b"FAT"), (82, b"FAT32   ")];

/// What a boot sector says of its volume.
pub(super) struct Boot {
    pub(super) geometry: Geometry,
    /// The first cluster of the root folder; none on FAT16.
    pub(super) root: Option<u32>,
    pub(super) id: u32,
    pub(super) label: Short,
}

/// Whether a boot sector calls its volume FAT, be it one that can be read or not.
pub(super) fn says_fat(sector: &[u8; SECTOR_BYTES]) -> bool {
    KIND_NAMES.iter().any(|(at, name)| sector[*at..].starts_with(name))
}

/// Reads a boot sector; what is wrong where it is none of FAT16 or FAT32. Nothing in it is trusted.
pub(super) fn parse(sector: &[u8; SECTOR_BYTES]) -> Result<Boot, &'static str> {
    let le16 = |offset: usize| u16::from_le_bytes([sector[offset], sector[offset + 1]]);
    let le32 = |offset: usize| u32::from(le16(offset)) | u32::from(le16(offset + 2)) << 16;
    let per_cluster = sector[13];
    let (reserved_sectors, tables) = (u64::from(le16(14)), u64::from(sector[16]));
    let root_records = u64::from(le16(17));
    // The fields of 16 bits count where they are not zero.
    let either = |short: u16, long: u32| if short == 0 { long } else { u32::from(short) };
    let sectors = either(le16(19), le32(32));
    // The kind is by this field as in Linux: tools make FAT32 with fewer clusters than it should have.
    let kind = if le16(22) == 0 { Kind::Fat32 } else { Kind::Fat16 };
    let table_sectors = if kind == Kind::Fat32 { le32(36) } else { u32::from(le16(22)) };

    if sector[510..] != [0x55, 0xaa] {
        return Err("the boot sector has no signature");
    }
    if u64::from(le16(11)) != SECTOR {
        return Err("its sectors are not of 512 bytes");
    }
    if !per_cluster.is_power_of_two() || reserved_sectors == 0 || tables == 0 || table_sectors == 0
    {
        return Err("its clusters, reserved sectors or tables have sizes that no volume has");
    }
    if (root_records == 0) != (kind == Kind::Fat32) {
        return Err("its root folder has a size that no volume of its kind has");
    }
    let before =
        reserved_sectors + tables * u64::from(table_sectors) + geometry::root_sectors(root_records);
    let data = u64::from(sectors).checked_sub(before);
    let clusters = data.ok_or("its tables are larger than the volume")? / u64::from(per_cluster);
    if kind == Kind::Fat16 && clusters < *kind.clusters().start() {
        return Err("it is FAT12, which is not read");
    }
    if clusters == 0 || clusters > *kind.clusters().end() {
        return Err("it has a number of clusters that no volume of its kind has");
    }
    if clusters + 2 > u64::from(table_sectors) * SECTOR / kind.entry_bytes() {
        return Err("it has more clusters than its tables");
    }
    let (root, rest) = match kind {
        Kind::Fat16 => (None, 36),
        Kind::Fat32 => (Some(le32(44)), 64),
    };
    let mut label = [0; 11];
    label.copy_from_slice(&sector[rest + 7..rest + 18]);
    let geometry = Geometry {
        kind,
        sectors,
        sectors_per_cluster: per_cluster,
        reserved_sectors,
        tables,
        table_sectors,
        root_records,
        clusters: u32::try_from(clusters).expect("fewer than sectors"),
    };
    Ok(Boot { geometry, root, id: le32(rest + 3), label })
}

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
