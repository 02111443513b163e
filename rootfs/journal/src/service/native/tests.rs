use proptest::prelude::*;

use super::*;
use crate::entry::field;

#[test]
fn lines_and_binary_values_are_read() {
    let mut bytes = b"MESSAGE=hello\nPRIORITY=3\nBIN\n".to_vec();
    bytes.extend_from_slice(&4_u64.to_le_bytes());
    bytes.extend_from_slice(b"a\nb\0\n_PID=1\nlower=2\n9X=3\n\nMESSAGE=second\n");
    let parsed = parse(&bytes);
    assert!(!parsed.malformed);
    let first = vec![field("MESSAGE", "hello"), field("PRIORITY", "3"), field("BIN", b"a\nb\0")];
    assert_eq!(parsed.entries, [first, vec![field("MESSAGE", "second")]]);
}

#[test]
fn what_is_cut_off_is_told_and_what_came_before_is_kept() {
    let mut bytes = b"MESSAGE=hello\nBIN\n".to_vec();
    bytes.extend_from_slice(&u64::MAX.to_le_bytes());
    for bytes in [bytes.as_slice(), b"MESSAGE=hello\nBIN\n\x04\0", b"MESSAGE=hello\nBIN"] {
        let parsed = parse(bytes);
        assert!(parsed.malformed);
        assert_eq!(parsed.entries, [vec![field("MESSAGE", "hello")]]);
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
        let _ = parse(&[b"A=1\nB\n".as_slice(), &bytes].concat());
    }
}

#[test]
fn many_entries_and_fields_are_bounded_and_told() {
    let entries = parse(&b"A=\n\n".repeat(100_000));
    assert_eq!((entries.entries.len(), entries.malformed), (MAX_ENTRIES, true));
    let fields = parse(&b"A=\n".repeat(2000));
    assert_eq!((fields.entries[0].len(), fields.malformed), (MAX_FIELDS, true));
    let both = parse(&[b"A=\n".repeat(1000), b"\n".to_vec()].concat().repeat(100));
    assert!(both.entries.iter().map(Vec::len).sum::<usize>() <= MAX_ALL_FIELDS && both.malformed);
    assert!(!parse(&b"A=\n".repeat(MAX_FIELDS)).malformed);
}
