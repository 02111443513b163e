use super::*;
use crate::entry::{Id, Stamp, field};
use crate::store::frame;
use crate::store::writer::Writer;

/// Three closed segments of ten records each and an open one of five.
fn store() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _) = Writer::open(folder.path(), Id([1; 16]), Id([2; 16]), 1_000).unwrap();
    for number in 0..35_u64 {
        let fields = [field("MESSAGE", format!("line {number}")), field("_PID", "1")];
        writer.append(&Stamp { realtime: number, ..Stamp::default() }, &fields).unwrap();
        if number % 10 == 9 {
            writer.rotate(1_001 + number).unwrap();
        }
    }
    writer.sync().unwrap();
    folder
}

fn problems(folder: &Path) -> Vec<Problem> {
    super::folder(folder).unwrap().into_iter().flat_map(|checked| checked.problems).collect()
}

#[test]
fn an_untouched_store_passes() {
    let folder = store();
    assert_eq!(problems(folder.path()), []);
    let records: u64 =
        super::folder(folder.path()).unwrap().iter().map(|checked| checked.records).sum();
    assert_eq!(records, 35);
}

#[test]
fn a_removed_segment_is_told_wherever_it_was() {
    for victim in 0..3 {
        let folder = store();
        std::fs::remove_file(&segments(folder.path()).unwrap()[victim]).unwrap();
        assert!(!problems(folder.path()).is_empty(), "segment {victim}");
    }
}

#[test]
fn a_record_altered_with_its_checksum_mended_is_told_by_the_seal() {
    let folder = store();
    let path = &segments(folder.path()).unwrap()[1];
    let bytes = std::fs::read(path).unwrap();
    let mut forged = bytes[..HEADER_LENGTH].to_vec();
    for item in Frames::new(&bytes[HEADER_LENGTH..], HEADER_LENGTH, Tail::Closed) {
        let Item::Frame { body, .. } = item else { panic!("damage") };
        let mut body = body.to_vec();
        if let Some(place) = body.windows(7).position(|window| window == b"line 15") {
            body[place..place + 7].copy_from_slice(b"line XX");
        }
        frame::put(&mut forged, &body);
    }
    std::fs::write(path, forged).unwrap();
    let found = problems(folder.path());
    assert!(found.iter().any(|problem| matches!(problem, Problem::Seal(_))), "{found:?}");
}

#[test]
fn a_removed_record_is_told_by_the_numbers() {
    let folder = store();
    let path = &segments(folder.path()).unwrap()[1];
    let bytes = std::fs::read(path).unwrap();
    let mut forged = bytes[..HEADER_LENGTH].to_vec();
    for item in Frames::new(&bytes[HEADER_LENGTH..], HEADER_LENGTH, Tail::Closed) {
        let Item::Frame { body, .. } = item else { panic!("damage") };
        if !body.windows(7).any(|window| window == b"line 15") {
            frame::put(&mut forged, body);
        }
    }
    std::fs::write(path, forged).unwrap();
    assert!(problems(folder.path()).contains(&Problem::Sequence { due: 16, found: 17 }));
}

#[test]
fn a_closed_segment_cut_at_any_byte_is_told() {
    let folder = store();
    let path = &segments(folder.path()).unwrap()[2];
    let bytes = std::fs::read(path).unwrap();
    for cut in 0..bytes.len() {
        std::fs::write(path, &bytes[..cut]).unwrap();
        assert!(!problems(folder.path()).is_empty(), "cut at {cut}");
    }
}

#[test]
fn any_altered_byte_of_a_closed_segment_is_told() {
    let folder = store();
    let path = &segments(folder.path()).unwrap()[0];
    let bytes = std::fs::read(path).unwrap();
    for place in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[place] ^= 0x10;
        std::fs::write(path, &bytes).unwrap();
        assert!(!problems(folder.path()).is_empty(), "byte {place}");
    }
}

#[test]
fn segments_removed_by_the_limits_are_known_by_their_record() {
    let folder = store();
    std::fs::remove_file(&segments(folder.path()).unwrap()[0]).unwrap();
    assert_eq!(problems(folder.path()), [Problem::Removed { first: 11 }]);
    let (mut writer, _) = Writer::open(folder.path(), Id([1; 16]), Id([2; 16]), 9_000).unwrap();
    writer
        .append(
            &Stamp::default(),
            &[field("JOURNAL_VACUUMED_TO", "10"), field("JOURNAL_LOST", "4")],
        )
        .unwrap();
    writer.sync().unwrap();
    assert_eq!(problems(folder.path()), []);
    assert_eq!(
        super::folder(folder.path()).unwrap().iter().map(|checked| checked.lost).sum::<u64>(),
        4
    );
}

#[test]
fn numbers_of_any_size_are_counted_without_overflow() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _) = Writer::open(folder.path(), Id([1; 16]), Id([2; 16]), 1_000).unwrap();
    let most = u64::MAX.to_string();
    let fields =
        [field("JOURNAL_LOST", most.as_str()), field("JOURNAL_VACUUMED_TO", most.as_str())];
    for _ in 0..2 {
        writer.append(&Stamp::default(), &fields).unwrap();
    }
    writer.sync().unwrap();
    let checked = super::folder(folder.path()).unwrap();
    assert_eq!((checked[0].lost, checked[0].problems.len()), (u64::MAX, 0));
}
