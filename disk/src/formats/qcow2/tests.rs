//! What is written is read back here by a reader of its own, after the specification.

use super::super::Form;
use super::super::tests::{noise, written};
use super::*;

fn be64(bytes: &[u8], at: u64) -> u64 {
    let at = usize::try_from(at).unwrap();
    u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn be32(bytes: &[u8], at: u64) -> u64 {
    be64(bytes, at) >> 32
}

/// The guest's disk, and how often the entries say that each cluster of the file is used.
fn read(image: &[u8]) -> (Vec<u8>, Vec<u16>) {
    assert_eq!(image[..8], *b"QFI\xfb\0\0\0\x03");
    assert!((image.len() as u64).is_multiple_of(CLUSTER));
    let mut used = vec![0u16; image.len() / CLUSTER_BYTES];
    let mut mark = |from: u64, bytes: u64| {
        let clusters = index(from / CLUSTER)..index((from + bytes).div_ceil(CLUSTER));
        used[clusters].iter_mut().for_each(|count| *count += 1);
    };
    let (bytes, l1_entries, l1) = (be64(image, 24), be32(image, 36), be64(image, 40));
    let mut disk = Vec::new();
    mark(0, CLUSTER);
    mark(l1, l1_entries * 8);
    for number in 0..bytes.div_ceil(CLUSTER) {
        let l2 = be64(image, l1 + number / L2_ENTRIES * 8) & !COPIED;
        if l2 != 0 && number.is_multiple_of(L2_ENTRIES) {
            mark(l2, CLUSTER);
        }
        let entry = if l2 == 0 { 0 } else { be64(image, l2 + number % L2_ENTRIES * 8) };
        if entry == 0 {
            disk.resize(disk.len() + CLUSTER_BYTES, 0);
        } else if entry & COMPRESSED == 0 {
            let at = entry & !COPIED;
            assert!(at.is_multiple_of(CLUSTER) && entry & COPIED != 0);
            mark(at, CLUSTER);
            disk.extend(&image[index(at)..index(at + CLUSTER)]);
        } else {
            let at = entry & ((1 << SECTORS_SHIFT) - 1);
            let sectors = ((entry & !COMPRESSED) >> SECTORS_SHIFT) + 1;
            let length = sectors * SECTOR - at % SECTOR;
            mark(at, length);
            let stored = &image[index(at)..index(at + length)];
            disk.extend(io::read_all(zstd::Decoder::new(stored).unwrap().single_frame()));
        }
    }
    disk.truncate(index(bytes));
    let (table, clusters) = (be64(image, 48), be32(image, 56));
    mark(table, clusters * CLUSTER);
    for block in 0..(image.len() as u64 / CLUSTER).div_ceil(BLOCK_ENTRIES) {
        mark(be64(image, table + block * 8), CLUSTER);
    }
    (disk, used)
}

/// The refcounts that the file says it has.
fn refcounts(image: &[u8]) -> Vec<u16> {
    let table = be64(image, 48);
    (0..image.len() as u64 / CLUSTER)
        .map(|cluster| {
            let block = be64(image, table + cluster / BLOCK_ENTRIES * 8);
            let at = index(block + cluster % BLOCK_ENTRIES * 2);
            u16::from_be_bytes([image[at], image[at + 1]])
        })
        .collect()
}

mod io {
    pub(super) use std::io::*;

    pub(super) fn read_all(mut stream: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    }
}

/// The guest's disk, of an image whose clusters are counted right.
pub(in super::super) fn disk(image: &[u8]) -> Vec<u8> {
    let (disk, used) = read(image);
    assert_eq!(refcounts(image), used);
    disk
}

fn convert(raw: &[u8], level: i32) -> Vec<u8> {
    written(Form::Qcow2 { level }, raw.len() as u64, &[(0, raw.to_vec())])
}

#[test]
fn images_hold_the_disk_and_count_their_clusters() {
    let text: Vec<u8> = (0..3_000_000u32).flat_map(|n| [(n / 700).to_le_bytes()[0], 1]).collect();
    let mut mixed = vec![0; 20 << 20];
    for (number, piece) in mixed.chunks_mut(CLUSTER_BYTES).enumerate() {
        match number % 4 {
            0 => piece.copy_from_slice(&noise(CLUSTER_BYTES)),
            1 => piece.copy_from_slice(&text[..CLUSTER_BYTES]),
            2 => piece[7] = 1,
            _ => {}
        }
    }
    let cases = [
        vec![],
        vec![0; 512],
        vec![1; 512],
        vec![0; 5 << 20],
        text[..70_144].to_vec(),
        noise(1 << 20),
        mixed,
    ];
    for raw in cases {
        let image = convert(&raw, 3);
        let (disk, used) = read(&image);
        assert!(disk == raw, "{} bytes", raw.len());
        assert_eq!(refcounts(&image), used, "{} bytes", raw.len());
    }
}

#[test]
fn nothing_is_stored_for_zeroes() {
    let image = written(Form::Qcow2 { level: 3 }, 3 << 30, &[]);
    // Header, L1 table, refcount block, refcount table.
    assert_eq!(image.len() as u64, 4 * CLUSTER);
}
