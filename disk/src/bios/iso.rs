//! Boot code of an ISO image: El Torito without emulation for CDs, an MBR for USB sticks.

use super::{BLOCK, BiosError, MBR_CODE, REST, boot_image, whole_core};

/// `cdboot.img`: what the firmware loads of the boot image.
const CDBOOT: usize = 2048;
/// Blocks of 512 bytes in one of an ISO image.
const BLOCKS: u64 = 4;
/// In `cdboot.img`: the boot information table, by which it finds itself and its length: the block of the
/// primary volume descriptor, its own block, its bytes and the sum of all words behind the table, 32 bits
/// each.
const INFORMATION: usize = 8;
/// Where what is summed begins.
const SUMMED: usize = 64;
/// The block of the primary volume descriptor (ECMA-119, section 6.7.1).
const DESCRIPTOR: u32 = 16;
/// In `boot_hybrid.img`: the first block of the core image, 64 bits.
const HYBRID_SECTOR: usize = 0x1b0;

/// Boot code of an ISO image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsoCode {
    hybrid: Vec<u8>,
    /// `cdboot.img` with the core image behind it.
    image: Vec<u8>,
}

impl IsoCode {
    /// The code out of `boot_hybrid.img`, and `cdboot.img` with a core image, as the format
    /// `i386-pc-eltorito` joins them.
    pub fn new(hybrid: Vec<u8>, image: &[u8]) -> Result<Self, BiosError> {
        boot_image("boot_hybrid.img", &hybrid)?;
        let bytes = image.len();
        if bytes <= CDBOOT {
            let what = "El Torito image";
            return Err(BiosError::Image { image: "core.img", bytes, what });
        }
        let (cdboot, core) = image.split_at(CDBOOT);
        let image = [cdboot, &whole_core(core.to_vec())?].concat();
        Ok(Self { hybrid, image })
    }

    /// Bytes of the El Torito image.
    pub fn boot_image_bytes(&self) -> u64 {
        self.image.len() as u64
    }

    /// The El Torito image for block `first` of 2048 bytes, where it must lie in one piece.
    ///
    /// Its catalog entry: 80x86, no emulation, load segment 0, 4 sectors of 512 bytes.
    pub fn boot_image(&self, first: u32) -> Vec<u8> {
        let mut image = self.image.clone();
        let rest = u64::from(first) * BLOCKS + (CDBOOT / BLOCK) as u64 + 1;
        image[CDBOOT + REST..CDBOOT + REST + 8].copy_from_slice(&rest.to_le_bytes());
        let words = image[SUMMED..].as_chunks::<4>().0;
        let sum =
            words.iter().fold(0, |sum: u32, word| sum.wrapping_add(u32::from_le_bytes(*word)));
        let bytes = u32::try_from(image.len()).expect("a core image is small");
        let table = [DESCRIPTOR, first, bytes, sum].map(u32::to_le_bytes).concat();
        image[INFORMATION..INFORMATION + table.len()].copy_from_slice(&table);
        image
    }

    /// The code for the first block of an image whose El Torito image lies at block `first` of 2048 bytes.
    pub fn mbr(&self, first: u32) -> [u8; MBR_CODE] {
        let mut code = [0; MBR_CODE];
        code.copy_from_slice(&self.hybrid[..MBR_CODE]);
        let core = u64::from(first) * BLOCKS + (CDBOOT / BLOCK) as u64;
        code[HYBRID_SECTOR..HYBRID_SECTOR + 8].copy_from_slice(&core.to_le_bytes());
        code
    }
}
