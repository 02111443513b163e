//! The notification socket of sd_notify(3): what comes in, checked and cut to what PID 1 understands.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg, sockopt,
};
use rustix::process::Pid;

/// Where it is.
pub const SOCKET: &str = "/run/systemd/notify";
/// The longest message (systemd's NOTIFY_BUFFER_MAX).
const LONGEST: usize = 4096;
/// The longest status that is kept.
const LONGEST_STATUS: usize = 1024;
/// The most descriptors of one message (SCM_MAX_FD of the kernel).
const DESCRIPTORS: usize = 253;
/// The receive buffer: a burst of a thousand services must not be lost.
const BUFFER: usize = 8 << 20;

/// `WATCHDOG=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// `1`
    Alive,
    /// `trigger`
    Trigger,
}

/// What is asked of the descriptor store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// Nothing.
    #[default]
    Leave,
    /// `FDSTORE=1`
    Add,
    /// `FDSTOREREMOVE=1`
    Remove,
}

/// What a message says, of what PID 1 understands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an assignment of the protocol")]
pub struct Message {
    /// `READY=1`
    pub ready: bool,
    /// `RELOADING=1`
    pub reloading: bool,
    /// `STOPPING=1`
    pub stopping: bool,
    /// `MONOTONIC_USEC=`, since boot.
    pub monotonic: Option<Duration>,
    /// `STATUS=`
    pub status: Option<String>,
    /// `ERRNO=`
    pub errno: Option<i32>,
    /// `MAINPID=`
    pub main_pid: Option<Pid>,
    /// `WATCHDOG=`
    pub beat: Option<Beat>,
    /// `WATCHDOG_USEC=`; zero turns it off.
    pub watchdog_interval: Option<Duration>,
    /// `EXTEND_TIMEOUT_USEC=`
    pub extend_timeout: Option<Duration>,
    /// `FDSTORE=1`, `FDSTOREREMOVE=1`
    pub store: Store,
    /// `FDNAME=`
    pub store_name: Option<String>,
    /// `FDPOLL=0`
    pub store_unpolled: bool,
    /// `BARRIER=1`: closing the descriptor that came along is the answer.
    pub barrier: bool,
}

impl Message {
    /// Parses the lines of a datagram; unknown ones are passed over, as the protocol asks.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut message = Self::default();
        for line in String::from_utf8_lossy(bytes).lines() {
            if let Some((key, value)) = line.split_once('=') {
                message.assign(key, value);
            }
        }
        message
    }

    fn assign(&mut self, key: &str, value: &str) {
        let micros = || value.parse().ok().map(Duration::from_micros);
        match (key, value) {
            ("READY", "1") => self.ready = true,
            ("RELOADING", "1") => self.reloading = true,
            ("STOPPING", "1") => self.stopping = true,
            ("BARRIER", "1") => self.barrier = true,
            ("FDSTORE", "1") => self.store = Store::Add,
            ("FDSTOREREMOVE", "1") => self.store = Store::Remove,
            ("FDPOLL", "0") => self.store_unpolled = true,
            ("FDNAME", name) if is_descriptor_name(name) => self.store_name = Some(name.to_owned()),
            ("WATCHDOG", "1") => self.beat = Some(Beat::Alive),
            ("WATCHDOG", "trigger") => self.beat = Some(Beat::Trigger),
            ("WATCHDOG_USEC", _) => self.watchdog_interval = micros(),
            ("EXTEND_TIMEOUT_USEC", _) => self.extend_timeout = micros(),
            ("MONOTONIC_USEC", _) => self.monotonic = micros(),
            ("ERRNO", _) => self.errno = value.parse().ok(),
            ("STATUS", text) => self.status = Some(text.chars().take(LONGEST_STATUS).collect()),
            ("MAINPID", _) => {
                self.main_pid = value.parse().ok().filter(|pid| *pid > 1).and_then(Pid::from_raw);
            }
            _ => {}
        }
    }
}

/// fdname_is_valid of systemd: ASCII, no control characters, no colon, at most 255 characters.
fn is_descriptor_name(name: &str) -> bool {
    name.len() <= 255 && name.bytes().all(|byte| (b' '..0x7f).contains(&byte) && byte != b':')
}

/// A message that came in.
#[derive(Debug)]
pub struct Received {
    /// Who sent it, as the kernel says.
    pub sender: Pid,
    /// The user who sent it.
    pub user: u32,
    /// What it says.
    pub message: Message,
    /// What came along.
    pub descriptors: Vec<OwnedFd>,
}

/// The bound socket.
#[derive(Debug)]
pub struct NotifySocket {
    socket: OwnedFd,
}

impl NotifySocket {
    /// Binds the socket, which any user may write to: messages are judged by the sender's process.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixDatagram::bind(path)?;
        socket.set_nonblocking(true)?;
        sockopt::set_socket_passcred(&socket, true)?;
        // A smaller buffer serves as well, with less to spare.
        let _smaller = sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER);
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
        Ok(Self { socket: socket.into() })
    }

    /// The descriptor to poll.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Takes one message; `None` when there is no more. One that is too long, or without a sender, is passed over.
    pub fn receive(&self) -> Option<Received> {
        loop {
            let mut buffer = [0_u8; LONGEST];
            let mut space = [MaybeUninit::uninit();
                rustix::cmsg_space!(ScmRights(DESCRIPTORS), ScmCredentials(1))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
            let mut parts = [IoSliceMut::new(&mut buffer)];
            let received = match recvmsg(&self.socket, &mut parts, &mut control, flags) {
                Ok(received) => received,
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return None,
            };
            let (mut sender, mut descriptors) = (None, Vec::new());
            for part in control.drain() {
                match part {
                    RecvAncillaryMessage::ScmCredentials(credentials) => sender = Some(credentials),
                    RecvAncillaryMessage::ScmRights(rights) => descriptors.extend(rights),
                    _ => {}
                }
            }
            let whole = !received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC);
            if let (true, Some(sender)) = (whole, sender) {
                let message = Message::parse(&buffer[..received.bytes.min(LONGEST)]);
                let user = sender.uid.as_raw();
                return Some(Received { sender: sender.pid, user, message, descriptors });
            }
            // The child is reaped as any.
            let _child = crate::fork::close(descriptors);
        }
    }
}

#[cfg(test)]
mod tests;
