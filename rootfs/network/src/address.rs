//! Hardware addresses and prefixes as values with a text form.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not six octets.
    #[error("`{0}` is no hardware address (six octets such as 52:54:00:12:34:56)")]
    Mac(String),
    /// Neither an IPv4 nor an IPv6 address.
    #[error("`{0}` is no IP address")]
    Ip(String),
    /// The length after the slash is too long for the family.
    #[error("`{0}` has no valid prefix length")]
    Length(String),
}

/// A 48-bit hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The address in `bytes`; `None` where the link has another kind of address.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        <[u8; 6]>::try_from(bytes).ok().map(Self)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for Mac {
    type Err = AddressError;

    /// Reads `52:54:00:12:34:56`, `52-54-00-12-34-56` and `5254.0012.3456`.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError::Mac(text.to_owned());
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
        if digits.len() != 12 || !digits.is_ascii() {
            return Err(wrong());
        }
        let mut octets = [0; 6];
        for (index, octet) in octets.iter_mut().enumerate() {
            *octet =
                u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(octets))
    }
}

/// An address with the length of its network, `10.0.0.2/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// The address; for a route the network's, with the host bits zero.
    pub address: IpAddr,
    /// How many leading bits name the network: 0-32 or 0-128.
    pub length: u8,
}

impl Prefix {
    /// One host: `/32` or `/128`.
    pub fn host(address: IpAddr) -> Self {
        Self { address, length: full_length(address) }
    }

    /// The default route's destination of a family.
    pub fn default_of(address: IpAddr) -> Self {
        let address = match address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Self { address, length: 0 }
    }

    /// An IPv4 network from an address and a netmask such as `255.255.255.0`; `None` where the mask has holes.
    pub fn with_mask(address: Ipv4Addr, mask: Ipv4Addr) -> Option<Self> {
        let bits = u32::from(mask);
        let length = u8::try_from(bits.leading_ones()).ok()?;
        (bits.count_ones() == bits.leading_ones())
            .then_some(Self { address: address.into(), length })
    }

    /// The same network with the host bits zero.
    #[must_use]
    pub fn network(self) -> Self {
        let address = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.length.min(32))).unwrap_or(0);
                Ipv4Addr::from(u32::from(address) & mask).into()
            }
            IpAddr::V6(address) => {
                let mask =
                    u128::MAX.checked_shl(128 - u32::from(self.length.min(128))).unwrap_or(0);
                Ipv6Addr::from(u128::from(address) & mask).into()
            }
        };
        Self { address, length: self.length }
    }

    /// The last address of an IPv4 network, which broadcasts go to; `None` for IPv6 and for `/31` and `/32`.
    pub fn broadcast(self) -> Option<Ipv4Addr> {
        match self.address {
            IpAddr::V4(address) if self.length < 31 => {
                Some(Ipv4Addr::from(u32::from(address) | (u32::MAX >> self.length)))
            }
            _ => None,
        }
    }

    /// Whether the address is only good on its own link.
    pub fn is_link_local(self) -> bool {
        match self.address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl FromStr for Prefix {
    type Err = AddressError;

    /// Reads `ADDRESS/LENGTH`, `ADDRESS/NETMASK` or a single host's address.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address.parse().map_err(|_| AddressError::Ip(text.to_owned()))?;
        let wrong = || AddressError::Length(text.to_owned());
        let Some(length) = length else { return Ok(Self::host(address)) };
        if let (IpAddr::V4(address), Ok(mask)) = (address, length.parse::<Ipv4Addr>()) {
            return Self::with_mask(address, mask).ok_or_else(wrong);
        }
        let length: u8 = length.parse().map_err(|_| wrong())?;
        if length > full_length(address) {
            return Err(wrong());
        }
        Ok(Self { address, length })
    }
}

/// The length of a prefix that holds one host.
pub fn full_length(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests;
