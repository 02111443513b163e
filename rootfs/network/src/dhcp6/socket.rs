//! The UDP socket of a DHCPv6 client.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, bind, sendto, socket_with, sockopt,
};

use super::packet::Message;
use crate::raw;

const CLIENT_PORT: u16 = 546;
const SERVER_PORT: u16 = 547;
/// All servers and relays on the link (RFC 8415 section 7.1).
const SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);

/// A socket of one link.
#[derive(Debug)]
pub struct Socket {
    socket: OwnedFd,
    index: u32,
}

impl Socket {
    /// Opens it; the link needs a link-local address that is not tentative.
    pub fn open(name: &str, index: u32) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::INET6, SocketType::DGRAM, flags, None)?;
        sockopt::set_ipv6_v6only(&socket, true)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        raw::bind_to_link(&socket, name)?;
        bind(&socket, &SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, CLIENT_PORT, 0, 0))?;
        Ok(Self { socket, index })
    }

    /// Sends to all servers.
    pub fn send(&self, message: &Message) -> io::Result<()> {
        let address = SocketAddrV6::new(SERVERS, SERVER_PORT, 0, self.index);
        sendto(&self.socket, &message.write(), SendFlags::NOSIGNAL, &address)?;
        Ok(())
    }

    /// The next message that waits; what is none is passed over, so much of it at once.
    pub fn receive(&self) -> io::Result<Option<Message>> {
        raw::next_packet(&self.socket, &mut [0; 4096], Message::read)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
