use std::path::Path;

use super::*;
use crate::entry::{Stamp, field};
use crate::store::writer::Writer;

fn write(folder: &Path, numbers: std::ops::Range<u64>) -> Writer {
    let (mut writer, _) =
        Writer::open(folder, Id([1; 16]), Id([2; 16]), 1_000 + numbers.start).unwrap();
    append(&mut writer, numbers);
    writer
}

fn append(writer: &mut Writer, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let boot = Id([u8::try_from(number / 500).unwrap(); 16]);
        let unit = if number % 300 < 10 { "rare.service" } else { "often.service" };
        let level = if number == 777 { "2" } else { "6" };
        let fields = [
            field("MESSAGE", number.to_string()),
            field("PRIORITY", level),
            field("_SYSTEMD_UNIT", unit),
        ];
        writer
            .append(&Stamp { realtime: 10_000 + number, monotonic: number, boot }, &fields)
            .unwrap();
        if number % 250 == 249 {
            writer.rotate(20_000 + number).unwrap();
        }
    }
}

fn source(folder: &Path) -> Vec<Source> {
    vec![Source::Folder(folder.to_owned())]
}

fn numbers(reader: &mut Reader, query: Query, direction: Direction) -> Vec<u64> {
    reader.start(query, direction);
    std::iter::from_fn(|| reader.next_entry().unwrap()).map(|entry| entry.stamp.monotonic).collect()
}

#[test]
fn both_directions_give_the_same_entries() {
    let folder = tempfile::tempdir().unwrap();
    let _writer = write(folder.path(), 0..1_100);
    let mut reader = Reader::open(&source(folder.path()));
    let forward = numbers(&mut reader, Query::default(), Direction::Forward);
    let mut backward = numbers(&mut reader, Query::default(), Direction::Backward);
    backward.reverse();
    assert_eq!(forward, (0..1_100).collect::<Vec<_>>());
    assert_eq!(forward, backward);
}

#[test]
fn a_query_leaves_out_runs_but_no_entry_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let _writer = write(folder.path(), 0..1_100);
    let mut reader = Reader::open(&source(folder.path()));
    let queries = [
        (
            Query { units: Some(vec!["rare.service".to_owned()]), ..Query::default() },
            vec![0, 9, 300, 609, 909],
            500,
        ),
        (Query { boots: Some(vec![Id([1; 16])]), ..Query::default() }, vec![500, 999], 700),
        (Query { levels: Some(0b111), ..Query::default() }, vec![777], 70),
        (
            Query { since: Some(10_600), until: Some(10_610), ..Query::default() },
            vec![600, 610],
            140,
        ),
    ];
    for (query, wanted, most) in queries {
        let found = numbers(&mut reader, query.clone(), Direction::Forward);
        assert!(wanted.iter().all(|number| found.contains(number)), "{query:?}");
        assert!(found.len() <= most, "{query:?} gave {}", found.len());
    }
}

#[test]
fn a_log_is_followed_over_rotations() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = write(folder.path(), 0..10);
    let mut reader = Reader::open(&source(folder.path()));
    assert_eq!(numbers(&mut reader, Query::default(), Direction::Forward).len(), 10);
    let mut next = 10;
    for step in [1, 5, 300, 0, 2, 600] {
        append(&mut writer, next..next + step);
        let found = reader.fresh(&source(folder.path())).unwrap();
        let found: Vec<u64> = found.iter().map(|entry| entry.stamp.monotonic).collect();
        assert_eq!(found, (next..next + step).collect::<Vec<_>>());
        next += step;
    }
}

#[test]
fn two_stores_are_read_as_one_in_the_order_of_time() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let _first = write(one.path(), 0..50);
    let _second = write(two.path(), 25..75);
    let mut reader = Reader::open(&[source(one.path()), source(two.path())].concat());
    let found = numbers(&mut reader, Query::default(), Direction::Forward);
    assert_eq!(found.len(), 100);
    assert!(found.is_sorted());
}

#[test]
fn a_missing_or_damaged_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let _writer = write(folder.path(), 0..600);
    let segments = directory::segments(folder.path()).unwrap();
    std::fs::remove_file(crate::store::segment::index_path(&segments[0])).unwrap();
    std::fs::write(crate::store::segment::index_path(&segments[1]), b"KEELIDX1 nonsense").unwrap();
    let mut reader = Reader::open(&source(folder.path()));
    assert_eq!(numbers(&mut reader, Query::default(), Direction::Forward).len(), 600);
}
