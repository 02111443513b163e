//! Microsoft's dynamic Virtual Hard Disk 2.
//!
//! Sections named here are of [MS-VHDX]. Blocks are 1 MiB, the least there is: they are what Microsoft advises for
//! Linux guests, and little is stored for nothing. The file is, in this order and each at a multiple of 1 MiB: the
//! headers, the log (empty), the metadata, the block allocation table, the blocks.

mod header;
mod metadata;

use std::io;

use keelson_format::guid;
use rayon::prelude::*;
use uuid::Uuid;

use super::target::Target;
use super::window::Window;
use super::{Order, Writer};

const MIB: u64 = 1 << 20;
/// Bytes of a payload block.
const BLOCK: u64 = MIB;
/// Bytes of a virtual sector.
const SECTOR: u64 = 512;
/// Where log and metadata are; the table of blocks follows.
const LOG: u64 = MIB;
const METADATA: u64 = 2 * MIB;
const TABLE: u64 = 3 * MIB;

/// The longest disk (section 2.6.2.4).
pub(super) const MOST: u64 = 64 << 40;

/// States of payload blocks in the table (section 2.5.1.1).
const ZERO: u64 = 2;
const FULLY_PRESENT: u64 = 6;

pub(super) struct Vhdx {
    target: Target,
    bytes: u64,
    identity: Uuid,
    /// Entry of each payload block.
    blocks: Vec<u64>,
}

impl Vhdx {
    pub(super) fn create(order: &Order<'_>) -> io::Result<Self> {
        let mut target = Target::create(order.to)?;
        let count = order.bytes.div_ceil(BLOCK);
        target.skip_to(TABLE + table_bytes(count));
        let blocks = vec![ZERO; usize::try_from(count).map_err(io::Error::other)?];
        Ok(Self { target, bytes: order.bytes, identity: order.identity, blocks })
    }

    fn guid(&self, what: &str) -> Uuid {
        guid::derived(&["vhdx", what, &self.identity.to_string()])
    }
}

impl Writer for Vhdx {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        let block = usize::try_from(BLOCK).expect("1 MiB");
        let mut placed = Vec::new();
        for (at, bytes) in window.blocks(block) {
            let number = (window.start + at as u64) / BLOCK;
            let to = self.target.end();
            self.blocks[usize::try_from(number).expect("there is an entry")] = to | FULLY_PRESENT;
            self.target.skip_to(to + BLOCK);
            placed.push((to, bytes));
        }
        // Holes stay holes within a block, too.
        placed.into_par_iter().try_for_each(|(to, bytes)| {
            let grain = crate::sparse::grain();
            for run in crate::sparse::nonzero_runs(bytes, grain) {
                self.target.put(to + run.start as u64, &bytes[run])?;
            }
            Ok(())
        })
    }

    fn finish(&mut self) -> io::Result<()> {
        let count = self.blocks.len() as u64;
        header::write(&self.target, table_bytes(count), &|what| self.guid(what))?;
        metadata::write(&self.target, self.bytes, self.guid("disk"))?;
        let table: Vec<u8> = table(&self.blocks).into_iter().flat_map(u64::to_le_bytes).collect();
        self.target.put(TABLE, &table)?;
        self.target.finish()
    }
}

/// Payload blocks in a chunk, each of which has an entry for its sector bitmap (section 2.5).
const CHUNK_RATIO: u64 = (1 << 23) * SECTOR / BLOCK;

/// Bytes of the region with the table for this many payload blocks.
fn table_bytes(count: u64) -> u64 {
    let entries = count + count.saturating_sub(1) / CHUNK_RATIO;
    (entries * 8).next_multiple_of(MIB).max(MIB)
}

/// The payload blocks' entries, with an empty one for the sector bitmap after each chunk.
fn table(blocks: &[u64]) -> Vec<u64> {
    let chunk = usize::try_from(CHUNK_RATIO).expect("4096");
    let chunks: Vec<&[u64]> = blocks.chunks(chunk).collect();
    chunks.join(&0)
}

#[cfg(test)]
pub(super) mod tests;
