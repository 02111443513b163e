//! What the options of a DHCPv4 packet say (RFC 2132, RFC 3397, RFC 3442).
//!
//! A value that is too short or nonsense counts as absent: a client takes what it can use.

use std::net::Ipv4Addr;

use super::packet::Packet;
use crate::address::Prefix;
use crate::names;

/// Codes of options (RFC 2132).
pub mod code {
    #![expect(missing_docs, reason = "each is the option of its name")]
    pub const SUBNET_MASK: u8 = 1;
    pub const ROUTER: u8 = 3;
    pub const DNS: u8 = 6;
    pub const HOSTNAME: u8 = 12;
    pub const DOMAIN: u8 = 15;
    pub const MTU: u8 = 26;
    pub const BROADCAST: u8 = 28;
    pub const STATIC_ROUTE: u8 = 33;
    pub const NTP: u8 = 42;
    pub const REQUESTED: u8 = 50;
    pub const LEASE_TIME: u8 = 51;
    pub const MESSAGE_TYPE: u8 = 53;
    pub const SERVER_ID: u8 = 54;
    pub const PARAMETERS: u8 = 55;
    pub const MESSAGE: u8 = 56;
    pub const MAX_SIZE: u8 = 57;
    pub const T1: u8 = 58;
    pub const T2: u8 = 59;
    pub const VENDOR_CLASS: u8 = 60;
    pub const CLIENT_ID: u8 = 61;
    pub const USER_CLASS: u8 = 77;
    pub const RAPID_COMMIT: u8 = 80;
    pub const DOMAIN_SEARCH: u8 = 119;
    pub const CLASSLESS_ROUTES: u8 = 121;
}

/// Option 53.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the message of its name")]
pub enum MessageType {
    Discover,
    Offer,
    Request,
    Decline,
    Ack,
    Nak,
    Release,
    Inform,
}

impl MessageType {
    const ALL: [Self; 8] = [
        Self::Discover,
        Self::Offer,
        Self::Request,
        Self::Decline,
        Self::Ack,
        Self::Nak,
        Self::Release,
        Self::Inform,
    ];

    /// The number on the wire.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The type of a packet.
    pub fn of(packet: &Packet) -> Option<Self> {
        let number = packet.options.get(&code::MESSAGE_TYPE)?.first()?;
        Self::ALL.get(usize::from(*number).checked_sub(1)?).copied()
    }
}

/// A route of options 121, 33 or 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticRoute {
    /// Where it leads.
    pub destination: Prefix,
    /// The next hop; unspecified where the destination is on the link (RFC 3442).
    pub gateway: Ipv4Addr,
}

/// An address; of a list the first.
pub fn ip(packet: &Packet, code: u8) -> Option<Ipv4Addr> {
    ips(packet, code).first().copied()
}

/// A list of addresses; bytes behind the last whole one are passed over.
pub fn ips(packet: &Packet, code: u8) -> Vec<Ipv4Addr> {
    let value = packet.options.get(&code).map_or(&[][..], Vec::as_slice);
    value.chunks_exact(4).map(|b| Ipv4Addr::new(b[0], b[1], b[2], b[3])).collect()
}

/// A 32-bit number.
pub fn u32(packet: &Packet, code: u8) -> Option<u32> {
    Some(u32::from_be_bytes(packet.options.get(&code)?.as_slice().try_into().ok()?))
}

/// A 16-bit number.
pub fn u16(packet: &Packet, code: u8) -> Option<u16> {
    Some(u16::from_be_bytes(packet.options.get(&code)?.as_slice().try_into().ok()?))
}

/// A host or domain name; `None` unless it is one.
pub fn name(packet: &Packet, code: u8) -> Option<String> {
    let text = std::str::from_utf8(packet.options.get(&code)?).ok()?;
    names::checked(text.trim_end_matches('\0'))
}

/// Option 119: domains in DNS form with compression (RFC 3397).
pub fn domain_search(packet: &Packet) -> Vec<String> {
    packet.options.get(&code::DOMAIN_SEARCH).map_or_else(Vec::new, |value| names::read_list(value))
}

/// The routes: option 121 alone where it is there (RFC 3442), else options 33 and 3.
pub fn routes(packet: &Packet) -> Vec<StaticRoute> {
    if let Some(value) = packet.options.get(&code::CLASSLESS_ROUTES)
        && let Some(routes) = classless(value)
    {
        return routes;
    }
    let mut routes = Vec::new();
    for pair in ips(packet, code::STATIC_ROUTE).chunks_exact(2) {
        if let (Some(destination), false) = (classful(pair[0]), pair[1].is_unspecified()) {
            routes.push(StaticRoute { destination, gateway: pair[1] });
        }
    }
    if let Some(gateway) = ip(packet, code::ROUTER).filter(|ip| !ip.is_unspecified()) {
        let destination = Prefix { address: Ipv4Addr::UNSPECIFIED.into(), length: 0 };
        routes.push(StaticRoute { destination, gateway });
    }
    routes
}

/// Option 121; `None` where any of it is malformed or it is empty.
fn classless(mut value: &[u8]) -> Option<Vec<StaticRoute>> {
    let mut routes = Vec::new();
    while let [length, rest @ ..] = value {
        if *length > 32 {
            return None;
        }
        let (significant, rest) = rest.split_at_checked(usize::from(length.div_ceil(8)))?;
        let (gateway, rest) = rest.split_first_chunk::<4>()?;
        let mut octets = [0; 4];
        octets[..significant.len()].copy_from_slice(significant);
        let destination =
            Prefix { address: Ipv4Addr::from(octets).into(), length: *length }.network();
        routes.push(StaticRoute { destination, gateway: Ipv4Addr::from(*gateway) });
        value = rest;
    }
    (!routes.is_empty()).then_some(routes)
}

/// A destination of option 33 has the length of its class.
fn classful(address: Ipv4Addr) -> Option<Prefix> {
    let length = match address.octets()[0] {
        0 | 224.. => return None,
        1..=127 => 8,
        128..=191 => 16,
        192..=223 => 24,
    };
    Some(Prefix { address: address.into(), length }.network())
}

#[cfg(test)]
mod tests;
