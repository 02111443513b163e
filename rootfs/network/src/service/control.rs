//! The socket `networkctl` speaks to: one line a request, one line an answer.
//!
//! Peers are checked by the kernel's word: only root, or the service's own user, may change anything.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, str};

use super::Service;
use crate::log;

/// Below the root folder.
const SOCKET: &str = "run/systemd/netif/control";
/// Longer lines are none of ours.
const LONGEST: u64 = 4096;
/// A peer that says nothing holds nobody up for longer.
const PATIENCE: Duration = Duration::from_millis(500);

/// What may be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Read the files anew.
    Reload,
    /// Configure a link anew.
    Reconfigure(String),
    /// Renew the leases of a link.
    Renew(String),
}

impl Request {
    /// Reads a line.
    pub fn read(line: &str) -> Option<Self> {
        match line.trim_end().split_once(' ').unwrap_or((line.trim_end(), "")) {
            ("reload", "") => Some(Self::Reload),
            ("reconfigure", name) if !name.is_empty() => Some(Self::Reconfigure(name.to_owned())),
            ("renew", name) if !name.is_empty() => Some(Self::Renew(name.to_owned())),
            _ => None,
        }
    }

    /// The line.
    pub fn line(&self) -> String {
        match self {
            Self::Reload => "reload\n".to_owned(),
            Self::Reconfigure(name) => format!("reconfigure {name}\n"),
            Self::Renew(name) => format!("renew {name}\n"),
        }
    }
}

/// Sends a request to the service; what it refuses is the error's text.
pub fn ask(root: &Path, request: &Request) -> io::Result<()> {
    let mut stream = UnixStream::connect(root.join(SOCKET))?;
    stream.write_all(request.line().as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    match answer.trim_end() {
        "ok" => Ok(()),
        "" => Err(io::ErrorKind::UnexpectedEof.into()),
        refusal => Err(io::Error::other(refusal.to_owned())),
    }
}

/// The socket of the service.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Opens it, in place of one an earlier life left.
    pub fn open(root: &Path) -> io::Result<Self> {
        let path = root.join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixListener::bind(&path)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, path })
    }

    /// Answers everybody who waits.
    pub(super) fn serve(&self, mut command: impl FnMut(&Request) -> Result<(), String>) {
        while let Ok((stream, _)) = self.socket.accept() {
            if let Err(error) = answer(stream, &mut command) {
                log::warning(format!("answering at {}: {error}", self.path.display()));
            }
        }
    }
}

fn answer(
    mut stream: UnixStream,
    command: &mut impl FnMut(&Request) -> Result<(), String>,
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let peer = rustix::net::sockopt::socket_peercred(&stream)?;
    let allowed = peer.uid.is_root() || peer.uid == rustix::process::geteuid();
    let mut line = String::new();
    let mut reader = BufReader::new(io::Read::take(stream.try_clone()?, LONGEST));
    if allowed {
        reader.read_line(&mut line)?;
    }
    let result = match Request::read(&line) {
        _ if !allowed => Err("only root may change the network".to_owned()),
        Some(request) => command(&request),
        None => Err(format!("unknown request `{}`", line.trim_end())),
    };
    stream.write_all(
        format!("{}\n", result.map_or_else(|error| error, |()| "ok".to_owned())).as_bytes(),
    )
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Service {
    /// Does what a peer asks for.
    pub(super) fn command(&mut self, request: &Request) -> Result<(), String> {
        let (Request::Reconfigure(name) | Request::Renew(name)) = request else {
            self.reload();
            return Ok(());
        };
        let index = self.index_of(name).ok_or_else(|| format!("no link is called {name}"))?;
        let network = self.links.get(&index).and_then(|managed| managed.network.clone());
        let network = network.ok_or_else(|| format!("{name} is not managed"))?;
        match request {
            Request::Renew(_) => self.renew(index),
            _ => self.configure(index, Some(&network)),
        }
        Ok(())
    }
}
