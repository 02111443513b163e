//! Device-mapper by its ioctls (kernel headers `linux/dm-ioctl.h`): makes a read-only device with
//! one target.

use std::fs::{File, OpenOptions};

use rustix::ioctl::{Updater, ioctl, opcode};

use crate::refuse::{Failure, doing};

const CONTROL: &str = "/dev/mapper/control";

/// Bytes of `struct dm_ioctl`; the kernel takes this size from the ioctl's number.
const HEAD: usize = 312;
/// Bytes of `struct dm_target_spec`.
const SPEC: usize = 40;
/// Bytes of a whole packet: head, target, parameters.
const PACKET: usize = 4096;

const DEV_CREATE: u8 = 3;
const DEV_SUSPEND: u8 = 6;
const TABLE_LOAD: u8 = 9;

const READ_ONLY: u32 = 1;

/// A mapped device, as the kernel numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    /// The number after `dm-`.
    pub(crate) minor: u32,
}

impl Device {
    /// Its node.
    pub(crate) fn node(self) -> String {
        format!("/dev/dm-{}", self.minor)
    }
}

/// What a device is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// Length in sectors of 512 bytes.
    pub(crate) sectors: u64,
    /// Kind, as in `verity`.
    pub(crate) kind: &'a str,
    /// Parameters, separated by spaces.
    pub(crate) parameters: &'a str,
}

/// Makes the read-only device `name` of one target and starts it.
pub(crate) fn create(name: &str, uuid: &str, target: Target<'_>) -> Result<Device, Failure> {
    let control = OpenOptions::new().read(true).write(true).open(CONTROL);
    let control = control.map_err(doing(format!("opening {CONTROL}")))?;
    let mut packet = Packet::new(name, READ_ONLY);
    packet.put_text(HEAD_UUID, uuid);
    call::<{ opcode::read_write::<[u8; HEAD]>(GROUP, DEV_CREATE) }>(&control, &mut packet)
        .map_err(doing(format!("making the device-mapper device {name}")))?;
    let device = Device { minor: packet.minor() };
    let mut packet = Packet::new(name, READ_ONLY);
    packet.put_target(target);
    call::<{ opcode::read_write::<[u8; HEAD]>(GROUP, TABLE_LOAD) }>(&control, &mut packet)
        .map_err(doing(format!("loading the {} table `{}`", target.kind, target.parameters)))?;
    // Without the suspend flag this is "resume", which makes the loaded table live.
    let mut packet = Packet::new(name, READ_ONLY);
    call::<{ opcode::read_write::<[u8; HEAD]>(GROUP, DEV_SUSPEND) }>(&control, &mut packet)
        .map_err(doing(format!("starting the device-mapper device {name}")))?;
    Ok(device)
}

/// The number of device-mapper's ioctls.
const GROUP: u8 = 0xfd;

const HEAD_DATA_SIZE: usize = 12;
const HEAD_DATA_START: usize = 16;
const HEAD_TARGET_COUNT: usize = 20;
const HEAD_FLAGS: usize = 28;
const HEAD_DEV: usize = 40;
const HEAD_NAME: usize = 48;
const HEAD_UUID: usize = 176;

/// `struct dm_ioctl` followed by what a command takes, aligned as the kernel wants it.
#[derive(Debug)]
#[repr(C, align(8))]
struct Packet([u8; PACKET]);

impl Packet {
    fn new(name: &str, flags: u32) -> Self {
        let mut packet = Self([0; PACKET]);
        // The version of the interface: 4.0.0 is understood by every kernel since 2.6.
        packet.put_u32(0, 4);
        packet.put_u32(HEAD_DATA_SIZE, u32::try_from(PACKET).expect("4096 fits"));
        packet.put_u32(HEAD_DATA_START, u32::try_from(HEAD).expect("312 fits"));
        packet.put_u32(HEAD_FLAGS, flags);
        packet.put_text(HEAD_NAME, name);
        packet
    }

    fn put_u32(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }

    /// The names given are ours and shorter than their fields, as is every verity table.
    fn put_text(&mut self, at: usize, text: &str) {
        self.0[at..at + text.len()].copy_from_slice(text.as_bytes());
    }

    /// `struct dm_target_spec`: start, length, status, offset of the next, kind; then the
    /// parameters, which end in a zero byte.
    fn put_target(&mut self, target: Target<'_>) {
        self.put_u32(HEAD_TARGET_COUNT, 1);
        self.0[HEAD + 8..HEAD + 16].copy_from_slice(&target.sectors.to_ne_bytes());
        let next = (SPEC + target.parameters.len() + 1).next_multiple_of(8);
        self.put_u32(HEAD + 20, u32::try_from(next).expect("a packet is small"));
        self.put_text(HEAD + 24, target.kind);
        self.put_text(HEAD + SPEC, target.parameters);
    }

    /// The minor number in the kernel's encoding of a device number (`huge_encode_dev`).
    fn minor(&self) -> u32 {
        let device = u64::from_ne_bytes(std::array::from_fn(|i| self.0[HEAD_DEV + i]));
        let low = device & 0xff;
        let high = (device >> 12) & 0x000f_ff00;
        u32::try_from(low | high).expect("twenty bits fit")
    }
}

#[expect(unsafe_code, reason = "device-mapper has no interface but its ioctls")]
fn call<const OPCODE: rustix::ioctl::Opcode>(
    control: &File,
    packet: &mut Packet,
) -> rustix::io::Result<()> {
    // SAFETY: every device-mapper ioctl reads and writes at most `data_size` bytes at the pointer,
    // which is set to the packet's size; the packet is plain bytes and outlives the call.
    unsafe { ioctl(control, Updater::<OPCODE, Packet>::new(packet)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_has_its_members_where_the_kernel_looks_for_them() {
        let mut packet = Packet::new("usr", READ_ONLY);
        packet.put_target(Target { sectors: 8, kind: "verity", parameters: "1 a b" });
        assert_eq!(packet.0[..4], [4, 0, 0, 0]);
        assert_eq!(packet.0[16..24], [0x38, 1, 0, 0, 1, 0, 0, 0]);
        assert_eq!(packet.0[28..32], [1, 0, 0, 0]);
        assert_eq!(&packet.0[48..52], b"usr\0");
        assert_eq!(packet.0[320..328], [8, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(packet.0[332..336], [48, 0, 0, 0]);
        assert_eq!(&packet.0[336..343], b"verity\0");
        assert_eq!(&packet.0[352..358], b"1 a b\0");
    }

    #[test]
    fn the_minor_is_taken_out_of_a_device_number() {
        for (device, minor) in [(0xfd00_u64, 0), (0xfd03, 3), (0x0010_fd01, 257)] {
            let mut packet = Packet::new("usr", 0);
            packet.0[HEAD_DEV..HEAD_DEV + 8].copy_from_slice(&device.to_ne_bytes());
            assert_eq!(packet.minor(), minor);
        }
    }
}
