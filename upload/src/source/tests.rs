use std::fs;

use super::*;

const CUT: Cut = Cut { grain: 64 << 10, most: 128 << 10, pad: 512 };

#[test]
fn pieces_cover_what_is_not_zero_and_cross_no_boundary() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("disk");
    let mut disk = vec![0; (1 << 20) + 100];
    disk[70_000] = 1;
    disk[200_000..400_000].fill(2);
    *disk.last_mut().expect("not empty") = 3;
    fs::write(&path, &disk).expect("room");
    let source = Source::open(&path, Overlay::nothing(), CUT).expect("a source");
    let found: Vec<(u64, u64)> =
        source.pieces.iter().map(|piece| (piece.at >> 16, piece.bytes)).collect();
    assert_eq!(found, [(1, 65_536), (3, 65_536), (4, 131_072), (6, 65_536), (16, 512)]);
    let mut copy = vec![0; disk.len() + 512];
    for piece in &source.pieces {
        let (at, bytes) =
            (usize::try_from(piece.at).expect("small"), source.read(piece).expect("bytes"));
        copy[at..at + bytes.len()].copy_from_slice(&bytes);
    }
    assert!(copy[..disk.len()] == disk[..] && copy[disk.len()..].iter().all(|byte| *byte == 0));
}

#[test]
fn a_file_that_is_written_to_meanwhile_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("disk");
    fs::write(&path, vec![1; 200_000]).expect("room");
    let source = Source::open(&path, Overlay::nothing(), CUT).expect("a source");
    let before = source.digest.clone();
    let mut bytes = vec![1; 200_000];
    bytes[150_000] = 2;
    fs::write(&path, &bytes).expect("room");
    assert!(source.read(&source.pieces[0]).is_ok());
    assert!(matches!(
        source.read(&source.pieces[1]),
        Err(SourceError::Changed { at: 131_072, .. })
    ));
    let after = Source::open(&path, Overlay::nothing(), CUT).expect("a source").digest;
    assert_ne!(before, after);
    fs::write(&path, "").expect("room");
    let empty = Source::open(&path, Overlay::nothing(), CUT);
    assert!(matches!(empty, Err(SourceError::Empty(_))));
}
