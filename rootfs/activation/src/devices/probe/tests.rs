//! Superblocks made by hand, by their specifications.

use std::io::Write;

use proptest::prelude::*;

use super::{Content, Superblock, probe, probe_bytes};

const UUID: [u8; 16] =
    [0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0];
const TEXT: &str = "123e4567-e89b-12d3-a456-426614174000";

/// A disk of zeros with these bytes at these places.
fn disk(size: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut disk = vec![0; size];
    for (at, bytes) in parts {
        disk[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    disk
}

fn found(kind: Content, uuid: Option<&str>, label: Option<&str>) -> Superblock {
    Superblock { kind, uuid: uuid.map(Into::into), label: label.map(Into::into) }
}

fn ext(compatible: u32, incompatible: u32, read_only: u32) -> Vec<u8> {
    let features = [compatible, incompatible, read_only].map(u32::to_le_bytes).concat();
    let name = b"data";
    disk(
        4096,
        &[
            (1080, &[0x53, 0xEF]),
            (1024 + 0x5C, &features),
            (1024 + 0x68, &UUID),
            (1024 + 0x78, name),
        ],
    )
}

#[test]
fn the_three_generations_of_ext_are_told_apart_by_their_features() {
    let rows = [
        (ext(0, 2, 1), Content::Ext2),
        (ext(4, 2, 1), Content::Ext3),
        (ext(4, 0x42, 1), Content::Ext4),
        (ext(0, 0x42, 1), Content::Ext4),
        (ext(4, 2, 8), Content::Ext4),
    ];
    for (disk, kind) in rows {
        assert_eq!(probe_bytes(&disk), Some(found(kind, Some(TEXT), Some("data"))));
    }
    assert_eq!(probe_bytes(&ext(4, 8, 1)), None, "a journal alone is no file system");
}

#[test]
fn other_file_systems_are_known() {
    let xfs = disk(512, &[(0, b"XFSB"), (32, &UUID), (108, b"twelve_chars")]);
    assert_eq!(probe_bytes(&xfs), Some(found(Content::Xfs, Some(TEXT), Some("twelve_chars"))));
    let btrfs = disk(70_000, &[(65_600, b"_BHRfS_M"), (65_568, &UUID), (65_835, b"pool")]);
    assert_eq!(probe_bytes(&btrfs), Some(found(Content::Btrfs, Some(TEXT), Some("pool"))));
    let erofs = disk(4096, &[(1024, &0xE0F5_E1E2_u32.to_le_bytes()), (1072, &UUID)]);
    assert_eq!(probe_bytes(&erofs), Some(found(Content::Erofs, Some(TEXT), None)));
    let squashfs = disk(512, &[(0, b"hsqs"), (28, &[4, 0])]);
    assert_eq!(probe_bytes(&squashfs), Some(found(Content::Squashfs, None, None)));
    let luks = disk(512, &[(0, b"LUKS\xba\xbe\0\x02"), (24, b"vault"), (168, TEXT.as_bytes())]);
    assert_eq!(probe_bytes(&luks), Some(found(Content::Luks, Some(TEXT), Some("vault"))));
    for page in [4096, 16384, 65536] {
        let swap = disk(70_000, &[(page - 10, b"SWAPSPACE2"), (1036, &UUID), (1052, b"swap")]);
        assert_eq!(probe_bytes(&swap), Some(found(Content::Swap, Some(TEXT), Some("swap"))));
    }
    let iso = disk(
        40_000,
        &[(32_768, b"\x01CD001"), (32_808, b"config-2  "), (33_581, b"2024013112000000\0")],
    );
    assert_eq!(
        probe_bytes(&iso),
        Some(found(Content::Iso9660, Some("2024-01-31-12-00-00-00"), Some("config-2")))
    );
}

#[test]
fn fat_has_its_label_in_the_root_folder() {
    let boot: &[(usize, &[u8])] = &[
        (11, &[0, 2, 1, 32, 0, 2]),
        (21, &[0xF8]),
        (36, &[4, 0, 0, 0]),
        (44, &[2, 0, 0, 0]),
        (67, &[0x4D, 0x3C, 0x2B, 0x1A]),
        (71, b"NO NAME    FAT32   "),
        (510, &[0x55, 0xAA]),
    ];
    assert_eq!(
        probe_bytes(&disk(65_536, boot)),
        Some(found(Content::Vfat, Some("1A2B-3C4D"), None))
    );
    let root = (32 + 2 * 4) * 512;
    let mut parts = boot.to_vec();
    parts.push((root, b"FILE    TXT\x20"));
    parts.push((root + 32, b"EFI SYSTEM \x08"));
    assert_eq!(
        probe_bytes(&disk(65_536, &parts)),
        Some(found(Content::Vfat, Some("1A2B-3C4D"), Some("EFI SYSTEM")))
    );
    let small: &[(usize, &[u8])] = &[
        (11, &[0, 2, 4, 1, 0, 2, 16, 0]),
        (21, &[0xF8, 1, 0]),
        (39, &[1, 0, 0, 0]),
        (43, b"OLD        FAT16   "),
        (510, &[0x55, 0xAA]),
        (3 * 512, b"NEW        \x08"),
    ];
    assert_eq!(
        probe_bytes(&disk(65_536, small)),
        Some(found(Content::Vfat, Some("0000-0001"), Some("NEW")))
    );
}

#[test]
fn a_boot_sector_alone_is_nothing() {
    assert_eq!(probe_bytes(&disk(65_536, &[(510, &[0x55, 0xAA])])), None);
    assert_eq!(probe_bytes(&[]), None);
}

#[test]
fn a_file_is_read_as_bytes_are() {
    let bytes = ext(4, 0x42, 1);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    assert_eq!(probe(&file), probe_bytes(&bytes));
}

proptest! {
    #[test]
    fn any_bytes_are_read(mut bytes in prop::collection::vec(any::<u8>(), 0..2048), at in 0_usize..9) {
        let marks: [(usize, &[u8]); 9] = [
            (0, b"XFSB"), (0, b"hsqs"), (1080, &[0x53, 0xEF]), (82, b"FAT32   "), (54, b"FAT16   "),
            (0, b"LUKS\xba\xbe"), (1024, &[0xE2, 0xE1, 0xF5, 0xE0]), (11, &[0, 2, 1]), (510, &[0x55, 0xAA]),
        ];
        let (place, mark) = marks[at];
        if let Some(room) = bytes.get_mut(place..place + mark.len()) {
            room.copy_from_slice(mark);
        }
        probe_bytes(&bytes);
    }
}
