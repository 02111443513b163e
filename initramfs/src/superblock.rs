//! What a ROOT partition holds, told by its first bytes. No IO here.

use std::ops::RangeInclusive;

/// How many bytes are looked at.
pub(crate) const LOOKED_AT: u64 = 128 * 1024;

/// What is on a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// An ext4.
    Ext4(Ext4),
    /// An ext4 whose superblock says what none can say: e2fsck decides.
    DamagedExt4,
    /// Nothing that is known: nothing at all, or a file system that was being made.
    Nothing,
    /// Something of someone else's, which is not overwritten.
    Foreign(&'static str),
}

/// What the superblock of an ext4 says (kernel documentation `filesystems/ext4`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ext4 {
    /// Number of file system blocks.
    pub(crate) blocks: u64,
    /// Bytes of a block.
    pub(crate) block_size: u64,
    /// Whether it was unmounted, and without errors.
    pub(crate) clean: bool,
}

const SUPERBLOCK: usize = 1024;
const MAGIC: [u8; 2] = 0xef53_u16.to_le_bytes();
/// Bytes that a block of an ext4 may have.
const BLOCK_SIZES: RangeInclusive<u64> = 1024..=65536;
/// Signatures at their offsets.
const FOREIGN: [(usize, &[u8], &str); 6] = [
    (0, b"XFSB", "xfs"),
    (0, b"LUKS\xba\xbe", "an encrypted volume (LUKS)"),
    (512, b"LABELONE", "an LVM physical volume"),
    (1024, &0xe0f5_e1e2_u32.to_le_bytes(), "erofs"),
    (1024, b"\x10\x20\xf5\xf2", "f2fs"),
    (0x10040, b"_BHRfS_M", "btrfs"),
];

impl Content {
    /// What the first [`LOOKED_AT`] bytes of a partition tell.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        if let Some(superblock) = bytes.get(SUPERBLOCK..).and_then(<[u8]>::first_chunk)
            && superblock[56..58] == MAGIC
        {
            return Ext4::parse(superblock).map_or(Self::DamagedExt4, Self::Ext4);
        }
        let there = |(at, magic, _): &(usize, &[u8], &str)| {
            bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic))
        };
        FOREIGN
            .iter()
            .find(|found| there(found))
            .map_or(Self::Nothing, |found| Self::Foreign(found.2))
    }
}

impl Ext4 {
    /// Reads a superblock that has the magic; `None` where its other fields are damaged.
    fn parse(bytes: &[u8; 1024]) -> Option<Self> {
        let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let incompatible = u32_at(96);
        // Feature 64bit: the block count has a high half.
        let high = if incompatible & 0x80 == 0 { 0 } else { u64::from(u32_at(0x150)) };
        let state = u16_at(58);
        let block_size = 1024_u64.checked_shl(u32_at(24))?;
        Some(Self {
            blocks: high << 32 | u64::from(u32_at(4)),
            block_size: BLOCK_SIZES.contains(&block_size).then_some(block_size)?,
            // State: 1 unmounted, 2 errors. Feature needs_recovery: the journal is to be replayed.
            clean: state & 3 == 1 && incompatible & 4 == 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ext4(state: u8, incompatible: u8) -> Vec<u8> {
        let mut bytes = vec![0; 4096];
        bytes[1024 + 4..1024 + 8].copy_from_slice(&1000_u32.to_le_bytes());
        bytes[1024 + 24] = 2;
        bytes[1024 + 56..1024 + 58].copy_from_slice(&[0x53, 0xef]);
        bytes[1024 + 58] = state;
        bytes[1024 + 96] = incompatible;
        bytes
    }

    #[test]
    fn an_ext4_is_clean_when_unmounted_without_errors_and_without_a_journal_to_replay() {
        for (state, incompatible, clean) in
            [(1, 0x40, true), (1, 0x44, false), (3, 0x40, false), (0, 0x40, false)]
        {
            let found = Content::of(&ext4(state, incompatible));
            assert_eq!(found, Content::Ext4(Ext4 { blocks: 1000, block_size: 4096, clean }));
        }
    }

    #[test]
    fn an_ext4_with_impossible_blocks_is_damaged_and_not_nothing() {
        for shift in [7, 53, 54, 63, 64, u32::MAX] {
            let mut bytes = ext4(1, 0);
            bytes[1024 + 24..1024 + 28].copy_from_slice(&shift.to_le_bytes());
            assert_eq!(Content::of(&bytes), Content::DamagedExt4, "{shift}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_looking(
            bytes in prop::collection::vec(any::<u8>(), 0..3000),
            head in prop::collection::vec(any::<u8>(), 400),
        ) {
            let _content = Content::of(&bytes);
            let mut ext4 = ext4(1, 0);
            ext4[1024..1424].copy_from_slice(&head);
            ext4[1024 + 56..1024 + 58].copy_from_slice(&[0x53, 0xef]);
            let _content = Content::of(&ext4);
        }
    }

    #[test]
    fn foreign_content_is_named_and_anything_else_is_nothing() {
        let mut luks = vec![0; 4096];
        luks[..6].copy_from_slice(b"LUKS\xba\xbe");
        let mut btrfs = vec![0; 128 * 1024];
        btrfs[0x10040..0x10048].copy_from_slice(b"_BHRfS_M");
        for (bytes, content) in [
            (luks, Content::Foreign("an encrypted volume (LUKS)")),
            (btrfs, Content::Foreign("btrfs")),
            (vec![0; 128 * 1024], Content::Nothing),
            (vec![7; 4096], Content::Nothing),
            (vec![], Content::Nothing),
        ] {
            assert_eq!(Content::of(&bytes), content);
        }
    }
}
