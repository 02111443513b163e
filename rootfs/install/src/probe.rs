//! What is on a disk: enough to say its name before it is wiped, and to know that nothing is.

use keelson_format::disk::Role;

use crate::device::Readable;
use crate::table::{self, Table, UNFINISHED};

/// Bytes looked at for anything at all, at each end.
const LOOKED_AT: u64 = 1 << 20;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing: the ends are zero (or, of new flash, ones) and no signature is known.
    Nothing,
    /// An installation that was interrupted, and the labels of the partitions it keeps.
    Unfinished(Vec<String>),
    /// Something; its description.
    Something(String),
}

/// Signatures: name, offset, bytes.
const SIGNATURES: [(&str, u64, &[u8]); 16] = [
    ("LUKS", 0, b"LUKS\xba\xbe"),
    ("xfs", 0, b"XFSB"),
    ("squashfs", 0, b"hsqs"),
    ("erofs", 1024, &[0xe2, 0xe1, 0xf5, 0xe0]),
    ("ext2/3/4", 1080, &[0x53, 0xef]),
    ("f2fs", 1024, &[0x10, 0x20, 0xf5, 0xf2]),
    ("LVM", 536, b"LVM2 001"),
    ("LVM", 24, b"LVM2 001"),
    ("swap", 4086, b"SWAPSPACE2"),
    ("Linux RAID", 4096, &[0xfc, 0x4e, 0x2b, 0xa9]),
    ("Linux RAID", 0, &[0xfc, 0x4e, 0x2b, 0xa9]),
    ("iso9660", 32_769, b"CD001"),
    ("btrfs", 65_600, b"_BHRfS_M"),
    ("ntfs", 3, b"NTFS    "),
    ("vfat", 82, b"FAT32   "),
    ("vfat", 54, b"FAT1"),
];

/// Looks at a disk.
pub fn probe(disk: &dyn Readable) -> Content {
    let mut first = [0; 512];
    if disk.read_at(&mut first, 0).is_err() {
        return Content::Something("it cannot be read".to_owned());
    }
    let partitions = Table::of_disk(disk).map(|table| table.partitions());
    let labels = |all: &[table::Partition]| -> Vec<String> { all.iter().map(name).collect() };
    let marked = |all: &Vec<table::Partition>| all.iter().any(|p| p.label == UNFINISHED);
    if table::says_unfinished(&first) || partitions.as_ref().is_some_and(marked) {
        let mut others = partitions.unwrap_or_default();
        // Between the first write and the second the old table is still there, and before the last one the
        // image's: its partitions are never among those that are kept.
        others.retain(|partition| {
            partition.label != UNFINISHED && Role::from_label(&partition.label).is_none()
        });
        return Content::Unfinished(labels(&others));
    }
    if let Some(all) = partitions {
        return Content::Something(format!("GPT with {}", list(&labels(&all))));
    }
    if let Some(name) = signature(disk) {
        return Content::Something(name.to_owned());
    }
    let entries = first[446..510].chunks_exact(16).filter(|entry| entry[4] != 0).count();
    if first[510..] == [0x55, 0xaa] && entries > 0 {
        return Content::Something(format!("MBR with {entries} partitions"));
    }
    if is_blank(disk) {
        Content::Nothing
    } else {
        Content::Something("data of an unknown kind".to_owned())
    }
}

/// What a partition is called: its label, or its number where it has none.
pub fn name(partition: &table::Partition) -> String {
    if partition.label.is_empty() {
        format!("#{}", partition.number)
    } else {
        partition.label.clone()
    }
}

fn list(labels: &[String]) -> String {
    if labels.is_empty() { "no partitions".to_owned() } else { labels.join(", ") }
}

fn signature(disk: &dyn Readable) -> Option<&'static str> {
    let found = |at: u64, magic: &[u8]| {
        let mut bytes = vec![0; magic.len()];
        at + magic.len() as u64 <= disk.bytes()
            && disk.read_at(&mut bytes, at).is_ok()
            && bytes == magic
    };
    let known = SIGNATURES.iter().find(|(_, at, magic)| found(*at, magic)).map(|(name, ..)| *name);
    // md of version 1.0 has its superblock 8 KiB before the end, on a 4 KiB block.
    let end = disk.bytes().saturating_sub(8192) & !4095;
    known.or_else(|| found(end, &[0xfc, 0x4e, 0x2b, 0xa9]).then_some("Linux RAID"))
}

fn is_blank(disk: &dyn Readable) -> bool {
    let bytes = disk.bytes().min(LOOKED_AT);
    let Ok(length) = usize::try_from(bytes) else { return false };
    let mut buffer = vec![0; length];
    [0, disk.bytes() - bytes].into_iter().all(|at| {
        let read = disk.read_at(&mut buffer, at).is_ok();
        let first = buffer.first().copied().unwrap_or(0);
        read && (first == 0 || first == 0xff) && buffer.iter().all(|byte| *byte == first)
    })
}

#[cfg(test)]
mod tests;
