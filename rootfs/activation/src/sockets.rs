//! The sockets, pipes and queues of a socket unit (systemd.socket(5)): opening, accepting, flushing, closing.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use keelson_units::model::{Listen, Socket, SocketAddress, UnitName};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub use accept::{Connection, Peer, Source, accept, connection_name};
pub use owner::{Owner, OwnerError};

mod accept;
mod nodes;
mod open;
mod options;
mod owner;

/// Something a socket unit listens on.
#[derive(Debug)]
pub struct Listening {
    /// Non-blocking and closed on exec.
    pub descriptor: OwnedFd,
    /// Its name in `LISTEN_FDNAMES`.
    pub name: String,
    /// The line it comes from.
    pub listen: Listen,
}

impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// Why a socket unit could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A line of `Listen...=`.
    #[error("listening on {address} failed: {source}")]
    Listen {
        /// What was to be listened on, as in the file.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// `SocketUser=` or `SocketGroup=`.
    #[error(transparent)]
    Owner(#[from] OwnerError),
}

/// Opens all that a unit listens on, in the order of the file, or nothing.
///
/// An option that the kernel refuses is passed over with a warning in `warnings`, as systemd does.
pub fn open(
    unit: &UnitName,
    socket: &Socket,
    warnings: &mut Vec<String>,
) -> Result<Vec<Listening>, OpenError> {
    let owner = Owner::of(socket.user.as_deref(), socket.group.as_deref())?;
    let mut listening = Vec::with_capacity(socket.listen.len());
    for listen in &socket.listen {
        let opened = open::one(socket, listen, owner, warnings);
        let descriptor =
            opened.map_err(|source| OpenError::Listen { address: show(listen), source })?;
        let name = socket.descriptor_name.clone().unwrap_or_else(|| unit.to_string());
        listening.push(Listening { descriptor, name, listen: listen.clone() });
    }
    nodes::link(socket, warnings);
    Ok(listening)
}

/// Gives a socket unit's descriptors up: closes them and, with `RemoveOnStop=`, removes their nodes and links.
pub fn close(socket: &Socket, listening: Vec<Listening>, warnings: &mut Vec<String>) {
    drop(listening);
    if socket.remove_on_stop {
        nodes::remove(socket, warnings);
    }
}

/// `FlushPending=`: throws away what waits to be read, and refuses connections that wait.
pub fn flush(listening: &[Listening]) {
    /// More than this that arrives while flushing is new.
    const MOST: usize = 1024;
    let mut scratch = [0; 2048];
    for one in listening {
        for _ in 0..MOST {
            if !has_input(one) {
                break;
            }
            let emptied = if connects(&one.listen) {
                rustix::net::accept_with(one, rustix::net::SocketFlags::CLOEXEC).map(drop)
            } else {
                rustix::io::read(one, &mut scratch)
                    .and_then(|read| if read == 0 { Err(rustix::io::Errno::AGAIN) } else { Ok(()) })
            };
            if emptied.is_err() {
                break;
            }
        }
    }
}

/// Whether a descriptor can be read or accepted from without waiting. Services share the file and may have made it
/// blocking, so it is made non-blocking too, against one who is faster.
fn has_input(one: &Listening) -> bool {
    let mut wanted = [PollFd::new(one, PollFlags::IN)];
    rustix::io::ioctl_fionbio(one, true).is_ok()
        && poll(&mut wanted, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Whether each connection is accepted by the manager and given to an instance of its own.
pub fn accepts(socket: &Socket, listen: &Listen) -> bool {
    socket.accept && connects(listen)
}

fn connects(listen: &Listen) -> bool {
    matches!(listen, Listen::Stream(_) | Listen::SequentialPacket(_))
}

/// The line's value, as in the file.
pub fn show(listen: &Listen) -> String {
    match listen {
        Listen::Stream(address) | Listen::Datagram(address) | Listen::SequentialPacket(address) => {
            match address {
                SocketAddress::Unix(path) => path.display().to_string(),
                SocketAddress::Abstract(name) => format!("@{name}"),
                SocketAddress::Ip(address) => address.to_string(),
                SocketAddress::Vsock(libc::VMADDR_CID_ANY, port) => format!("vsock::{port}"),
                SocketAddress::Vsock(cid, port) => format!("vsock:{cid}:{port}"),
            }
        }
        Listen::Fifo(path) | Listen::Special(path) => path.display().to_string(),
        Listen::Netlink(family, group) => format!("{family} {group}"),
        Listen::MessageQueue(name) => name.clone(),
    }
}

#[cfg(test)]
mod tests;
