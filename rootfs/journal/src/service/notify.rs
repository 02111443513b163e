//! The manager's side of the service: sockets it passes (sd_listen_fds(3)) and what it is told (sd_notify(3)).

use std::ffi::OsString;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType, sendmsg_addr, socket_with,
};

/// Where the manager listens for messages, if it does.
pub struct Manager {
    address: Option<SocketAddrUnix>,
    socket: Option<OwnedFd>,
}

impl Manager {
    /// The socket `$NOTIFY_SOCKET` names; a first `@` stands for the abstract name space.
    pub fn new(variable: Option<OsString>) -> Self {
        let address = variable.and_then(|name| match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddrUnix::new_abstract_name(name).ok(),
            None => SocketAddrUnix::new(name.as_os_str()).ok(),
        });
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = address
            .as_ref()
            .and_then(|_| socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None).ok());
        Self { address, socket }
    }

    /// Sends assignments. A manager that does not listen now is not waited for.
    pub fn tell(&self, text: &str) -> bool {
        self.send(text, &[])
    }

    /// Gives a file to the manager's keeping; it comes back at the next start with `name`.
    pub fn keep(&self, name: &str, file: BorrowedFd<'_>) -> bool {
        self.send(&format!("FDSTORE=1\nFDNAME={name}\nFDPOLL=0"), &[file])
    }

    /// Takes a file out of the manager's keeping.
    pub fn release(&self, name: &str) -> bool {
        self.send(&format!("FDSTOREREMOVE=1\nFDNAME={name}"), &[])
    }

    fn send(&self, text: &str, files: &[BorrowedFd<'_>]) -> bool {
        let (Some(address), Some(socket)) = (&self.address, &self.socket) else { return false };
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !files.is_empty() && !control.push(SendAncillaryMessage::ScmRights(files)) {
            return false;
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        sendmsg_addr(socket.as_fd(), address, &[IoSlice::new(text.as_bytes())], &mut control, flags)
            .is_ok()
    }
}

/// The files the manager passed, with their names.
pub fn passed_files() -> Vec<(String, OwnedFd)> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<i32>().ok());
    let own = rustix::process::getpid().as_raw_nonzero().get();
    if number("LISTEN_PID") != Some(own) {
        return Vec::new();
    }
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':').map(str::to_owned);
    let count = number("LISTEN_FDS").unwrap_or(0).clamp(0, 1 << 16);
    (3..3 + count).map(|descriptor| (names.next().unwrap_or_default(), adopt(descriptor))).collect()
}

#[expect(unsafe_code, reason = "a number from the environment becomes a file")]
fn adopt(descriptor: i32) -> OwnedFd {
    // SAFETY: sd_listen_fds(3): the manager leaves these descriptors to the process `$LISTEN_PID` names, which is this
    // one; nothing else in it uses them, and they are adopted once, at the start.
    let file = unsafe { OwnedFd::from_raw_fd(descriptor) };
    // A file that is passed on to no child needs no more than this; on an error it merely stays inheritable.
    let _ = rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::CLOEXEC);
    file
}

/// Half of what `$WATCHDOG_USEC` asks for: how often the manager is told that the service lives.
pub fn watchdog_interval() -> Option<Duration> {
    let micros: u64 = std::env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    (micros > 0).then(|| Duration::from_micros(micros / 2))
}
