//! The streams of services' output: their headers, their lines, and what is kept of them over a restart.
//!
//! Lines are looked at in the socket and taken out of it only once they are stored, so a service that is killed loses
//! none of them. A line that comes in pieces is the exception: its pieces are taken, lest a writer of single bytes fill
//! the socket, which then would never be ready again.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::log::{Also, Line, Log};
use super::notify::Manager;
use super::receive::receive;
use super::sender::Credentials;
use super::stream::{self, Break, Header, HeaderState};
use super::syslog;
use crate::entry::{Field, field};

/// The most bytes looked at in one go.
pub const WINDOW: usize = 256 << 10;

/// A beginning of a line that is taken at the first look. A socket that is full holds more than this even if every
/// byte came by itself: the kernel counts less than 1 KiB for each, of 208 KiB.
pub const PIECE: usize = 128;

/// One connected stream.
pub struct Stream {
    socket: OwnedFd,
    id: String,
    header: Option<Header>,
    /// Who connected it.
    peer: Option<Credentials>,
    /// Who wrote to it last.
    credentials: Option<Credentials>,
    kept: bool,
    /// The beginning of a line that came in pieces.
    partial: Vec<u8>,
    /// Bytes that were in the socket without an end of line the last time.
    seen: usize,
}

/// How a stream stands after it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// More may come.
    Open,
    /// More is there now.
    Again,
    /// It ended or is no stream of ours.
    Closed,
}

impl Stream {
    /// A new connection, or one the manager kept whose header is read from `states`.
    pub fn new(socket: OwnedFd, states: &Path, kept: bool) -> io::Result<Self> {
        let stat = rustix::fs::fstat(&socket)?;
        let id = format!("{}:{}", stat.st_dev, stat.st_ino);
        let header = if kept {
            std::fs::read_to_string(states.join(&id)).ok().and_then(|text| restore(&text))
        } else {
            None
        };
        let peer = rustix::net::sockopt::socket_peercred(&socket).ok();
        let peer = peer.map(|peer| Credentials {
            pid: peer.pid.as_raw_nonzero().get(),
            uid: peer.uid.as_raw(),
            gid: peer.gid.as_raw(),
        });
        rustix::net::sockopt::set_socket_passcred(&socket, true)?;
        let credentials = peer;
        Ok(Self { socket, id, header, peer, credentials, kept, partial: Vec::new(), seen: 0 })
    }

    /// The user who connected it.
    pub fn user(&self) -> Option<u32> {
        self.peer.map(|peer| peer.uid)
    }

    /// The socket.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn state_path(&self, states: &Path) -> PathBuf {
        states.join(&self.id)
    }

    fn name(&self) -> String {
        format!("stdout-{}", self.id.replace(':', "-"))
    }

    /// Takes what is there, up to one window.
    pub fn read(
        &mut self,
        log: &mut Log,
        manager: &Manager,
        states: &Path,
        buffer: &mut [u8],
    ) -> After {
        let received = match receive(&self.socket, buffer, true) {
            Ok(Some(received)) => received,
            Ok(None) => return After::Open,
            Err(_) => return self.close(log, manager, states),
        };
        if received.length == 0 {
            return self.close(log, manager, states);
        }
        // The kernel joins no bytes of two processes, so all of these are of one.
        self.written_by(received.credentials, log);
        let bytes = &buffer[..received.length];
        if self.header.is_none() {
            return match stream::header(bytes) {
                HeaderState::Whole(header, length) => {
                    match self.greeted(header, length, manager, states, buffer) {
                        After::Closed => self.close(log, manager, states),
                        _ => self.after(),
                    }
                }
                HeaderState::Partial if bytes.len() < WINDOW && !hung_up(&self.socket) => {
                    After::Open
                }
                HeaderState::Invalid | HeaderState::Partial => self.close(log, manager, states),
            };
        }
        log.reading.begin(&self.id);
        let mut used = self.lines(log, bytes);
        log.reading.forget(&self.id);
        let rest = bytes.len() - used;
        // What stayed without an end of line a second time is taken out, what may fill the socket at once, and what
        // another process wrote something after: a look ends there.
        let covered =
            || rustix::io::ioctl_fionread(&self.socket).is_ok_and(|all| all > rest as u64);
        if used == 0 && (rest >= PIECE || rest > self.seen && self.seen > 0 || covered()) {
            self.partial.extend_from_slice(&bytes[used..]);
            used = bytes.len();
        }
        self.seen = bytes.len() - used;
        if used == 0 {
            log.reading.end();
            return self.rest_or_end(log, manager, states, bytes);
        }
        let taken = self.take(used, buffer);
        log.reading.end();
        if taken.is_err() {
            return self.close(log, manager, states);
        }
        self.after()
    }

    /// Takes the header of a new connection, where it is there, and nothing else: before the first wait for it, which
    /// tells of all that is there then.
    pub fn greet(&mut self, manager: &Manager, states: &Path, buffer: &mut [u8]) -> After {
        let Ok(Some(received)) = receive(&self.socket, buffer, true) else { return After::Open };
        match stream::header(&buffer[..received.length]) {
            HeaderState::Whole(header, length) => {
                self.credentials = received.credentials.or(self.credentials);
                self.greeted(header, length, manager, states, buffer)
            }
            _ => After::Open,
        }
    }

    /// Begins with a header. It is taken out at once: a service that comes back knows it from its state.
    fn greeted(
        &mut self,
        header: Header,
        length: usize,
        manager: &Manager,
        states: &Path,
        buffer: &mut [u8],
    ) -> After {
        if self.take(length, buffer).is_err() {
            return After::Closed;
        }
        self.begin(header, manager, states);
        After::Open
    }

    /// How it stands after something was taken: what comes later, and its end, are events.
    fn after(&self) -> After {
        match rustix::io::ioctl_fionread(&self.socket) {
            Ok(0) if !hung_up(&self.socket) => After::Open,
            _ => After::Again,
        }
    }

    /// With the beginning of a line in the socket and nothing after it: the stream goes on or has ended.
    fn rest_or_end(
        &mut self,
        log: &mut Log,
        manager: &Manager,
        states: &Path,
        bytes: &[u8],
    ) -> After {
        if !hung_up(&self.socket) {
            return After::Open;
        }
        self.partial.extend_from_slice(bytes);
        self.close(log, manager, states)
    }

    /// What comes now is written by `sender`. The beginning of a line of another process ends here, as a line of that one.
    fn written_by(&mut self, sender: Option<Credentials>, log: &mut Log) {
        let Some(sender) = sender else { return };
        if self.credentials.is_some_and(|before| before.pid != sender.pid) {
            self.end_line(log, Break::PidChange);
        }
        self.credentials = Some(sender);
    }

    /// Stores the beginning of a line that was taken, if there is one.
    fn end_line(&mut self, log: &mut Log, end: Break) {
        let line = std::mem::take(&mut self.partial);
        if !line.is_empty() {
            self.store(log, &line, end);
        }
    }

    /// Stores the whole lines of `bytes` and says how many bytes they took.
    fn lines(&mut self, log: &mut Log, bytes: &[u8]) -> usize {
        let line_max = log.config().line_max;
        let mut used = 0;
        if !self.partial.is_empty() {
            let before = self.partial.len();
            let mut joined = std::mem::take(&mut self.partial);
            joined.extend_from_slice(&bytes[..bytes.len().min(line_max + 1)]);
            let Some((line, end, length)) = stream::line(&joined, line_max) else {
                joined.truncate(before);
                self.partial = joined;
                return 0;
            };
            self.store(log, line, end);
            if length < before {
                self.partial = joined.drain(..before).skip(length).collect();
                return 0;
            }
            used = length - before;
        }
        while let Some((line, end, length)) = stream::line(&bytes[used..], line_max) {
            self.store(log, line, end);
            used += length;
        }
        used
    }

    fn begin(&mut self, header: Header, manager: &Manager, states: &Path) {
        // Only the manager may say which unit a stream is of, have it kept and write to the console or the kernel's
        // ring. Who connected counts: a program of root's may be made to write a header to a stream of a user's.
        let trusted = self.peer.is_some_and(Credentials::is_own);
        let header = if trusted { header } else { untrusted(header) };
        // Where neither is possible the stream is lost with the service, as one of a service without a manager is.
        if trusted && std::fs::write(self.state_path(states), save(&header)).is_ok() {
            self.kept = manager.keep(&self.name(), self.socket.as_fd());
        }
        self.header = Some(header);
    }

    fn close(&mut self, log: &mut Log, manager: &Manager, states: &Path) -> After {
        self.end_line(log, Break::Eof);
        if self.kept {
            manager.release(&self.name());
        }
        // A stream whose header never came has no state.
        drop(std::fs::remove_file(self.state_path(states)));
        After::Closed
    }

    fn store(&self, log: &mut Log, line: &[u8], end: Break) {
        let Some(header) = &self.header else { return };
        let (level, text) = if header.level_prefix { syslog::prefix(line) } else { (None, line) };
        let text = text.trim_ascii_end();
        if text.is_empty() || log.reading.was_stored(&self.id, text) {
            return;
        }
        let number = level.map_or(u32::from(header.priority), |level| {
            if level > 7 { level } else { (u32::from(header.priority) & !7) | level }
        });
        let mut fields: Vec<Field> =
            vec![field("MESSAGE", text), field("PRIORITY", (number & 7).to_string())];
        if number > 7 {
            fields.push(field("SYSLOG_FACILITY", (number >> 3).to_string()));
        }
        if !header.identifier.is_empty() {
            fields.push(field("SYSLOG_IDENTIFIER", header.identifier.as_str()));
        }
        fields.push(field("_STREAM_ID", self.id.as_str()));
        fields.extend(end.field().map(|end| field("_LINE_BREAK", end)));
        log.accept(Line {
            transport: "stdout",
            credentials: self.credentials,
            unit: Some(header.unit.clone()).filter(|unit| !unit.is_empty()),
            fields,
            also: Also {
                console: header.to_console,
                kmsg: header.to_kmsg,
                syslog: header.to_syslog,
            },
        });
    }

    /// Takes `length` bytes that were looked at out of the socket.
    fn take(&self, length: usize, buffer: &mut [u8]) -> rustix::io::Result<()> {
        let mut left = length;
        while left > 0 {
            match rustix::io::read(&self.socket, &mut buffer[..left]) {
                Ok(0) | Err(rustix::io::Errno::AGAIN) => break,
                Ok(taken) => left -= taken,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn hung_up(socket: &OwnedFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut waiting = [PollFd::new(socket, PollFlags::IN | PollFlags::RDHUP)];
    poll(&mut waiting, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok()
        && waiting[0].revents().intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR)
}

/// What counts of a header that an ordinary user sent.
fn untrusted(header: Header) -> Header {
    Header { unit: String::new(), to_console: false, to_kmsg: false, to_syslog: false, ..header }
}

/// The header as it is kept: the seven lines it came in.
fn save(header: &Header) -> String {
    let Header { identifier, unit, priority, level_prefix, to_syslog, to_kmsg, to_console } =
        header;
    let flag = |on: &bool| u8::from(*on);
    let (prefix, syslog, kmsg, console) =
        (flag(level_prefix), flag(to_syslog), flag(to_kmsg), flag(to_console));
    format!("{identifier}\n{unit}\n{priority}\n{prefix}\n{syslog}\n{kmsg}\n{console}\n")
}

fn restore(text: &str) -> Option<Header> {
    match stream::header(text.as_bytes()) {
        HeaderState::Whole(header, _) => Some(header),
        HeaderState::Partial | HeaderState::Invalid => None,
    }
}

#[cfg(test)]
mod tests;
