use proptest::prelude::*;

use super::*;
use crate::entry::field;

fn fields() -> impl Strategy<Value = Vec<Field>> {
    let name = prop_oneof![
        prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned),
        "[A-Z_][A-Z0-9_]{0,20}",
    ];
    prop::collection::vec((name, prop::collection::vec(any::<u8>(), 0..300)), 0..12)
}

proptest! {
    #[test]
    fn a_record_and_its_context_give_the_fields_back(fields in fields(), sequence: u64, realtime: u64, monotonic: u64) {
        let stamp = Stamp { realtime, monotonic, boot: Id([7; 16]) };
        let body = encode_record(sequence, &stamp, 128, &fields);
        let Some(Body::Record(record)) = decode(&body) else { panic!("no record") };
        let Some(Body::Context(context)) = decode(&encode_context(stamp.boot, &fields)) else { panic!("no context") };
        prop_assert_eq!((record.sequence, record.realtime, record.monotonic), (sequence, realtime, monotonic));
        prop_assert_eq!(context.boot, stamp.boot);
        let mut found = record.fields;
        found.extend(record.priority.map(|level| field("PRIORITY", level.to_string())));
        found.extend(context.fields);
        let mut fields = fields;
        found.sort();
        fields.sort();
        prop_assert_eq!(found, fields);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), kind in 0_u8..5) {
        let _ = decode(&bytes);
        let _ = decode(&[&[kind], bytes.as_slice()].concat());
    }
}

#[test]
fn known_names_keep_their_numbers() {
    // On disk: a name that moves makes installed logs unreadable.
    assert_eq!(NAMES[0], "MESSAGE");
    assert_eq!(NAMES[15], "_SYSTEMD_UNIT");
    assert_eq!(NAMES[31], "JOURNAL_LOST_REASON");
    let body = encode_context(Id([0; 16]), &[field("_PID", "1")]);
    assert_eq!(body[17..], [9, 1, b'1']);
}
