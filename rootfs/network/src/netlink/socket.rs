//! The rtnetlink socket: requests with their answers, dumps, and a second socket that hears of changes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with,
};

use super::event::{self, Event};
use super::message::{Messages, encode};
use super::object::{Address, Link, Route, Rule};
use super::request::{Request, dump_addresses, dump_links, dump_routes, dump_rules};

/// The largest datagram: the kernel fills dumps up to 32 KiB.
const DATAGRAM: usize = 1 << 16;
/// Links, IPv4 and IPv6 addresses and routes, IPv6 flags of links, options of router advertisements.
const GROUPS: u32 = 1 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11 | 1 << 19;

/// Why the kernel did not do something.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    /// The socket failed.
    #[error("rtnetlink socket")]
    Socket(#[source] io::Error),
    /// The kernel refused.
    #[error("{0}")]
    Refused(io::Error),
    /// News were lost; the tables must be read again.
    #[error("the kernel's news came faster than they were read")]
    Overrun,
}

impl NetlinkError {
    /// The error number of a refusal.
    pub fn number(&self) -> Option<i32> {
        match self {
            Self::Refused(error) => error.raw_os_error(),
            _ => None,
        }
    }
}

fn failed(errno: rustix::io::Errno) -> NetlinkError {
    NetlinkError::Socket(errno.into())
}

fn open(groups: u32, flags: SocketFlags) -> Result<OwnedFd, NetlinkError> {
    let flags = SocketFlags::CLOEXEC | flags;
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None).map_err(failed)?;
    bind(&socket, &SocketAddrNetlink::new(0, groups)).map_err(failed)?;
    Ok(socket)
}

/// A socket for requests.
#[derive(Debug)]
pub struct Kernel {
    socket: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Kernel {
    /// Opens it.
    pub fn open() -> Result<Self, NetlinkError> {
        Ok(Self { socket: open(0, SocketFlags::empty())?, sequence: 0, buffer: vec![0; DATAGRAM] })
    }

    /// Sends one request and waits for the kernel's answer.
    pub fn ask(&mut self, request: &Request) -> Result<(), NetlinkError> {
        self.exchange(request, |_| {})
    }

    /// Every link, in the order of their indices.
    pub fn links(&mut self) -> Result<Vec<Link>, NetlinkError> {
        let mut links = Vec::new();
        self.exchange(&dump_links(), |event| {
            if let Event::Link(link) = event {
                links.push(link);
            }
        })?;
        Ok(links)
    }

    /// Every address.
    pub fn addresses(&mut self) -> Result<Vec<Address>, NetlinkError> {
        let mut addresses = Vec::new();
        self.exchange(&dump_addresses(), |event| {
            if let Event::Address(address) = event {
                addresses.push(address);
            }
        })?;
        Ok(addresses)
    }

    /// Every route of every table.
    pub fn routes(&mut self) -> Result<Vec<Route>, NetlinkError> {
        let mut routes = Vec::new();
        self.exchange(&dump_routes(), |event| {
            if let Event::Routes(found) = event {
                routes.extend(found);
            }
        })?;
        Ok(routes)
    }

    /// Every rule that this service may have made, in this life or an earlier one.
    pub fn rules(&mut self) -> Result<Vec<Rule>, NetlinkError> {
        let mut rules = Vec::new();
        self.exchange(&dump_rules(), |event| {
            if let Event::Rule(rule) = event {
                rules.push(rule);
            }
        })?;
        Ok(rules)
    }

    fn exchange(
        &mut self,
        request: &Request,
        mut take: impl FnMut(Event),
    ) -> Result<(), NetlinkError> {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let bytes = encode(request.kind, request.flags, self.sequence, &request.payload);
        send(&self.socket, &bytes, SendFlags::empty()).map_err(failed)?;
        loop {
            let (_, length) =
                match recv(&self.socket, self.buffer.as_mut_slice(), RecvFlags::empty()) {
                    Err(rustix::io::Errno::INTR) => continue,
                    other => other.map_err(failed)?,
                };
            let datagram = self.buffer.get(..length).unwrap_or(&self.buffer);
            for message in Messages(datagram).filter(|message| message.sequence == self.sequence) {
                match event::read(&message) {
                    Some(Event::Answer(0) | Event::Done) => return Ok(()),
                    Some(Event::Answer(number)) => {
                        return Err(NetlinkError::Refused(io::Error::from_raw_os_error(number)));
                    }
                    Some(event) => take(event),
                    None => {}
                }
            }
        }
    }
}

/// A socket that hears of every change.
#[derive(Debug)]
pub struct Monitor {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Monitor {
    /// Opens it; changes from now on are heard.
    pub fn open() -> Result<Self, NetlinkError> {
        let socket = open(GROUPS, SocketFlags::NONBLOCK)?;
        // Best effort: without CAP_NET_ADMIN the default holds, and an overrun only costs a new look at the tables.
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, 4 << 20);
        Ok(Self { socket, buffer: vec![0; DATAGRAM] })
    }

    /// The news of one datagram; empty when nothing waits.
    pub fn read(&mut self) -> Result<Vec<Event>, NetlinkError> {
        match recv(&self.socket, self.buffer.as_mut_slice(), RecvFlags::empty()) {
            Ok((_, length)) => {
                let datagram = self.buffer.get(..length).unwrap_or(&self.buffer);
                Ok(Messages(datagram).filter_map(|message| event::read(&message)).collect())
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(Vec::new()),
            Err(rustix::io::Errno::NOBUFS) => Err(NetlinkError::Overrun),
            Err(errno) => Err(failed(errno)),
        }
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
