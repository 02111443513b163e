use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::testing::{IMAGE, MIB, Part, Recorder, disk_file, image};

fn image_table() -> Table {
    let folder = TempDir::new().expect("a folder");
    Table::of_disk(&Recorder::of(&image(folder.path()), true)).expect("a table")
}

fn partitions(bytes: u64, parts: &[Part]) -> Vec<Partition> {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    disk_file(&path, bytes, parts);
    Table::of_disk(&Recorder::of(&path, true)).expect("a table").partitions()
}

fn planned(bytes: u64, parts: &[Part]) -> Result<Plan, PlanError> {
    plan(&image_table(), bytes, &partitions(bytes, parts))
}

fn root(plan: &Plan) -> (u64, u64) {
    let root = plan.table.partitions().into_iter().find(|p| p.label == "ROOT").expect("a ROOT");
    (root.start() / MIB, root.end() / MIB)
}

#[test]
fn a_disk_that_keeps_nothing_has_the_images_table() {
    let image = image_table();
    for bytes in [IMAGE, 500 * MIB] {
        let plan = plan(&image, bytes, &[]).expect("planned");
        assert_eq!((plan.table, plan.left_out), (image.clone(), None));
    }
    assert_eq!(
        plan(&image, IMAGE - 512, &[]),
        Err(PlanError::TooSmall { disk: IMAGE - 512, needed: IMAGE })
    );
}

#[test]
fn root_goes_before_or_behind_what_is_kept_wherever_more_room_is() {
    for (data, expected) in [
        // Before, where the image has it, and up to what is kept.
        (("data", 700, 100), (10, 700)),
        // Behind.
        (("data", 20, 100), (120, 999)),
        (("data", 10, 5), (15, 999)),
    ] {
        let plan = planned(1000 * MIB, &[data]).expect("planned");
        assert_eq!(root(&plan), expected, "{data:?}");
        assert_eq!(plan.left_out.is_some(), expected.0 != 10, "{data:?}");
    }
}

#[test]
fn partitions_keep_guid_place_and_entry_and_get_another_number_only_where_the_image_has_theirs() {
    let parts = [("a", 10, 1), ("b", 11, 1), ("c", 12, 1), ("d", 13, 1), ("e", 14, 1)];
    let old = partitions(1000 * MIB, &parts);
    let plan = planned(1000 * MIB, &parts).expect("planned");
    assert_eq!(plan.renumbered, [(1, 6), (2, 7), (3, 8), (4, 9)]);
    for kept in &plan.kept {
        let before = old.iter().find(|old| old.guid == kept.guid).expect("the same GUID");
        assert_eq!(before.entry, kept.entry);
        assert!(plan.table.partitions().contains(kept));
    }
}

#[test]
fn what_cannot_be_kept_is_refused_by_name() {
    for (part, text) in [
        (
            ("data", 2, 5),
            "partition \"data\" (bytes 2097152 to 7340032) cannot be kept: ESP goes there",
        ),
        (("data", 9, 5), "cannot be kept: OEM goes there"),
        (("ROOT", 20, 5), "partition \"ROOT\" is one of the image's own"),
        (("data", 100, 700), "the largest gap has 208666624 bytes, and it takes 268435456"),
    ] {
        let error = planned(1000 * MIB, &[part]).expect_err("refused").to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn holes_before_data_and_both_ends_of_what_is_empty_must_be_zero() {
    let plan = planned(32 * MIB, &[]).expect("planned");
    let data = [MIB..MIB + 4096, 2 * MIB..2 * MIB + 512, 4 * MIB..5 * MIB];
    let tail = 32 * MIB - 33 * 512;
    assert_eq!(
        plan.must_be_zero(&data),
        [
            HEAD as u64..MIB,
            // ESP: the hole, and behind the data its ends, which meet.
            MIB + 4096..2 * MIB,
            2 * MIB + 512..4 * MIB,
            // usr-A: two ends, then those of OEM and ROOT.
            5 * MIB..6 * MIB,
            7 * MIB..11 * MIB,
            14 * MIB..15 * MIB,
            tail - MIB..tail,
        ]
    );
}

#[test]
fn a_root_that_fills_a_gap_is_not_cleared_as_a_whole() {
    let alone = planned(1000 * MIB, &[]).expect("planned");
    assert_eq!(alone.may_be_zero(&[]), std::slice::from_ref(&(MIB..15 * MIB)));
    let beside = planned(1000 * MIB, &[("data", 700, 100)]).expect("planned");
    assert_eq!(root(&beside), (10, 700));
    assert_eq!(beside.may_be_zero(&[]), std::slice::from_ref(&(MIB..10 * MIB)));
    let zero = beside.must_be_zero(&[]);
    for place in [10 * MIB, 11 * MIB - 512, 699 * MIB, 700 * MIB - 512] {
        assert!(zero.iter().any(|range| range.contains(&place)), "byte {place}");
    }
}

#[test]
fn the_content_of_an_image_that_is_only_a_table_is_nothing() {
    let mut plan = planned(32 * MIB, &[]).expect("planned");
    plan.image_bytes = 512;
    assert!(plan.content().is_empty());
}

proptest! {
    #[test]
    fn nothing_planned_ever_touches_what_is_kept(
        starts in proptest::collection::vec((0_u64..990, 1_u64..300), 1..6),
        data in proptest::collection::vec((0_u64..15, 1_u64..4), 0..6),
    ) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let mut at = 1;
        let mut parts = Vec::new();
        for ((gap, length), name) in starts.into_iter().zip(names) {
            let (start, length) = (at + gap % 300, length);
            if start + length < 999 {
                parts.push((name, start, length));
                at = start + length;
            }
        }
        let kept = partitions(1000 * MIB, &parts);
        if let Ok(plan) = plan(&image_table(), 1000 * MIB, &kept) {
            let data = merged(data.into_iter().map(|(at, length)| at * MIB..(at + length) * MIB).collect());
            for range in plan.must_be_zero(&data).into_iter().chain(plan.may_be_zero(&data)) {
                prop_assert!(plan.is_kept(&range).is_none());
                prop_assert!(range.end <= 1000 * MIB);
            }
            let mut all = plan.table.partitions();
            prop_assert_eq!(all.len(), 4 + kept.len());
            all.sort_by_key(|p| p.first);
            for pair in all.windows(2) {
                prop_assert!(pair[0].last < pair[1].first);
            }
        }
    }
}
