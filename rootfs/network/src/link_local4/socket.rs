//! The socket of a link on which ARP is spoken and heard.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::arp::Packet;
use crate::raw;

/// A socket of one link. It hears only what is about IPv4 link-local addresses.
#[derive(Debug)]
pub struct Socket {
    descriptor: OwnedFd,
    index: u32,
}

impl Socket {
    /// Opens it.
    pub fn open(index: u32) -> io::Result<Self> {
        Ok(Self { descriptor: raw::arp_socket(index)?, index })
    }

    /// Sends a packet to everybody on the link.
    pub fn send(&self, packet: &Packet) -> io::Result<()> {
        raw::send_packet(&self.descriptor, self.index, raw::ETHERTYPE_ARP, &packet.write())
    }

    /// The next packet that waits; what is none of IPv4's is passed over, so much of it at once.
    pub fn receive(&self) -> io::Result<Option<Packet>> {
        raw::next_packet(&self.descriptor, &mut [0; 64], Packet::read)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
