//! The loop of the service: what is ready is read, what is due is done.

use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keelson_units::text::Remark;
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};

use super::config::Config;
use super::inputs::Inputs;
use super::log::{Also, Line, Log};
use super::lost::{OWN_FIELDS, Reason};
use super::notify::Manager;
use super::receive::{Received, receive};
use super::ring::{Ring, read_memory_file};
use super::sender::Credentials;
use super::signals::{Request, Signals};
use super::streams::{After, Stream, WINDOW};
use super::{control, native, pstore, syslog};
use crate::clock;
use crate::entry::{Field, field};
use crate::store::frame::MAX_BODY;

const SIGNALS: u64 = 0;
const LISTENER: u64 = 1;
const NATIVE: u64 = 2;
const SYSLOG: u64 = 3;
const RING: u64 = 4;
const CONTROL: u64 = 5;
const REMOTE: u64 = 6;
const FIRST_STREAM: u64 = 16;
/// Datagrams taken from one socket before the others get their turn.
const BATCH: usize = 128;
/// How often all inputs that have more are looked at before a request is answered.
const ROUNDS: usize = 64;
/// The most streams at once, as the unit's `FileDescriptorStoreMax=` has it.
const MAX_STREAMS: usize = 4096;
/// The most streams at once of one ordinary user.
const MAX_USER_STREAMS: usize = 256;

/// The running service.
pub struct Service {
    root: PathBuf,
    states: PathBuf,
    log: Log,
    manager: Manager,
    inputs: Inputs,
    control: UnixListener,
    ring: Option<Ring>,
    streams: BTreeMap<u64, Stream>,
    next_stream: u64,
    /// Streams and sockets of which more is there than was read.
    again: Vec<u64>,
    epoll: OwnedFd,
    remote_watched: Option<bool>,
    watchdog: Option<Duration>,
    next_sign: u64,
    buffer: Vec<u8>,
}

impl Service {
    /// Opens the store and takes the inputs.
    pub fn open(
        root: &Path,
        config: &Config,
        remarks: &[Remark],
        mut inputs: Inputs,
        manager: Manager,
    ) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let control = control::listen(root)?;
        let log = Log::open(root, config, remarks);
        let ring = if config.read_kmsg { Ring::open(root).ok() } else { None };
        for (socket, token) in
            [(&inputs.streams, LISTENER), (&inputs.native, NATIVE), (&inputs.syslog, SYSLOG)]
        {
            epoll::add(&epoll, socket, EventData::new_u64(token), EventFlags::IN)?;
        }
        epoll::add(&epoll, &control, EventData::new_u64(CONTROL), EventFlags::IN)?;
        if let Some(ring) = &ring {
            // A file that cannot be waited for (a test's) is read once.
            let _ = epoll::add(&epoll, ring, EventData::new_u64(RING), EventFlags::IN);
        }
        let kept = std::mem::take(&mut inputs.kept);
        let mut service = Self {
            root: root.to_owned(),
            states: root.join("run/systemd/journal/streams"),
            log,
            manager,
            inputs,
            control,
            ring,
            streams: BTreeMap::new(),
            next_stream: FIRST_STREAM,
            again: vec![RING],
            epoll,
            remote_watched: None,
            watchdog: None,
            next_sign: u64::MAX,
            buffer: vec![0; WINDOW],
        };
        for socket in kept {
            service.add_stream(socket, true);
        }
        Ok(service)
    }

    /// Lets signals end a wait.
    pub fn watch_signals(&self, signals: &Signals) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, signals, EventData::new_u64(SIGNALS), EventFlags::IN)?)
    }

    /// Tells the manager that the service is ready, and from now on that it lives.
    pub fn ready(&mut self, watchdog: Option<Duration>) {
        self.manager.tell("READY=1\nSTATUS=Processing requests...");
        self.watchdog = watchdog;
        self.next_sign = 0;
    }

    /// Waits until something is ready or due, at most `limit`, and does it. Gives whether signals wait to be read.
    pub fn turn(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        self.log.tick();
        self.log.forward.begin_turn();
        let now = clock::monotonic();
        if let Some(note) = self.log.forward.drive(now) {
            self.log.own(4, &note);
        }
        self.watch_remote();
        self.give_sign(now);
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); 64];
        let timeout = self.timeout(limit);
        let ready: Vec<u64> = match epoll::wait(&self.epoll, &mut events[..], Some(&timeout)) {
            Ok((events, _)) => events.iter().map(|event| event.data.u64()).collect(),
            Err(rustix::io::Errno::INTR) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut due = std::mem::take(&mut self.again);
        due.extend(ready);
        due.sort_unstable();
        due.dedup();
        for token in &due {
            self.serve(*token);
        }
        Ok(due.contains(&SIGNALS))
    }

    fn timeout(&self, limit: Option<Duration>) -> Timespec {
        let now = clock::monotonic();
        let mut due = self.log.next_due().min(self.next_sign).saturating_sub(now);
        if !self.again.is_empty() {
            due = 0;
        }
        let limit =
            limit.map_or(u64::MAX, |limit| u64::try_from(limit.as_micros()).unwrap_or(u64::MAX));
        // A rounded-up millisecond, and at most an hour.
        let due = due.min(limit).min(3_600_000_000).div_ceil(1000) * 1000;
        Timespec {
            tv_sec: i64::try_from(due / 1_000_000).unwrap_or(0),
            tv_nsec: i64::try_from(due % 1_000_000 * 1000).unwrap_or(0),
        }
    }

    fn give_sign(&mut self, now: u64) {
        if let Some(interval) = self.watchdog.filter(|_| now >= self.next_sign) {
            self.manager.tell("WATCHDOG=1");
            self.next_sign = now + u64::try_from(interval.as_micros()).unwrap_or(u64::MAX / 2);
        } else if self.watchdog.is_none() {
            self.next_sign = u64::MAX;
        }
    }

    /// The remote socket comes and goes; it is watched while it is there, for writing while something waits.
    fn watch_remote(&mut self) {
        let wanted = self.log.forward.waiting();
        let writes = wanted.as_ref().map(|(_, writes)| *writes);
        if let Some((socket, writes)) = wanted {
            let flags = if writes { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            let data = EventData::new_u64(REMOTE);
            // A closed socket has left the set by itself, and its successor is new to it.
            if self.remote_watched != Some(writes)
                && epoll::modify(&self.epoll, socket, data, flags).is_err()
            {
                let _ = epoll::add(&self.epoll, socket, data, flags);
            }
        }
        self.remote_watched = writes;
    }

    fn serve(&mut self, token: u64) {
        match token {
            SIGNALS | REMOTE => {}
            LISTENER => self.accept_streams(),
            NATIVE | SYSLOG => self.datagrams(token),
            RING => {
                if self.ring.as_mut().is_some_and(|ring| ring.read(&mut self.log)) {
                    self.again.push(RING);
                }
            }
            CONTROL => {
                if let Some((request, stream)) = control::accept(&self.control) {
                    self.drain();
                    self.answer(request);
                    control::answer(stream);
                }
            }
            _ => self.read_stream(token),
        }
    }

    fn accept_streams(&mut self) {
        use rustix::net::{SocketFlags, accept_with};
        // Over the limits a connection is taken and closed: one left waiting would keep the listener ready for ever.
        for _ in 0..MAX_STREAMS {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let Ok(socket) = accept_with(&self.inputs.streams, flags) else { return };
            self.add_stream(socket, false);
        }
    }

    /// Whether one more stream of the user who connected `stream` is taken. Root's are not held up by others'.
    fn has_room(&self, stream: &Stream) -> bool {
        let user = stream.user();
        if self.streams.len() >= MAX_STREAMS || user == Some(0) {
            return self.streams.len() < MAX_STREAMS;
        }
        let of_user = self.streams.values().filter(|other| other.user() == user).count();
        of_user < MAX_USER_STREAMS && self.streams.len() < MAX_STREAMS * 3 / 4
    }

    fn add_stream(&mut self, socket: OwnedFd, kept: bool) {
        let Ok(mut stream) = Stream::new(socket, &self.states, kept) else { return };
        if !kept && !self.has_room(&stream) {
            return;
        }
        // Who connects says at once who it is.
        if !kept && stream.greet(&self.manager, &self.states, &mut self.buffer) == After::Closed {
            return;
        }
        let token = self.next_stream;
        let flags = EventFlags::IN | EventFlags::RDHUP | EventFlags::ET;
        if epoll::add(&self.epoll, stream.as_fd(), EventData::new_u64(token), flags).is_ok() {
            // What is in it already is an event, too.
            self.next_stream += 1;
            self.streams.insert(token, stream);
        }
    }

    fn read_stream(&mut self, token: u64) {
        let Some(stream) = self.streams.get_mut(&token) else { return };
        match stream.read(&mut self.log, &self.manager, &self.states, &mut self.buffer) {
            After::Open => {}
            After::Again => self.again.push(token),
            After::Closed => {
                self.streams.remove(&token);
            }
        }
    }

    fn datagrams(&mut self, token: u64) {
        for _ in 0..BATCH {
            let socket = if token == NATIVE { &self.inputs.native } else { &self.inputs.syslog };
            // The next datagram may be longer than usual.
            let next = rustix::io::ioctl_fionread(socket).unwrap_or(0);
            let next = usize::try_from(next).unwrap_or(MAX_BODY).min(MAX_BODY);
            self.buffer.resize(next.max(WINDOW), 0);
            let Ok(Some(received)) = receive(socket.as_fd(), &mut self.buffer, false) else {
                return;
            };
            let lines =
                if token == NATIVE { self.native(received) } else { self.syslog(&received) };
            for line in lines {
                self.log.accept(line);
            }
        }
        self.again.push(token);
    }

    fn native(&mut self, mut received: Received) -> Vec<Line> {
        let file = received.files.pop();
        let parsed = match file {
            Some(file) => {
                read_memory_file(file, MAX_BODY as u64).map(|bytes| native::parse(&bytes))
            }
            None => Some(native::parse(&self.buffer[..received.length])),
        };
        let whole = parsed.as_ref().is_some_and(|parsed| !parsed.malformed) && !received.truncated;
        self.log.lost.add(Reason::Malformed, u64::from(!whole));
        let mut entries = parsed.unwrap_or_default().entries;
        // What the log believes of itself is the service's and root's to say.
        if !received.credentials.is_some_and(Credentials::is_own) {
            for entry in &mut entries {
                entry.retain(|(name, _)| !OWN_FIELDS.contains(&name.as_str()));
            }
            entries.retain(|entry| !entry.is_empty());
        }
        let line = |fields| Line {
            transport: "journal",
            credentials: received.credentials,
            fields,
            ..Line::default()
        };
        entries.into_iter().map(line).collect()
    }

    fn syslog(&mut self, received: &Received) -> Vec<Line> {
        let datagram = &self.buffer[..received.length];
        self.log.lost.add(Reason::Malformed, u64::from(received.truncated));
        let line = syslog::parse(datagram);
        if line.message.is_empty() && line.identifier.is_none() {
            return Vec::new();
        }
        let text = |name: &str, value: Option<&[u8]>| value.map(|value| field(name, value));
        let mut fields: Vec<Field> = vec![
            field("MESSAGE", line.message),
            field("PRIORITY", line.priority.unwrap_or(6).to_string()),
            field("SYSLOG_FACILITY", line.facility.unwrap_or(1).to_string()),
        ];
        fields.extend(text("SYSLOG_IDENTIFIER", line.identifier));
        fields.extend(text("SYSLOG_PID", line.pid));
        fields.extend(text("SYSLOG_TIMESTAMP", line.timestamp));
        let credentials = received.credentials;
        vec![Line { transport: "syslog", credentials, fields, unit: None, also: Also::default() }]
    }

    /// Reads all that came before a request, so that the request speaks of it too; of a writer that never stops no more
    /// than [`ROUNDS`] looks take.
    fn drain(&mut self) {
        self.accept_streams();
        for token in [NATIVE, SYSLOG, RING] {
            self.serve(token);
        }
        for token in self.streams.keys().copied().collect::<Vec<_>>() {
            self.read_stream(token);
        }
        for _ in 0..ROUNDS {
            for token in std::mem::take(&mut self.again) {
                self.serve(token);
            }
        }
    }

    /// Does what a signal or the control socket asks for.
    pub fn answer(&mut self, request: Request) {
        let stamp = self.log.stamp();
        match request {
            Request::Flush => self.log.keeper.flush(&stamp, &mut self.log.lost),
            Request::Rotate => self.log.keeper.rotate(&stamp),
            Request::Sync => self.log.keeper.sync(),
            Request::CrashRecords => pstore::import(&self.root, &mut self.log),
            Request::End => {}
        }
        self.log.tick();
    }

    /// Stores what is there and closes the log.
    pub fn end(&mut self) {
        self.manager.tell("STOPPING=1\nSTATUS=Shutting down...");
        self.drain();
        self.log.end();
        self.log.keeper.sync();
        // The next service makes its own; a client that finds none knows that there is no service.
        drop(std::fs::remove_file(control::path(&self.root)));
    }
}

#[cfg(test)]
mod tests;
