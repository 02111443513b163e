//! One router solicitation (RFC 4861 section 4.1), so that a service that starts on a link that is up hears what
//! routers said before.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};

use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, ipproto, sendto, socket_with, sockopt,
};

use crate::raw;

/// All routers on the link.
const ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// Type 133, code 0; the kernel fills the checksum in; four reserved bytes.
const SOLICITATION: [u8; 8] = [133, 0, 0, 0, 0, 0, 0, 0];
/// Routers take no solicitation that passed another.
const HOPS: u32 = 255;

/// Sends it.
pub fn send(name: &str, index: u32) -> io::Result<()> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::INET6, SocketType::RAW, flags, Some(ipproto::ICMPV6))?;
    sockopt::set_ipv6_multicast_hops(&socket, HOPS)?;
    raw::bind_to_link(&socket, name)?;
    sendto(&socket, &SOLICITATION, SendFlags::empty(), &SocketAddrV6::new(ROUTERS, 0, 0, index))?;
    Ok(())
}
