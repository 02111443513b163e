//! The volume descriptors (ECMA-119, chapter 9): primary, boot record, terminator.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::directory::{both16, both32};
use super::tree::Tree;
use super::{BLOCK, IsoError};

/// The first descriptor is behind the system area of 16 blocks.
const FIRST: u64 = 16 * BLOCK;
/// Where what follows the descriptors begins.
pub(super) const END: u64 = FIRST + 3 * BLOCK;

const STANDARD: &[u8] = b"CD001\x01";
/// 1980-01-01, as far as FAT can go back too; the last byte is the offset from Greenwich.
const DATE: &[u8; 17] = b"1980010100000000\0";
/// No date.
const NEVER: &[u8; 17] = b"0000000000000000\0";

/// Writes the descriptors of a volume of `blocks` blocks. The boot record must be in block 17 (El Torito,
/// section 2).
pub(super) fn write(
    out: &File,
    volume: &str,
    blocks: u32,
    tree: &Tree,
    catalogue: u32,
) -> Result<(), IsoError> {
    let d_character = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    if volume.is_empty() || volume.len() > 32 || !volume.bytes().all(d_character) {
        let reason = "a volume's has 1 to 32 of A-Z, 0-9 and _";
        return Err(IsoError::Name { name: volume.to_owned(), reason });
    }
    out.write_all_at(&primary(volume, blocks, tree)?, FIRST)?;
    out.write_all_at(&boot_record(catalogue), FIRST + BLOCK)?;
    let mut terminator = [0; 2048];
    terminator[0] = 255;
    terminator[1..7].copy_from_slice(STANDARD);
    Ok(out.write_all_at(&terminator, FIRST + 2 * BLOCK)?)
}

/// Section 9.4 (8.4 in older editions).
fn primary(volume: &str, blocks: u32, tree: &Tree) -> Result<[u8; 2048], IsoError> {
    let mut descriptor = [0; 2048];
    let mut put = |at: usize, bytes: &[u8]| descriptor[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &[1]);
    put(1, STANDARD);
    put(8, &[b' '; 64]); // system and volume identifiers
    put(40, volume.as_bytes());
    put(80, &both32(blocks));
    put(120, &both16(1)); // volumes of the set
    put(124, &both16(1)); // which of them this is
    put(128, &both16(2048));
    put(132, &both32(tree.path_table_bytes()));
    put(140, &tree.path_table_block()?.to_le_bytes());
    put(148, &(tree.path_table_block()? + tree.path_table_blocks()).to_be_bytes());
    put(156, &tree.root_record()?);
    put(190, &[b' '; 623]); // who published, prepared and made it, and its legal files
    put(574, b"KEELSON");
    put(813, DATE);
    put(830, DATE);
    put(847, NEVER);
    put(864, DATE);
    put(881, &[1]);
    Ok(descriptor)
}

fn boot_record(catalogue: u32) -> [u8; 2048] {
    const SYSTEM: &[u8] = b"EL TORITO SPECIFICATION";
    let mut descriptor = [0; 2048];
    descriptor[1..7].copy_from_slice(STANDARD);
    descriptor[7..7 + SYSTEM.len()].copy_from_slice(SYSTEM);
    descriptor[71..75].copy_from_slice(&catalogue.to_le_bytes());
    descriptor
}
