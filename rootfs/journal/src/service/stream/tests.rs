use proptest::prelude::*;

use super::*;

#[test]
fn a_header_is_seven_lines() {
    let bytes = b"sshd\nssh.service\n30\n1\n0\n0\n1\nfirst line\n";
    let HeaderState::Whole(header, used) = header(bytes) else { panic!("no header") };
    assert_eq!(
        (header.identifier.as_str(), header.unit.as_str(), header.priority),
        ("sshd", "ssh.service", 30)
    );
    assert!(header.level_prefix && header.to_console && !header.to_kmsg && !header.to_syslog);
    assert_eq!(&bytes[used..], b"first line\n");
    for cut in 0..used {
        assert_eq!(super::header(&bytes[..cut]), HeaderState::Partial);
    }
    for bad in [
        b"a\nb\n999\n1\n0\n0\n1\n".as_slice(),
        b"a\nb\n3\nx\n0\n0\n1\n",
        b"\xff\nb\n3\n1\n0\n0\n1\n",
        &[b'a'; 5000],
    ] {
        assert_eq!(super::header(bad), HeaderState::Invalid);
    }
}

#[test]
fn lines_end_at_newlines_nuls_and_the_limit() {
    assert_eq!(line(b"abc\ndef", 10), Some((b"abc".as_slice(), Break::Newline, 4)));
    assert_eq!(line(b"abc\0def", 10), Some((b"abc".as_slice(), Break::Nul, 4)));
    assert_eq!(line(b"abcdef", 10), None);
    assert_eq!(line(b"abcdef", 4), Some((b"abcd".as_slice(), Break::LineMax, 4)));
    assert_eq!(line(b"abcd\n", 4), Some((b"abcd".as_slice(), Break::Newline, 5)));
    assert_eq!(line(b"abcd", 4), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic_and_lines_move_on(bytes in prop::collection::vec(any::<u8>(), 0..300), max in 1_usize..50) {
        let _ = header(&bytes);
        let mut rest = bytes.as_slice();
        while let Some((text, _, used)) = line(rest, max) {
            prop_assert!(used > 0 && text.len() <= max);
            rest = &rest[used..];
        }
        prop_assert!(rest.len() <= max);
    }
}
