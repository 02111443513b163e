use proptest::prelude::*;

use super::*;

#[test]
fn a_probe_is_written_as_on_the_wire_and_read_back_with_its_padding() {
    let probe = Packet {
        operation: Operation::Request,
        mac: Mac([2, 0, 0, 0, 0, 5]),
        sender: Ipv4Addr::UNSPECIFIED,
        target: Ipv4Addr::new(169, 254, 7, 9),
    };
    let mut bytes = probe.write();
    let wire =
        [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 169, 254, 7, 9];
    assert_eq!(bytes, wire);
    bytes.resize(46, 0);
    assert_eq!(Packet::read(&bytes), Some(probe));
    for (at, value) in [(1, 6), (3, 6), (4, 8), (5, 16), (7, 3)] {
        let mut other = bytes.clone();
        other[at] = value;
        assert_eq!(Packet::read(&other), None, "{at}");
    }
    assert_eq!(Packet::read(&wire[..27]), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic_and_what_is_read_is_written_back(
        mut bytes in prop::collection::vec(any::<u8>(), 28),
        operation in 1_u8..3,
    ) {
        let _ = Packet::read(&bytes);
        bytes[..8].copy_from_slice(&[&HEAD[..], &[0, operation]].concat());
        bytes[18..24].fill(0);
        let read = Packet::read(&bytes).expect("a packet");
        prop_assert_eq!(read.write(), bytes);
    }
}
