//! `Accept=yes`: connections and the names of their instances.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use keelson_units::model::Socket;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags};

use super::Listening;
use crate::sys;

/// A connection to be given to an instance of its own.
#[derive(Debug)]
pub struct Connection {
    /// Blocking and closed on exec, as inetd services expect.
    pub descriptor: OwnedFd,
    /// Who connected.
    pub peer: Peer,
}

/// Who connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A process of this machine.
    Unix {
        /// Its number.
        pid: i32,
        /// Its user.
        uid: u32,
        /// The name of its end, if it has one: a path or `@` and an abstract name.
        name: Option<String>,
    },
    /// Over the network.
    Ip {
        /// Our end.
        local: SocketAddr,
        /// Its end.
        remote: SocketAddr,
    },
    /// A virtual machine or its host.
    Vsock {
        /// Its number.
        cid: u32,
        /// Its port.
        port: u32,
    },
    /// Nobody knows.
    Unknown,
}

/// What `MaxConnectionsPerSource=` counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A user of this machine.
    User(u32),
    /// An address.
    Address(IpAddr),
    /// A virtual machine.
    Machine(u32),
}

/// The name of a connection's descriptor in `LISTEN_FDNAMES`.
pub fn connection_name(socket: &Socket) -> &str {
    socket.descriptor_name.as_deref().unwrap_or("connection")
}

/// Accepts a connection. None where none waits, or it is gone already.
pub fn accept(listening: &Listening) -> io::Result<Option<Connection>> {
    use rustix::io::Errno;
    if !super::has_input(listening) {
        return Ok(None);
    }
    match rustix::net::accept_with(listening, SocketFlags::CLOEXEC) {
        Ok(descriptor) => {
            let peer = peer(&descriptor).unwrap_or(Peer::Unknown);
            Ok(Some(Connection { descriptor, peer }))
        }
        // Errors of the connection, not of the socket (accept(2), "Error handling").
        Err(
            Errno::AGAIN
            | Errno::INTR
            | Errno::CONNABORTED
            | Errno::PROTO
            | Errno::NETDOWN
            | Errno::NOPROTOOPT
            | Errno::HOSTDOWN
            | Errno::NONET
            | Errno::HOSTUNREACH
            | Errno::OPNOTSUPP
            | Errno::NETUNREACH
            | Errno::PERM,
        ) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn peer(descriptor: &OwnedFd) -> io::Result<Peer> {
    let local = rustix::net::getsockname(descriptor)?;
    Ok(match local.address_family() {
        AddressFamily::UNIX => {
            let who = rustix::net::sockopt::socket_peercred(descriptor)?;
            let name = rustix::net::getpeername(descriptor)?;
            let name = name
                .and_then(|name| SocketAddrUnix::try_from(name).ok())
                .and_then(|name| unix_name(&name));
            Peer::Unix { pid: who.pid.as_raw_nonzero().get(), uid: who.uid.as_raw(), name }
        }
        AddressFamily::INET | AddressFamily::INET6 => {
            let remote =
                rustix::net::getpeername(descriptor)?.ok_or(io::ErrorKind::NotConnected)?;
            Peer::Ip {
                local: plain(SocketAddr::try_from(local)?),
                remote: plain(SocketAddr::try_from(remote)?),
            }
        }
        AddressFamily::VSOCK => {
            let (cid, port) = sys::vsock_peer(descriptor.as_fd())?;
            Peer::Vsock { cid, port }
        }
        _ => Peer::Unknown,
    })
}

/// IPv4 over an IPv6 socket is IPv4.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn unix_name(address: &SocketAddrUnix) -> Option<String> {
    // An end without a name has an abstract one of no length.
    if let Some(name) = address.abstract_name().filter(|name| !name.is_empty()) {
        return Some(format!("@{}", String::from_utf8_lossy(name)));
    }
    let path = address.path()?;
    Some(path.to_string_lossy().into_owned())
}

impl Connection {
    /// The instance's name: the connection's number and who is at its ends.
    pub fn instance(&self, number: u64) -> String {
        format!("{number}-{}", self.peer)
    }

    /// What `MaxConnectionsPerSource=` counts by.
    pub fn source(&self) -> Option<Source> {
        match &self.peer {
            Peer::Unix { uid, .. } => Some(Source::User(*uid)),
            Peer::Ip { remote, .. } => Some(Source::Address(remote.ip())),
            Peer::Vsock { cid, .. } => Some(Source::Machine(*cid)),
            Peer::Unknown => None,
        }
    }

    /// `REMOTE_ADDR` and `REMOTE_PORT` of the instance's environment.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match &self.peer {
            Peer::Unix { name, .. } => {
                name.iter().map(|name| ("REMOTE_ADDR", name.clone())).collect()
            }
            Peer::Ip { remote, .. } => {
                vec![
                    ("REMOTE_ADDR", remote.ip().to_string()),
                    ("REMOTE_PORT", remote.port().to_string()),
                ]
            }
            Peer::Vsock { cid, port } => {
                vec![("REMOTE_ADDR", format!("vsock:{cid}")), ("REMOTE_PORT", port.to_string())]
            }
            Peer::Unknown => Vec::new(),
        }
    }
}

/// The part of an instance's name after its number; all characters are fit for a unit name.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix { pid, uid, .. } => write!(f, "{pid}-{uid}"),
            Self::Ip { local, remote } => {
                write!(f, "{}:{}-{}:{}", local.ip(), local.port(), remote.ip(), remote.port())
            }
            Self::Vsock { cid, port } => write!(f, "{cid}-{port}"),
            Self::Unknown => write!(f, "unknown"),
        }
    }
}
