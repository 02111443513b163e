use proptest::prelude::*;

use super::*;

#[test]
fn records_are_read() {
    let record =
        parse(b"6,339,5140900,-;NET: Registered\\x0aprotocol\n SUBSYSTEM=net\n DEVICE=+net:lo\n")
            .unwrap();
    assert_eq!(
        (record.priority, record.facility, record.sequence, record.monotonic),
        (6, 0, 339, 5_140_900)
    );
    assert_eq!(record.message, b"NET: Registered\nprotocol");
    assert_eq!(
        record.properties,
        [field("_KERNEL_SUBSYSTEM", "net"), field("_KERNEL_DEVICE", "+net:lo")]
    );
    let user = parse(b"30,7,1,c,caller=T1;init[1]: up").unwrap();
    assert_eq!(
        (user.priority, user.facility, user.message.as_slice()),
        (6, 3, b"init[1]: up".as_slice())
    );
}

#[test]
fn what_is_no_record_is_refused() {
    for bytes in [b"".as_slice(), b";", b"6,1;x", b"a,1,2,-;x", b"6,1,2,-", b"\xff,1,2,-;x"] {
        assert_eq!(parse(bytes), None, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = parse(&[b"6,1,2,-;".as_slice(), &bytes].concat());
    }
}
