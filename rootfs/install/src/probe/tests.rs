use std::os::unix::fs::FileExt;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::testing::{MIB, Recorder, disk_file};

fn probed(write: &[(u64, &[u8])]) -> Content {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    let file = keelson_disk::sparse::create(&path, 8 * MIB).expect("made");
    for (at, bytes) in write {
        file.write_all_at(bytes, *at).expect("written");
    }
    probe(&Recorder::of(&path, true))
}

#[test]
fn signatures_are_named_and_anything_else_is_something_too() {
    assert_eq!(probed(&[]), Content::Nothing);
    for (name, at, magic) in SIGNATURES {
        assert_eq!(probed(&[(at, magic)]), Content::Something(name.to_owned()));
    }
    let raid = [0xfc, 0x4e, 0x2b, 0xa9];
    assert_eq!(probed(&[(8 * MIB - 8192, &raid)]), Content::Something("Linux RAID".to_owned()));
    assert_eq!(
        probed(&[(8 * MIB - 5, &[1])]),
        Content::Something("data of an unknown kind".to_owned())
    );
    assert_eq!(
        probed(&[(446, &[0, 0, 2, 0, 0x83, 0, 0, 0, 0, 8, 0, 0]), (510, &[0x55, 0xaa])]),
        Content::Something("MBR with 1 partitions".to_owned())
    );
}

#[test]
fn tables_are_named_by_their_labels() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    disk_file(&path, 8 * MIB, &[("a", 1, 2), ("b", 4, 1)]);
    assert_eq!(probe(&Recorder::of(&path, true)), Content::Something("GPT with a, b".to_owned()));
}

#[test]
fn an_interrupted_installation_is_known_by_its_first_sector() {
    for protective in [true, false] {
        let sector = table::unfinished_first_sector(protective, 8 * MIB);
        assert_eq!(probed(&[(0, &sector)]), Content::Unfinished(Vec::new()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 1..5000), at in 0_u64..70_000) {
        let _content = probed(&[(at, &bytes)]);
    }
}
