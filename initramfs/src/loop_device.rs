//! Loop devices: a file as a read-only block device (kernel headers `linux/loop.h`).

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd as _;

use rustix::ffi::c_void;
use rustix::io::Result;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, Setter, ioctl};

use crate::refuse::{Failure, doing};

const CONTROL: &str = "/dev/loop-control";

const GET_FREE: Opcode = 0x4c82;
const CONFIGURE: Opcode = 0x4c0a;
const READ_ONLY: u32 = 1;
/// The only block size that the device offers besides larger ones: a sector.
const SECTOR: u32 = 512;

/// `struct loop_info64`.
#[repr(C)]
struct Info {
    device: u64,
    inode: u64,
    real_device: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encryption: u32,
    key_length: u32,
    flags: u32,
    file_name: [u8; 64],
    encryption_name: [u8; 64],
    key: [u8; 32],
    start: [u64; 2],
}

/// `struct loop_config`.
#[repr(C)]
struct Configuration {
    descriptor: u32,
    block_size: u32,
    info: Info,
    reserved: [u64; 8],
}

/// Makes a file a read-only block device and gives its kernel name, as in `loop0`. The module
/// `loop` must be loaded.
///
/// The device holds the file: its bytes stay, once, when its name is deleted. Direct I/O would gain
/// nothing here, as the files are in memory and have no cache besides. Bytes after the last whole
/// sector of 512 are not in the device.
pub(crate) fn attach(file: &File, what: &str) -> std::result::Result<String, Failure> {
    let failed = || doing(format!("making {what} a loop device"));
    let control = OpenOptions::new().read(true).write(true).open(CONTROL);
    let control = control.map_err(doing(format!("opening {CONTROL}")))?;
    let name = format!("loop{}", free_number(&control).map_err(failed())?);
    let node = crate::devices::node(&name);
    let device = OpenOptions::new().read(true).open(&node);
    let device = device.map_err(doing(format!("opening {node}")))?;
    configure(&device, file).map_err(failed())?;
    Ok(name)
}

/// `LOOP_CTL_GET_FREE`, whose answer is what the system call returns.
struct GetFree;

// SAFETY: the ioctl takes no argument and writes to no memory.
#[expect(unsafe_code, reason = "a request that answers by its return value has no other form")]
unsafe impl Ioctl for GetFree {
    type Output = u32;

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        GET_FREE
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _: *mut c_void) -> Result<u32> {
        u32::try_from(out).map_err(|_| rustix::io::Errno::NODEV)
    }
}

#[expect(unsafe_code, reason = "loop devices have no interface but their ioctls")]
fn free_number(control: &File) -> Result<u32> {
    // SAFETY: see `GetFree`.
    unsafe { ioctl(control, GetFree) }
}

#[expect(unsafe_code, reason = "loop devices have no interface but their ioctls")]
fn configure(device: &File, file: &File) -> Result<()> {
    let descriptor = u32::try_from(file.as_raw_fd()).map_err(|_| rustix::io::Errno::BADF)?;
    let info = Info {
        device: 0,
        inode: 0,
        real_device: 0,
        offset: 0,
        size_limit: 0,
        number: 0,
        encryption: 0,
        key_length: 0,
        flags: READ_ONLY,
        file_name: [0; 64],
        encryption_name: [0; 64],
        key: [0; 32],
        start: [0; 2],
    };
    let value = Configuration { descriptor, block_size: SECTOR, info, reserved: [0; 8] };
    // SAFETY: LOOP_CONFIGURE reads one `loop_config`, which has the layout of the kernel's header
    // and outlives the call; the descriptor in it is open for as long.
    unsafe { ioctl(device, Setter::<CONFIGURE, Configuration>::new(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structures_have_the_sizes_of_the_kernels_header() {
        assert_eq!(size_of::<Info>(), 232);
        assert_eq!(size_of::<Configuration>(), 304);
        assert_eq!(std::mem::offset_of!(Configuration, info), 8);
        assert_eq!(std::mem::offset_of!(Info, flags), 52);
    }
}
