//! The dm-verity hash tree of a `/usr` image, as `veritysetup format` writes it.
//!
//! The layout is the one of cryptsetup's `docs/on-disk-format` ("DMVerity", version 1, hash type 1) and
//! the kernel's `Documentation/admin-guide/device-mapper/verity.rst` ("Hash Tree", "On-disk format"):
//! one block with the superblock, then the tree from its root level down to the level over the data.
//! A digest is SHA-256 of the salt followed by one block; 128 digests fill a block; the rest of the last
//! block of a level is zero. Changing any of this breaks installed systems.
//!
//! Each block of a level depends on 128 blocks below it and on nothing else, so a level is hashed in
//! parallel, and every worker holds 512 KiB however large the image is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use keelson_format::verity::{BLOCK_SIZE, RootHash, Salt, Superblock};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Bytes in a block, of the data and of the tree.
pub const BLOCK: u64 = BLOCK_SIZE;

const BLOCK_BYTES: usize = 4096;
const DIGEST_BYTES: usize = 32;
/// Digests in a block of the tree.
const FAN_OUT: u64 = BLOCK / DIGEST_BYTES as u64;

/// Why no tree was written.
#[derive(Debug, thiserror::Error)]
pub enum VerityError {
    /// The data is empty or ends within a block.
    #[error("{}: {bytes} bytes are not one or more blocks of {BLOCK} bytes", path.display())]
    Length {
        /// The data image.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// Reading the data or writing the tree failed.
    #[error("hashing {} into {}: {source}", data.display(), tree.display())]
    Io {
        /// The data image.
        data: PathBuf,
        /// The hash tree.
        tree: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes the hash tree of the image `data` to the new file `tree`, superblock included, and returns
/// the root hash.
///
/// `data` must be a whole number of [`BLOCK`]s and not change meanwhile. The tree has exactly
/// [`tree_bytes`] bytes and depends on nothing but the data, the salt and the UUID.
pub fn write_tree(
    data: &Path,
    tree: &Path,
    salt: &Salt,
    uuid: Uuid,
) -> Result<RootHash, VerityError> {
    let failed = |source| VerityError::Io { data: data.to_owned(), tree: tree.to_owned(), source };
    let input = File::open(data).map_err(failed)?;
    let bytes = input.metadata().map_err(failed)?.len();
    if bytes == 0 || !bytes.is_multiple_of(BLOCK) {
        return Err(VerityError::Length { path: data.to_owned(), bytes });
    }
    let output = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(tree)
        .map_err(failed)?;
    hash_all(&input, bytes / BLOCK, &output, salt, uuid).map_err(failed)
}

/// How many bytes the tree over `data_bytes` bytes takes, its superblock included.
///
/// A part of a block at the end counts as a block, so the figure is also an upper bound while planning.
pub fn tree_bytes(data_bytes: u64) -> u64 {
    (1 + levels(data_bytes.div_ceil(BLOCK)).iter().map(|level| level.blocks).sum::<u64>()) * BLOCK
}

/// One level of the tree.
struct Level {
    /// Its first block in the tree file.
    first: u64,
    /// How many blocks it has.
    blocks: u64,
}

/// The levels, from the one over the data up to the root's, which is first in the file.
/// A single block of data has none: its digest is the root hash.
fn levels(data_blocks: u64) -> Vec<Level> {
    let mut levels = Vec::new();
    let mut below = data_blocks;
    while below > 1 {
        below = below.div_ceil(FAN_OUT);
        levels.push(Level { first: 0, blocks: below });
    }
    let mut first = 1;
    for level in levels.iter_mut().rev() {
        level.first = first;
        first += level.blocks;
    }
    levels
}

fn hash_all(
    data: &File,
    data_blocks: u64,
    tree: &File,
    salt: &Salt,
    uuid: Uuid,
) -> io::Result<RootHash> {
    tree.set_len(tree_bytes(data_blocks * BLOCK))?;
    tree.write_all_at(&Superblock { uuid, data_blocks, salt: *salt }.encode(), 0)?;

    let mut below = (data, Level { first: 0, blocks: data_blocks });
    for level in levels(data_blocks) {
        hash_level(below.0, &below.1, tree, level.first, salt)?;
        below = (tree, level);
    }

    let mut top = vec![0; BLOCK_BYTES];
    below.0.read_exact_at(&mut top, below.1.first * BLOCK)?;
    Ok(RootHash::from_bytes(digest(salt, &top)))
}

/// Hashes the blocks `below` of `input` into the blocks of `tree` from `first` on.
fn hash_level(input: &File, below: &Level, tree: &File, first: u64, salt: &Salt) -> io::Result<()> {
    (0..below.blocks.div_ceil(FAN_OUT)).into_par_iter().try_for_each_init(
        || (vec![0; BLOCK_BYTES * (BLOCK_BYTES / DIGEST_BYTES)], vec![0; BLOCK_BYTES]),
        |(blocks, digests), group| {
            let start = group * FAN_OUT;
            let count =
                usize::try_from(FAN_OUT.min(below.blocks - start)).expect("at most the fan-out");
            let blocks = &mut blocks[..count * BLOCK_BYTES];
            input.read_exact_at(blocks, (below.first + start) * BLOCK)?;
            digests.fill(0);
            for (block, slot) in
                blocks.chunks_exact(BLOCK_BYTES).zip(digests.chunks_exact_mut(DIGEST_BYTES))
            {
                slot.copy_from_slice(&digest(salt, block));
            }
            tree.write_all_at(digests, (first + group) * BLOCK)
        },
    )
}

fn digest(salt: &Salt, block: &[u8]) -> [u8; DIGEST_BYTES] {
    Sha256::new().chain_update(salt.as_bytes()).chain_update(block).finalize().into()
}

#[cfg(test)]
mod tests;
