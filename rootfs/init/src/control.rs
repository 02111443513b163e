//! The control socket's listening end: connections, lines, answers that come later. It knows no unit.

use std::collections::BTreeMap;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use keelson_control::{
    Answer, JobOutcome, JobResult as Word, LONGEST_ANSWER, LONGEST_REQUEST, LineBuffer, Outcome,
    Refusal, RefusalKind, Request, encode,
};
use keelson_jobs::{JobId, JobResult};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg, sockopt};

use crate::events::{Events, Source, Token};

/// The most connections at once; the oldest that waits for nothing makes room.
const CONNECTIONS: usize = 64;
/// What is read of one client before others have their turn.
const SHARE: usize = 64 << 10;

/// Where a unit's part of an answer stands.
#[derive(Clone, Debug)]
pub enum Part {
    /// It is known.
    Known(Outcome),
    /// The job's end is waited for.
    Job(JobId),
    /// The unit's end is waited for.
    Down(JobId),
    /// The job has ended, the unit's end is waited for.
    Up(Outcome),
}

/// An answer that comes later: one part for each unit, in order.
pub type Waiting = Vec<(String, Part)>;

/// One connection.
#[derive(Debug)]
struct Client {
    stream: UnixStream,
    token: Token,
    root: bool,
    lines: LineBuffer,
    out: Vec<u8>,
    waiting: Option<Waiting>,
}

/// What comes of a client's input.
#[derive(Debug)]
pub enum Asked {
    /// A request, and whether root asks.
    Request(Box<Request>, bool),
    /// A line that is none.
    Bad(String),
    /// Nothing more for now.
    Nothing,
}

/// The socket and its connections.
#[derive(Debug, Default)]
pub struct Server {
    listener: Option<UnixListener>,
    clients: BTreeMap<u64, Client>,
    next: u64,
    resumed: Vec<u64>,
    /// Connections that ended with something in them that was not read: descriptors may be among it, whose closing may
    /// take its time.
    pub closing: Vec<OwnedFd>,
}

impl Server {
    /// Binds the socket. Everybody may ask; what an ordinary user may ask is decided by request.
    pub fn bind(path: &Path, events: &mut Events) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
        events.add(Source::Control, &listener)?;
        Ok(Self { listener: Some(listener), ..Self::default() })
    }

    /// Takes connections that wait.
    pub fn accept(&mut self, events: &mut Events) {
        for _ in 0..16 {
            let Some(Ok((stream, _))) = self.listener.as_ref().map(UnixListener::accept) else {
                return;
            };
            if self.clients.len() >= CONNECTIONS {
                let idle = self.clients.iter().find(|(_, client)| client.waiting.is_none());
                let Some(number) = idle.map(|(number, _)| *number) else {
                    // All wait for jobs: the one who came is turned away by the end of the connection.
                    self.end(stream);
                    continue;
                };
                self.drop_client(number, events);
            }
            let Ok(credentials) = sockopt::socket_peercred(&stream) else { continue };
            let number = self.next;
            self.next += 1;
            let added = stream
                .set_nonblocking(true)
                .and_then(|()| events.add(Source::Client(number), &stream));
            let Ok(token) = added else { continue };
            let client = Client {
                stream,
                token,
                root: credentials.uid.is_root(),
                lines: LineBuffer::new(LONGEST_REQUEST),
                out: Vec::new(),
                waiting: None,
            };
            self.clients.insert(number, client);
        }
    }

    fn drop_client(&mut self, number: u64, events: &mut Events) {
        if let Some(client) = self.clients.remove(&number) {
            events.remove(client.token, &client.stream);
            self.end(client.stream);
        }
    }

    fn end(&mut self, stream: UnixStream) {
        // Nothing can come after this. One who has gone already is no matter.
        let _gone = stream.shutdown(std::net::Shutdown::Both);
        if rustix::io::ioctl_fionread(&stream).is_ok_and(|unread| unread > 0) {
            self.closing.push(stream.into());
        }
    }

    /// Writes what is left for a client, and reads what it has sent. One who has gone is forgotten.
    ///
    /// Nothing is read before all that came earlier is answered, so a client has at most one request that is not whole,
    /// one share of whole ones and one answer in memory. Descriptors that came along are given to be closed where that
    /// may take its time; no request has any, so who sends them is no client.
    pub fn serve(&mut self, number: u64, events: &mut Events) -> Vec<OwnedFd> {
        self.flush(number, events);
        let Some(client) = self.clients.get_mut(&number) else { return Vec::new() };
        if !client.is_served() {
            if client.has_gone() {
                self.drop_client(number, events);
            }
            return Vec::new();
        }
        let mut buffer = [0_u8; 4096];
        let mut budget = if client.lines.has_line() { 0 } else { SHARE };
        let mut descriptors = Vec::new();
        while budget > 0 {
            match receive(&client.stream, &mut buffer, &mut descriptors) {
                Ok(length @ 1..) => {
                    budget = budget.saturating_sub(length);
                    if client.lines.push(&buffer[..length]).is_ok() && descriptors.is_empty() {
                        continue;
                    }
                }
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => continue,
                Ok(_) | Err(_) => {}
            }
            self.drop_client(number, events);
            break;
        }
        descriptors
    }

    /// The next request of a client, unless it waits for an answer.
    pub fn next_request(&mut self, number: u64) -> Asked {
        let Some(client) = self.clients.get_mut(&number) else { return Asked::Nothing };
        // Who does not read what was answered is answered nothing more: memory is bounded by one answer.
        if !client.is_served() {
            return Asked::Nothing;
        }
        let Some(line) = client.lines.next_line() else { return Asked::Nothing };
        match keelson_control::decode_request(&line) {
            Ok(request) => Asked::Request(Box::new(request), client.root),
            Err(error) => Asked::Bad(error.to_string()),
        }
    }

    /// Answers a client.
    pub fn answer(&mut self, number: u64, answer: &Answer, events: &mut Events) {
        let mut line = encode(answer);
        if line.len() > LONGEST_ANSWER {
            line = encode(&refused(RefusalKind::Failed, "the answer is too long; ask for less"));
        }
        if let Some(client) = self.clients.get_mut(&number) {
            client.out.extend(line);
        }
        self.flush(number, events);
    }

    /// Has a client wait for its answer.
    pub fn wait(&mut self, number: u64, waiting: Waiting, events: &mut Events) {
        if let Some(client) = self.clients.get_mut(&number) {
            if is_known(&waiting) {
                self.resumed.push(number);
            }
            client.waiting = Some(waiting);
        }
        self.flush(number, events);
    }

    /// A job has ended.
    pub fn job_ended(&mut self, job: JobId, result: JobResult) {
        let outcome = Outcome::Finished(word(result));
        self.advance(|_, part| match part {
            Part::Job(id) if *id == job => *part = Part::Known(outcome.clone()),
            Part::Down(id) if *id == job && result == JobResult::Done => {
                *part = Part::Up(outcome.clone());
            }
            Part::Down(id) if *id == job => *part = Part::Known(outcome.clone()),
            _ => {}
        });
    }

    /// A unit has gone down for good.
    pub fn unit_down(&mut self, unit: &str) {
        self.advance(|name, part| {
            if let Part::Up(outcome) = part
                && name == unit
            {
                *part = Part::Known(outcome.clone());
            }
        });
    }

    fn advance(&mut self, mut step: impl FnMut(&str, &mut Part)) {
        for (number, client) in &mut self.clients {
            let Some(waiting) = &mut client.waiting else { continue };
            for (name, part) in waiting.iter_mut() {
                step(name, part);
            }
            if is_known(waiting) {
                self.resumed.push(*number);
            }
        }
    }

    /// Answers those whose wait is over; gives their numbers, for what they have asked meanwhile.
    pub fn resume(&mut self, events: &mut Events) -> Vec<u64> {
        let resumed = std::mem::take(&mut self.resumed);
        for number in &resumed {
            let waiting = self.clients.get_mut(number).and_then(|client| client.waiting.take());
            if let Some(waiting) = waiting {
                let outcomes = waiting.into_iter().map(|(unit, part)| {
                    let outcome = match part {
                        Part::Known(outcome) | Part::Up(outcome) => outcome,
                        Part::Job(id) | Part::Down(id) => Outcome::Queued(id.0),
                    };
                    JobOutcome { unit, outcome }
                });
                let answer = Answer::Outcomes(outcomes.collect());
                self.answer(*number, &answer, events);
            }
        }
        resumed
    }

    fn flush(&mut self, number: u64, events: &mut Events) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let mut written = 0;
        while written < client.out.len() {
            match rustix::net::send(
                &client.stream,
                &client.out[written..],
                rustix::net::SendFlags::NOSIGNAL,
            ) {
                Ok(length) => written += length,
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return self.drop_client(number, events),
            }
        }
        client.out.drain(..written);
        let left = client.out.len();
        // What is not to be read yet must not wake this process again and again.
        let watched =
            events.watch(client.token, &client.stream, client.is_served(), left > 0).is_ok();
        // One who asks and does not read is no client.
        if left > 2 * LONGEST_ANSWER || !watched {
            self.drop_client(number, events);
        }
    }

    /// Gives up the socket, for the end.
    pub fn close(&mut self) -> Vec<OwnedFd> {
        self.listener.take().into_iter().map(OwnedFd::from).collect()
    }
}

impl Client {
    /// Whether all that it asked is answered, and the answers are read.
    fn is_served(&self) -> bool {
        self.waiting.is_none() && self.out.is_empty()
    }

    /// Whether the other end is closed, whatever it has sent before.
    fn has_gone(&self) -> bool {
        let mut polled = [PollFd::new(&self.stream, PollFlags::empty())];
        let found = rustix::event::poll(&mut polled, Some(&Timespec::default()));
        found.is_ok() && !polled[0].revents().is_empty()
    }
}

/// Reads; descriptors that came along are added to `descriptors`.
fn receive(
    stream: &UnixStream,
    buffer: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> rustix::io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(buffer)];
    let received = recvmsg(stream, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = part {
            descriptors.extend(rights);
        }
    }
    Ok(received.bytes)
}

fn is_known(waiting: &[(String, Part)]) -> bool {
    waiting.iter().all(|(_, part)| matches!(part, Part::Known(_)))
}

/// A refusal as an answer.
pub fn refused(kind: RefusalKind, message: impl Into<String>) -> Answer {
    Answer::Refused(Refusal { kind, message: message.into() })
}

/// The result of a job in the protocol's words.
pub fn word(result: JobResult) -> Word {
    match result {
        JobResult::Done => Word::Done,
        JobResult::Canceled => Word::Canceled,
        JobResult::Timeout => Word::Timeout,
        JobResult::Failed => Word::Failed,
        JobResult::Dependency => Word::Dependency,
        JobResult::Skipped => Word::Skipped,
        JobResult::Invalid => Word::Invalid,
        JobResult::Assert => Word::Assert,
        JobResult::Unsupported => Word::Unsupported,
        JobResult::Once => Word::Once,
    }
}

#[cfg(test)]
mod tests;
