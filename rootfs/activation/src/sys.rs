//! The system calls that rustix does not have.
#![expect(
    unsafe_code,
    reason = "socket options, message queues, vsock addresses, swap and loop devices are raw libc"
)]

use std::ffi::CString;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn c_string(bytes: &[u8]) -> io::Result<CString> {
    CString::new(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

fn length<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).expect("structures of the kernel are small")
}

/// setsockopt(2) with an integer.
pub(crate) fn set_option(socket: impl AsFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    let at = (&raw const value).cast();
    // SAFETY: the descriptor is open, and `at` points to an integer of the length given that outlives the call.
    let result =
        unsafe { libc::setsockopt(socket.as_fd().as_raw_fd(), level, name, at, length::<i32>()) };
    check(result).map(drop)
}

/// setsockopt(2) with bytes.
pub(crate) fn set_option_bytes(
    socket: impl AsFd,
    level: i32,
    name: i32,
    value: &[u8],
) -> io::Result<()> {
    let length = libc::socklen_t::try_from(value.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the descriptor is open, and the bytes have the length given and outlive the call.
    let result = unsafe {
        libc::setsockopt(socket.as_fd().as_raw_fd(), level, name, value.as_ptr().cast(), length)
    };
    check(result).map(drop)
}

/// bind(2) to an address of AF_VSOCK.
pub(crate) fn bind_vsock(socket: impl AsFd, cid: u32, port: u32) -> io::Result<()> {
    // SAFETY: the structure is made of integers alone, for which zero is a value.
    let mut address: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
    address.svm_family =
        libc::sa_family_t::try_from(libc::AF_VSOCK).expect("address families are small");
    address.svm_cid = cid;
    address.svm_port = port;
    bind(socket, &address)
}

/// bind(2) to an address of AF_NETLINK, the kernel choosing the port.
pub(crate) fn bind_netlink(socket: impl AsFd, groups: u32) -> io::Result<()> {
    // SAFETY: the structure is made of integers alone, for which zero is a value.
    let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
    address.nl_family =
        libc::sa_family_t::try_from(libc::AF_NETLINK).expect("address families are small");
    address.nl_groups = groups;
    bind(socket, &address)
}

/// `T` is one of the kernel's `sockaddr_` structures.
fn bind<T>(socket: impl AsFd, address: &T) -> io::Result<()> {
    let at = std::ptr::from_ref(address).cast();
    // SAFETY: the descriptor is open, and `at` points to a structure of the length given that outlives the call.
    check(unsafe { libc::bind(socket.as_fd().as_raw_fd(), at, length::<T>()) }).map(drop)
}

/// getpeername(2) of a connection of AF_VSOCK: CID and port.
pub(crate) fn vsock_peer(socket: impl AsFd) -> io::Result<(u32, u32)> {
    // SAFETY: the structure is made of integers alone, for which zero is a value.
    let mut address: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
    let mut length = length::<libc::sockaddr_vm>();
    let at = (&raw mut address).cast();
    // SAFETY: the descriptor is open, and `at` points to a structure of the length given that outlives the call.
    check(unsafe { libc::getpeername(socket.as_fd().as_raw_fd(), at, &raw mut length) })?;
    if i32::from(address.svm_family) != libc::AF_VSOCK {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((address.svm_cid, address.svm_port))
}

/// recvfrom(2) of AF_NETLINK: how much came, and from which port; 0 is the kernel.
pub(crate) fn receive_netlink(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, u32)> {
    // SAFETY: the structure is made of integers alone, for which zero is a value.
    let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
    let mut length = length::<libc::sockaddr_nl>();
    let (descriptor, at) = (socket.as_fd().as_raw_fd(), (&raw mut address).cast());
    let (data, room) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the descriptor is open; buffer and structure have the lengths given and outlive the call.
    let received = unsafe { libc::recvfrom(descriptor, data, room, 0, at, &raw mut length) };
    let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    Ok((received, address.nl_pid))
}

/// mq_open(3) for reading, making the queue; the sizes are used if it is new.
pub(crate) fn open_queue(name: &str, mode: u32, sizes: Option<(i64, i64)>) -> io::Result<OwnedFd> {
    let name = c_string(name.as_bytes())?;
    // SAFETY: the structure is made of integers alone, for which zero is a value.
    let mut attributes: libc::mq_attr = unsafe { std::mem::zeroed() };
    let mut at = std::ptr::null();
    if let Some((messages, size)) = sizes {
        attributes.mq_maxmsg =
            libc::c_long::try_from(messages).map_err(|_| io::ErrorKind::InvalidInput)?;
        attributes.mq_msgsize =
            libc::c_long::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
        at = &raw const attributes;
    }
    let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_CREAT;
    // SAFETY: the name ends in NUL, and the attributes are null or outlive the call.
    let queue = check(unsafe { libc::mq_open(name.as_ptr(), flags, mode, at) })?;
    // SAFETY: the call gave a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(queue) })
}

/// mq_unlink(3).
pub(crate) fn unlink_queue(name: &str) -> io::Result<()> {
    let name = c_string(name.as_bytes())?;
    // SAFETY: the name ends in NUL.
    check(unsafe { libc::mq_unlink(name.as_ptr()) }).map(drop)
}

/// swapon(2); `flags` as there.
pub(crate) fn swap_on(path: &Path, flags: i32) -> io::Result<()> {
    let path = c_string(path.as_os_str().as_bytes())?;
    // SAFETY: the path ends in NUL.
    check(unsafe { libc::swapon(path.as_ptr(), flags) }).map(drop)
}

/// swapoff(2).
pub(crate) fn swap_off(path: &Path) -> io::Result<()> {
    let path = c_string(path.as_os_str().as_bytes())?;
    // SAFETY: the path ends in NUL.
    check(unsafe { libc::swapoff(path.as_ptr()) }).map(drop)
}

/// ioctl(2) with an integer argument, or none.
pub(crate) fn ioctl_number(file: impl AsFd, request: u64, argument: u64) -> io::Result<i32> {
    // SAFETY: the descriptor is open; callers pass requests whose argument is a number, never an address.
    check(unsafe { libc::ioctl(file.as_fd().as_raw_fd(), request as libc::Ioctl, argument) })
}

/// ioctl(2) with a structure that the kernel reads, and writes back to.
///
/// `T` must be the plain structure of integers that the request takes.
pub(crate) fn ioctl_structure<T: Copy>(
    file: impl AsFd,
    request: u64,
    argument: &mut T,
) -> io::Result<i32> {
    let at = std::ptr::from_mut(argument);
    // SAFETY: the descriptor is open, and `at` points to the structure of the request, which outlives the call.
    check(unsafe { libc::ioctl(file.as_fd().as_raw_fd(), request as libc::Ioctl, at) })
}
