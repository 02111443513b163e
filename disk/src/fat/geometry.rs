//! Where things are on a volume (sections 3.3 and 3.5): reserved sectors, allocation tables, on FAT16
//! the root folder, clusters. The writer has one shape of these, the constants; others have others.

use std::ops::RangeInclusive;

use super::directory::RECORD_BYTES;
use super::{FatError, SECTOR};

/// Copies of the allocation table.
pub(super) const TABLES: u64 = 2;
/// Sectors before the first allocation table.
pub(super) const RESERVED_SECTORS: u64 = 32;
/// The number of the first cluster; on FAT32 it holds the root folder.
pub(super) const FIRST_CLUSTER: u32 = 2;
/// Records of the root folder of FAT16, which is not in clusters.
pub(super) const ROOT_RECORDS: u64 = 512;

/// Clusters of 4 KiB where the volume is large enough: the page and the erase grain of most media.
const SECTORS_PER_CLUSTER: [u64; 4] = [8, 4, 2, 1];
/// Tables are padded to this many sectors, so that the clusters lie on multiples of 4 KiB.
const TABLE_ALIGNMENT: u64 = 8;

/// The width of the allocation table's entries, which follows from the number of clusters alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fat16,
    Fat32,
}

impl Kind {
    /// How many clusters a volume of this kind may have (section 3.5).
    pub(super) fn clusters(self) -> RangeInclusive<u64> {
        match self {
            Self::Fat16 => 4085..=65_524,
            // Numbers from 0x0ffffff7 on have meanings of their own.
            Self::Fat32 => 65_525..=0x0fff_fff4,
        }
    }

    /// Bytes of an entry of the allocation table.
    pub(super) fn entry_bytes(self) -> u64 {
        match self {
            Self::Fat16 => 2,
            Self::Fat32 => 4,
        }
    }

    /// Numbers from here on end a chain (section 4).
    pub(super) fn end_of_chain(self) -> u32 {
        match self {
            Self::Fat16 => 0xfff8,
            Self::Fat32 => 0x0fff_fff8,
        }
    }

    /// Records between the tables and the clusters of a volume that is written.
    fn root_records(self) -> u64 {
        match self {
            Self::Fat16 => ROOT_RECORDS,
            Self::Fat32 => 0,
        }
    }
}

/// The shape of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) kind: Kind,
    pub(super) sectors: u32,
    pub(super) sectors_per_cluster: u8,
    /// Sectors before the first allocation table.
    pub(super) reserved_sectors: u64,
    /// Copies of the allocation table.
    pub(super) tables: u64,
    pub(super) table_sectors: u32,
    /// Records of the root folder of FAT16; 0 on FAT32.
    pub(super) root_records: u64,
    pub(super) clusters: u32,
}

impl Geometry {
    /// The shape of a volume of `bytes` bytes: FAT32 if it can be, with the largest clusters, up to
    /// 4 KiB, that leave enough of them.
    pub(super) fn of(bytes: u64) -> Result<Self, FatError> {
        let refused = || FatError::Size { bytes, least: least_bytes() };
        let sectors = u32::try_from(bytes / SECTOR).map_err(|_| refused())?;
        if !bytes.is_multiple_of(SECTOR) {
            return Err(refused());
        }
        let shapes = |kind| {
            let with = move |per_cluster| Self::with(kind, sectors, per_cluster);
            SECTORS_PER_CLUSTER.into_iter().filter_map(with)
        };
        shapes(Kind::Fat32).chain(shapes(Kind::Fat16)).next().ok_or_else(refused)
    }

    /// The shape of `sectors` sectors, if it has a number of clusters that is one of `kind`.
    fn with(kind: Kind, sectors: u32, per_cluster: u64) -> Option<Self> {
        let root_records = kind.root_records();
        let rest = u64::from(sectors).checked_sub(RESERVED_SECTORS + root_sectors(root_records))?;
        // The least number of sectors whose entries name every cluster of what they leave, and 0 and 1.
        let per_table_sector = SECTOR / kind.entry_bytes() * per_cluster;
        let table = (rest + 2 * per_cluster)
            .div_ceil(per_table_sector + TABLES)
            .next_multiple_of(TABLE_ALIGNMENT);
        let clusters = rest.checked_sub(TABLES * table)? / per_cluster;
        kind.clusters().contains(&clusters).then_some(Self {
            kind,
            sectors,
            sectors_per_cluster: u8::try_from(per_cluster).ok()?,
            reserved_sectors: RESERVED_SECTORS,
            tables: TABLES,
            table_sectors: u32::try_from(table).ok()?,
            root_records,
            clusters: u32::try_from(clusters).ok()?,
        })
    }

    pub(super) fn cluster_bytes(&self) -> u64 {
        u64::from(self.sectors_per_cluster) * SECTOR
    }

    /// Where a copy of the table starts, in bytes from the start of the volume.
    pub(super) fn table_offset(&self, copy: u64) -> u64 {
        (self.reserved_sectors + copy * u64::from(self.table_sectors)) * SECTOR
    }

    /// Where the root folder of FAT16 starts, in bytes from the start of the volume.
    pub(super) fn root_offset(&self) -> u64 {
        self.table_offset(self.tables)
    }

    /// Where a cluster starts, in bytes from the start of the volume. `cluster` is at least 2.
    pub(super) fn cluster_offset(&self, cluster: u32) -> u64 {
        self.root_offset()
            + root_sectors(self.root_records) * SECTOR
            + u64::from(cluster - FIRST_CLUSTER) * self.cluster_bytes()
    }
}

/// The smallest volume there is: the fewest clusters of FAT16, of one sector.
fn least_bytes() -> u64 {
    let (kind, least) = (Kind::Fat16, *Kind::Fat16.clusters().start());
    let table =
        ((least + 2) * kind.entry_bytes()).div_ceil(SECTOR).next_multiple_of(TABLE_ALIGNMENT);
    (RESERVED_SECTORS + root_sectors(kind.root_records()) + TABLES * table + least) * SECTOR
}

/// Sectors of the root folder of FAT16 (section 3.5).
pub(super) fn root_sectors(records: u64) -> u64 {
    (records * RECORD_BYTES as u64).div_ceil(SECTOR)
}
