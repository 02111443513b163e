use proptest::prelude::*;

use super::*;

#[test]
fn lines_are_taken_apart() {
    type Row = (
        &'static [u8],
        Option<u8>,
        Option<u8>,
        Option<&'static [u8]>,
        Option<&'static [u8]>,
        &'static [u8],
    );
    let rows: [Row; 8] = [
        (
            b"<13>Oct 11 22:14:15 su[42]: denied\n\0",
            Some(5),
            Some(1),
            Some(b"su"),
            Some(b"42"),
            b"denied",
        ),
        (b"<30>Oct  1 22:14:15 cron: run", Some(6), Some(3), Some(b"cron"), None, b"run"),
        (b"<0>panic", Some(0), Some(0), None, None, b"panic"),
        (b"plain text: with colon", None, None, None, None, b"plain text: with colon"),
        (b"word: rest", None, None, Some(b"word"), None, b"rest"),
        (b"<9999>x", None, None, None, None, b"<9999>x"),
        (b"http://example.org", None, None, None, None, b"http://example.org"),
        (b"", None, None, None, None, b""),
    ];
    for (bytes, priority, facility, name, pid, message) in rows {
        let line = parse(bytes);
        assert_eq!((line.priority, line.facility), (priority, facility), "{bytes:?}");
        assert_eq!((line.identifier, line.pid, line.message), (name, pid, message), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = parse(&[b"<13>Oct 11 22:14:15 ".as_slice(), &bytes].concat());
    }
}
