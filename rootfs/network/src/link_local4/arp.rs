//! ARP of IPv4 over Ethernet (RFC 826). Pure.

use std::net::Ipv4Addr;

use crate::address::Mac;

/// What a packet begins with: Ethernet, IPv4, addresses of six and of four octets.
const HEAD: [u8; 6] = [0, 1, 8, 0, 6, 4];
/// The length of a packet; Ethernet pads it.
const LENGTH: usize = 28;

/// What a packet does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Asks who has the target.
    Request,
    /// Says that the sender has its address.
    Reply,
}

/// A packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// What it does.
    pub operation: Operation,
    /// Who sent it.
    pub mac: Mac,
    /// The address of who sent it; unspecified in a probe (RFC 5227 section 1.1).
    pub sender: Ipv4Addr,
    /// The address that is asked for.
    pub target: Ipv4Addr,
}

impl Packet {
    /// The packet in `bytes`; `None` for another protocol or operation.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.first_chunk()?;
        let rest = bytes.strip_prefix(&HEAD)?;
        let ip = |at: usize| Ipv4Addr::new(rest[at], rest[at + 1], rest[at + 2], rest[at + 3]);
        let operation = match rest[..2] {
            [0, 1] => Operation::Request,
            [0, 2] => Operation::Reply,
            _ => return None,
        };
        let mac = Mac::from_bytes(&rest[2..8])?;
        Some(Self { operation, mac, sender: ip(8), target: ip(18) })
    }

    /// The octets; whom it is for is not known.
    pub fn write(&self) -> Vec<u8> {
        let operation = match self.operation {
            Operation::Request => [0, 1],
            Operation::Reply => [0, 2],
        };
        let (sender, target) = (self.sender.octets(), self.target.octets());
        [&HEAD[..], &operation, &self.mac.0, &sender, &[0; 6], &target].concat()
    }
}

#[cfg(test)]
mod tests;
