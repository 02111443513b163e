//! Receiving from unix sockets: bytes, credentials and passed files.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::sender::Credentials;

/// The most files of one message that are taken; more are closed by the kernel.
const FILES: usize = 4;

/// What one receive gave.
#[derive(Debug, Default)]
pub struct Received {
    /// How many bytes are in the buffer.
    pub length: usize,
    /// Whether the message was longer than the buffer.
    pub truncated: bool,
    /// Who sent it.
    pub credentials: Option<Credentials>,
    /// Files that came with it.
    pub files: Vec<OwnedFd>,
}

/// Receives without blocking; `None` if nothing is there.
pub fn receive(
    socket: impl AsFd,
    buffer: &mut [u8],
    peek: bool,
) -> Result<Option<Received>, Errno> {
    let mut space =
        [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES), ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    flags.set(RecvFlags::PEEK, peek);
    let message = loop {
        match recvmsg(&socket, &mut [IoSliceMut::new(buffer)], &mut control, flags) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(None),
            other => break other?,
        }
    };
    let truncated = message.flags.contains(rustix::net::ReturnFlags::TRUNC);
    let mut received = Received { length: message.bytes, truncated, ..Received::default() };
    for part in control.drain() {
        match part {
            RecvAncillaryMessage::ScmRights(files) => received.files.extend(files),
            RecvAncillaryMessage::ScmCredentials(sender) => {
                received.credentials = Some(Credentials {
                    pid: sender.pid.as_raw_nonzero().get(),
                    uid: sender.uid.as_raw(),
                    gid: sender.gid.as_raw(),
                });
            }
            _ => {}
        }
    }
    Ok(Some(received))
}
