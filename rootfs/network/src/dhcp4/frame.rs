//! DHCP in IPv4 and UDP headers, for the time before the link has an address (RFC 791, RFC 768).

use std::net::Ipv4Addr;

const IP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
const UDP: u8 = 17;
/// The port of servers.
pub const SERVER_PORT: u16 = 67;
/// The port of clients.
pub const CLIENT_PORT: u16 = 68;

/// Who sends a datagram to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The sender's address and port.
    pub source: (Ipv4Addr, u16),
    /// The receiver's.
    pub destination: (Ipv4Addr, u16),
}

/// The IPv4 packet that carries `payload`; `None` where it is longer than 65,507 bytes.
pub fn write(ends: Ends, payload: &[u8]) -> Option<Vec<u8>> {
    let udp_length = u16::try_from(UDP_HEADER + payload.len()).ok()?;
    let length = u16::try_from(IP_HEADER + usize::from(udp_length)).ok()?;
    let mut bytes = vec![0x45, 0xc0];
    bytes.extend(length.to_be_bytes());
    // No fragment, may not be one; 64 hops; the checksum follows.
    bytes.extend([0, 0, 0x40, 0, 64, UDP, 0, 0]);
    bytes.extend(ends.source.0.octets());
    bytes.extend(ends.destination.0.octets());
    let sum = checksum(&[&bytes]);
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut udp = Vec::with_capacity(usize::from(udp_length));
    udp.extend(ends.source.1.to_be_bytes());
    udp.extend(ends.destination.1.to_be_bytes());
    udp.extend(udp_length.to_be_bytes());
    udp.extend([0, 0]);
    udp.extend(payload);
    let pseudo = [&bytes[12..20], &[0, UDP], &udp_length.to_be_bytes()].concat();
    // A sum of zero would mean that there is none.
    let sum = match checksum(&[&pseudo, &udp]) {
        0 => u16::MAX,
        sum => sum,
    };
    udp[6..8].copy_from_slice(&sum.to_be_bytes());
    bytes.extend(udp);
    Some(bytes)
}

/// The UDP datagram in an IPv4 packet; `None` for fragments, other protocols and lengths that do not fit.
///
/// The UDP checksum is not looked at: between virtual machines on one host it is left for hardware that is not there.
pub fn read(bytes: &[u8]) -> Option<(Ends, &[u8])> {
    let header = usize::from(bytes.first()? & 0x0f) * 4;
    let length = usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]));
    if bytes[0] >> 4 != 4 || header < IP_HEADER || checksum(&[bytes.get(..header)?]) != 0 {
        return None;
    }
    let fragment = u16::from_be_bytes([bytes[6], bytes[7]]) & 0x3fff;
    if bytes[9] != UDP || fragment != 0 {
        return None;
    }
    let udp = bytes.get(header..length)?;
    let word = |at: usize| Some(u16::from_be_bytes([*udp.get(at)?, *udp.get(at + 1)?]));
    let payload = udp.get(UDP_HEADER..usize::from(word(4)?))?;
    let ip = |at: usize| Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
    Some((Ends { source: (ip(12), word(0)?), destination: (ip(16), word(2)?) }, payload))
}

/// The Internet checksum (RFC 1071); every part but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
