//! VMware's hosted sparse extents, in the two forms that are one file.
//!
//! Sections named here are of VMware's "Virtual Disk Format 5.0". Both forms store grains of 64 KiB and find them by
//! grain tables of 512 entries: [`Sparse`] (`monolithicSparse`) as they are, for a disk in use; [`Stream`]
//! (`streamOptimized`) compressed and from start to end, for OVF and import. All numbers are little-endian.

mod header;
mod sparse;
mod stream;

pub(super) use sparse::Sparse;
pub(super) use stream::Stream;

/// Bytes of a sector, the unit of all offsets.
const SECTOR: u64 = 512;
/// Sectors and bytes of a grain.
const GRAIN: u64 = 128;
const GRAIN_BYTES: usize = 64 << 10;
/// Entries of a grain table, and its sectors.
const ENTRIES: u64 = 512;
const TABLE: u64 = ENTRIES * 4 / SECTOR;

/// The longest disk: the offset of a sector has 32 bits.
pub(super) const MOST: u64 = (1 << 32) * SECTOR;

/// How many grain tables a disk of this many bytes has.
fn tables(bytes: u64) -> u64 {
    bytes.div_ceil(SECTOR).div_ceil(GRAIN * ENTRIES)
}

/// Entries as they are in the file.
fn entries(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().copied().flat_map(u32::to_le_bytes).collect()
}

#[cfg(test)]
pub(super) mod tests;
