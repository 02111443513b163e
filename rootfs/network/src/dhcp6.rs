//! DHCPv6: packets, leases, the client's state machine (RFC 8415) and its socket.

pub mod client;
pub mod lease;
pub mod packet;
pub mod socket;
