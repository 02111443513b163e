use std::io::Read as _;

use super::super::Form;
use super::super::tests::{mixed, noise, written};

#[test]
fn the_archive_has_one_sparse_file_and_no_time_or_owner() {
    let bytes = 1 << 30;
    let pieces = mixed(bytes);
    let file = written(Form::Gce, bytes, &pieces);
    assert_eq!(file[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    let mut tar = Vec::new();
    // One member, whose checksum and length hold.
    flate2::read::GzDecoder::new(file.as_slice()).read_to_end(&mut tar).unwrap();
    assert!(tar.len().is_multiple_of(10_240));
    let mut archive = ::tar::Archive::new(tar.as_slice());
    let mut members = archive.entries().unwrap();
    let mut member = members.next().unwrap().unwrap();
    assert_eq!(member.path_bytes().as_ref(), b"disk.raw");
    assert_eq!(member.header().as_bytes()[257..265], *b"ustar  \0");
    assert_eq!(member.size(), bytes);
    assert_eq!((member.header().mtime().unwrap(), member.header().uid().unwrap()), (0, 0));
    let mut at = 0u64;
    let mut buffer = vec![0; 1 << 20];
    let expected = written(Form::Raw, bytes, &pieces);
    while at < bytes {
        member.read_exact(&mut buffer).unwrap();
        let start = usize::try_from(at).unwrap();
        assert!(buffer == expected[start..start + buffer.len()], "{at}");
        at += buffer.len() as u64;
    }
    drop(member);
    assert!(members.next().is_none());
}

#[test]
fn maps_of_any_length_go_into_the_archive() {
    for count in [0, 1, 3, 4, 5, 24, 25, 26, 60] {
        let pieces: Vec<(u64, Vec<u8>)> =
            (0..count).map(|number| (number << 20, noise(100))).collect();
        let bytes = 1 << 30;
        let file = written(Form::Gce, bytes, &pieces);
        let tar = flate2::read::GzDecoder::new(file.as_slice());
        let mut archive = ::tar::Archive::new(tar);
        let mut member = archive.entries().unwrap().next().unwrap().unwrap();
        let mut start = vec![0; 64 << 20];
        member.read_exact(&mut start).unwrap();
        for (at, piece) in &pieces {
            let at = usize::try_from(*at).unwrap();
            assert!(start[at..at + piece.len()] == *piece, "{count}");
        }
        assert_eq!(
            start.iter().filter(|byte| **byte != 0).count(),
            pieces.iter().flat_map(|(_, piece)| piece).filter(|byte| **byte != 0).count()
        );
    }
}
