//! The sockets lines come in by: passed by the manager, or made here where it passed none.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::net::sockopt::{set_socket_passcred, socket_acceptconn, socket_type};
use rustix::net::{SocketAddrUnix, SocketType, getsockname};

/// The sockets.
pub struct Inputs {
    /// Listening for the streams of services.
    pub streams: OwnedFd,
    /// Datagrams of the native protocol.
    pub native: OwnedFd,
    /// Datagrams of syslog(3).
    pub syslog: OwnedFd,
    /// Streams the manager kept over a restart.
    pub kept: Vec<OwnedFd>,
}

impl Inputs {
    /// Sorts what the manager passed and makes what is missing below `root`.
    pub fn open(root: &Path, passed: Vec<(String, OwnedFd)>) -> io::Result<Self> {
        let (mut streams, mut native, mut syslog, mut kept) = (None, None, None, Vec::new());
        for (name, socket) in passed {
            let listens = socket_acceptconn(&socket).unwrap_or(false);
            let datagrams = socket_type(&socket).is_ok_and(|kind| kind == SocketType::DGRAM);
            if listens {
                streams = Some(socket);
            } else if name.starts_with("stdout-") {
                kept.push(socket);
            } else if datagrams && path_of(&socket).is_some_and(|path| path.ends_with(b"/dev-log"))
            {
                syslog = Some(socket);
            } else if datagrams {
                native = Some(socket);
            }
        }
        let folder = root.join("run/systemd/journal");
        std::fs::create_dir_all(folder.join("streams"))?;
        let streams =
            streams.map_or_else(|| bind(&folder.join("stdout"), SocketType::STREAM), Ok)?;
        let native = native.map_or_else(|| bind(&folder.join("socket"), SocketType::DGRAM), Ok)?;
        let syslog = syslog.map_or_else(|| bind(&folder.join("dev-log"), SocketType::DGRAM), Ok)?;
        for socket in [&streams, &native, &syslog] {
            set_socket_passcred(socket, true)?;
            rustix::io::ioctl_fionbio(socket, true)?;
        }
        Ok(Self { streams, native, syslog, kept })
    }
}

fn path_of(socket: &OwnedFd) -> Option<Vec<u8>> {
    let address = SocketAddrUnix::try_from(getsockname(socket).ok()?).ok()?;
    address.path_bytes().map(<[u8]>::to_vec)
}

/// A socket every process may write to, in the place of one left by a service before this one.
fn bind(path: &Path, kind: SocketType) -> io::Result<OwnedFd> {
    use rustix::net::{AddressFamily, SocketFlags};
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = rustix::net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    if kind == SocketType::STREAM {
        rustix::net::listen(&socket, 128)?;
    }
    Ok(socket)
}
