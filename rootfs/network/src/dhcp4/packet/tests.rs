use proptest::prelude::*;

use super::*;
use crate::dhcp4::lease::Lease;
use crate::dhcp4::options::{self, code};

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

#[test]
fn what_is_written_is_read_back() {
    let mut packet = Packet::request(0x0102_0304, MAC);
    packet.seconds = 7;
    packet.broadcast = true;
    packet.client = Ipv4Addr::new(10, 0, 0, 9);
    packet.options.insert(53, vec![3]);
    packet.options.insert(80, Vec::new());
    packet.options.insert(119, vec![9; 700]);
    let bytes = packet.write();
    assert!(bytes.len() >= SMALLEST);
    assert_eq!(Packet::read(&bytes), Ok(packet));
}

#[test]
fn parts_of_an_option_are_joined_wherever_they_stand() {
    let mut bytes = Packet::request(1, MAC).write();
    bytes.truncate(240);
    bytes[44] = 12;
    bytes[45] = 2;
    bytes[46..48].copy_from_slice(b"st");
    bytes[48] = END;
    // The host's name in two parts in the options, another between them, the third in the overloaded server name.
    bytes.extend([12, 1, b'h', 6, 1, 1, 12, 1, b'o', OVERLOAD, 1, 2, END]);
    assert_eq!(Packet::read(&bytes).unwrap().options[&12], b"host");
}

#[test]
fn one_wrong_option_spoils_no_other() {
    let mut packet = Packet::request(1, MAC);
    packet.yours = Ipv4Addr::new(10, 0, 0, 9);
    packet.options.insert(code::ROUTER, vec![1, 2, 3]);
    packet.options.insert(code::MTU, vec![0]);
    packet.options.insert(code::HOSTNAME, b"a b;reboot".to_vec());
    packet.options.insert(code::SERVER_ID, vec![10, 0, 0, 1]);
    packet.options.insert(code::LEASE_TIME, vec![0, 0, 14, 16]);
    let lease = Lease::of(&packet, std::time::Duration::ZERO).unwrap();
    assert_eq!((lease.routes.len(), lease.mtu, lease.hostname), (0, None, None));
    assert_eq!(lease.lifetime.unwrap().as_secs(), 3600);
}

#[test]
fn bytes_that_are_no_packet_are_refused_with_the_reason() {
    let good = Packet::request(1, MAC).write();
    assert_eq!(Packet::read(&good[..200]), Err(PacketError::Short(200)));
    let mut bytes = good.clone();
    bytes[236] = 0;
    assert_eq!(Packet::read(&bytes), Err(PacketError::Cookie));
    let mut bytes = good;
    bytes[2] = 16;
    assert_eq!(Packet::read(&bytes), Err(PacketError::Hardware(16)));
}

proptest! {
    #[test]
    fn random_options_never_panic(noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut bytes = Packet::request(1, MAC).write();
        bytes.truncate(240);
        bytes.extend(noise);
        let packet = Packet::read(&bytes).unwrap();
        let _ = (Lease::of(&packet, std::time::Duration::ZERO), options::MessageType::of(&packet), packet.write());
    }

    #[test]
    fn random_bytes_never_panic(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Packet::read(&noise);
    }
}
