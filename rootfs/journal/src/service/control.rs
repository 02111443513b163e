//! The control socket of the log service: `journalctl --flush`, `--rotate` and `--sync` and `systemd-pstore` ask there
//! and wait.
//!
//! A client sends one word and a newline and gets `done` and a newline. Only root may connect.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::signals::Request;

/// How long a client may take to say what it wants, and `journalctl` waits for an answer.
const PATIENCE: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(90);

/// The words and what they ask for.
const WORDS: [(&str, Request); 4] = [
    ("flush", Request::Flush),
    ("rotate", Request::Rotate),
    ("sync", Request::Sync),
    ("crash-records", Request::CrashRecords),
];

/// Where the socket is, below `root`.
pub fn path(root: &Path) -> PathBuf {
    root.join("run/systemd/journal/control")
}

/// Makes the socket in the place of one a service before this one left.
pub fn listen(root: &Path) -> io::Result<UnixListener> {
    let path = path(root);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Takes the next request; the answer goes to the stream it came on.
pub fn accept(listener: &UnixListener) -> Option<(Request, UnixStream)> {
    let (mut stream, _) = listener.accept().ok()?;
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut word = [0; 16];
    let length = stream.read(&mut word).ok()?;
    let word = std::str::from_utf8(&word[..length]).ok()?.trim_end();
    WORDS.iter().find(|(name, _)| *name == word).map(|(_, request)| (*request, stream))
}

/// Says that it is done. A client that has gone does not matter.
pub fn answer(mut stream: UnixStream) {
    drop(stream.write_all(b"done\n"));
}

/// The client's side: asks and waits until it is done.
pub fn ask(root: &Path, wanted: Request) -> io::Result<()> {
    let word = WORDS.iter().find(|(_, request)| *request == wanted).map_or("", |(name, _)| name);
    let mut stream = UnixStream::connect(path(root))?;
    stream.set_read_timeout(Some(LONG))?;
    stream.write_all(format!("{word}\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer == "done\n" { Ok(()) } else { Err(io::Error::from(ErrorKind::UnexpectedEof)) }
}
