use std::fs;

use keelson_format::guid::derived;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn disk() -> Disk {
    Disk { size: 4 << 20, guid: derived(&["disk"]), partitions: Vec::new() }
}

/// A disk with a table, a file at 1 MiB and a tail.
fn build(folder: &TempDir) -> Vec<u8> {
    let file: Vec<u8> =
        (0..300_001_u32).map(|i| u8::try_from(i * 7 % 251).expect("small")).collect();
    let mut raw = vec![0; 4 << 20];
    raw[..600].fill(1);
    raw[(1 << 20) + 512..(1 << 20) + 512 + file.len()].copy_from_slice(&file);
    raw[(4 << 20) - 512..].fill(2);
    fs::write(folder.path().join("file"), file).expect("written");
    fs::write(folder.path().join("disk.raw"), &raw).expect("written");
    raw
}

fn made(folder: &TempDir) -> Result<Vec<u8>, RecipeError> {
    let file = folder.path().join("file");
    let shared = [Shared { path: &file, medium: 4096 }];
    let overlay = Overlay { platform: "ec2".to_owned(), at: 512, bytes: vec![9; 40] };
    let sign = |message: &[u8]| [u8::try_from(message.len() % 256).expect("a byte"); 64];
    make(&folder.path().join("disk.raw"), &disk(), ("1.0", "x"), &shared, &[overlay], &sign)
}

#[test]
fn the_pieces_of_a_recipe_are_the_disk() {
    let folder = TempDir::new().expect("a folder");
    let raw = build(&folder);
    let medium = folder.path().join("medium");
    let mut bytes = vec![7; 4096];
    bytes.extend(fs::read(folder.path().join("file")).expect("read"));
    let at = bytes.len() as u64;
    bytes.extend(made(&folder).expect("made"));
    fs::write(&medium, &bytes).expect("written");
    let sealed = Sealed::read(&File::open(&medium).expect("opened"), at).expect("a recipe");
    let (recipe, rest) = sealed.open().expect("a good one");
    let mut found = vec![0; raw.len()];
    let mut apply = |piece: &Piece| {
        let length = usize::try_from(piece.bytes).expect("small");
        let (from, at) = match piece.from {
            From::Medium(at) => (&bytes, at),
            From::Rest(at) => (&rest, at),
        };
        let (from_at, to) =
            (usize::try_from(at).expect("small"), usize::try_from(piece.at).expect("small"));
        let part = &from[from_at..from_at + length];
        assert_eq!(hex(&Sha256::digest(part)), piece.sha256);
        found[to..to + length].copy_from_slice(part);
    };
    recipe.pieces.iter().for_each(&mut apply);
    assert!(found == raw);
    recipe.platforms["ec2"].iter().for_each(|piece| {
        assert_eq!((piece.at, piece.bytes), (512, 40));
    });
    assert!(rest.len() < 20_000, "the file is not in the rest: {}", rest.len());
}

#[test]
fn a_file_that_is_not_on_the_disk_is_named() {
    let folder = TempDir::new().expect("a folder");
    build(&folder);
    fs::write(folder.path().join("file"), [5; 5000]).expect("written");
    assert!(made(&folder).expect_err("refused").to_string().contains("is not on the disk"));
}

#[test]
fn damage_anywhere_is_an_error_or_leaves_the_signed_bytes_different() {
    let folder = TempDir::new().expect("a folder");
    build(&folder);
    let good = made(&folder).expect("made");
    let path = folder.path().join("recipe");
    for at in (0..good.len()).step_by(37) {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        fs::write(&path, &bad).expect("written");
        let sealed = Sealed::read(&File::open(&path).expect("opened"), 0);
        let same = |sealed: &Sealed| {
            sealed.signed
                == good[..16]
                    .iter()
                    .chain(&good[88..88 + sealed.signed.len() - 16])
                    .copied()
                    .collect::<Vec<u8>>()
        };
        if let Ok(sealed) = sealed {
            let untouched = (24..88).contains(&at) || !same(&sealed) || sealed.open().is_err();
            assert!(untouched, "byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), header in 0_u32..200) {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("recipe");
        let mut file = MAGIC.to_vec();
        file.extend(header.to_le_bytes());
        file.extend(bytes);
        fs::write(&path, file).expect("written");
        if let Ok(sealed) = Sealed::read(&File::open(&path).expect("opened"), 0) {
            prop_assert!(sealed.open().is_err());
        }
    }
}
