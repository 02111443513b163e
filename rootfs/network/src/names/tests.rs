use proptest::prelude::*;

use super::*;

#[test]
fn names_are_read_with_compression_and_written_without() {
    // RFC 3397 section 2: eng.apple.com and marketing.apple.com.
    let bytes = b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04";
    assert_eq!(read_list(bytes), ["eng.apple.com", "marketing.apple.com"]);
    assert_eq!(read_list(&write("eng.apple.com")), ["eng.apple.com"]);
}

#[test]
fn loops_and_broken_names_end_the_list() {
    for bytes in
        [&b"\xc0\x00"[..], b"\x01a\xc0\x00", b"\x05ab", b"\xc0", b"\x01a\xc0\x05\x00", b"\x40a\x00"]
    {
        assert!(read_list(bytes).len() <= 1, "{bytes:?}");
    }
}

#[test]
fn only_host_names_pass() {
    for (name, passes) in [
        ("example.org", true),
        ("example.org.", true),
        ("_srv.example", true),
        ("", false),
        ("a..b", false),
        ("-a", false),
        ("a b", false),
        ("a\nnameserver 1.2.3.4", false),
        ("ü.example", false),
    ] {
        assert_eq!(checked(name).is_some(), passes, "{name:?}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic_and_give_only_names(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        for name in read_list(&noise) {
            prop_assert!(checked(&name).is_some());
        }
    }
}

#[test]
fn a_hosts_name_is_cut_to_what_the_kernel_takes() {
    let label = "a".repeat(60);
    let rows = [
        ("host.example.com".to_owned(), "host.example.com"),
        (format!("{label}.example.com"), label.as_str()),
        ("b".repeat(70), &"b".repeat(64)),
    ];
    for (name, wanted) in rows {
        assert_eq!(host(&name), wanted);
    }
}
