//! QEMU's copy-on-write format, version 3: what is zero is left out, the rest is compressed by cluster.
//!
//! Sections named here are of QEMU's `docs/interop/qcow2.rst`. The file is, in this order: the header's
//! cluster, the data, the L2 tables, the L1 table, the refcount blocks, the refcount table. Clusters are
//! compressed in parallel; those that became smaller are gathered and placed together.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use rayon::prelude::*;
use zstd::bulk::Compressor;

use super::pool::Pool;
use super::target::Target;
use super::window::Window;
use super::{Order, Writer};

const CLUSTER_BITS: u32 = 16;
const CLUSTER: u64 = 1 << CLUSTER_BITS;
const CLUSTER_BYTES: usize = 1 << CLUSTER_BITS;
const SECTOR: u64 = 512;
/// Entries of an L2 table, which fills a cluster.
const L2_ENTRIES: u64 = CLUSTER / 8;
/// Entries of a refcount block at 16 bits each.
const BLOCK_ENTRIES: u64 = CLUSTER / 2;
/// Bytes of compressed clusters that are gathered before they are placed: before a cluster that must be aligned there
/// is a gap, and so there are few.
const GATHERED: usize = 1 << 20;

/// In L1 and L2 entries: the cluster belongs to this entry alone.
const COPIED: u64 = 1 << 63;
/// In L2 entries: the cluster is compressed.
const COMPRESSED: u64 = 1 << 62;
/// Where the number of further sectors stands in the entry of a compressed cluster.
const SECTORS_SHIFT: u32 = 62 - (CLUSTER_BITS - 8);
/// Incompatible feature bit 3: the header names the compression type.
const HAS_COMPRESSION_TYPE: u64 = 1 << 3;
const COMPRESSION_ZSTD: u8 = 1;
const HEADER_BYTES: u32 = 112;

/// The image while it is written.
pub(super) struct Qcow2 {
    target: Target,
    level: i32,
    /// Length of the disk.
    bytes: u64,
    /// L2 tables by their place in the L1 table.
    tables: BTreeMap<u64, Vec<u64>>,
    /// How often each cluster of the file is used.
    refcounts: Vec<u16>,
    compressors: Pool<Compressor<'static>>,
    /// Compressed clusters that are not placed yet, with their guest offsets, and their bytes together.
    gathered: (Vec<(u64, Vec<u8>)>, usize),
}

/// One guest cluster as it is stored.
enum Packed {
    Compressed(Vec<u8>),
    /// It would not have become smaller.
    Plain(Bytes),
}

impl Qcow2 {
    pub(super) fn create(order: &Order<'_>, level: i32) -> io::Result<Self> {
        let mut target = Target::create(order.to)?;
        target.skip_to(CLUSTER);
        Ok(Self {
            target,
            level,
            bytes: order.bytes,
            tables: BTreeMap::new(),
            refcounts: vec![1],
            compressors: Pool::new(),
            gathered: (Vec::new(), 0),
        })
    }

    /// Places a cluster of this guest offset, or gathers it.
    fn place(&mut self, offset: u64, packed: Packed) {
        match packed {
            Packed::Plain(cluster) => {
                self.align();
                let at = self.append(cluster);
                self.set(offset, COPIED | at);
            }
            Packed::Compressed(bytes) => {
                self.gathered.1 += bytes.len();
                self.gathered.0.push((offset, bytes));
                if self.gathered.1 >= GATHERED {
                    self.place_gathered();
                }
            }
        }
    }

    /// Places what was gathered, one after another.
    fn place_gathered(&mut self) {
        for (offset, bytes) in std::mem::take(&mut self.gathered).0 {
            let at = self.append(bytes);
            let further_sectors = (self.target.end() - 1) / SECTOR - at / SECTOR;
            self.set(offset, COMPRESSED | further_sectors << SECTORS_SHIFT | at);
        }
    }

    /// Sets the L2 entry of a guest offset.
    fn set(&mut self, offset: u64, entry: u64) {
        let number = offset / CLUSTER;
        let table =
            self.tables.entry(number / L2_ENTRIES).or_insert_with(|| vec![0; CLUSTER_BYTES / 8]);
        table[usize::try_from(number % L2_ENTRIES).expect("below 8192")] = entry;
    }

    /// Appends `bytes` and counts the clusters they touch; gives where they are.
    fn append(&mut self, bytes: impl Into<Bytes>) -> u64 {
        let start = self.target.append(bytes);
        self.count(start);
        start
    }

    /// Counts one use of every cluster from that of byte `start` to that of the last byte.
    fn count(&mut self, start: u64) {
        let clusters = start / CLUSTER..self.target.end().div_ceil(CLUSTER);
        self.refcounts.resize(self.refcounts.len().max(index(clusters.end)), 0);
        for count in &mut self.refcounts[index(clusters.start)..] {
            *count += 1;
        }
    }

    fn align(&mut self) {
        self.target.align(CLUSTER);
    }

    /// Appends a table of big-endian entries as whole clusters.
    fn append_table(&mut self, entries: impl IntoIterator<Item = u64>) -> u64 {
        let mut bytes: Vec<u8> = entries.into_iter().flat_map(u64::to_be_bytes).collect();
        bytes.resize(bytes.len().next_multiple_of(CLUSTER_BYTES), 0);
        self.align();
        self.append(bytes)
    }

    /// Writes the tables and the header.
    fn write_tables(&mut self) -> io::Result<()> {
        let bytes = self.bytes;
        let l1_entries = bytes.div_ceil(CLUSTER * L2_ENTRIES);
        let mut l1 = vec![0; index(l1_entries)];
        for (number, table) in std::mem::take(&mut self.tables) {
            l1[index(number)] = COPIED | self.append_table(table);
        }
        // A disk of no bytes has no entries, and still a table somewhere.
        let l1_offset = self.append_table(l1);
        let (table_offset, table_clusters) = self.append_refcounts();
        self.target.finish()?;

        let mut header = vec![0; HEADER_BYTES as usize + 8]; // 8: the end of the header extensions
        let mut put = |at: usize, value: &[u8]| header[at..at + value.len()].copy_from_slice(value);
        put(0, b"QFI\xfb");
        put(4, &3u32.to_be_bytes());
        put(20, &CLUSTER_BITS.to_be_bytes());
        put(24, &bytes.to_be_bytes());
        put(36, &u32::try_from(l1_entries).map_err(io::Error::other)?.to_be_bytes());
        put(40, &l1_offset.to_be_bytes());
        put(48, &table_offset.to_be_bytes());
        put(56, &u32::try_from(table_clusters).map_err(io::Error::other)?.to_be_bytes());
        put(72, &HAS_COMPRESSION_TYPE.to_be_bytes());
        put(96, &4u32.to_be_bytes()); // refcounts of 2^4 bits
        put(100, &HEADER_BYTES.to_be_bytes());
        put(104, &[COMPRESSION_ZSTD]);
        self.target.put(0, &header)
    }

    /// Appends refcount blocks and table, which count themselves as well; returns where the table is
    /// and how many clusters it has.
    fn append_refcounts(&mut self) -> (u64, u64) {
        self.align();
        let first = self.target.end() / CLUSTER;
        let (mut blocks, mut table) = (1, 1);
        loop {
            let needed = (first + blocks + table).div_ceil(BLOCK_ENTRIES);
            let needed_table = (needed * 8).div_ceil(CLUSTER);
            if (needed, needed_table) == (blocks, table) {
                break;
            }
            (blocks, table) = (needed, needed_table);
        }
        self.refcounts.resize(index(first + blocks + table), 1);
        let mut bytes: Vec<u8> =
            self.refcounts.iter().flat_map(|count| count.to_be_bytes()).collect();
        bytes.resize(index(blocks * CLUSTER), 0);
        bytes.extend((0..blocks).flat_map(|block| ((first + block) * CLUSTER).to_be_bytes()));
        bytes.resize(index((blocks + table) * CLUSTER), 0);
        self.target.append(bytes);
        ((first + blocks) * CLUSTER, table)
    }
}

impl Writer for Qcow2 {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        let (level, compressors) = (self.level, &self.compressors);
        let pack = |(at, cluster): (usize, &[u8])| {
            let cluster = window.bytes.slice_ref(cluster);
            let packed = compressors
                .with(|| Compressor::new(level), |compressor| pack(cluster, compressor))?;
            Ok((window.start + at as u64, packed))
        };
        let packed: Vec<(u64, Packed)> = self
            .target
            .beside(|| window.blocks(CLUSTER_BYTES).into_par_iter().map(pack).collect())?;
        for (offset, packed) in packed {
            self.place(offset, packed);
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.place_gathered();
        self.write_tables()
    }
}

fn pack(mut cluster: Bytes, compressor: &mut Compressor<'_>) -> io::Result<Packed> {
    if cluster.len() < CLUSTER_BYTES {
        let mut whole = cluster.to_vec();
        whole.resize(CLUSTER_BYTES, 0);
        cluster = whole.into();
    }
    let compressed = compressor.compress(&cluster)?;
    // Anything that saves no sector is better stored so that it can be read in place.
    let smaller = compressed.len() as u64 + SECTOR <= CLUSTER;
    Ok(if smaller { Packed::Compressed(compressed) } else { Packed::Plain(cluster) })
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("counts of clusters fit in memory")
}

#[cfg(test)]
pub(super) mod tests;
