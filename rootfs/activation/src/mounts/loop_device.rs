//! Loop devices: a file as a block device (loop(4)).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use super::options::Options;
use crate::sys;

/// Requests and flags of linux/loop.h.
const LOOP_CTL_GET_FREE: u64 = 0x4C82;
const LOOP_CONFIGURE: u64 = 0x4C0A;
const LO_FLAGS_READ_ONLY: u32 = 1;
const LO_FLAGS_AUTOCLEAR: u32 = 4;

/// `struct loop_config` of linux/loop.h.
#[derive(Clone, Copy)]
#[repr(C)]
struct Config {
    file: u32,
    block_size: u32,
    info: Info,
    reserved: [u64; 8],
}

/// `struct loop_info64` of linux/loop.h.
#[derive(Clone, Copy)]
#[repr(C)]
struct Info {
    device: u64,
    inode: u64,
    raw_device: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}

/// Makes a loop device for a file that goes away with its last user. It is to be held until it is mounted.
pub(super) fn attach(path: &Path, options: &Options) -> io::Result<(PathBuf, File)> {
    let read_only = options.flags & libc::MS_RDONLY != 0;
    let file = OpenOptions::new().read(true).write(!read_only).open(path);
    let (file, read_only) = match file {
        Ok(file) => (file, read_only),
        Err(_) => (File::open(path)?, true),
    };
    // Another process may take the free one first.
    for _ in 0..16 {
        let device = match &options.loop_device {
            Some(Some(device)) => device.clone(),
            _ => free()?,
        };
        let held = OpenOptions::new().read(true).write(!read_only).open(&device)?;
        match configure(&held, &file, path, read_only, options) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
            result => return result.map(|()| (device, held)),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn free() -> io::Result<PathBuf> {
    let control = OpenOptions::new().read(true).write(true).open("/dev/loop-control")?;
    let number = sys::ioctl_number(&control, LOOP_CTL_GET_FREE, 0)?;
    Ok(PathBuf::from(format!("/dev/loop{number}")))
}

fn configure(
    device: &File,
    file: &File,
    path: &Path,
    read_only: bool,
    options: &Options,
) -> io::Result<()> {
    let mut file_name = [0; 64];
    let name = path.as_os_str().as_encoded_bytes();
    let length = name.len().min(file_name.len() - 1);
    file_name[..length].copy_from_slice(&name[..length]);
    let info = Info {
        device: 0,
        inode: 0,
        raw_device: 0,
        offset: options.offset,
        size_limit: options.size_limit,
        number: 0,
        encrypt_type: 0,
        encrypt_key_size: 0,
        flags: LO_FLAGS_AUTOCLEAR | if read_only { LO_FLAGS_READ_ONLY } else { 0 },
        file_name,
        crypt_name: [0; 64],
        encrypt_key: [0; 32],
        init: [0; 2],
    };
    let file = u32::try_from(file.as_raw_fd()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut config = Config { file, block_size: 0, info, reserved: [0; 8] };
    sys::ioctl_structure(device, LOOP_CONFIGURE, &mut config).map(drop)
}
