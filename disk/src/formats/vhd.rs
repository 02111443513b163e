//! Microsoft's fixed Virtual Hard Disk: the disk, and after it a footer of 512 bytes.
//!
//! Sections named here are of the "Virtual Hard Disk Image Format Specification" 1.0. Azure takes this form
//! alone, and only where the disk is a whole number of MiB. The file is sparse; an upload skips its holes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use keelson_format::guid;

use super::window::Window;
use super::{Order, Writer, plain};

/// Bytes of the footer and of a sector.
const SECTOR: u64 = 512;

/// The longest disk ("Introduction"): 2040 GiB.
pub(super) const MOST: u64 = 2040 << 30;

pub(super) struct Vhd {
    file: File,
    bytes: u64,
    footer: [u8; 512],
}

impl Vhd {
    pub(super) fn create(order: &Order<'_>) -> io::Result<Self> {
        let file = File::create(order.to)?;
        file.set_len(order.bytes + SECTOR)?;
        let id = guid::derived(&["vhd", &order.identity.to_string()]);
        Ok(Self { file, bytes: order.bytes, footer: footer(order.bytes, id.as_bytes()) })
    }
}

impl Writer for Vhd {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        plain::write(&self.file, window)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.footer, self.bytes)
    }
}

/// "Hard Disk Footer Format". All numbers are big-endian.
fn footer(bytes: u64, id: &[u8; 16]) -> [u8; 512] {
    let (cylinders, heads, sectors) = geometry(bytes / SECTOR);
    let mut footer = [0; 512];
    let mut put = |at: usize, value: &[u8]| footer[at..at + value.len()].copy_from_slice(value);
    put(0, b"conectix");
    put(8, &2u32.to_be_bytes()); // features: the bit that is always set
    put(12, &0x0001_0000u32.to_be_bytes()); // version of the format
    put(16, &u64::MAX.to_be_bytes()); // no dynamic header
    put(24, &0u32.to_be_bytes()); // time of creation: none
    // Readers go by the geometry, which is too coarse, unless the creator is known to give the length.
    put(28, b"qem2");
    put(32, &0x0001_0000u32.to_be_bytes()); // version of the creator
    put(36, b"Wi2k"); // creator's host: one of the two that are defined
    put(40, &bytes.to_be_bytes()); // original size
    put(48, &bytes.to_be_bytes()); // current size
    put(56, &cylinders.to_be_bytes());
    put(58, &[heads, sectors]);
    put(60, &2u32.to_be_bytes()); // fixed
    put(68, id);
    // The ones' complement of the sum of all bytes, its own left out.
    let sum = footer.iter().fold(0u32, |sum, byte| sum + u32::from(*byte));
    footer[64..68].copy_from_slice(&(!sum).to_be_bytes());
    footer
}

/// "CHS Calculation" (appendix): cylinders, heads, sectors per track.
fn geometry(total: u64) -> (u16, u8, u8) {
    let total = u32::try_from(total.min(65535 * 16 * 255)).expect("28 bits");
    let (heads, sectors, tracks) = if total >= 65535 * 16 * 63 {
        (16, 255, total / 255)
    } else {
        let tracks = total / 17;
        let heads = tracks.div_ceil(1024).max(4);
        if tracks < heads * 1024 && heads <= 16 {
            (heads, 17, tracks)
        } else if total / 31 < 16 * 1024 {
            (16, 31, total / 31)
        } else {
            (16, 63, total / 63)
        }
    };
    let small = |number: u32| u8::try_from(number).expect("at most 255");
    (u16::try_from(tracks / heads).expect("at most 65535"), small(heads), small(sectors))
}

#[cfg(test)]
mod tests;
