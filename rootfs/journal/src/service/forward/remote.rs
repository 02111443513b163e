//! The connection to a remote syslog server: a bounded queue, reconnects with growing pauses, never blocking.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use rustls::ClientConnection;

use super::super::config::{Config, Remote as Server};
use super::{facility, rfc5424, tls};
use crate::entry::{Field, Stamp};

/// The pause after the first failure, in microseconds; it doubles up to `MAX_PAUSE`.
const FIRST_PAUSE: u64 = 1_000_000;
const MAX_PAUSE: u64 = 60_000_000;
/// How often a connection in the making is looked at, in microseconds.
const LOOK: u64 = 100_000;
/// How long a connection may take, and once more the handshake of TLS after it.
const CONNECT: Duration = Duration::from_secs(10);
/// The same in microseconds.
const HANDSHAKE: u64 = 10_000_000;

enum State {
    /// Nothing until this time, in microseconds since the boot.
    Waiting(u64),
    /// A thread looks the name up and connects: the C library's resolver cannot do it without blocking.
    Connecting(Receiver<io::Result<TcpStream>>),
    /// Connected.
    Open(TcpStream, Option<Box<Session>>),
}

/// TLS on a connection.
struct Session {
    connection: ClientConnection,
    /// When the handshake is to be over, in microseconds since the boot.
    handshake_until: u64,
}

/// A remote server.
pub struct Remote {
    server: Server,
    certificates: PathBuf,
    max_level: u8,
    capacity: usize,
    queue: VecDeque<Vec<u8>>,
    queued: usize,
    /// How much of the first message of the queue was sent.
    sent: usize,
    state: State,
    pause: u64,
    failing: bool,
}

impl Remote {
    /// A connection that is not made yet.
    pub fn new(server: Server, config: &Config, certificates: PathBuf) -> Self {
        Self {
            server,
            certificates,
            max_level: config.max_level_remote,
            capacity: config.remote_queue,
            queue: VecDeque::new(),
            queued: 0,
            sent: 0,
            state: State::Waiting(0),
            pause: FIRST_PAUSE,
            failing: false,
        }
    }

    /// Queues an entry; `false` if the queue is full and it is lost to the server.
    pub fn offer(&mut self, fields: &[Field], stamp: &Stamp, level: u8) -> bool {
        if level > self.max_level {
            return true;
        }
        let message = rfc5424::frame(fields, stamp, facility(fields), level);
        if self.queued + message.len() > self.capacity {
            return false;
        }
        self.queued += message.len();
        self.queue.push_back(message);
        true
    }

    /// The socket, and whether there is something to write.
    pub fn waiting(&self) -> Option<(BorrowedFd<'_>, bool)> {
        match &self.state {
            State::Open(stream, session) => {
                // In a handshake what is queued cannot be written, and would only wake the loop without end.
                let writes = match session.as_deref() {
                    Some(Session { connection, .. }) => {
                        connection.wants_write()
                            || !connection.is_handshaking() && !self.queue.is_empty()
                    }
                    None => !self.queue.is_empty(),
                };
                Some((stream.as_fd(), writes))
            }
            _ => None,
        }
    }

    /// When `drive` is due without the socket saying so.
    pub fn next_due(&self) -> u64 {
        match &self.state {
            State::Waiting(until) if !self.queue.is_empty() => *until,
            State::Connecting(_) => crate::clock::monotonic() + LOOK,
            State::Open(_, Some(session)) if session.connection.is_handshaking() => {
                session.handshake_until
            }
            _ => u64::MAX,
        }
    }

    /// Goes on: connects, writes, reads. Gives something to say in the log when the state of things changed.
    pub fn drive(&mut self, now: u64) -> Option<String> {
        match self.step(now) {
            Ok(note) => note,
            Err(error) => self.fail(now, &error),
        }
    }

    fn step(&mut self, now: u64) -> io::Result<Option<String>> {
        match &mut self.state {
            State::Waiting(until) => {
                if now >= *until && !self.queue.is_empty() {
                    self.state = State::Connecting(begin(&self.server));
                }
                Ok(None)
            }
            State::Connecting(answer) => match answer.try_recv() {
                Err(TryRecvError::Empty) => Ok(None),
                Err(TryRecvError::Disconnected) => Err(io::Error::from(ErrorKind::BrokenPipe)),
                Ok(stream) => {
                    let stream = stream?;
                    stream.set_nonblocking(true)?;
                    let session = if self.server.tls {
                        Some(Box::new(Session {
                            connection: tls::connect(&self.server.host, &self.certificates)?,
                            handshake_until: now + HANDSHAKE,
                        }))
                    } else {
                        None
                    };
                    self.state = State::Open(stream, session);
                    self.step(now)
                }
            },
            State::Open(stream, None) => {
                if is_closed(stream)? {
                    return Err(io::Error::from(ErrorKind::ConnectionReset));
                }
                while let Some(message) = self.queue.front() {
                    match stream.write(&message[self.sent..]) {
                        Ok(length) => self.sent += length,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                        Err(error) => return Err(error),
                    }
                    if self.sent == message.len() {
                        self.queued -= message.len();
                        self.queue.pop_front();
                        self.sent = 0;
                    }
                }
                Ok(self.recovered())
            }
            State::Open(stream, Some(session)) => {
                let handshake_until = session.handshake_until;
                let session = &mut session.connection;
                let open = exchange(stream, session)?;
                if session.is_handshaking() && now >= handshake_until {
                    return Err(io::Error::new(
                        ErrorKind::TimedOut,
                        "the TLS handshake takes too long",
                    ));
                }
                if !session.is_handshaking() {
                    while session.wants_write().eq(&false)
                        && let Some(message) = self.queue.pop_front()
                    {
                        self.queued -= message.len();
                        session.writer().write_all(&message)?;
                        exchange(stream, session)?;
                    }
                }
                if !open {
                    return Err(io::Error::from(ErrorKind::ConnectionReset));
                }
                let up = !session.is_handshaking() && self.queue.is_empty();
                Ok(if up { self.recovered() } else { None })
            }
        }
    }

    fn recovered(&mut self) -> Option<String> {
        self.pause = FIRST_PAUSE;
        let was = std::mem::take(&mut self.failing);
        was.then(|| format!("Forwarding to {}:{} works again", self.server.host, self.server.port))
    }

    fn fail(&mut self, now: u64, error: &io::Error) -> Option<String> {
        self.state = State::Waiting(now + self.pause);
        self.pause = (self.pause * 2).min(MAX_PAUSE);
        // The server may have got the beginning of it: it is sent again whole on the next connection.
        self.sent = 0;
        let was = std::mem::replace(&mut self.failing, true);
        (!was).then(|| {
            format!("Forwarding to {}:{} failed: {error}", self.server.host, self.server.port)
        })
    }
}

/// Looks the name up and connects, in a thread that ends with that.
fn begin(server: &Server) -> Receiver<io::Result<TcpStream>> {
    let (sender, receiver) = channel();
    let (host, port) = (server.host.clone(), server.port);
    let not_begun = sender.clone();
    let thread = std::thread::Builder::new().spawn(move || {
        let outcome = (host.as_str(), port).to_socket_addrs().and_then(|addresses| {
            let mut last = io::Error::from(ErrorKind::NotFound);
            for address in addresses {
                match TcpStream::connect_timeout(&address, CONNECT) {
                    Ok(stream) => return Ok(stream),
                    Err(error) => last = error,
                }
            }
            Err(last)
        });
        // The receiver may have gone with its forwarder; the connection then closes here.
        drop(sender.send(outcome));
    });
    if let Err(error) = thread {
        drop(not_begun.send(Err(error)));
    }
    receiver
}

/// Whether the server closed a connection on which it has nothing to say.
fn is_closed(stream: &mut TcpStream) -> io::Result<bool> {
    let mut buffer = [0; 512];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// Moves what is ready between the session and the socket; `false` once the server has closed it.
fn exchange(stream: &mut TcpStream, session: &mut ClientConnection) -> io::Result<bool> {
    loop {
        let mut moved = false;
        while session.wants_write() {
            match session.write_tls(stream) {
                Ok(_) => moved = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        match session.read_tls(stream) {
            Ok(0) => return Ok(false),
            Ok(_) => {
                session.process_new_packets().map_err(io::Error::other)?;
                let mut buffer = Vec::new();
                match session.reader().read_to_end(&mut buffer) {
                    Ok(_) => return Ok(false),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => moved = true,
                    Err(error) => return Err(error),
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if !moved {
            return Ok(true);
        }
    }
}
