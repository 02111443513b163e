//! The notification socket of sd_notify(3).

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::{fs, io};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg, sockopt};
use rustix::process::Pid;

/// Where it is.
pub const SOCKET: &str = "/run/systemd/notify";

/// What a message says, of what PID 1 understands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// `READY=1`
    pub ready: bool,
    /// `STOPPING=1`
    pub stopping: bool,
    /// `STATUS=`
    pub status: Option<String>,
    /// `MAINPID=`
    pub main_pid: Option<Pid>,
}

impl Message {
    /// Parses the lines of a datagram; unknown ones are passed over, as the protocol asks.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut message = Self::default();
        for line in String::from_utf8_lossy(bytes).lines() {
            match line.split_once('=') {
                Some(("READY", "1")) => message.ready = true,
                Some(("STOPPING", "1")) => message.stopping = true,
                Some(("STATUS", text)) => message.status = Some(text.to_owned()),
                Some(("MAINPID", number)) => {
                    message.main_pid = number.parse().ok().and_then(Pid::from_raw);
                }
                _ => {}
            }
        }
        message
    }
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
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
        Ok(Self { socket: socket.into() })
    }

    /// The descriptor to poll.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Takes one message and its sender; `None` when there is no more. Descriptors that come along are closed.
    pub fn receive(&self) -> Option<(Pid, Message)> {
        loop {
            let mut buffer = [0_u8; 4096];
            let mut space =
                [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(16), ScmCredentials(1))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
            let received =
                recvmsg(&self.socket, &mut [IoSliceMut::new(&mut buffer)], &mut control, flags)
                    .ok()?;
            let sender = control.drain().find_map(|message| match message {
                RecvAncillaryMessage::ScmCredentials(credentials) => Some(credentials.pid),
                _ => None,
            });
            if let Some(sender) = sender {
                return Some((sender, Message::parse(&buffer[..received.bytes])));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_parsed_line_by_line() {
        let message = Message::parse(b"READY=1\nSTATUS=up\nMAINPID=42\nX_OWN=1\nnonsense");
        let main_pid = Pid::from_raw(42);
        assert_eq!(
            message,
            Message { ready: true, stopping: false, status: Some("up".to_owned()), main_pid }
        );
        assert_eq!(Message::parse(b"READY=0\nMAINPID=-x\n\xff"), Message::default());
    }

    #[test]
    fn a_message_arrives_with_its_sender() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let notify = NotifySocket::bind(&path).expect("a socket");
        assert!(notify.receive().is_none());
        let client = UnixDatagram::unbound().expect("a client");
        client.send_to(b"READY=1", &path).expect("sending");
        let (sender, message) = notify.receive().expect("a message");
        assert_eq!((sender, message.ready), (rustix::process::getpid(), true));
    }
}
