//! What is written is read back here by readers of their own, after the specification.

use std::io::Read as _;

use super::super::Form;
use super::super::tests::{mixed, written};

fn le64(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())).unwrap()
}

fn le32(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// The disk, by the directory of a header; each grain is read by `grain` from its sector.
fn by_tables(
    image: &[u8],
    header: &[u8],
    directory: usize,
    grain: impl Fn(usize) -> Vec<u8>,
) -> Vec<u8> {
    assert_eq!(header[..4], *b"KDMV");
    let sectors = le64(header, 12);
    assert_eq!((le64(header, 20), le32(header, 44)), (128, 512));
    let mut disk = Vec::new();
    for number in 0..sectors.div_ceil(128) {
        let table = le32(image, directory * 512 + number / 512 * 4);
        let entry = if table == 0 { 0 } else { le32(image, table * 512 + number % 512 * 4) };
        if entry == 0 {
            disk.resize(disk.len() + 65_536, 0);
        } else {
            disk.extend(grain(entry));
        }
    }
    disk.truncate(sectors * 512);
    disk
}

/// The disk of a stream-optimized extent.
pub(in super::super) fn stream(image: &[u8]) -> Vec<u8> {
    assert_eq!((le32(image, 4), le32(image, 8), le64(image, 56)), (3, 0x30001, usize::MAX));
    assert!(image[image.len() - 512..].iter().all(|byte| *byte == 0));
    let footer = &image[image.len() - 1024..image.len() - 512];
    assert_eq!(le32(image, image.len() - 1536 + 12), 3);
    by_tables(image, footer, le64(footer, 56), |sector| {
        let at = sector * 512;
        let length = le32(image, at + 8);
        let mut grain = Vec::new();
        let packed = &image[at + 12..at + 12 + length];
        flate2::read::ZlibDecoder::new(packed).read_to_end(&mut grain).unwrap();
        assert_eq!(grain.len(), 65_536);
        grain
    })
}

/// The disk of a hosted sparse extent, which both directories must tell.
pub(in super::super) fn sparse(image: &[u8]) -> Vec<u8> {
    let mut image = image.to_vec();
    image.resize(image.len() + 65_536, 0);
    let read = |directory| {
        by_tables(&image, &image, directory, |sector| {
            image[sector * 512..sector * 512 + 65_536].to_vec()
        })
    };
    let disk = read(le64(&image, 56));
    assert!(disk == read(le64(&image, 48)));
    disk
}

#[test]
fn both_forms_hold_the_disk() {
    for bytes in [512, 65_536, 3 << 20, (70 << 20) + 512] {
        let pieces = mixed(bytes);
        let raw = written(Form::Raw, bytes, &pieces);
        assert!(stream(&written(Form::VmdkStream, bytes, &pieces)) == raw, "{bytes}");
        assert!(sparse(&written(Form::VmdkSparse, bytes, &pieces)) == raw, "{bytes}");
    }
}

#[test]
fn the_markers_of_a_stream_lead_from_its_start_to_its_end() {
    let image = written(Form::VmdkStream, 70 << 20, &mixed(70 << 20));
    let mut at = le64(&image, 64) * 512;
    let mut seen = Vec::new();
    loop {
        let (value, length) = (le64(&image, at), le32(&image, at + 8));
        if length > 0 {
            at += (12 + length).next_multiple_of(512);
            continue;
        }
        seen.push(le32(&image, at + 12));
        if seen.ends_with(&[0]) {
            break;
        }
        at += 512 + value * 512;
    }
    assert_eq!(at + 512, image.len());
    assert_eq!(seen, [1, 1, 1, 2, 3, 0]);
}

#[test]
fn the_descriptor_says_what_the_extent_is() {
    for (form, kind) in
        [(Form::VmdkStream, "streamOptimized"), (Form::VmdkSparse, "monolithicSparse")]
    {
        let image = written(form, 4 << 20, &[]);
        let text = String::from_utf8_lossy(&image[512..11 * 512]).into_owned();
        for part in [
            format!("createType=\"{kind}\""),
            "RW 8192 SPARSE \"out\"".to_owned(),
            "parentCID=ffffffff".to_owned(),
        ] {
            assert!(text.contains(&part), "{text}");
        }
    }
}
