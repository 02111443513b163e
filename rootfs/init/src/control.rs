//! The control socket, both ends: `systemctl` and `poweroff` ask, PID 1 answers.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;
use std::{fs, process::ExitCode};

use rustix::net::sockopt;
use rustix::process::{Pid, Signal, kill_process};

use crate::shutdown::Goal;
use crate::signals;
use crate::supervisor::Supervisor;

/// Where the socket is.
pub const SOCKET: &str = "/run/keelson/init.sock";
/// How long PID 1 waits for the one who asks, and that one for PID 1.
const SERVER_PATIENCE: Duration = Duration::from_millis(200);
const CLIENT_PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_LINE: usize = 1024;

/// The listening end.
#[derive(Debug)]
pub struct Listener(UnixListener);

impl Listener {
    /// Binds the socket. Everybody may ask; only root may change anything.
    pub fn bind(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
        Ok(Self(listener))
    }

    /// The descriptor to poll.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Answers all who wait. One who is slow or leaves is dropped.
    pub fn serve(&self, supervisor: &mut Supervisor) {
        while let Ok((mut stream, _)) = self.0.accept() {
            if let Err(error) = answer(&mut stream, supervisor) {
                supervisor.log.note(format_args!("control socket: {error}"));
            }
        }
    }
}

fn answer(stream: &mut UnixStream, supervisor: &mut Supervisor) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(SERVER_PATIENCE))?;
    stream.set_write_timeout(Some(SERVER_PATIENCE))?;
    let root = sockopt::socket_peercred(&*stream)?.uid.is_root();
    let mut line = Vec::new();
    let mut buffer = [0_u8; 256];
    while !line.contains(&b'\n') && line.len() < LONGEST_LINE {
        match stream.read(&mut buffer)? {
            0 => break,
            length => line.extend_from_slice(&buffer[..length]),
        }
    }
    let answer = supervisor.command(String::from_utf8_lossy(&line).trim(), root);
    stream.write_all(format!("{}\n{}", answer.status, answer.text).as_bytes())
}

/// Asks PID 1 and prints its answer; the exit status is the one it gives.
pub fn ask(line: &str) -> ExitCode {
    match converse(line) {
        Ok(answer) => {
            let (status, text) = answer.split_once('\n').unwrap_or((answer.as_str(), ""));
            print!("{text}");
            ExitCode::from(status.parse::<u8>().unwrap_or(1))
        }
        Err(error) => {
            eprintln!("asking PID 1 on {SOCKET}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Ends the system: over the socket, else by signal.
pub fn ask_for_end(goal: Goal) -> ExitCode {
    match converse(goal.command()) {
        Ok(answer) if answer.starts_with("0\n") => ExitCode::SUCCESS,
        Ok(answer) => {
            eprint!("{}", answer.split_once('\n').map_or("", |(_, text)| text));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("asking PID 1 on {SOCKET}: {error}; sending it a signal");
            // The signals of systemd(1), which PID 1 answers to as well.
            let signal = signals::as_signal(signals::number_of(goal));
            match kill_process(Pid::INIT, signal.unwrap_or(Signal::TERM)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("signalling PID 1: {error}");
                    ExitCode::FAILURE
                }
            }
        }
    }
}

fn converse(line: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(SOCKET)?;
    stream.set_read_timeout(Some(CLIENT_PATIENCE))?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
