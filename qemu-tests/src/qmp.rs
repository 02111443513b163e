//! QEMU's control socket (QEMU Machine Protocol): commands, and the events that tell how a guest
//! ended.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};
use thiserror::Error;

/// How long QEMU may take to connect or to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The listening end, made before QEMU is started so that QEMU connects to it.
#[derive(Debug)]
pub struct QmpListener(UnixListener);

/// A connection.
#[derive(Debug)]
pub struct Qmp {
    stream: UnixStream,
    answers: Receiver<Value>,
    events: Arc<Mutex<Vec<Event>>>,
    reader: JoinHandle<()>,
}

/// An event, in the order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name, as in `SHUTDOWN`, `RESET`, `GUEST_PANICKED`.
    pub name: String,
    /// The member `reason` of its data, as in `guest-reset`.
    pub reason: Option<String>,
}

/// Why QEMU could not be controlled.
#[derive(Debug, Error)]
pub enum QmpError {
    /// The socket failed.
    #[error("the control socket: {0}")]
    Socket(#[from] std::io::Error),
    /// QEMU did not connect or answer in time, or has ended.
    #[error("QEMU did not answer `{0}`")]
    Silent(String),
    /// QEMU refused a command.
    #[error("QEMU refused `{command}`: {reason}")]
    Refused {
        /// Name of the command.
        command: String,
        /// QEMU's words.
        reason: String,
    },
}

impl QmpListener {
    /// Listens on a socket that is made at `path`.
    pub fn new(path: &Path) -> Result<Self, QmpError> {
        Ok(Self(UnixListener::bind(path)?))
    }

    /// Waits for QEMU and takes its greeting. `process` is a handle that is readable once QEMU has
    /// ended.
    pub fn accept(self, process: impl AsFd) -> Result<Qmp, QmpError> {
        let stream = accept(&self.0, process)?;
        let (sender, answers) = channel();
        let events = Arc::default();
        let reader = BufReader::new(stream.try_clone()?);
        let seen = Arc::clone(&events);
        let reader = std::thread::spawn(move || read(reader, &sender, &seen));
        let qmp = Qmp { stream, answers, events, reader };
        qmp.command("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }
}

impl Qmp {
    /// Sends a command and waits for its answer.
    pub fn command(&self, name: &str, arguments: &Value) -> Result<Value, QmpError> {
        let mut text = json!({ "execute": name, "arguments": arguments }).to_string();
        text.push('\n');
        (&self.stream).write_all(text.as_bytes())?;
        let silent = |_| QmpError::Silent(name.to_owned());
        let mut answer = self.answers.recv_timeout(PATIENCE).map_err(silent)?;
        match answer.get_mut("return") {
            Some(value) => Ok(value.take()),
            None => Err(QmpError::Refused {
                command: name.to_owned(),
                reason: answer["error"]["desc"].as_str().unwrap_or("no reason given").to_owned(),
            }),
        }
    }

    /// The events so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All events of a QEMU that has ended.
    pub fn into_events(self) -> Vec<Event> {
        self.reader.join().expect("the reader does not panic");
        std::mem::take(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes QEMU's connection to one of its sockets.
pub(crate) fn accept(listener: &UnixListener, process: impl AsFd) -> Result<UnixStream, QmpError> {
    let timeout = Timespec::try_from(PATIENCE).expect("seconds fit");
    let (listener_fd, process_fd) = (listener.as_fd(), process.as_fd());
    let mut handles =
        [listener_fd, process_fd].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    poll(&mut handles, Some(&timeout)).map_err(std::io::Error::from)?;
    if handles[0].revents().contains(PollFlags::IN) {
        Ok(listener.accept()?.0)
    } else {
        Err(QmpError::Silent("connect".to_owned()))
    }
}

fn read(reader: BufReader<UnixStream>, answers: &Sender<Value>, events: &Mutex<Vec<Event>>) {
    for line in reader.lines() {
        // The end of QEMU ends the connection in either way.
        let Ok(line) = line else { return };
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        if let Some(event) = event(&message) {
            events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        } else if message.get("QMP").is_none() && answers.send(message).is_err() {
            return;
        }
    }
}

fn event(message: &Value) -> Option<Event> {
    Some(Event {
        name: message["event"].as_str()?.to_owned(),
        reason: message["data"]["reason"].as_str().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_from_answers() {
        let shutdown = json!({ "event": "SHUTDOWN", "data": { "reason": "guest-reset" } });
        let expected = Event { name: "SHUTDOWN".into(), reason: Some("guest-reset".into()) };
        assert_eq!(event(&shutdown), Some(expected));
        assert_eq!(event(&json!({ "return": {} })), None);
    }

    #[test]
    fn answers_reach_their_command_past_events() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("qmp");
        let listener = QmpListener::new(&path).expect("listening");
        let guest = std::thread::spawn(move || {
            let stream = UnixStream::connect(path).expect("connecting");
            let mut writer = stream.try_clone().expect("a second handle");
            writer.write_all(b"{\"QMP\": {}}\n").expect("greeting");
            let mut lines = BufReader::new(stream).lines();
            lines.next().expect("a command").expect("text");
            writer.write_all(b"{\"return\": {}}\n").expect("answering");
            lines.next().expect("a command").expect("text");
            let text = b"{\"event\": \"RESET\"}\n{\"error\": {\"desc\": \"no\"}}\n";
            writer.write_all(text).expect("answering");
        });
        let (alive, _ends_when_dropped) = UnixStream::pair().expect("a pair");
        let qmp = listener.accept(&alive).expect("a greeting");
        let error = qmp.command("quit", &json!({})).expect_err("it is refused");
        assert_eq!(error.to_string(), "QEMU refused `quit`: no");
        assert_eq!(qmp.events(), [Event { name: "RESET".into(), reason: None }]);
        guest.join().expect("the other end");
    }
}
