//! The options of sockets, set before and after they are bound.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use keelson_units::model::Socket;
use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::sys;

/// What an address needs: reuse, families, devices, foreign addresses.
pub(super) fn before_bind(
    socket: &Socket,
    descriptor: BorrowedFd<'_>,
    family: AddressFamily,
    warnings: &mut Vec<String>,
) {
    let mut note = |name: &str, result: io::Result<()>| warn(name, result, warnings);
    let ip = matches!(family, AddressFamily::INET | AddressFamily::INET6);
    if let Some(only) = socket.ipv6_only.filter(|_| family == AddressFamily::INET6) {
        note("BindIPv6Only", sockopt::set_ipv6_v6only(descriptor, only).map_err(Into::into));
    }
    if ip || family == AddressFamily::VSOCK {
        note("SO_REUSEADDR", sockopt::set_socket_reuseaddr(descriptor, true).map_err(Into::into));
    }
    if socket.reuse_port && ip {
        note("ReusePort", sockopt::set_socket_reuseport(descriptor, true).map_err(Into::into));
    }
    if let Some(device) = &socket.bind_to_device {
        let set = sys::set_option_bytes(
            descriptor,
            libc::SOL_SOCKET,
            libc::SO_BINDTODEVICE,
            device.as_bytes(),
        );
        note("BindToDevice", set);
    }
    let (level, free, transparent) = if family == AddressFamily::INET6 {
        (libc::IPPROTO_IPV6, libc::IPV6_FREEBIND, libc::IPV6_TRANSPARENT)
    } else {
        (libc::IPPROTO_IP, libc::IP_FREEBIND, libc::IP_TRANSPARENT)
    };
    if socket.free_bind && ip {
        note("FreeBind", sys::set_option(descriptor, level, free, 1));
    }
    if socket.transparent && ip {
        note("Transparent", sys::set_option(descriptor, level, transparent, 1));
    }
    // The window is agreed on with the connection, so the buffers must be set before listening.
    buffers(socket, descriptor, &mut note);
}

/// All others.
pub(super) fn after_bind(
    socket: &Socket,
    descriptor: BorrowedFd<'_>,
    family: AddressFamily,
    kind: SocketType,
    warnings: &mut Vec<String>,
) {
    let mut note = |name: &str, result: io::Result<()>| warn(name, result, warnings);
    let ip = matches!(family, AddressFamily::INET | AddressFamily::INET6);
    for option in plain(socket, family) {
        note(option.name, sys::set_option(descriptor, option.level, option.option, option.value));
    }
    if ip && kind == SocketType::STREAM {
        for option in tcp(socket) {
            note(
                option.name,
                sys::set_option(descriptor, option.level, option.option, option.value),
            );
        }
        if let Some(algorithm) = &socket.tcp_congestion {
            let bytes = algorithm.as_bytes();
            note(
                "TCPCongestion",
                sys::set_option_bytes(descriptor, libc::IPPROTO_TCP, libc::TCP_CONGESTION, bytes),
            );
        }
    }
}

/// `PipeSize=`
pub(super) fn pipe(socket: &Socket, descriptor: BorrowedFd<'_>, warnings: &mut Vec<String>) {
    if let Some(size) = socket.pipe_size {
        let set = rustix::pipe::fcntl_setpipe_size(
            descriptor,
            usize::try_from(size).unwrap_or(usize::MAX),
        );
        warn("PipeSize", set.map(drop).map_err(Into::into), warnings);
    }
}

/// An option that is an integer.
struct Number {
    name: &'static str,
    level: i32,
    option: i32,
    value: i32,
}

fn plain(socket: &Socket, family: AddressFamily) -> Vec<Number> {
    let mut options = Vec::new();
    let mut add = |wanted: bool, name, level, option, value| {
        if wanted {
            options.push(Number { name, level, option, value });
        }
    };
    let (unix, netlink) = (family == AddressFamily::UNIX, family == AddressFamily::NETLINK);
    let (v4, v6) = (family == AddressFamily::INET, family == AddressFamily::INET6);
    let level = libc::SOL_SOCKET;
    add(socket.keep_alive, "KeepAlive", level, libc::SO_KEEPALIVE, 1);
    add(socket.broadcast, "Broadcast", level, libc::SO_BROADCAST, 1);
    add(
        socket.pass_credentials && (unix || netlink),
        "PassCredentials",
        level,
        libc::SO_PASSCRED,
        1,
    );
    add(socket.pass_security && (unix || netlink), "PassSecurity", level, libc::SO_PASSSEC, 1);
    if let Some(priority) = socket.priority {
        add(priority >= 0, "Priority", level, libc::SO_PRIORITY, priority);
    }
    if let Some(mark) = socket.mark {
        add(mark >= 0, "Mark", level, libc::SO_MARK, mark);
    }
    let stamp =
        if socket.timestamping == Some(true) { libc::SO_TIMESTAMPNS } else { libc::SO_TIMESTAMP };
    add(socket.timestamping.is_some(), "Timestamping", level, stamp, 1);
    add(
        socket.pass_packet_info && (v4 || v6),
        "PassPacketInfo",
        libc::IPPROTO_IP,
        libc::IP_PKTINFO,
        1,
    );
    add(
        socket.pass_packet_info && v6,
        "PassPacketInfo",
        libc::IPPROTO_IPV6,
        libc::IPV6_RECVPKTINFO,
        1,
    );
    add(
        socket.pass_packet_info && netlink,
        "PassPacketInfo",
        libc::SOL_NETLINK,
        libc::NETLINK_PKTINFO,
        1,
    );
    if let Some(tos) = socket.ip_tos {
        add(v4 || v6, "IPTOS", libc::IPPROTO_IP, libc::IP_TOS, tos);
    }
    if let Some(ttl) = socket.ip_ttl {
        add(v4 || v6, "IPTTL", libc::IPPROTO_IP, libc::IP_TTL, ttl);
        add(v6, "IPTTL", libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS, ttl);
    }
    options
}

fn tcp(socket: &Socket) -> Vec<Number> {
    let mut options = Vec::new();
    let mut add = |name, option, value: Option<i32>| {
        options.extend(value.map(|value| Number { name, level: libc::IPPROTO_TCP, option, value }));
    };
    add("NoDelay", libc::TCP_NODELAY, socket.no_delay.then_some(1));
    add("KeepAliveTimeSec", libc::TCP_KEEPIDLE, socket.keep_alive_time.map(seconds));
    add("KeepAliveIntervalSec", libc::TCP_KEEPINTVL, socket.keep_alive_interval.map(seconds));
    add(
        "KeepAliveProbes",
        libc::TCP_KEEPCNT,
        socket.keep_alive_probes.and_then(|count| i32::try_from(count).ok()),
    );
    add("DeferAcceptSec", libc::TCP_DEFER_ACCEPT, socket.defer_accept.map(seconds));
    options
}

/// The kernel counts these in whole seconds; 0 would be the default.
fn seconds(time: Duration) -> i32 {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    i32::try_from(whole.max(1)).unwrap_or(i32::MAX)
}

/// With the right to, beyond the system's limit; else up to it.
fn buffers(
    socket: &Socket,
    descriptor: BorrowedFd<'_>,
    note: &mut impl FnMut(&str, io::Result<()>),
) {
    if let Some(size) = socket.receive_buffer {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let set = sockopt::set_socket_recv_buffer_size_force(descriptor, size)
            .or_else(|_| sockopt::set_socket_recv_buffer_size(descriptor, size));
        note("ReceiveBuffer", set.map_err(Into::into));
    }
    if let Some(size) = socket.send_buffer {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let set = sockopt::set_socket_send_buffer_size_force(descriptor, size)
            .or_else(|_| sockopt::set_socket_send_buffer_size(descriptor, size));
        note("SendBuffer", set.map_err(Into::into));
    }
}

fn warn(name: &str, result: io::Result<()>, warnings: &mut Vec<String>) {
    if let Err(error) = result {
        warnings.push(format!("setting {name} failed, going on without it: {error}"));
    }
}
