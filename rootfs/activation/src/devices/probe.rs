//! What is on a disk: the superblocks of file systems, swap spaces and encrypted volumes.
//!
//! Only what `UUID=`, `LABEL=` and the type of a mount need. Any bytes are read without a panic.

use std::fs::File;
use std::os::unix::fs::FileExt;

mod ext;
mod fat;
mod others;

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the file system of its name")]
pub enum Content {
    Ext2,
    Ext3,
    Ext4,
    Xfs,
    Btrfs,
    Vfat,
    Erofs,
    Squashfs,
    Iso9660,
    Swap,
    Luks,
}

impl Content {
    /// The type for mount(2), or blkid's word for what is no file system.
    pub fn fs_type(self) -> &'static str {
        match self {
            Self::Ext2 => "ext2",
            Self::Ext3 => "ext3",
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            Self::Vfat => "vfat",
            Self::Erofs => "erofs",
            Self::Squashfs => "squashfs",
            Self::Iso9660 => "iso9660",
            Self::Swap => "swap",
            Self::Luks => "crypto_LUKS",
        }
    }
}

/// What a superblock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// What it is.
    pub kind: Content,
    /// Its identity, as blkid writes it.
    pub uuid: Option<String>,
    /// Its name.
    pub label: Option<String>,
}

/// Bytes of a disk: gives those of a place, or none where the disk ends before.
pub(crate) type Bytes<'a> = &'a dyn Fn(u64, usize) -> Option<Vec<u8>>;

/// Looks at a disk or at a file that is one.
pub fn probe(file: &File) -> Option<Superblock> {
    /// All superblocks begin within it, so that one read is enough.
    const HEAD: usize = 72 << 10;
    let mut head = vec![0; HEAD];
    let mut length = 0;
    while length < HEAD {
        match file.read_at(&mut head[length..], length as u64) {
            Ok(0) | Err(_) => break,
            Ok(read) => length += read,
        }
    }
    head.truncate(length);
    identify(&|at, size| {
        let start = usize::try_from(at).ok()?;
        if let Some(bytes) = head.get(start..start.checked_add(size)?) {
            return Some(bytes.to_vec());
        }
        let mut bytes = vec![0; size];
        file.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    })
}

/// Looks at bytes.
pub fn probe_bytes(bytes: &[u8]) -> Option<Superblock> {
    identify(&|at, size| {
        let start = usize::try_from(at).ok()?;
        bytes.get(start..start.checked_add(size)?).map(<[u8]>::to_vec)
    })
}

fn identify(bytes: Bytes<'_>) -> Option<Superblock> {
    // The weakest signature comes last: boot sectors look like FAT.
    let known: [fn(Bytes<'_>) -> Option<Superblock>; 9] = [
        others::luks,
        others::xfs,
        others::btrfs,
        ext::ext,
        others::erofs,
        others::squashfs,
        others::swap,
        others::iso9660,
        fat::fat,
    ];
    known.into_iter().find_map(|identify| identify(bytes))
}

/// A UUID in text; none where all is zero.
fn uuid(bytes: &[u8]) -> Option<String> {
    if bytes.len() != 16 || bytes.iter().all(|&byte| byte == 0) {
        return None;
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// A GUID of UEFI in text: its first three parts are little-endian.
pub(crate) fn uuid_of_guid(guid: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = guid;
    let mut bytes = vec![d, c, b, a, f, e, h, g];
    bytes.extend(rest);
    uuid(&bytes).unwrap_or_else(|| "00000000-0000-0000-0000-000000000000".to_owned())
}

/// A name that ends at the first NUL, without white space at its end.
fn label(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]);
    let text = text.trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
