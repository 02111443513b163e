use std::io::Cursor;
use std::path::Path;

use keelson_disk::recipe;
use tempfile::TempDir;

use super::*;
use crate::testing::{image, quiet};

fn sum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn collected(image: Image, length: usize) -> Result<Vec<u8>> {
    let mut all = vec![0; length];
    image.stream(&mut quiet(), &mut |at, bytes| {
        let at = usize::try_from(at)?;
        all[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    })?;
    Ok(all)
}

fn file(path: &Path) -> File {
    File::open(path).expect("opened")
}

#[test]
fn raw_and_packed_images_give_the_same_bytes() {
    let folder = TempDir::new().expect("a folder");
    let path = image(folder.path());
    let bytes = std::fs::read(&path).expect("read");
    let raw = Image::raw("disk.raw", file(&path), &sum(&bytes), &mut quiet()).expect("opened");
    assert!(collected(raw, bytes.len()).expect("read") == bytes);
    // Frames one after another, as the builder makes them.
    let mut packed = Vec::new();
    for part in bytes.chunks(3 << 20) {
        packed.extend(zstd::encode_all(part, 1).expect("packed"));
    }
    let image =
        Image::packed("disk.raw.zst", Box::new(Cursor::new(packed.clone())), None, &sum(&packed));
    assert!(collected(image.expect("opened"), bytes.len()).expect("read") == bytes);
    let path = folder.path().join("disk.raw.zst");
    std::fs::write(&path, &packed).expect("written");
    let image = Image::packed_file("disk.raw.zst", file(&path), &sum(&packed), &mut quiet());
    assert!(collected(image.expect("opened"), bytes.len()).expect("read") == bytes);
}

#[test]
fn a_damaged_file_is_refused_before_anything_is_written() {
    let folder = TempDir::new().expect("a folder");
    let path = image(folder.path());
    let raw = Image::raw("disk.raw", file(&path), &"1".repeat(64), &mut quiet());
    assert!(
        format!("{:#}", raw.expect_err("refused"))
            .contains("damaged or not the one that was signed")
    );
    let packed = Image::packed_file("disk.raw.zst", file(&path), &"1".repeat(64), &mut quiet());
    assert!(
        format!("{:#}", packed.expect_err("refused"))
            .contains("damaged or not the one that was signed")
    );
}

#[test]
fn a_packed_image_that_is_cut_off_is_an_error() {
    let folder = TempDir::new().expect("a folder");
    let bytes = std::fs::read(image(folder.path())).expect("read");
    let mut packed = zstd::encode_all(&bytes[..], 1).expect("packed");
    let right = sum(&packed);
    packed.truncate(packed.len() / 2);
    let image = Image::packed("x", Box::new(Cursor::new(packed)), None, &right)
        .and_then(|image| collected(image, bytes.len()));
    assert!(image.is_err());
}

#[test]
fn a_medium_gives_the_image_and_damage_on_it_is_found_before_anything_is_written() {
    let folder = TempDir::new().expect("a folder");
    let path = image(folder.path());
    let bytes = std::fs::read(&path).expect("read");
    // A part of the image lies on the medium; the rest is in the recipe.
    let part = folder.path().join("part");
    std::fs::write(&part, &bytes[4 << 20..(4 << 20) + 20_000]).expect("written");
    let disk = keelson_format::release::Disk {
        size: bytes.len() as u64,
        guid: keelson_format::guid::derived(&["disk"]),
        partitions: Vec::new(),
    };
    let shared = [recipe::Shared { path: &part, medium: 512 }];
    let made = recipe::make(&path, &disk, ("1", "x"), &shared, &[], &|_| [0; 64]).expect("made");
    let mut medium = vec![0; 512];
    medium.extend(std::fs::read(&part).expect("read"));
    let at = medium.len() as u64;
    medium.extend(made);
    for damaged in [false, true] {
        medium[600] ^= u8::from(damaged);
        let path = folder.path().join("medium");
        std::fs::write(&path, &medium).expect("written");
        let (recipe, rest) = recipe::Sealed::read(&file(&path), at)
            .and_then(|sealed| sealed.open())
            .expect("a recipe");
        match Image::medium("medium", file(&path), recipe, rest, &mut quiet()) {
            Ok(image) => {
                assert!(!damaged);
                assert!(collected(image, bytes.len()).expect("read") == bytes);
            }
            Err(error) => {
                assert!(damaged);
                assert!(format!("{error:#}").contains("not the one that was signed"), "{error:#}");
            }
        }
    }
}
