//! Two ioctls on block devices and file systems: the new size of a partition, and of an ext4.

use std::fs::File;

use rustix::ffi::{c_int, c_longlong, c_void};
use rustix::io::Result;
use rustix::ioctl::{Setter, ioctl, opcode};

/// `struct blkpg_partition` of `linux/blkpg.h`, in bytes.
#[repr(C)]
struct BlkpgPartition {
    start: c_longlong,
    length: c_longlong,
    number: c_int,
    device_name: [u8; 64],
    volume_name: [u8; 64],
}

/// `struct blkpg_ioctl_arg` of `linux/blkpg.h`.
#[repr(C)]
struct BlkpgArgument {
    operation: c_int,
    flags: c_int,
    data_length: c_int,
    data: *mut c_void,
}

const RESIZE_PARTITION: c_int = 3;
const BLKPG: rustix::ioctl::Opcode = opcode::none(0x12, 105);
const EXT4_RESIZE: rustix::ioctl::Opcode = opcode::write::<u64>(b'f', 16);

/// Tells the kernel the new length in bytes of a partition that is in use or not; `disk` is the
/// whole disk, `start` the partition's place on it in bytes.
#[expect(unsafe_code, reason = "the kernel has no other interface for it")]
pub(crate) fn resize_partition(disk: &File, number: u32, start: u64, length: u64) -> Result<()> {
    let too_large = |_| rustix::io::Errno::OVERFLOW;
    let mut partition = BlkpgPartition {
        start: c_longlong::try_from(start).map_err(too_large)?,
        length: c_longlong::try_from(length).map_err(too_large)?,
        number: c_int::try_from(number).map_err(too_large)?,
        device_name: [0; 64],
        volume_name: [0; 64],
    };
    let argument = BlkpgArgument {
        operation: RESIZE_PARTITION,
        flags: 0,
        data_length: c_int::try_from(size_of::<BlkpgPartition>()).map_err(too_large)?,
        data: (&raw mut partition).cast(),
    };
    // SAFETY: BLKPG reads a `blkpg_ioctl_arg` and, through its pointer, one `blkpg_partition`; both
    // have the layout of the kernel's headers and outlive the call.
    unsafe { ioctl(disk, Setter::<BLKPG, BlkpgArgument>::new(argument)) }
}

/// Grows the mounted ext4 that `folder` is in to `blocks` file system blocks.
#[expect(unsafe_code, reason = "the kernel has no other interface for it")]
pub(crate) fn resize_ext4(folder: &File, blocks: u64) -> Result<()> {
    // SAFETY: EXT4_IOC_RESIZE_FS reads one u64 at the pointer.
    unsafe { ioctl(folder, Setter::<EXT4_RESIZE, u64>::new(blocks)) }
}
