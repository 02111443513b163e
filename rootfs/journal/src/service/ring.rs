//! Reading /dev/kmsg from where the service before this one stopped.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::log::{Line, Log};
use super::lost::Reason;
use super::{kmsg, syslog};
use crate::entry::field;

/// Records taken in one go.
const BATCH: usize = 200;

/// The open ring.
pub struct Ring {
    file: OwnedFd,
    mark: PathBuf,
    /// The number of the next record.
    next: Option<u64>,
    marked: Option<u64>,
}

impl Ring {
    /// Opens the ring of the host at `root`; records that `mark` says were read are not read again.
    pub fn open(root: &Path) -> rustix::io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let file = rustix::fs::open(root.join("dev/kmsg"), flags, Mode::empty())?;
        let mark = root.join("run/systemd/journal/kernel-seqnum");
        let next = std::fs::read_to_string(&mark).ok().and_then(|text| text.trim().parse().ok());
        Ok(Self { file, mark, next, marked: next })
    }

    /// Stores what is there; `true` if more may be.
    pub fn read(&mut self, log: &mut Log) -> bool {
        let mut buffer = [0; 8192];
        for _ in 0..BATCH {
            match rustix::io::read(&self.file, &mut buffer) {
                Ok(0) | Err(Errno::AGAIN) => {
                    self.keep_mark(log);
                    return false;
                }
                Ok(length) => {
                    if let Some(record) = kmsg::parse(&buffer[..length]) {
                        self.store(record, log);
                    }
                }
                // The record was overwritten while it was read; the next one's number says how many.
                Err(Errno::PIPE | Errno::INTR) => {}
                Err(error) => {
                    log.own(4, &format!("/dev/kmsg: {error}"));
                    return false;
                }
            }
        }
        self.keep_mark(log);
        true
    }

    fn store(&mut self, record: kmsg::Record, log: &mut Log) {
        // The kernel numbers the records of a boot from 0: what went before the first that is there was overwritten.
        let next = self.next.unwrap_or(0);
        if record.sequence < next {
            return;
        }
        log.lost.add(Reason::KernelRing, record.sequence - next);
        self.next = Some(record.sequence + 1);
        let mut fields = record.properties;
        fields.push(field("PRIORITY", record.priority.to_string()));
        fields.push(field("SYSLOG_FACILITY", record.facility.to_string()));
        fields.push(field("_SOURCE_MONOTONIC_TIMESTAMP", record.monotonic.to_string()));
        let (identifier, pid, text) = match record.facility {
            0 => (Some(b"kernel".as_slice()), None, record.message.as_slice()),
            _ => syslog::identifier(&record.message),
        };
        // The service's own lines are in the log already.
        if identifier == Some(b"systemd-journald") {
            return;
        }
        fields.push(field("MESSAGE", text));
        fields.extend(identifier.map(|identifier| field("SYSLOG_IDENTIFIER", identifier)));
        fields.extend(pid.map(|pid| field("SYSLOG_PID", pid)));
        log.accept(Line { transport: "kernel", fields, ..Line::default() });
    }

    fn keep_mark(&mut self, log: &mut Log) {
        if let Some(next) = self.next.filter(|_| self.next != self.marked) {
            match std::fs::write(&self.mark, next.to_string()) {
                Ok(()) => self.marked = self.next,
                Err(error) => log.own(4, &format!("{}: {error}", self.mark.display())),
            }
        }
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Reads a memory file a native client passed instead of a datagram, if it may not change while it is read.
pub fn read_memory_file(file: OwnedFd, limit: u64) -> Option<Vec<u8>> {
    let sealed = rustix::fs::fcntl_get_seals(&file).ok()?;
    let wanted = rustix::fs::SealFlags::SHRINK | rustix::fs::SealFlags::WRITE;
    let file = File::from(file);
    let length = file.metadata().ok()?.len();
    if !sealed.contains(wanted) || length > limit {
        return None;
    }
    crate::store::segment::read_at(&file, 0, usize::try_from(length).ok()?).ok()
}
