use keelson_format::platform::Platform;
use keelson_format::release::PlatformRange;

use super::super::tests::{disk, written};
use super::super::{Form, Job, write};
use super::*;

/// An overlay with these bytes at these places.
fn overlay(patches: &[(u64, Vec<u8>)]) -> Overlay {
    let ranges: Vec<PlatformRange> = patches
        .iter()
        .enumerate()
        .map(|(number, (start, bytes))| PlatformRange {
            path: number.to_string(),
            start: *start,
            size: bytes.len() as u64,
            suffix: number.to_string(),
        })
        .collect();
    let mut contents = patches.iter().map(|(_, bytes)| bytes.clone());
    Overlay::with(&ranges, Platform::Ec2, |_| Ok(contents.next().unwrap())).unwrap()
}

#[test]
fn the_map_of_an_overlaid_disk_is_that_of_its_bytes() {
    const BYTES: u64 = 40 << 20;
    let pieces = [(0, vec![1; 9000]), (17 << 20, vec![2; 3 << 20])];
    let cases: [&[(u64, Vec<u8>)]; 5] = [
        &[(0, vec![0; 9000])],
        &[(100, vec![5; 10]), (30 << 20, vec![6; 10])],
        &[(4096, vec![0; 4096])],
        &[((17 << 20) + 4096, vec![0; 8192]), (BYTES - 1, vec![9])],
        &[(20 << 20, vec![7; 4096])],
    ];
    for patches in cases {
        let folder = tempfile::tempdir().unwrap();
        let raw = disk(folder.path(), BYTES, &pieces);
        let source = Source::open(&raw, overlay(patches)).unwrap();
        let mut all = pieces.to_vec();
        all.extend_from_slice(patches);
        let expected = tempfile::tempdir().unwrap();
        let expected =
            Source::open(&disk(expected.path(), BYTES, &all), Overlay::nothing()).unwrap();
        assert_eq!(source.map().unwrap(), expected.map().unwrap(), "{patches:?}");

        // The same goes for what is written.
        let to = folder.path().join("out");
        let identity = uuid::Uuid::nil();
        let overlay = overlay(patches);
        for form in [Form::Bmap, Form::Zst { level: 1 }, Form::Raw] {
            let job =
                Job { form: form.clone(), to: to.clone(), overlay: overlay.clone(), identity };
            write(&raw, &[job]).unwrap();
            assert!(std::fs::read(&to).unwrap() == written(form, BYTES, &all));
        }
    }
}

#[test]
fn overlays_beyond_the_end_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let raw = disk(folder.path(), 1 << 20, &[]);
    let error = Source::open(&raw, overlay(&[((1 << 20) - 1, vec![1; 2])])).unwrap_err();
    assert!(error.to_string().ends_with("the overlay ends at byte 1048577, the disk at 1048576"));
}
