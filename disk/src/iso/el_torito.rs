//! The boot catalogue ("El Torito" Bootable CD-ROM Format Specification 1.0, section 2; UEFI
//! specification 2.10, section 13.3.2.1).

/// Bytes of the sectors that the catalogue counts in.
pub(super) const SECTOR: u64 = 512;

/// Sectors that a BIOS loads: the code there loads the rest.
const BIOS_SECTORS: u16 = 4;
const PLATFORM_BIOS: u8 = 0;
const PLATFORM_EFI: u8 = 0xef;
const BOOTABLE: u8 = 0x88;

/// An image that firmware starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its first block.
    pub(super) block: u32,
    /// Its length in [`SECTOR`]s.
    pub(super) sectors: u16,
}

/// The catalogue: the code for a BIOS at a block first, where there is some, then the ESP.
pub(super) fn catalogue(bios: Option<u32>, efi: Entry) -> [u8; 2048] {
    let mut bytes = [0; 2048];
    let mut put = |at: usize, record: [u8; 32]| bytes[at..at + 32].copy_from_slice(&record);
    if let Some(block) = bios {
        put(0, validation(PLATFORM_BIOS));
        put(32, entry(Entry { block, sectors: BIOS_SECTORS }));
        put(64, last_section(PLATFORM_EFI));
        put(96, entry(efi));
    } else {
        put(0, validation(PLATFORM_EFI));
        put(32, entry(efi));
    }
    bytes
}

/// The validation entry: its 16-bit words sum to zero.
fn validation(platform: u8) -> [u8; 32] {
    let mut record = [0; 32];
    record[..2].copy_from_slice(&[1, platform]);
    record[4..11].copy_from_slice(b"KEELSON");
    record[30..].copy_from_slice(&[0x55, 0xaa]);
    let words = record.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]]));
    let sum = words.fold(0, u16::wrapping_add);
    record[28..30].copy_from_slice(&0_u16.wrapping_sub(sum).to_le_bytes());
    record
}

/// The header of the last section, of one entry.
fn last_section(platform: u8) -> [u8; 32] {
    let mut record = [0; 32];
    record[..4].copy_from_slice(&[0x91, platform, 1, 0]);
    record
}

/// An entry without emulation, loaded at the default segment.
fn entry(entry: Entry) -> [u8; 32] {
    let mut record = [0; 32];
    record[0] = BOOTABLE;
    record[6..8].copy_from_slice(&entry.sectors.to_le_bytes());
    record[8..12].copy_from_slice(&entry.block.to_le_bytes());
    record
}
