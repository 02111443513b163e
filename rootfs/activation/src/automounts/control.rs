//! The questions and answers of /dev/autofs (linux/auto_dev-ioctl.h). Each names the automount point by its open folder.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use rustix::io::Errno;

use crate::sys;

const DEVICE: &str = "/dev/autofs";

/// `struct autofs_dev_ioctl` without a path; the union at its end is two words here.
#[derive(Clone, Copy)]
#[repr(C)]
struct Call {
    version: [u32; 2],
    size: u32,
    folder: i32,
    arguments: [u32; 2],
}

/// `AUTOFS_DEV_IOCTL_VERSION_MAJOR`, and the oldest minor one.
const VERSION: [u32; 2] = [1, 0];
/// `_IOWR(0x93, number, struct autofs_dev_ioctl)`
const fn request(number: u64) -> u64 {
    0xC000_0000 | (size_of::<Call>() as u64) << 16 | 0x9300 | number
}
const READY: u64 = request(0x76);
const FAIL: u64 = request(0x77);
const CATATONIC: u64 = request(0x79);
const TIMEOUT: u64 = request(0x7A);
const EXPIRE: u64 = request(0x7C);

fn open() -> io::Result<File> {
    OpenOptions::new().read(true).open(DEVICE)
}

fn call(folder: BorrowedFd<'_>, request: u64, arguments: [u32; 2]) -> io::Result<()> {
    call_by(&open()?, folder, request, arguments)
}

fn call_by(
    device: &File,
    folder: BorrowedFd<'_>,
    request: u64,
    arguments: [u32; 2],
) -> io::Result<()> {
    let size = u32::try_from(size_of::<Call>()).expect("it has 24 bytes");
    let mut call = Call { version: VERSION, size, folder: folder.as_raw_fd(), arguments };
    sys::ioctl_structure(device, request, &mut call).map(drop)
}

pub(super) fn answer(
    folder: BorrowedFd<'_>,
    token: u32,
    outcome: Result<(), Errno>,
) -> io::Result<()> {
    match outcome {
        Ok(()) => call(folder, READY, [token, 0]),
        // The kernel wants it negative, as it has it itself.
        Err(error) => {
            call(folder, FAIL, [token, error.raw_os_error().wrapping_neg().cast_unsigned()])
        }
    }
}

/// In whole seconds, rounded up; zero is never.
pub(super) fn set_timeout(folder: BorrowedFd<'_>, idle: Duration) -> io::Result<()> {
    let seconds = seconds(idle);
    call(folder, TIMEOUT, [seconds, 0])
}

pub(super) fn seconds(idle: Duration) -> u32 {
    let seconds = idle.as_secs().saturating_add(u64::from(idle.subsec_nanos() > 0));
    // The kernel counts ticks in a long, so that longer ones would overflow; 68 years is never, too.
    if seconds > i32::MAX as u64 { 0 } else { u32::try_from(seconds).unwrap_or(0) }
}

pub(super) fn let_go(folder: BorrowedFd<'_>) -> io::Result<()> {
    call(folder, CATATONIC, [0, 0])
}

/// Has the kernel ask for all to be unmounted that has rested for the point's time. Waits for the answers: only for a
/// child process, of the group that serves the point.
pub fn expire(folder: BorrowedFd<'_>) -> io::Result<()> {
    let device = open()?;
    loop {
        match call_by(&device, folder, EXPIRE, [0, 0]) {
            Ok(()) => {}
            // Nothing is left that has rested.
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
