//! Where lines go besides the store: the console, the kernel's ring, a local syslog service, a remote one.
//!
//! Nothing here blocks for long; what does not take a line in time does not get it, and that is counted.

mod console;
mod remote;
pub mod rfc5424;
mod tls;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use super::config::{Config, Forward};
use super::log::Also;
use super::lost::{Lost, NOT_FORWARDED, Reason};
use crate::entry::{Field, Stamp, get, priority};
use console::Console;

pub use remote::Remote;

/// The forwarders.
pub struct Forwarders {
    console: Forward,
    kmsg: Forward,
    syslog: Forward,
    terminal: Console,
    ring_path: PathBuf,
    ring: Option<File>,
    socket: Option<UnixDatagram>,
    socket_path: PathBuf,
    remote: Option<Remote>,
}

impl Forwarders {
    /// What `config` asks for on the host at `root`.
    pub fn new(root: &Path, config: &Config) -> Self {
        let below = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
        Self {
            console: config.console,
            kmsg: config.kmsg,
            syslog: config.syslog,
            terminal: Console::new(below(&config.tty)),
            ring_path: root.join("dev/kmsg"),
            ring: None,
            socket: None,
            socket_path: root.join("run/systemd/journal/syslog"),
            remote: config
                .remote
                .clone()
                .map(|server| Remote::new(server, config, below(&config.certificates))),
        }
    }

    /// A turn of the service's loop begins: its lines may wait for the console again.
    pub fn begin_turn(&mut self) {
        self.terminal.begin_turn();
    }

    /// Sends an entry wherever it is to go.
    pub fn forward(&mut self, fields: &[Field], stamp: &Stamp, also: Also, lost: &mut Lost) {
        let level = get(fields, "PRIORITY").and_then(priority).unwrap_or(6);
        let from_kernel = get(fields, "_TRANSPORT").is_some_and(|transport| transport == b"kernel");
        // One that tells of such a loss and is lost too would be told of by the next, without end.
        let tells = get(fields, NOT_FORWARDED).is_some();
        let wanted = |rule: Forward, also: bool| (rule.on || also) && level <= rule.max_level;
        // The kernel writes its ring to the console itself.
        if wanted(self.console, also.console)
            && !from_kernel
            && !self.write_console(fields)
            && !tells
        {
            lost.add(Reason::Console, 1);
        }
        if wanted(self.kmsg, also.kmsg) && !from_kernel {
            self.write_ring(fields, level);
        }
        if wanted(self.syslog, also.syslog) {
            self.send_syslog(fields, level);
        }
        if let Some(remote) = &mut self.remote
            && !remote.offer(fields, stamp, level)
            && !tells
        {
            lost.add(Reason::Remote, 1);
        }
    }

    /// Whether the console took it.
    fn write_console(&mut self, fields: &[Field]) -> bool {
        let mut text = name_of(fields);
        text.extend(get(fields, "MESSAGE").unwrap_or_default().iter().copied().map(plain));
        text.extend_from_slice(b"\r\n");
        self.terminal.write(&text)
    }

    fn write_ring(&mut self, fields: &[Field], level: u8) {
        if self.ring.is_none() {
            self.ring = open(&self.ring_path);
        }
        let facility: u32 = facility(fields);
        let mut text = format!("<{}>", facility << 3 | u32::from(level)).into_bytes();
        text.extend_from_slice(&name_of(fields));
        text.extend(get(fields, "MESSAGE").unwrap_or_default().iter().copied().map(plain));
        text.truncate(900);
        // The ring limits who writes to it; the line is in the log all the same.
        if let Some(ring) = &mut self.ring
            && ring.write_all(&text).is_err()
        {
            self.ring = None;
        }
    }

    fn send_syslog(&mut self, fields: &[Field], level: u8) {
        if self.socket.is_none() {
            self.socket =
                UnixDatagram::unbound().ok().filter(|socket| socket.set_nonblocking(true).is_ok());
        }
        let mut text = format!("<{}>", facility(fields) << 3 | u32::from(level)).into_bytes();
        text.extend_from_slice(&name_of(fields));
        text.extend_from_slice(get(fields, "MESSAGE").unwrap_or_default());
        // As journald.conf(5) says: without a reader this has no effect.
        if let Some(socket) = &self.socket
            && socket.send_to(&text, &self.socket_path).is_err()
        {
            self.socket = None;
        }
    }

    /// The remote server's socket and whether it wants to write, to be waited for.
    pub fn waiting(&self) -> Option<(BorrowedFd<'_>, bool)> {
        self.remote.as_ref().and_then(Remote::waiting)
    }

    /// Goes on with the connection to the remote server.
    pub fn drive(&mut self, now: u64) -> Option<String> {
        self.remote.as_mut().and_then(|remote| remote.drive(now))
    }

    /// When `drive` is due next, in microseconds since the boot.
    pub fn next_due(&self) -> u64 {
        self.remote.as_ref().map_or(u64::MAX, Remote::next_due)
    }
}

fn open(path: &Path) -> Option<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    OpenOptions::new().write(true).custom_flags(flags).open(path).ok()
}

/// A byte that may go to a terminal: no escape and no line that a client made up.
fn plain(byte: u8) -> u8 {
    match byte {
        b'\n' => b' ',
        0..0x20 | 0x7f if byte != b'\t' => b'?',
        _ => byte,
    }
}

/// `identifier[pid]: `
fn name_of(fields: &[Field]) -> Vec<u8> {
    let identifier = get(fields, "SYSLOG_IDENTIFIER").or_else(|| get(fields, "_COMM"));
    let Some(identifier) = identifier else { return Vec::new() };
    let pid = get(fields, "SYSLOG_PID").or_else(|| get(fields, "_PID"));
    let mut name: Vec<u8> = identifier.iter().copied().map(plain).collect();
    if let Some(pid) = pid {
        name.push(b'[');
        name.extend(pid.iter().copied().map(plain));
        name.push(b']');
    }
    name.extend_from_slice(b": ");
    name
}

/// The syslog facility; `daemon` where a line has none.
fn facility(fields: &[Field]) -> u32 {
    let text = get(fields, "SYSLOG_FACILITY").and_then(|value| std::str::from_utf8(value).ok());
    text.and_then(|text| text.parse().ok()).filter(|facility| *facility < 24).unwrap_or(3)
}

#[cfg(test)]
mod tests;
