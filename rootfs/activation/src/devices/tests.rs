//! Messages, names, links and partitions.

use std::io;

use proptest::prelude::*;

use super::gpt::{self, Partition};
use super::{Action, Device, UeventSocket, coldplug, parse, present};

const ADD: &[u8] =
    b"add@/devices/pci0000:00/virtio1/block/vda/vda1\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=vda1\0\
                     DEVTYPE=partition\0PARTN=1\0MAJOR=254\0";

#[test]
fn a_message_of_the_kernel_is_read() {
    let event = parse(ADD).unwrap();
    assert_eq!(event.action, Action::Add);
    assert_eq!(event.sys_path, "/devices/pci0000:00/virtio1/block/vda/vda1");
    assert_eq!(event.subsystem, "block");
    assert_eq!(event.node().unwrap().to_str(), Some("/dev/vda1"));
    assert_eq!(event.variable("PARTN"), Some("1"));
}

#[test]
fn messages_of_others_are_none() {
    let rows: [&[u8]; 6] = [
        b"",
        b"libudev\0\xfe\xed\xca\xfe",
        b"add/devices/x\0",
        b"grow@/devices/x\0",
        b"add@devices/x\0",
        b"add@/devices/../../etc\0",
    ];
    assert!(rows.into_iter().all(|message| parse(message).is_none()));
    let outside = parse(b"add@/devices/x\0DEVNAME=../etc/shadow\0").unwrap();
    assert_eq!(outside.node(), None);
}

#[test]
fn a_device_has_a_unit_for_each_of_its_paths() {
    let disk = Device {
        sys_path: "/devices/virtio1/block/vda/vda1".into(),
        subsystem: "block".into(),
        node: Some("/dev/vda1".into()),
        links: vec!["/dev/disk/by-label/a\\x20b".into()],
        content: None,
    };
    let names: Vec<String> = disk.unit_names().iter().map(ToString::to_string).collect();
    let expected = [
        "sys-devices-virtio1-block-vda-vda1.device",
        "dev-vda1.device",
        "dev-disk-by\\x2dlabel-a\\x5cx20b.device",
    ];
    assert_eq!(names, expected);
    let net = Device {
        sys_path: "/devices/virtual/net/lo".into(),
        subsystem: "net".into(),
        ..Device::default()
    };
    let names: Vec<String> = net.unit_names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["sys-devices-virtual-net-lo.device", "sys-subsystem-net-devices-lo.device"]);
}

#[test]
fn a_unit_is_present_where_its_path_is() {
    let names =
        ["dev-null.device", "sys-subsystem-net-devices-lo.device", "dev-no\\x2dsuch.device"];
    assert_eq!(names.map(|name| present(&name.parse().unwrap())), [true, true, false]);
}

/// A disk with a table of two partitions, the second named.
fn table(sector: usize) -> Vec<u8> {
    let mut disk = vec![0_u8; sector * 8];
    disk[sector..sector + 8].copy_from_slice(b"EFI PART");
    disk[sector + 72] = 2;
    disk[sector + 80] = 2;
    disk[sector + 84] = 128;
    for number in 0..2_u8 {
        let at = sector * 2 + usize::from(number) * 128;
        disk[at] = 1;
        disk[at + 16..at + 20].copy_from_slice(&[0x78, 0x56, 0x34, 0x12 + number]);
    }
    let name = sector * 2 + 128 + 56;
    for (at, unit) in "ROOT".encode_utf16().enumerate() {
        disk[name + at * 2..name + at * 2 + 2].copy_from_slice(&unit.to_le_bytes());
    }
    disk
}

fn read(disk: &[u8], number: u32) -> Option<Partition> {
    let from = |at: u64, buffer: &mut [u8]| {
        let start = usize::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?;
        let end = start.checked_add(buffer.len()).ok_or(io::ErrorKind::InvalidInput)?;
        buffer.copy_from_slice(disk.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    };
    gpt::read(&from, number)
}

#[test]
fn partitions_are_named_by_their_table() {
    for sector in [512, 4096] {
        let disk = table(sector);
        let second = Partition {
            uuid: "13345678-0000-0000-0000-000000000000".into(),
            label: Some("ROOT".into()),
        };
        assert_eq!(read(&disk, 2), Some(second));
        assert_eq!(read(&disk, 1).unwrap().label, None);
        assert_eq!(read(&disk, 3), None);
        assert_eq!(read(&disk, 0), None);
    }
    let mut old = vec![0; 512];
    old[440..444].copy_from_slice(&[1, 2, 3, 0xab]);
    old[510..].copy_from_slice(&[0x55, 0xaa]);
    assert_eq!(read(&old, 2), Some(Partition { uuid: "ab030201-02".into(), label: None }));
}

#[test]
fn the_devices_of_this_machine_are_listed() {
    let events = coldplug(std::path::Path::new("/"), &["net", "no-such"]);
    assert!(events.iter().any(|event| event.sys_path == "/devices/virtual/net/lo"));
    assert!(events.iter().all(|event| event.subsystem == "net" && event.action == Action::Add));
}

#[test]
fn the_socket_is_quiet_where_nothing_happens() {
    let socket = UeventSocket::open().unwrap();
    let received = socket.read().unwrap();
    assert!(
        matches!(received, super::Received::Nothing | super::Received::Event(_)),
        "{received:?}"
    );
}

proptest! {
    #[test]
    fn any_message_is_read(message in prop::collection::vec(any::<u8>(), 0..300), head in any::<bool>()) {
        let whole = if head { [b"add@/devices/x\0".as_slice(), &message].concat() } else { message };
        if let Some(event) = parse(&whole) {
            prop_assert!(event.sys_path.starts_with('/'));
            prop_assert!(event.node().is_none_or(|node| node.starts_with("/dev")));
        }
    }

    #[test]
    fn any_table_is_read(mut disk in prop::collection::vec(any::<u8>(), 0..2048), number: u32) {
        if disk.len() > 1024 {
            disk[512..520].copy_from_slice(b"EFI PART");
        }
        read(&disk, number);
    }
}
