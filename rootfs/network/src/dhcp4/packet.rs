//! The DHCPv4 packet on the wire (RFC 2131 section 2).
//!
//! Reading gives every option its joined bytes (RFC 3396); what an option means is `options`' matter, so that one wrong
//! option spoils no other.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::address::Mac;

/// The first four bytes of the options.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// The fixed part up to the cookie.
const FIXED: usize = 236;
/// Servers may pass over smaller ones (RFC 1542 section 2.1).
const SMALLEST: usize = 300;

const PAD: u8 = 0;
const END: u8 = 255;
const OVERLOAD: u8 = 52;

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Shorter than the fixed part and the cookie.
    #[error("{0} bytes are too few for a DHCP packet")]
    Short(usize),
    /// BOOTP, or something else.
    #[error("the packet has no DHCP cookie")]
    Cookie,
    /// Not an Ethernet address of six octets.
    #[error("the packet's hardware address has {0} octets, not 6")]
    Hardware(u8),
}

/// Who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a client, `BOOTREQUEST`.
    Request,
    /// From a server, `BOOTREPLY`.
    Reply,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who sent it.
    pub direction: Direction,
    /// The transaction.
    pub transaction: u32,
    /// Seconds since the client began.
    pub seconds: u16,
    /// The client can take no unicast before it has an address.
    pub broadcast: bool,
    /// The address the client has and answers ARP for.
    pub client: Ipv4Addr,
    /// The address it is given.
    pub yours: Ipv4Addr,
    /// The next server of a boot.
    pub server: Ipv4Addr,
    /// The relay.
    pub relay: Ipv4Addr,
    /// The client's hardware address.
    pub mac: Mac,
    /// The options by their codes, without pad and end.
    pub options: BTreeMap<u8, Vec<u8>>,
}

impl Packet {
    /// A client's packet without options.
    pub fn request(transaction: u32, mac: Mac) -> Self {
        Self {
            direction: Direction::Request,
            transaction,
            seconds: 0,
            broadcast: false,
            client: Ipv4Addr::UNSPECIFIED,
            yours: Ipv4Addr::UNSPECIFIED,
            server: Ipv4Addr::UNSPECIFIED,
            relay: Ipv4Addr::UNSPECIFIED,
            mac,
            options: BTreeMap::new(),
        }
    }

    /// Reads a packet.
    pub fn read(bytes: &[u8]) -> Result<Self, PacketError> {
        if bytes.len() < FIXED + COOKIE.len() {
            return Err(PacketError::Short(bytes.len()));
        }
        if bytes[FIXED..FIXED + 4] != COOKIE {
            return Err(PacketError::Cookie);
        }
        let [a, b, c, d, e, f] = [28, 29, 30, 31, 32, 33].map(|at| bytes[at]);
        if bytes[2] != 6 {
            return Err(PacketError::Hardware(bytes[2]));
        }
        let ip = |at: usize| Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
        let mut options = BTreeMap::new();
        read_options(&bytes[FIXED + 4..], &mut options);
        let overload =
            options.get(&OVERLOAD).and_then(|value: &Vec<u8>| value.first().copied()).unwrap_or(0);
        if overload & 1 != 0 {
            read_options(&bytes[108..FIXED], &mut options);
        }
        if overload & 2 != 0 {
            read_options(&bytes[44..108], &mut options);
        }
        Ok(Self {
            direction: if bytes[0] == 1 { Direction::Request } else { Direction::Reply },
            transaction: u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
            seconds: u16::from_be_bytes([bytes[8], bytes[9]]),
            broadcast: bytes[10] & 0x80 != 0,
            client: ip(12),
            yours: ip(16),
            server: ip(20),
            relay: ip(24),
            mac: Mac([a, b, c, d, e, f]),
            options,
        })
    }

    /// The bytes of the packet, at least 300.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = vec![0; FIXED];
        bytes[0] = if self.direction == Direction::Request { 1 } else { 2 };
        bytes[1] = 1;
        bytes[2] = 6;
        bytes[4..8].copy_from_slice(&self.transaction.to_be_bytes());
        bytes[8..10].copy_from_slice(&self.seconds.to_be_bytes());
        bytes[10] = u8::from(self.broadcast) << 7;
        for (at, ip) in [(12, self.client), (16, self.yours), (20, self.server), (24, self.relay)] {
            bytes[at..at + 4].copy_from_slice(&ip.octets());
        }
        bytes[28..34].copy_from_slice(&self.mac.0);
        bytes.extend(COOKIE);
        for (code, value) in &self.options {
            // An empty option still has a part of its own.
            for part in value.chunks(255).chain(value.is_empty().then_some(&[][..])) {
                bytes.push(*code);
                bytes.push(u8::try_from(part.len()).expect("a part has at most 255 bytes"));
                bytes.extend(part);
            }
        }
        bytes.push(END);
        bytes.resize(bytes.len().max(SMALLEST), PAD);
        bytes
    }
}

/// Joins the parts of every option in `bytes`; a length that does not fit ends the field.
fn read_options(mut bytes: &[u8], options: &mut BTreeMap<u8, Vec<u8>>) {
    loop {
        match bytes {
            [PAD, rest @ ..] => bytes = rest,
            [END, ..] | [] | [_] => return,
            [code, length, rest @ ..] => {
                let Some((value, after)) = rest.split_at_checked(usize::from(*length)) else {
                    return;
                };
                options.entry(*code).or_default().extend(value);
                bytes = after;
            }
        }
    }
}

#[cfg(test)]
mod tests;
