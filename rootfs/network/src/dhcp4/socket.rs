//! The sockets of a DHCPv4 client: a packet socket while the link has no address of ours, UDP afterwards.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, bind, sendto, socket_with, sockopt,
};

use super::frame::{self, CLIENT_PORT, Ends, SERVER_PORT};
use super::packet::Packet;
use crate::raw;

/// A socket of one link.
#[derive(Debug)]
pub enum Socket {
    /// Whole IPv4 packets, by the link's index.
    Packets(OwnedFd, u32),
    /// UDP on the client's port.
    Datagrams(OwnedFd),
}

impl Socket {
    /// Opens a packet socket.
    pub fn packets(index: u32) -> io::Result<Self> {
        Ok(Self::Packets(raw::packet_socket(index, CLIENT_PORT)?, index))
    }

    /// Opens a UDP socket.
    pub fn datagrams(name: &str) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        sockopt::set_socket_broadcast(&socket, true)?;
        raw::bind_to_link(&socket, name)?;
        bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CLIENT_PORT))?;
        Ok(Self::Datagrams(socket))
    }

    /// Sends a packet; without `server` to everybody.
    pub fn send(&self, packet: &Packet, server: Option<Ipv4Addr>) -> io::Result<()> {
        let to = server.unwrap_or(Ipv4Addr::BROADCAST);
        match self {
            Self::Packets(socket, index) => {
                let ends =
                    Ends { source: (packet.client, CLIENT_PORT), destination: (to, SERVER_PORT) };
                let bytes =
                    frame::write(ends, &packet.write()).ok_or(io::ErrorKind::InvalidInput)?;
                raw::send_packet(socket, *index, raw::ETHERTYPE_IPV4, &bytes)
            }
            Self::Datagrams(socket) => {
                let address = SocketAddrV4::new(to, SERVER_PORT);
                sendto(socket, &packet.write(), SendFlags::NOSIGNAL, &address)?;
                Ok(())
            }
        }
    }

    /// The next packet that waits; what is no DHCP packet is passed over, so much of it at once.
    pub fn receive(&self) -> io::Result<Option<Packet>> {
        let (Self::Packets(socket, _) | Self::Datagrams(socket)) = self;
        raw::next_packet(socket, &mut [0; 4096], |bytes| {
            let payload = match self {
                Self::Packets(..) => frame::read(bytes).and_then(|(ends, payload)| {
                    (ends.destination.1 == CLIENT_PORT).then_some(payload)
                }),
                Self::Datagrams(_) => Some(bytes),
            };
            payload.and_then(|payload| Packet::read(payload).ok())
        })
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        let (Self::Packets(socket, _) | Self::Datagrams(socket)) = self;
        socket.as_fd()
    }
}
