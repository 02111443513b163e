use proptest::prelude::*;

use super::*;
use crate::entry::{Stamp, field};
use crate::store::frame::put;
use crate::store::record::{encode_context, encode_record};

fn segment() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = 128;
    for number in 0..200_u64 {
        let boot = Id([u8::try_from(number / 150).unwrap(); 16]);
        let unit = format!("unit-{}.service", number / 70);
        let fields = [
            field("MESSAGE", "x"),
            field("PRIORITY", (number % 8).to_string()),
            field("_SYSTEMD_UNIT", unit),
        ];
        let start = bytes.len();
        put(&mut bytes, &encode_context(boot, &fields));
        let context = at;
        at += u32::try_from(bytes.len() - start).unwrap();
        let start = bytes.len();
        let stamp = Stamp { realtime: 1_000 + number, monotonic: number, boot };
        put(&mut bytes, &encode_record(number + 1, &stamp, context, &fields));
        at += u32::try_from(bytes.len() - start).unwrap();
    }
    bytes
}

fn index() -> Index {
    let mut index = Index::new();
    index.extend(&segment(), Tail::Closed, |_| None);
    index
}

#[test]
fn runs_units_and_boots_are_found() {
    let index = index();
    assert_eq!(index.runs.len(), 4);
    assert_eq!(index.runs[1].first_sequence, 65);
    assert_eq!((index.runs[3].earliest, index.runs[3].latest), (1_192, 1_199));
    assert_eq!(index.units["unit-0.service"], [0, 1]);
    assert_eq!(index.units["unit-2.service"], [2, 3]);
    assert_eq!(index.boots.len(), 2);
    assert_eq!(
        (index.boots[1].first, index.boots[1].first_run, index.boots[1].last_run),
        (1_150, 2, 3)
    );
    assert_eq!(index.last_sequence, Some(200));
}

#[test]
fn an_index_taken_in_by_parts_is_the_same() {
    let bytes = segment();
    let mut parts = Index::new();
    for end in [10, 3_000, 3_001, bytes.len()] {
        let from = usize::try_from(parts.covered).unwrap() - 128;
        let known = bytes.clone();
        parts.extend(&bytes[from..end.max(from)], Tail::Open, |position| {
            let at = usize::try_from(position).unwrap() - 128;
            let frame::Next::Frame(body) = frame::next(&known[at..]) else {
                return None;
            };
            match record::decode(body) {
                Some(Body::Context(context)) => Some(context),
                _ => None,
            }
        });
    }
    assert_eq!(parts, index());
}

#[test]
fn an_index_file_is_read_back_and_only_for_its_segment() {
    let bytes = index().encode(&[9; 32]);
    assert_eq!(Index::decode(&bytes, &[9; 32]), Some(index()));
    assert_eq!(Index::decode(&bytes, &[8; 32]), None);
    for place in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        assert_eq!(Index::decode(&bytes, &[9; 32]), None, "byte {place}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut whole = [b"KEELIDX1".as_slice(), &[0; 32], &bytes].concat();
        let sum = crc32fast::hash(&whole);
        whole.extend_from_slice(&sum.to_le_bytes());
        let _ = Index::decode(&whole, &[0; 32]);
        let _ = Index::decode(&bytes, &[0; 32]);
    }
}
