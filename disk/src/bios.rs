//! GRUB's boot code for BIOS: in the first block of a disk and its BIOS partition, or on an ISO image.
//!
//! What `grub-bios-setup` and `xorriso` do to GRUB's images is done here: each is told where the next
//! one lies. Offsets are those of GRUB 2's `include/grub/i386/pc/boot.h` and `include/grub/offsets.h`;
//! all numbers are little-endian. The images themselves come from GRUB.

mod iso;

use crate::gpt::SECTOR;

pub use iso::IsoCode;

/// Bytes of the first block that are code; behind them come the disk's signature and the MBR's table.
pub const MBR_CODE: usize = 440;

const BLOCK: usize = 512;
/// In `boot.img`: the first block of the core image, 64 bits.
const KERNEL_SECTOR: usize = 0x5c;
/// In `boot.img`: a jump that is taken unless the firmware's drive number is to be doubted.
const DRIVE_CHECK: usize = 0x66;
/// Two `nop`: the drive number is checked. Some firmware gives 0 or 1 for a hard disk.
const CHECK: [u8; 2] = [0x90, 0x90];
/// In the first block of a core image: where the rest lies (first block, 64 bits), how many blocks it
/// has (16 bits) and the segment it goes to (16 bits).
const REST: usize = BLOCK - 12;
const REST_COUNT: usize = BLOCK - 4;

/// Boot code of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskCode {
    boot: Vec<u8>,
    core: Vec<u8>,
}

/// Why there is no boot code.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BiosError {
    /// An image of GRUB's is not what it should be.
    #[error("{image} has {bytes} bytes and is no {what}")]
    Image {
        /// Which one.
        image: &'static str,
        /// Its length.
        bytes: usize,
        /// What is expected.
        what: &'static str,
    },
    /// The partition is too small.
    #[error("the core image of GRUB has {bytes} bytes, the partition BIOS {room}")]
    Room {
        /// Length of the core image.
        bytes: u64,
        /// Length of the partition.
        room: u64,
    },
}

impl DiskCode {
    /// The code out of `boot.img` and a core image of the format `i386-pc`.
    pub fn new(boot: Vec<u8>, core: Vec<u8>) -> Result<Self, BiosError> {
        boot_image("boot.img", &boot)?;
        Ok(Self { boot, core: whole_core(core)? })
    }

    /// The code for the first block of a disk whose BIOS partition begins at block `first`.
    pub fn mbr(&self, first: u64) -> [u8; MBR_CODE] {
        let mut code = [0; MBR_CODE];
        code.copy_from_slice(&self.boot[..MBR_CODE]);
        code[KERNEL_SECTOR..KERNEL_SECTOR + 8].copy_from_slice(&first.to_le_bytes());
        code[DRIVE_CHECK..DRIVE_CHECK + 2].copy_from_slice(&CHECK);
        code
    }

    /// The contents of a BIOS partition that begins at block `first` and has `bytes`.
    pub fn partition(&self, first: u64, bytes: u64) -> Result<Vec<u8>, BiosError> {
        if self.core.len() as u64 > bytes {
            return Err(BiosError::Room { bytes: self.core.len() as u64, room: bytes });
        }
        let mut core = self.core.clone();
        core[REST..REST + 8].copy_from_slice(&(first + 1).to_le_bytes());
        Ok(core)
    }
}

/// Checks a first block.
fn boot_image(image: &'static str, bytes: &[u8]) -> Result<(), BiosError> {
    if bytes.len() == BLOCK && bytes.ends_with(&[0x55, 0xaa]) {
        return Ok(());
    }
    Err(BiosError::Image { image, bytes: bytes.len(), what: "boot block" })
}

/// A core image in whole blocks, whose first block says how many follow.
fn whole_core(mut core: Vec<u8>) -> Result<Vec<u8>, BiosError> {
    let bytes = core.len();
    core.resize(bytes.next_multiple_of(BLOCK), 0);
    let rest = core.len() / BLOCK;
    let said = core.get(REST_COUNT..REST_COUNT + 2).map(|count| [count[0], count[1]]);
    match said {
        Some(count) if rest > 1 && usize::from(u16::from_le_bytes(count)) == rest - 1 => Ok(core),
        _ => Err(BiosError::Image { image: "core.img", bytes, what: "core image" }),
    }
}

const _: () = assert!(BLOCK as u64 == SECTOR);

#[cfg(test)]
mod tests;
