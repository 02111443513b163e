//! Requests to block devices for which there is no file operation.

use std::fs::File;
use std::os::fd::AsFd;

use rustix::fs::FallocateFlags;
use rustix::io::Result;
use rustix::ioctl::{NoArg, ioctl, opcode};

/// `BLKRRPART` of `linux/fs.h`.
const REREAD: rustix::ioctl::Opcode = opcode::none(0x12, 95);

/// Makes a range zero by a command to the device. `OPNOTSUPP` where it has none: the kernel then
/// sends no zeroes of its own (`FALLOC_FL_PUNCH_HOLE` of a block device, as blkdev_fallocate does).
pub(crate) fn zero_without_writing(disk: &File, at: u64, length: u64) -> Result<()> {
    rustix::fs::fallocate(disk, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, at, length)
}

/// Lets the kernel read the partition table again. `BUSY` where it uses one of the partitions.
#[expect(unsafe_code, reason = "the kernel has no other interface for it")]
pub(crate) fn reread_table(disk: &File) -> Result<()> {
    // SAFETY: BLKRRPART takes no argument and touches no memory of this process.
    unsafe { ioctl(disk.as_fd(), NoArg::<REREAD>::new()) }
}
