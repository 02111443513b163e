use proptest::prelude::*;

use super::*;
use crate::entry::{Entry, field};
use crate::store::reader::{Direction, Query, Reader, Source};
use crate::store::verify;

const MACHINE: Id = Id([1; 16]);
const STORE: Id = Id([2; 16]);

fn open(folder: &Path) -> (Writer, Recovered) {
    Writer::open(folder, MACHINE, STORE, 1_000).unwrap()
}

fn stamp(at: u64) -> Stamp {
    Stamp { realtime: at, monotonic: at, boot: Id([3; 16]) }
}

fn line(text: &str) -> Vec<Field> {
    vec![
        field("MESSAGE", text),
        field("PRIORITY", "6"),
        field("_PID", "1"),
        field("_SYSTEMD_UNIT", "a.service"),
    ]
}

fn all(folder: &Path) -> Vec<Entry> {
    let mut reader = Reader::open(&[Source::Folder(folder.to_owned())]);
    reader.start(Query::default(), Direction::Forward);
    std::iter::from_fn(|| reader.next_entry().unwrap()).collect()
}

fn messages(folder: &Path) -> Vec<String> {
    all(folder).iter().map(|entry| entry.text("MESSAGE").unwrap_or("?").to_owned()).collect()
}

#[test]
fn what_is_appended_is_read_back_over_rotations_and_reopenings() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..4_u64 {
        let (mut writer, recovered) = open(folder.path());
        assert_eq!(recovered, Recovered::default());
        for number in 0..100 {
            let at = round * 100 + number;
            assert_eq!(
                writer.append(&stamp(2_000 + at), &line(&format!("line {at}"))).unwrap(),
                at + 1
            );
        }
        if round % 2 == 0 { writer.sync().unwrap() } else { writer.rotate(5_000).unwrap() }
    }
    let entries = all(folder.path());
    assert_eq!(entries.len(), 400);
    for (number, entry) in (0..).zip(&entries) {
        assert_eq!((entry.sequence, entry.stamp.realtime), (number + 1, 2_000 + number));
        assert_eq!(entry.text("_SYSTEMD_UNIT"), Some("a.service"));
        assert_eq!(entry.text("_BOOT_ID"), Some("03030303030303030303030303030303"));
    }
    assert!(
        verify::folder(folder.path()).unwrap().iter().all(|checked| checked.problems.is_empty())
    );
}

#[test]
fn a_file_cut_at_any_byte_keeps_every_line_before_the_cut_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut ends = Vec::new();
    let (mut writer, _) = open(folder.path());
    for number in 0..6 {
        writer.append(&stamp(number), &line(&format!("line {number}"))).unwrap();
        if number == 2 {
            writer.sync().unwrap();
        }
        ends.push(usize::try_from(writer.length()).unwrap());
    }
    drop(writer);
    let bytes = std::fs::read(folder.path().join(ACTIVE)).unwrap();
    for cut in HEADER_LENGTH..=bytes.len() {
        let torn = tempfile::tempdir().unwrap();
        std::fs::write(torn.path().join(ACTIVE), &bytes[..cut]).unwrap();
        let (mut writer, recovered) = open(torn.path());
        assert_eq!(recovered.damaged, 0);
        writer.append(&stamp(9), &line("after")).unwrap();
        writer.sync().unwrap();
        let whole = ends.iter().filter(|end| **end <= cut).count();
        // The record before the seal ends before the seal does.
        let found = messages(torn.path());
        assert!(found.len() == whole + 1 || found.len() == whole + 2, "cut at {cut}: {found:?}");
        assert_eq!(found.last().map(String::as_str), Some("after"));
        let checked = verify::folder(torn.path()).unwrap();
        assert!(
            checked.iter().all(|checked| checked.problems.is_empty()),
            "cut at {cut}: {checked:?}"
        );
    }
}

#[test]
fn a_damaged_segment_is_closed_and_what_is_whole_in_it_stays_readable() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(folder.path());
    for number in 0..3 {
        writer.append(&stamp(number), &line(&format!("line {number}"))).unwrap();
    }
    drop(writer);
    let path = folder.path().join(ACTIVE);
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes.windows(6).position(|window| window == b"line 1").unwrap();
    bytes[place] = b'L';
    std::fs::write(&path, bytes).unwrap();
    let (mut writer, recovered) = open(folder.path());
    assert!(recovered.damaged > 0);
    assert_eq!(writer.append(&stamp(9), &line("after")).unwrap(), 4);
    assert_eq!(messages(folder.path()), ["line 0", "line 2", "after"]);
    let problems: Vec<_> =
        verify::folder(folder.path()).unwrap().into_iter().flat_map(|c| c.problems).collect();
    assert!(
        problems.iter().any(|problem| matches!(problem, verify::Problem::Damage { .. })),
        "{problems:?}"
    );
}

#[test]
fn a_file_that_is_no_segment_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(ACTIVE), b"not a log").unwrap();
    let (mut writer, recovered) = open(folder.path());
    assert_eq!(recovered.damaged, 9);
    writer.append(&stamp(1), &line("first")).unwrap();
    assert_eq!(messages(folder.path()), ["first"]);
}

#[test]
fn an_entry_that_is_too_long_is_refused_and_the_file_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(folder.path());
    let long = vec![field("MESSAGE", vec![b'x'; frame::MAX_BODY])];
    assert!(matches!(writer.append(&stamp(1), &long), Err(AppendError::TooLong(_))));
    writer.append(&stamp(2), &line("next")).unwrap();
    assert_eq!(messages(folder.path()), ["next"]);
}

#[test]
fn more_senders_than_are_remembered_are_all_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(folder.path());
    for number in 0..1_000_u64 {
        let fields = [field("MESSAGE", "x"), field("_PID", (number % 400).to_string())];
        writer.append(&stamp(number), &fields).unwrap();
    }
    for (number, entry) in all(folder.path()).iter().enumerate() {
        assert_eq!(entry.text("_PID"), Some((number % 400).to_string().as_str()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_segment_with_random_damage_opens_reads_and_takes_lines(
        changes in prop::collection::vec((0_usize..4_000, any::<u8>()), 1..20), cut in 0_usize..4_000,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (mut writer, _) = open(folder.path());
        for number in 0..40 {
            writer.append(&stamp(number), &line(&format!("line {number}"))).unwrap();
        }
        drop(writer);
        let path = folder.path().join(ACTIVE);
        let mut bytes = std::fs::read(&path).unwrap();
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        bytes.truncate(bytes.len() - cut % bytes.len());
        std::fs::write(&path, &bytes).unwrap();
        let _ = messages(folder.path());
        let (mut writer, _) = open(folder.path());
        writer.append(&stamp(99), &line("after")).unwrap();
        prop_assert_eq!(messages(folder.path()).pop(), Some("after".to_owned()));
        verify::folder(folder.path()).unwrap();
    }
}

#[test]
fn a_seal_within_a_record_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(folder.path());
    writer.append(&stamp(1), &line("one")).unwrap();
    let seal = |position: u64| {
        let mut frame = Vec::new();
        let seal = Seal {
            position: u32::try_from(position).unwrap(),
            records: 7,
            last_sequence: u64::MAX,
            last_realtime: 9,
            digest: [9; 32],
        };
        frame::put(&mut frame, &record::encode_seal(&seal));
        frame
    };
    // A first try tells where the value of the field ends up, as a user can compute it.
    let before = writer.length();
    let forged = |seal: Vec<u8>| vec![field("PRIORITY", "6"), field("MESSAGE", seal)];
    writer.append(&stamp(2), &forged(seal(0))).unwrap();
    let grown = writer.length() - before;
    let length = seal(0).len() as u64;
    // The context of the first try is known by now, so the second begins after less.
    writer.append(&stamp(3), &forged(seal(0))).unwrap();
    let known = writer.length() - before - grown;
    let position = writer.length() + known - length;
    writer.append(&stamp(4), &forged(seal(position))).unwrap();
    assert!(last_seal(&writer.file, writer.length()).is_some(), "the forgery is at its place");
    drop(writer);
    let (mut writer, recovered) = open(folder.path());
    assert_eq!((recovered, writer.next_sequence()), (Recovered::default(), 5));
    writer.append(&stamp(5), &line("two")).unwrap();
    writer.sync().unwrap();
    assert!(verify::folder(folder.path()).unwrap()[0].problems.is_empty());
}

/// A value as a user may send it: whole frames of a record that names another unit and an endless number.
fn forgery(position: u64) -> Vec<u8> {
    let fields = [field("MESSAGE", "forged"), field("_SYSTEMD_UNIT", "other.service")];
    let mut value = Vec::new();
    frame::put(&mut value, &record::encode_context(Id([3; 16]), &fields));
    let context = u32::try_from(position).unwrap();
    frame::put(&mut value, &record::encode_record(u64::MAX, &stamp(3), context, &fields));
    value
}

#[test]
fn frames_that_a_client_puts_into_a_long_value_are_no_records() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(folder.path());
    writer.append(&stamp(1), &line("one")).unwrap();
    let before = usize::try_from(writer.length()).unwrap();
    let value = [forgery(writer.length()), vec![b'x'; 3 * WINDOW]].concat();
    writer.append(&stamp(2), &[field("PRIORITY", "6"), field("DATA", value)]).unwrap();
    writer.append(&stamp(4), &line("two")).unwrap();
    assert_eq!(all(folder.path()).len(), 3, "as it is written");
    drop(writer);
    let (mut writer, recovered) = open(folder.path());
    assert_eq!((recovered, writer.next_sequence()), (Recovered::default(), 4));
    writer.append(&stamp(5), &line("three")).unwrap();
    drop(writer);
    // Nor where the long one was torn by a power cut, or is being written while it is read.
    let bytes = std::fs::read(folder.path().join(ACTIVE)).unwrap();
    for cut in [before + 400, before + WINDOW - 1, before + WINDOW, before + 2 * WINDOW] {
        let torn = tempfile::tempdir().unwrap();
        std::fs::write(torn.path().join(ACTIVE), &bytes[..cut]).unwrap();
        assert_eq!(messages(torn.path()), ["one"], "cut at {cut}");
        let (writer, recovered) = open(torn.path());
        assert_eq!((recovered.damaged, writer.next_sequence()), (0, 2), "cut at {cut}");
        assert!(recovered.torn > 0);
    }
}

#[test]
fn numbers_do_not_begin_anew_after_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(folder.path());
    writer.next_sequence = u64::MAX;
    for _ in 0..2 {
        assert_eq!(writer.append(&stamp(1), &line("one")).unwrap(), u64::MAX);
    }
}
