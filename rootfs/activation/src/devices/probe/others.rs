//! Those whose superblock is a few fields: xfs, btrfs, erofs, squashfs, iso9660, swap and LUKS.

use super::{Bytes, Content, Superblock, label, u16_at, u32_at, uuid};

pub(super) fn xfs(bytes: Bytes<'_>) -> Option<Superblock> {
    let block = bytes(0, 120)?;
    let found = block.starts_with(b"XFSB");
    found.then(|| Superblock {
        kind: Content::Xfs,
        uuid: uuid(&block[32..48]),
        label: label(&block[108..120]),
    })
}

pub(super) fn btrfs(bytes: Bytes<'_>) -> Option<Superblock> {
    let block = bytes(64 << 10, 555)?;
    let found = &block[64..72] == b"_BHRfS_M";
    found.then(|| Superblock {
        kind: Content::Btrfs,
        uuid: uuid(&block[32..48]),
        label: label(&block[299..555]),
    })
}

pub(super) fn erofs(bytes: Bytes<'_>) -> Option<Superblock> {
    let block = bytes(1024, 80)?;
    let found = u32_at(&block, 0)? == 0xE0F5_E1E2;
    found.then(|| Superblock {
        kind: Content::Erofs,
        uuid: uuid(&block[48..64]),
        label: label(&block[64..80]),
    })
}

pub(super) fn squashfs(bytes: Bytes<'_>) -> Option<Superblock> {
    let block = bytes(0, 32)?;
    let found = block.starts_with(b"hsqs") && u16_at(&block, 28)? >= 4;
    found.then_some(Superblock { kind: Content::Squashfs, uuid: None, label: None })
}

/// A swap space has its signature at the end of its first page, of whichever size pages were when it was made.
pub(super) fn swap(bytes: Bytes<'_>) -> Option<Superblock> {
    let pages = [4096, 8192, 16384, 65536];
    pages.into_iter().find(|page| bytes(page - 10, 10).is_some_and(|end| end == b"SWAPSPACE2"))?;
    let header = bytes(1024, 44)?;
    Some(Superblock {
        kind: Content::Swap,
        uuid: uuid(&header[12..28]),
        label: label(&header[28..44]),
    })
}

/// ECMA-119: the primary volume descriptor is in the 17th sector of 2048 bytes.
pub(super) fn iso9660(bytes: Bytes<'_>) -> Option<Superblock> {
    let block = bytes(16 * 2048, 2048)?;
    if &block[1..6] != b"CD001" || block[0] != 1 {
        return None;
    }
    let modified = date(&block[830..847]).or_else(|| date(&block[813..830]));
    Some(Superblock { kind: Content::Iso9660, uuid: modified, label: label(&block[40..72]) })
}

/// `2024-01-31-12-00-00-00`, blkid's identity of an image.
fn date(bytes: &[u8]) -> Option<String> {
    let digits = std::str::from_utf8(bytes.get(..16)?).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.bytes().all(|byte| byte == b'0')
    {
        return None;
    }
    let parts = [
        &digits[..4],
        &digits[4..6],
        &digits[6..8],
        &digits[8..10],
        &digits[10..12],
        &digits[12..14],
    ];
    Some(format!("{}-{}", parts.join("-"), &digits[14..]))
}

pub(super) fn luks(bytes: Bytes<'_>) -> Option<Superblock> {
    let block = bytes(0, 208)?;
    if !block.starts_with(b"LUKS\xba\xbe") {
        return None;
    }
    // Version 2 put a label where version 1 has the cipher.
    let second = block[6..8] == [0, 2];
    let name = if second { label(&block[24..72]) } else { None };
    Some(Superblock { kind: Content::Luks, uuid: label(&block[168..208]), label: name })
}
