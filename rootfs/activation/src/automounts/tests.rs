use proptest::prelude::*;

use super::*;

/// A packet as the kernel writes it.
fn packet(version: u32, kind: u32, token: u32, process: u32) -> Vec<u8> {
    let mut words = vec![version, kind, token, 7, 1, 0, 1000, 1000, process, process, 4];
    words[8] = 41;
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.extend(b"1234\0");
    bytes.resize(packet::SIZE, 0);
    bytes
}

#[test]
fn packets_of_a_direct_point_are_read() {
    for (bytes, expected) in [
        (packet(5, 5, 3, 42), Ok(Packet::Missing { token: 3, process: 42 })),
        (packet(5, 5, u32::MAX, 0), Ok(Packet::Missing { token: u32::MAX, process: 0 })),
        (packet(5, 6, 4, 42), Ok(Packet::Expire { token: 4 })),
        // Of an indirect point, and of an older protocol.
        (packet(5, 3, 4, 42), Err(PacketError::Type(3))),
        (packet(4, 5, 4, 42), Err(PacketError::Version(4))),
        (packet(5, 5, 3, 42)[..300].to_vec(), Err(PacketError::Size(300))),
        (Vec::new(), Err(PacketError::Size(0))),
    ] {
        assert_eq!(Packet::parse(&bytes), expected);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let good = Packet::parse(&bytes).is_ok();
        prop_assert!(!good || bytes.len() == packet::SIZE);
    }

    #[test]
    fn a_packet_of_the_right_size_is_read_or_named(head in prop::array::uniform11(0_u32..8)) {
        let mut bytes: Vec<u8> = head.iter().flat_map(|word| word.to_ne_bytes()).collect();
        bytes.resize(packet::SIZE, 0xff);
        let expected = match (head[0], head[1]) {
            (5, 5) => Ok(Packet::Missing { token: head[2], process: head[9] }),
            (5, 6) => Ok(Packet::Expire { token: head[2] }),
            (5, other) => Err(PacketError::Type(other)),
            (other, _) => Err(PacketError::Version(other)),
        };
        prop_assert_eq!(Packet::parse(&bytes), expected);
    }
}

#[test]
fn extra_options_become_flags_and_words_of_autofs() {
    let (_reader, writer) = pipe().expect("a pipe");
    let (flags, data) = options("nosuid,strictexpire", writer.as_fd()).expect("they are good");
    assert_eq!(flags, MountFlags::NOSUID);
    let group = rustix::process::getpgrp().as_raw_nonzero();
    let expected =
        format!("fd={},pgrp={group},minproto=5,maxproto=5,direct,strictexpire", writer.as_raw_fd());
    assert_eq!(data.to_str(), Ok(expected.as_str()));
    let (flags, data) = options("", writer.as_fd()).expect("they are good");
    assert!(flags.is_empty() && data.to_bytes().ends_with(b",direct"));
    assert!(options("a\0b", writer.as_fd()).is_err());
}

#[test]
fn the_time_of_rest_is_in_whole_seconds() {
    for (idle, expected) in [
        (Duration::ZERO, 0),
        (Duration::from_millis(1), 1),
        (Duration::from_mins(1), 60),
        (Duration::from_millis(1500), 2),
        (Duration::MAX, 0),
    ] {
        assert_eq!(control::seconds(idle), expected, "{idle:?}");
    }
}

#[test]
fn a_folder_without_autofs_is_no_automount_point() {
    let folder = tempfile::tempdir().expect("a folder");
    let (reader, _writer) = pipe().expect("a pipe");
    let error = Point::open(folder.path(), reader, None).expect_err("it is none");
    assert_eq!(error.to_string(), "something else is mounted on the automount point");
}
