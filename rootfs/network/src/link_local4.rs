//! IPv4 link-local addresses (RFC 3927), for links without a DHCPv4 server.

pub mod arp;
pub mod client;
pub mod socket;
