//! QEMU's copy-on-write format, version 3: what is zero is left out, the rest is compressed by cluster.
//!
//! Sections named here are of QEMU's `docs/interop/qcow2.rst`. The file is, in this order: the header's
//! cluster, the data, the L2 tables, the L1 table, the refcount blocks, the refcount table. Clusters
//! are compressed in parallel and placed in batches of a fixed size, so the bytes depend on the raw disk
//! and the level alone, and no more than one batch is held.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use zstd::bulk::Compressor;

use crate::sparse::{self, SparseError};

const CLUSTER_BITS: u32 = 16;
const CLUSTER: u64 = 1 << CLUSTER_BITS;
const CLUSTER_BYTES: usize = 1 << CLUSTER_BITS;
const SECTOR: u64 = 512;
/// Entries of an L2 table, which fills a cluster.
const L2_ENTRIES: u64 = CLUSTER / 8;
/// Entries of a refcount block at 16 bits each.
const BLOCK_ENTRIES: u64 = CLUSTER / 2;
/// Guest clusters compressed before they are written: 16 MiB.
const BATCH: usize = 256;

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

/// Why no image was written.
#[derive(Debug, thiserror::Error)]
pub enum Qcow2Error {
    /// The raw disk is not whole sectors.
    #[error("{}: {bytes} bytes are not a number of sectors of {SECTOR} bytes", path.display())]
    Length {
        /// The raw disk.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// The raw disk could not be read.
    #[error(transparent)]
    Raw(#[from] SparseError),
    /// Compressing or writing failed.
    #[error("converting {} to {}: {source}", raw.display(), to.display())]
    Io {
        /// The raw disk.
        raw: PathBuf,
        /// The image.
        to: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Converts the raw disk `raw` to the new file `to`. `level` is Zstandard's.
pub fn write(raw: &Path, to: &Path, level: i32) -> Result<(), Qcow2Error> {
    let data = sparse::data_map(raw, CLUSTER)?;
    let failed = |source| Qcow2Error::Io { raw: raw.to_owned(), to: to.to_owned(), source };
    let input = File::open(raw).map_err(failed)?;
    let bytes = input.metadata().map_err(failed)?.len();
    if !bytes.is_multiple_of(SECTOR) {
        return Err(Qcow2Error::Length { path: raw.to_owned(), bytes });
    }

    let clusters: Vec<u64> = data.into_iter().flat_map(|run| run.step_by(CLUSTER_BYTES)).collect();
    let mut image = Image::create(to).map_err(failed)?;
    for batch in clusters.chunks(BATCH) {
        let packed: Vec<Packed> = batch
            .par_iter()
            .map_init(
                || Compressor::new(level),
                |compressor, offset| {
                    let compressor = compressor
                        .as_mut()
                        .map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
                    pack(&input, bytes, *offset, compressor)
                },
            )
            .collect::<io::Result<_>>()
            .map_err(failed)?;
        image.place(batch, packed).map_err(failed)?;
    }
    image.finish(bytes).map_err(failed)
}

/// One guest cluster as it is stored.
enum Packed {
    Compressed(Vec<u8>),
    /// It would not have become smaller.
    Plain(Vec<u8>),
}

fn pack(
    input: &File,
    bytes: u64,
    offset: u64,
    compressor: &mut Compressor<'_>,
) -> io::Result<Packed> {
    let mut cluster = vec![0; CLUSTER_BYTES];
    let length = usize::try_from(CLUSTER.min(bytes - offset)).expect("at most a cluster");
    input.read_exact_at(&mut cluster[..length], offset)?;
    let compressed = compressor.compress(&cluster)?;
    // Anything that saves no sector is better stored so that it can be read in place.
    let smaller = compressed.len() as u64 + SECTOR <= CLUSTER;
    Ok(if smaller { Packed::Compressed(compressed) } else { Packed::Plain(cluster) })
}

/// The image while it is written.
struct Image {
    file: File,
    /// Where the next byte goes.
    end: u64,
    /// L2 tables by their place in the L1 table.
    tables: BTreeMap<u64, Vec<u64>>,
    /// How often each cluster of the file is used.
    refcounts: Vec<u16>,
}

impl Image {
    fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        Ok(Self { file, end: CLUSTER, tables: BTreeMap::new(), refcounts: vec![1] })
    }

    /// Writes the clusters at these guest offsets: the compressed ones one after another, and then
    /// the others, so that only one gap is left before clusters that must be aligned.
    fn place(&mut self, offsets: &[u64], packed: Vec<Packed>) -> io::Result<()> {
        let mut plain = Vec::new();
        for (offset, packed) in offsets.iter().zip(packed) {
            match packed {
                Packed::Plain(cluster) => plain.push((*offset, cluster)),
                Packed::Compressed(bytes) => {
                    let last_byte = self.end + bytes.len() as u64 - 1;
                    let further_sectors = last_byte / SECTOR - self.end / SECTOR;
                    self.set(*offset, COMPRESSED | further_sectors << SECTORS_SHIFT | self.end);
                    self.append(&bytes)?;
                }
            }
        }
        for (offset, cluster) in plain {
            self.align();
            self.set(offset, COPIED | self.end);
            self.append(&cluster)?;
        }
        Ok(())
    }

    /// Sets the L2 entry of a guest offset.
    fn set(&mut self, offset: u64, entry: u64) {
        let number = offset / CLUSTER;
        let table =
            self.tables.entry(number / L2_ENTRIES).or_insert_with(|| vec![0; CLUSTER_BYTES / 8]);
        table[usize::try_from(number % L2_ENTRIES).expect("below 8192")] = entry;
    }

    /// Writes `bytes` and counts the clusters they touch.
    fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let start = self.end;
        self.file.write_all_at(bytes, start)?;
        self.end += bytes.len() as u64;
        self.count(start);
        Ok(start)
    }

    /// Counts one use of every cluster from that of byte `start` to that of the last byte.
    fn count(&mut self, start: u64) {
        let clusters = start / CLUSTER..self.end.div_ceil(CLUSTER);
        self.refcounts.resize(self.refcounts.len().max(index(clusters.end)), 0);
        for count in &mut self.refcounts[index(clusters.start)..] {
            *count += 1;
        }
    }

    fn align(&mut self) {
        self.end = self.end.next_multiple_of(CLUSTER);
    }

    /// Appends a table of big-endian entries as whole clusters.
    fn append_table(&mut self, entries: impl IntoIterator<Item = u64>) -> io::Result<u64> {
        let mut bytes: Vec<u8> = entries.into_iter().flat_map(u64::to_be_bytes).collect();
        bytes.resize(bytes.len().next_multiple_of(CLUSTER_BYTES), 0);
        self.align();
        self.append(&bytes)
    }

    /// Writes the tables and the header. `bytes` is the length of the guest's disk.
    fn finish(mut self, bytes: u64) -> io::Result<()> {
        let l1_entries = bytes.div_ceil(CLUSTER * L2_ENTRIES);
        let mut l1 = vec![0; index(l1_entries)];
        for (number, table) in std::mem::take(&mut self.tables) {
            l1[index(number)] = COPIED | self.append_table(table)?;
        }
        // A disk of no bytes has no entries, and still a table somewhere.
        let l1_offset = self.append_table(l1)?;
        let (table_offset, table_clusters) = self.append_refcounts()?;
        self.file.set_len(self.end)?;

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
        self.file.write_all_at(&header, 0)
    }

    /// Appends refcount blocks and table, which count themselves as well; returns where the table is
    /// and how many clusters it has.
    fn append_refcounts(&mut self) -> io::Result<(u64, u64)> {
        self.align();
        let first = self.end / CLUSTER;
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
        self.file.write_all_at(&bytes, self.end)?;
        self.end += bytes.len() as u64;
        Ok(((first + blocks) * CLUSTER, table))
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("counts of clusters fit in memory")
}

#[cfg(test)]
mod tests;
