//! What is written is read back here by a reader of its own, after the specification.

use super::super::Form;
use super::super::tests::{mixed, written};
use super::*;

fn le64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Checks the checksum of a structure.
fn checked(bytes: &[u8]) -> &[u8] {
    let mut zeroed = bytes.to_vec();
    zeroed[4..8].fill(0);
    assert_eq!(header::crc32c(&zeroed), le32(bytes, 4));
    bytes
}

fn region(image: &[u8], id: &str) -> (usize, usize) {
    let table = checked(&image[192 << 10..256 << 10]);
    assert!(table == &image[256 << 10..320 << 10]);
    assert_eq!(table[..4], *b"regi");
    let id: Uuid = id.parse().unwrap();
    let count = usize::try_from(le32(table, 8)).unwrap();
    let entry = (0..count)
        .map(|number| &table[16 + number * 32..48 + number * 32])
        .find(|entry| entry[..16] == id.to_bytes_le())
        .unwrap();
    let at = |number: u64| usize::try_from(number).unwrap();
    (at(le64(entry, 16)), at(u64::from(le32(entry, 24))))
}

fn item<'a>(image: &'a [u8], id: &str) -> &'a [u8] {
    let (start, length) = region(image, "8b7ca206-4790-4b9a-b8fe-575f050f886e");
    let metadata = &image[start..start + length];
    assert_eq!(metadata[..8], *b"metadata");
    let count = usize::from(u16::from_le_bytes([metadata[10], metadata[11]]));
    let id: Uuid = id.parse().unwrap();
    let entry = (1..=count)
        .map(|number| &metadata[number * 32..number * 32 + 32])
        .find(|entry| entry[..16] == id.to_bytes_le())
        .unwrap();
    let (at, length) = (le32(entry, 16) as usize, le32(entry, 20) as usize);
    assert!(at >= 64 << 10);
    &metadata[at..at + length]
}

/// The guest's disk.
pub(in super::super) fn disk(image: &[u8]) -> Vec<u8> {
    assert_eq!(image[..8], *b"vhdxfile");
    let headers = [64 << 10, 128 << 10].map(|at| checked(&image[at..at + 4096]));
    assert!(headers.iter().all(|header| header[..4] == *b"head" && header[48..64] == [0; 16]));
    assert!(le64(headers[1], 8) > le64(headers[0], 8));
    let bytes =
        usize::try_from(le64(item(image, "2fa54224-cd1b-4876-b211-5dbed83bf4b8"), 0)).unwrap();
    let block = le32(item(image, "caa16737-fa36-4d43-b3b6-33f0aa44e76b"), 0) as usize;
    let ratio = (8 << 20) * 512 / block;
    let (table, _) = region(image, "2dc27766-f623-4200-9d64-115e9bfd4a08");
    let mut disk = Vec::new();
    for number in 0..bytes.div_ceil(block) {
        let entry = le64(image, table + (number + number / ratio) * 8);
        match entry & 7 {
            2 => disk.resize(disk.len() + block, 0),
            6 => {
                let at = usize::try_from(entry >> 20).unwrap() << 20;
                disk.extend(&image[at..at + block]);
            }
            state => panic!("block {number} has state {state}"),
        }
    }
    disk.truncate(bytes);
    disk
}

#[test]
fn images_hold_the_disk() {
    for bytes in [512, 3 << 20, (40 << 20) + 512] {
        let pieces = mixed(bytes);
        let image = written(Form::Vhdx, bytes, &pieces);
        assert!((image.len() as u64).is_multiple_of(MIB));
        assert!(disk(&image) == written(Form::Raw, bytes, &pieces), "{bytes}");
    }
}

#[test]
fn entries_of_sector_bitmaps_lie_between_the_chunks() {
    let blocks = vec![7; 2 * 4096 + 1];
    let table = table(&blocks);
    assert_eq!(table.len(), blocks.len() + 2);
    assert_eq!(table.iter().position(|entry| *entry == 0), Some(4096));
    assert_eq!(table_bytes(4096), MIB);
    assert_eq!(table_bytes(131_072), 2 * MIB);
}

#[test]
fn checksums_are_those_of_rfc_3720() {
    assert_eq!(header::crc32c(b"123456789"), 0xe306_9283);
    assert_eq!(header::crc32c(&[0; 32]), 0x8a91_36aa);
}
