//! DHCPv4: packets, leases, the client's state machine (RFC 2131, RFC 2132) and its sockets.
//!
//! Own codec rather than `dhcproto`: release 0.15 stops at the first malformed option, joins only neighbouring parts of
//! a split option (RFC 3396 has no such limit), leaves overloaded fields unread, and asserts on lengths a stranger on
//! the network chooses.

pub mod client;
pub mod frame;
pub mod lease;
pub mod options;
pub mod packet;
pub mod settings;
pub mod socket;
