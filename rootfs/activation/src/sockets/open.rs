//! Opening one line of `Listen...=`.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use keelson_units::model::{Listen, Socket, SocketAddress};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::net::{self, AddressFamily, Protocol, SocketAddrUnix, SocketFlags, SocketType};

use super::nodes::make_parents;
use super::options;
use super::owner::Owner;
use crate::sys;

/// Opens one line.
pub(super) fn one(
    socket: &Socket,
    listen: &Listen,
    owner: Owner,
    warnings: &mut Vec<String>,
) -> io::Result<OwnedFd> {
    match listen {
        Listen::Stream(address) => bound(socket, address, SocketType::STREAM, owner, warnings),
        Listen::Datagram(address) => bound(socket, address, SocketType::DGRAM, owner, warnings),
        Listen::SequentialPacket(address) => {
            bound(socket, address, SocketType::SEQPACKET, owner, warnings)
        }
        Listen::Fifo(path) => fifo(socket, path, owner, warnings),
        Listen::Special(path) => special(socket, path),
        Listen::Netlink(family, group) => netlink(socket, family, *group, warnings),
        Listen::MessageQueue(name) => queue(socket, name, owner),
    }
}

/// A socket of any family with an address, listening if it is of a kind that listens.
fn bound(
    socket: &Socket,
    address: &SocketAddress,
    kind: SocketType,
    owner: Owner,
    warnings: &mut Vec<String>,
) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddress::Unix(_) | SocketAddress::Abstract(_) => AddressFamily::UNIX,
        SocketAddress::Ip(address) if address.is_ipv4() || no_ipv6(address) => AddressFamily::INET,
        SocketAddress::Ip(_) => AddressFamily::INET6,
        SocketAddress::Vsock(..) => AddressFamily::VSOCK,
    };
    let protocol = socket.protocol.and_then(|number| u32::try_from(number).ok());
    let protocol = protocol.and_then(std::num::NonZeroU32::new).map(Protocol::from_raw);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let descriptor = net::socket_with(family, kind, flags, protocol)?;
    options::before_bind(socket, descriptor.as_fd(), family, warnings);
    match address {
        SocketAddress::Unix(path) => bind_path(socket, descriptor.as_fd(), path, owner)?,
        SocketAddress::Abstract(name) => {
            net::bind(&descriptor, &SocketAddrUnix::new_abstract_name(name.as_bytes())?)?;
        }
        SocketAddress::Ip(address) if family == AddressFamily::INET && address.is_ipv6() => {
            let any = std::net::SocketAddr::from((std::net::Ipv4Addr::UNSPECIFIED, address.port()));
            net::bind(&descriptor, &any)?;
        }
        SocketAddress::Ip(address) => net::bind(&descriptor, address)?,
        SocketAddress::Vsock(cid, port) => sys::bind_vsock(&descriptor, *cid, *port)?,
    }
    options::after_bind(socket, descriptor.as_fd(), family, kind, warnings);
    if kind != SocketType::DGRAM {
        let backlog =
            socket.backlog.map_or(i32::MAX, |backlog| i32::try_from(backlog).unwrap_or(i32::MAX));
        net::listen(&descriptor, backlog)?;
    }
    Ok(descriptor)
}

/// A port alone means both families; on a kernel without IPv6 that is IPv4.
fn no_ipv6(address: &std::net::SocketAddr) -> bool {
    address.ip().is_unspecified() && !Path::new("/proc/net/if_inet6").exists()
}

/// Binds to a path. What was left of an earlier run is removed; a file that is no socket is not.
fn bind_path(socket: &Socket, descriptor: impl AsFd, path: &Path, owner: Owner) -> io::Result<()> {
    make_parents(path, socket.directory_mode.unwrap_or(0o755))?;
    let address = SocketAddrUnix::new(path)?;
    let mode = Mode::from_raw_mode(socket.mode.unwrap_or(0o666));
    // The node takes the mode of the socket. It is not changed by its path, for the owner of the folder may have put
    // another file there meanwhile.
    rustix::fs::fchmod(&descriptor, mode)?;
    match bind_unmasked(&descriptor, &address) {
        Err(rustix::io::Errno::ADDRINUSE) => {
            if std::fs::symlink_metadata(path)?.file_type().is_socket() {
                std::fs::remove_file(path)?;
            }
            bind_unmasked(&descriptor, &address)?;
        }
        result => result?,
    }
    give(path, owner)
}

/// Binds to a path without a umask, which is that of all threads.
fn bind_unmasked(descriptor: impl AsFd, address: &SocketAddrUnix) -> rustix::io::Result<()> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let umask = rustix::process::umask(Mode::empty());
    let bound = net::bind(descriptor, address);
    rustix::process::umask(umask);
    bound
}

fn give(path: &Path, owner: Owner) -> io::Result<()> {
    if !owner.is_own() {
        rustix::fs::chownat(
            CWD,
            path,
            owner.user,
            owner.group,
            rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
        )?;
    }
    Ok(())
}

fn fifo(
    socket: &Socket,
    path: &Path,
    owner: Owner,
    warnings: &mut Vec<String>,
) -> io::Result<OwnedFd> {
    make_parents(path, socket.directory_mode.unwrap_or(0o755))?;
    let mode = Mode::from_raw_mode(socket.mode.unwrap_or(0o666));
    let new = match rustix::fs::mkfifoat(CWD, path, mode) {
        Ok(()) => true,
        Err(rustix::io::Errno::EXIST) => false,
        Err(error) => return Err(error.into()),
    };
    // Opened both ways, so that it never reports that all writers are gone.
    let flags =
        OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let descriptor = rustix::fs::open(path, flags, Mode::empty())?;
    let found = rustix::fs::fstat(&descriptor)?;
    if rustix::fs::FileType::from_raw_mode(found.st_mode) != rustix::fs::FileType::Fifo {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    if new {
        rustix::fs::fchmod(&descriptor, mode)?;
        give(path, owner)?;
    }
    options::pipe(socket, descriptor.as_fd(), warnings);
    Ok(descriptor)
}

fn special(socket: &Socket, path: &Path) -> io::Result<OwnedFd> {
    let access = if socket.writable { OFlags::RDWR } else { OFlags::RDONLY };
    let flags = access | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let descriptor = rustix::fs::open(path, flags, Mode::empty())?;
    let kind = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&descriptor)?.st_mode);
    if matches!(kind, rustix::fs::FileType::RegularFile | rustix::fs::FileType::CharacterDevice) {
        Ok(descriptor)
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

/// The families of netlink(7) by the names that systemd.socket(5) takes.
const NETLINK: &[(&str, i32)] = &[
    ("route", libc::NETLINK_ROUTE),
    ("firewall", libc::NETLINK_FIREWALL),
    ("inet-diag", libc::NETLINK_INET_DIAG),
    ("nflog", libc::NETLINK_NFLOG),
    ("xfrm", libc::NETLINK_XFRM),
    ("selinux", libc::NETLINK_SELINUX),
    ("iscsi", libc::NETLINK_ISCSI),
    ("audit", libc::NETLINK_AUDIT),
    ("fib-lookup", libc::NETLINK_FIB_LOOKUP),
    ("connector", libc::NETLINK_CONNECTOR),
    ("netfilter", libc::NETLINK_NETFILTER),
    ("ip6-fw", libc::NETLINK_IP6_FW),
    ("dnrtmsg", libc::NETLINK_DNRTMSG),
    ("kobject-uevent", libc::NETLINK_KOBJECT_UEVENT),
    ("generic", libc::NETLINK_GENERIC),
    ("scsitransport", libc::NETLINK_SCSITRANSPORT),
    ("ecryptfs", libc::NETLINK_ECRYPTFS),
    ("rdma", libc::NETLINK_RDMA),
];

fn netlink(
    socket: &Socket,
    family: &str,
    group: u32,
    warnings: &mut Vec<String>,
) -> io::Result<OwnedFd> {
    let known = NETLINK.iter().find(|(name, _)| *name == family).map(|&(_, number)| number);
    let number = known.or_else(|| family.parse().ok()).ok_or(io::ErrorKind::InvalidInput)?;
    let protocol =
        u32::try_from(number).ok().and_then(std::num::NonZeroU32::new).map(Protocol::from_raw);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let descriptor = net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, protocol)?;
    options::before_bind(socket, descriptor.as_fd(), AddressFamily::NETLINK, warnings);
    sys::bind_netlink(&descriptor, group)?;
    options::after_bind(
        socket,
        descriptor.as_fd(),
        AddressFamily::NETLINK,
        SocketType::RAW,
        warnings,
    );
    Ok(descriptor)
}

fn queue(socket: &Socket, name: &str, owner: Owner) -> io::Result<OwnedFd> {
    let sizes = socket.queue_messages.zip(socket.queue_message_size);
    let mode = Mode::from_raw_mode(socket.mode.unwrap_or(0o666));
    let descriptor = sys::open_queue(name, mode.bits(), sizes)?;
    rustix::fs::fchmod(&descriptor, mode)?;
    if !owner.is_own() {
        rustix::fs::fchown(&descriptor, owner.user, owner.group)?;
    }
    Ok(descriptor)
}
