//! The kernel's events about devices, from its netlink socket.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

use crate::refuse::{Failure, doing};

/// The group of events that come from the kernel itself.
const KERNEL_GROUP: u32 = 1;

/// A socket that gets every event from its opening on.
#[derive(Debug)]
pub(crate) struct Uevents(OwnedFd);

impl Uevents {
    pub(crate) fn open() -> Result<Self, Failure> {
        let what = "listening to the kernel's device events";
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let kind = SocketType::DGRAM;
        let socket = socket_with(AddressFamily::NETLINK, kind, flags, Some(KOBJECT_UEVENT))
            .map_err(doing(what))?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL_GROUP)).map_err(doing(what))?;
        Ok(Self(socket))
    }

    /// Waits for an event, at most `limit`, and gives the aliases of the devices added by then.
    pub(crate) fn wait(&self, limit: Duration) -> Vec<String> {
        let limit = Timespec::try_from(limit).expect("a wait of milliseconds fits");
        // An error of poll or recv, as when events were lost, ends the wait: the caller looks again.
        let _ready = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&limit));
        let mut aliases = Vec::new();
        let mut buffer = [0; 8192];
        while let Ok((length, _)) = recv(&self.0, &mut buffer[..], RecvFlags::empty()) {
            aliases.extend(added_alias(&buffer[..length.min(8192)]));
        }
        aliases
    }
}

/// The alias of a device that an event adds. An event is strings that end in a zero byte:
/// `add@/devices/...`, then `KEY=VALUE`.
fn added_alias(event: &[u8]) -> Option<String> {
    let mut strings = event.split(|byte| *byte == 0);
    let added = strings.next()?.starts_with(b"add@");
    let alias = strings.find_map(|string| string.strip_prefix(b"MODALIAS="))?;
    added.then(|| String::from_utf8_lossy(alias).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alias_of_an_added_device_is_read_from_its_event() {
        for (event, alias) in [
            (
                &b"add@/devices/x\0ACTION=add\0MODALIAS=virtio:d2v1\0SEQNUM=1\0"[..],
                Some("virtio:d2v1"),
            ),
            (b"add@/devices/x\0ACTION=add\0SEQNUM=1\0", None),
            (b"remove@/devices/x\0ACTION=remove\0MODALIAS=virtio:d2v1\0", None),
            (b"", None),
        ] {
            assert_eq!(added_alias(event).as_deref(), alias);
        }
    }
}
