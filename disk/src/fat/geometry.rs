//! Where things are on a volume (sections 3.3 and 3.5): 32 reserved sectors, two allocation tables, clusters.

use super::{FatError, MIN_CLUSTERS, SECTOR};

/// Copies of the allocation table.
pub(super) const TABLES: u64 = 2;
/// Sectors before the first allocation table.
pub(super) const RESERVED_SECTORS: u64 = 32;
/// The number of the first cluster; it holds the root folder.
pub(super) const FIRST_CLUSTER: u32 = 2;

/// Bytes of an entry of the allocation table.
const TABLE_ENTRY: u64 = 4;
/// Clusters of 4 KiB where the volume is large enough: the page and the erase grain of most media.
const SECTORS_PER_CLUSTER: [u64; 4] = [8, 4, 2, 1];
/// Tables are padded to this many sectors, so that the clusters lie on multiples of 4 KiB.
const TABLE_ALIGNMENT: u64 = 8;
/// Numbers from here on have meanings of their own.
const MAX_CLUSTERS: u64 = 0x0fff_fff4;

/// The shape of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) sectors: u32,
    pub(super) sectors_per_cluster: u8,
    pub(super) table_sectors: u32,
    pub(super) clusters: u32,
}

impl Geometry {
    /// The shape of a volume of `bytes` bytes: the largest clusters, up to 4 KiB, that leave enough of them.
    pub(super) fn of(bytes: u64) -> Result<Self, FatError> {
        let refused = || FatError::Size { bytes, least: least_bytes() };
        let sectors = u32::try_from(bytes / SECTOR).map_err(|_| refused())?;
        if !bytes.is_multiple_of(SECTOR) {
            return Err(refused());
        }
        SECTORS_PER_CLUSTER
            .into_iter()
            .filter_map(|per_cluster| Self::with(sectors, per_cluster))
            .find(|shape| (MIN_CLUSTERS..=MAX_CLUSTERS).contains(&u64::from(shape.clusters)))
            .ok_or_else(refused)
    }

    fn with(sectors: u32, per_cluster: u64) -> Option<Self> {
        let rest = u64::from(sectors).checked_sub(RESERVED_SECTORS)?;
        // The least number of sectors whose entries name every cluster of what they leave, and 0 and 1.
        let per_table_sector = SECTOR / TABLE_ENTRY * per_cluster;
        let table = (rest + 2 * per_cluster)
            .div_ceil(per_table_sector + TABLES)
            .next_multiple_of(TABLE_ALIGNMENT);
        let clusters = rest.checked_sub(TABLES * table)? / per_cluster;
        Some(Self {
            sectors,
            sectors_per_cluster: u8::try_from(per_cluster).ok()?,
            table_sectors: u32::try_from(table).ok()?,
            clusters: u32::try_from(clusters).ok()?,
        })
    }

    pub(super) fn cluster_bytes(&self) -> u64 {
        u64::from(self.sectors_per_cluster) * SECTOR
    }

    /// Where a copy of the table starts, in bytes from the start of the volume.
    pub(super) fn table_offset(&self, copy: u64) -> u64 {
        (RESERVED_SECTORS + copy * u64::from(self.table_sectors)) * SECTOR
    }

    /// Where a cluster starts, in bytes from the start of the volume. `cluster` is at least 2.
    pub(super) fn cluster_offset(&self, cluster: u32) -> u64 {
        self.table_offset(TABLES) + u64::from(cluster - FIRST_CLUSTER) * self.cluster_bytes()
    }
}

/// The smallest volume there is: the fewest clusters, of one sector.
fn least_bytes() -> u64 {
    let table =
        ((MIN_CLUSTERS + 2) * TABLE_ENTRY).div_ceil(SECTOR).next_multiple_of(TABLE_ALIGNMENT);
    (RESERVED_SECTORS + TABLES * table + MIN_CLUSTERS) * SECTOR
}
