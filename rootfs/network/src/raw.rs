//! The socket calls `rustix` has no name for: packet sockets, their filter, binding to a link, signals as a descriptor.
#![expect(unsafe_code, reason = "system calls without a safe wrapper; each says why it is sound")]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, c_void, sock_filter, sock_fprog, sockaddr_ll, socklen_t};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

/// IPv4, as packet sockets name it.
pub const ETHERTYPE_IPV4: u16 = 0x0800;
/// ARP.
pub const ETHERTYPE_ARP: u16 = 0x0806;

/// Packets that are none for us and are passed over before everything else gets its turn, however many come.
const PASSED_OVER: usize = 64;

fn check(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// The next packet of a socket that does not block, by what `read` makes of it; what that knows nothing of is passed
/// over, so much of it at once. More than `buffer` holds is cut off.
pub fn next_packet<T>(
    socket: impl AsFd,
    buffer: &mut [u8],
    read: impl Fn(&[u8]) -> Option<T>,
) -> io::Result<Option<T>> {
    for _ in 0..PASSED_OVER {
        match recv(&socket, &mut *buffer, RecvFlags::empty()) {
            Ok((_, length)) => {
                if let Some(packet) = read(&buffer[..length.min(buffer.len())]) {
                    return Ok(Some(packet));
                }
            }
            Err(Errno::AGAIN) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(None)
}

fn length_of<T>() -> socklen_t {
    socklen_t::try_from(size_of::<T>()).expect("the structures of socket calls are small")
}

/// All stations of a link, for one protocol.
fn link_address(index: u32, protocol: u16) -> sockaddr_ll {
    let mut octets = [0; 8];
    octets[..6].fill(0xff);
    sockaddr_ll {
        sll_family: u16::try_from(libc::AF_PACKET).expect("address families are small"),
        sll_protocol: protocol.to_be(),
        sll_ifindex: index.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: octets,
    }
}

/// A socket for whole IPv4 packets of one link, without the link's header. It hears only UDP to `port`.
pub fn packet_socket(index: u32, port: u16) -> io::Result<OwnedFd> {
    let socket = deaf_socket()?;
    attach_filter(&socket, &mut udp_filter(port))?;
    hear(&socket, index, ETHERTYPE_IPV4)?;
    Ok(socket)
}

/// A socket for the ARP packets of one link, without the link's header. It hears only those whose sender or target has
/// an IPv4 link-local address: on a busy link the others would wake this process all the time.
pub fn arp_socket(index: u32) -> io::Result<OwnedFd> {
    let socket = deaf_socket()?;
    attach_filter(&socket, &mut link_local_filter())?;
    hear(&socket, index, ETHERTYPE_ARP)?;
    Ok(socket)
}

/// A packet socket that hears nothing yet.
fn deaf_socket() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket(2) takes no pointers; protocol 0 hears nothing until bind(2) names one.
    let fd = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
    check(fd as isize)?;
    // SAFETY: the descriptor was just made and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Has a packet socket hear a protocol of a link.
fn hear(socket: &OwnedFd, index: u32, protocol: u16) -> io::Result<()> {
    let address = link_address(index, protocol);
    let length = length_of::<sockaddr_ll>();
    // SAFETY: `address` is a sockaddr_ll of the length given and lives through the call.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    check(bound as isize).map(drop)
}

/// One instruction of a filter.
fn op(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code: u16::try_from(code).expect("operations have 16 bits"), jt, jf, k }
}

/// Lets through UDP over IPv4 to `port`, whole packets only.
fn udp_filter(port: u16) -> [sock_filter; 9] {
    [
        op(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, 9),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 6, libc::IPPROTO_UDP as u32),
        op(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 0, 0, 6),
        op(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, 4, 0, 0x1fff),
        op(libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH, 0, 0, 0),
        op(libc::BPF_LD | libc::BPF_H | libc::BPF_IND, 0, 0, 2),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, u32::from(port)),
        op(libc::BPF_RET | libc::BPF_K, 0, 0, 0x4_0000),
        op(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
    ]
}

/// Lets through ARP whose sender (at 14) or target (at 24) is of 169.254.0.0/16.
fn link_local_filter() -> [sock_filter; 6] {
    [
        op(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 0, 0, 14),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 2, 0, 0xa9fe),
        op(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 0, 0, 24),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, 0xa9fe),
        op(libc::BPF_RET | libc::BPF_K, 0, 0, 0x4_0000),
        op(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
    ]
}

/// Has a packet socket hear only what a program lets through.
fn attach_filter(socket: &OwnedFd, program: &mut [sock_filter]) -> io::Result<()> {
    let len = u16::try_from(program.len()).expect("filters are short");
    let filter = sock_fprog { len, filter: program.as_mut_ptr() };
    set_option(
        socket,
        libc::SO_ATTACH_FILTER,
        (&raw const filter).cast(),
        length_of::<sock_fprog>(),
    )
}

fn set_option(
    socket: &impl AsFd,
    option: c_int,
    value: *const c_void,
    length: socklen_t,
) -> io::Result<()> {
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: every caller gives a pointer to `length` bytes that live through the call.
    check(unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, value, length) } as isize)
        .map(drop)
}

/// Sends a packet of a protocol by a packet socket, to all on the link.
pub fn send_packet(socket: &OwnedFd, index: u32, protocol: u16, packet: &[u8]) -> io::Result<()> {
    let address = link_address(index, protocol);
    let (data, length) = (packet.as_ptr().cast(), length_of::<sockaddr_ll>());
    // SAFETY: `packet` and `address` are readable for the lengths given.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            data,
            packet.len(),
            libc::MSG_NOSIGNAL,
            (&raw const address).cast(),
            length,
        )
    };
    check(sent).map(drop)
}

/// Ties a socket to a link: it hears and sends there only.
pub fn bind_to_link(socket: &impl AsFd, name: &str) -> io::Result<()> {
    let length = socklen_t::try_from(name.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    set_option(socket, libc::SO_BINDTODEVICE, name.as_ptr().cast(), length)
}

/// Takes `signals` out of their usual course and gives a descriptor that tells of them.
///
/// Call it before any thread is made, so that all inherit the mask.
pub fn signal_descriptor(signals: &[c_int]) -> io::Result<OwnedFd> {
    // SAFETY: the set is written by sigemptyset before it is read; the calls take pointers to it alone.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        check(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) as isize)?;
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        check(fd as isize)?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}
