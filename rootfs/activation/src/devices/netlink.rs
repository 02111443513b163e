//! The socket on which the kernel tells of devices.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{self, AddressFamily, Protocol, SocketFlags, SocketType, sockopt};

use super::uevent::{Uevent, parse};
use crate::sys;

/// The multicast group of the kernel; that of udev is another.
const KERNEL: u32 = 1;

/// Enough for the thousands of events of a large machine's start.
const BUFFER: usize = 16 << 20;

/// The socket; it can be polled for reading.
#[derive(Debug)]
pub struct UeventSocket {
    descriptor: OwnedFd,
}

impl AsFd for UeventSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// What reading gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message.
    Event(Uevent),
    /// A message of another sender or form.
    Noise,
    /// Messages were lost: the devices should be listed anew with `coldplug`.
    Lost,
    /// There is none now.
    Nothing,
}

impl UeventSocket {
    /// Opens it; non-blocking, closed on exec.
    pub fn open() -> io::Result<Self> {
        let protocol =
            u32::try_from(libc::NETLINK_KOBJECT_UEVENT).ok().and_then(std::num::NonZeroU32::new);
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let protocol = protocol.map(Protocol::from_raw);
        let descriptor =
            net::socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol)?;
        if sockopt::set_socket_recv_buffer_size_force(&descriptor, BUFFER).is_err() {
            sockopt::set_socket_recv_buffer_size(&descriptor, BUFFER)?;
        }
        sys::bind_netlink(&descriptor, KERNEL)?;
        Ok(Self { descriptor })
    }

    /// Reads one message.
    pub fn read(&self) -> io::Result<Received> {
        let mut buffer = [0; 8192];
        match sys::receive_netlink(&self.descriptor, &mut buffer) {
            Ok((length, 0)) => {
                Ok(parse(&buffer[..length]).map_or(Received::Noise, Received::Event))
            }
            Ok(_) => Ok(Received::Noise),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(Received::Lost),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(Received::Nothing)
            }
            Err(error) => Err(error),
        }
    }
}
