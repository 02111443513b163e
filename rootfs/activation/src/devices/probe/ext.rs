//! ext2, ext3 and ext4 (the kernel's Documentation/filesystems/ext4/super.rst).

use super::{Bytes, Content, Superblock, label, u16_at, u32_at, uuid};

const HAS_JOURNAL: u32 = 0x4;
const JOURNAL_DEVICE: u32 = 0x8;
/// What ext3 knows of the features that forbid mounting, and that forbid writing, where they are not known.
const EXT3_INCOMPATIBLE: u32 = 0x2 | 0x4 | 0x10;
const EXT3_READ_ONLY: u32 = 0x1 | 0x2 | 0x4;

pub(super) fn ext(bytes: Bytes<'_>) -> Option<Superblock> {
    let block = bytes(1024, 264)?;
    if u16_at(&block, 0x38)? != 0xEF53 {
        return None;
    }
    let (compatible, incompatible, read_only) =
        (u32_at(&block, 0x5C)?, u32_at(&block, 0x60)?, u32_at(&block, 0x64)?);
    if incompatible & JOURNAL_DEVICE != 0 {
        return None;
    }
    let newer = incompatible & !EXT3_INCOMPATIBLE != 0 || read_only & !EXT3_READ_ONLY != 0;
    let kind = match (newer, compatible & HAS_JOURNAL != 0) {
        (true, _) => Content::Ext4,
        (false, true) => Content::Ext3,
        (false, false) => Content::Ext2,
    };
    Some(Superblock { kind, uuid: uuid(&block[0x68..0x78]), label: label(&block[0x78..0x88]) })
}
