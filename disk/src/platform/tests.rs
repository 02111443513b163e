use keelson_format::release::Partition;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::fat::{self, Entry, Volume};

fn range(start: u64, size: u64, suffix: &str) -> PlatformRange {
    PlatformRange { path: format!("x.{suffix}"), start, size, suffix: suffix.to_owned() }
}

fn overlay(parts: &[(u64, &[u8])]) -> Overlay {
    Overlay { patches: parts.iter().map(|(at, bytes)| (*at, bytes.to_vec())).collect() }
}

#[test]
fn a_buffer_gets_what_of_the_ranges_it_covers() {
    let overlay = overlay(&[(4, b"abc"), (10, b"de")]);
    for (at, before, after) in [
        (0, "................", "....abc...de...."),
        (5, "......", "bc...d"),
        (4, "...", "abc"),
        (0, "....", "...."),
        (7, "...", "..."),
        (11, ".....", "e...."),
        (100, "..", ".."),
        (5, "", ""),
    ] {
        let mut buffer = before.as_bytes().to_vec();
        overlay.apply(at, &mut buffer);
        assert_eq!(String::from_utf8(buffer).unwrap(), after, "at {at}");
    }
}

proptest! {
    #[test]
    fn pieces_of_any_length_give_what_the_whole_gives(
        starts in proptest::collection::vec((0u64..200, 1usize..40), 1..4),
        piece in 1usize..64,
    ) {
        let patches = starts.iter().map(|(at, len)| (*at, vec![0x5a; *len])).collect();
        let overlay = Overlay { patches };
        let mut whole = vec![0; 256];
        overlay.apply(0, &mut whole);
        let mut pieces = vec![0; 256];
        for (number, chunk) in pieces.chunks_mut(piece).enumerate() {
            overlay.apply((number * piece) as u64, chunk);
        }
        prop_assert_eq!(whole, pieces);
    }
}

#[test]
fn bytes_of_another_length_than_their_place_are_refused() {
    let ranges = [range(0, 3, "addon.efi")];
    let error = Overlay::with(&ranges, Platform::Ec2, |_| Ok(vec![0; 4])).unwrap_err();
    let text = "platforms/ec2.addon.efi has 4 bytes; its place on the disk has 3";
    assert_eq!(error.to_string(), text);
    assert!(matches!(
        Overlay::with(&[], Platform::Ec2, |_| Ok(Vec::new())),
        Err(OverlayError::None)
    ));
    let nowhere = Path::new("/nonexistent");
    let error = Overlay::read(&ranges, Platform::Gce, nowhere).unwrap_err().to_string();
    assert!(error.starts_with("reading /nonexistent/platforms/gce.addon.efi: "), "{error}");
}

#[test]
fn the_files_of_the_platform_are_found_on_the_esp() {
    const START: u64 = 1 << 20;
    let disk = tempfile::tempfile().unwrap();
    let volume =
        Volume { bytes: 64 << 20, id: 1, label: "ESP".parse().unwrap(), hidden_sectors: 0 };
    disk.set_len(START + volume.bytes).unwrap();
    let addon = vec![7; 4700];
    let entries = [
        Entry::file("EFI/BOOT/BOOTX64.EFI", vec![1; 9000]),
        Entry::file(ADDON_PATH, addon.clone()),
        Entry::file(CFG_PATH, vec![b'\n'; 512]),
        Entry::file("EFI/Linux/x.efi", vec![2; 9000]),
    ];
    fat::write(&disk, START, &volume, &entries).unwrap();
    let esp = Partition {
        label: "ESP".to_owned(),
        type_guid: Uuid::nil(),
        guid: Uuid::nil(),
        start: START,
        size: volume.bytes,
    };
    let table = Disk { size: START + volume.bytes, guid: Uuid::nil(), partitions: vec![esp] };
    let ranges = find(&disk, &table).unwrap();
    let shown: Vec<_> =
        ranges.iter().map(|r| (r.path.as_str(), r.size, r.suffix.as_str())).collect();
    assert_eq!(shown, [(ADDON_PATH, 4700, "addon.efi"), (CFG_PATH, 512, "cfg")]);
    for (range, byte) in [(&ranges[0], 7), (&ranges[1], b'\n')] {
        let mut bytes = vec![0; usize::try_from(range.size).unwrap()];
        disk.read_exact_at(&mut bytes, range.start).unwrap();
        assert!(bytes.iter().all(|b| *b == byte), "{range:?}");
        assert_eq!(range.start % 4096 % 512, 0);
    }

    let changed = Overlay::with(&ranges, Platform::Ec2, |name| {
        Ok(if name.ends_with("efi") { vec![8; 4700] } else { vec![b'#'; 512] })
    });
    changed.unwrap().write(&disk).unwrap();
    let volume = Reader::open(&disk, START).unwrap();
    let files = volume.files().unwrap();
    let read = |path: &str| volume.read(files.iter().find(|f| f.path == path).unwrap()).unwrap();
    assert_eq!(read(ADDON_PATH), vec![8; 4700]);
    assert_eq!(read(CFG_PATH), vec![b'#'; 512]);
    assert_eq!(read("EFI/Linux/x.efi"), vec![2; 9000]);
}
