use proptest::prelude::*;

use super::*;

const ENDS: Ends = Ends {
    source: (Ipv4Addr::UNSPECIFIED, CLIENT_PORT),
    destination: (Ipv4Addr::BROADCAST, SERVER_PORT),
};

#[test]
fn what_is_written_is_read_back() {
    for payload in [&b""[..], b"odd", b"even"] {
        assert_eq!(read(&write(ENDS, payload).unwrap()), Some((ENDS, payload)));
    }
    assert_eq!(write(ENDS, &vec![0; 65_508]), None);
}

#[test]
fn fragments_other_protocols_and_broken_headers_are_passed_over() {
    let good = write(ENDS, b"payload").unwrap();
    // Each with its header's checksum put right, so that only the change itself counts.
    for (at, value) in [(0, 0x65), (0, 0x44), (6, 0x20), (7, 1), (9, 6)] {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes[10..12].fill(0);
        let sum = checksum(&[&bytes[..20]]);
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(read(&bytes), None, "{at} {value}");
    }
    let mut broken = good.clone();
    broken[12] = 9;
    assert_eq!(read(&broken), None);
    assert_eq!(read(&good[..good.len() - 1]), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(noise in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = read(&noise);
    }

    #[test]
    fn changed_frames_never_panic(at in 0_usize..60, value: u8, cut in 0_usize..60) {
        let mut bytes = write(ENDS, &[7; 32]).unwrap();
        bytes[at] = value;
        let _ = read(&bytes[..bytes.len() - cut]);
    }
}
