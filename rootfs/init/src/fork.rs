//! A child that runs a function of this program: for what may hang, such as mount(2) of a dead server.

use std::io::{self, Read};
use std::os::fd::OwnedFd;

use rustix::process::Pid;

use crate::signals;

/// A child and what it writes to standard error.
#[derive(Debug)]
pub struct Forked {
    /// Its number.
    pub pid: Pid,
    /// The reading end; it does not block.
    pub words: OwnedFd,
}

/// Runs `work` in a child, whose exit status is what it gives.
pub fn fork(work: impl FnOnce() -> i32) -> io::Result<Forked> {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    if let Some(pid) = fork_raw()? {
        return Ok(Forked { pid, words: reader });
    }
    // In the child: whatever fails here is told by the exit status alone.
    let _own = rustix::process::setsid();
    let _deaf = signals::unblock_all();
    let _mute = rustix::stdio::dup2_stderr(&writer);
    exit(work())
}

/// What a child wrote, up to a few lines.
pub fn words(descriptor: OwnedFd) -> String {
    let mut bytes = Vec::new();
    // What is there already; a grandchild may hold the other end for ever.
    let _partial = std::fs::File::from(descriptor).take(4096).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).trim().replace('\n', "; ")
}

#[expect(unsafe_code, reason = "no safe binding forks")]
fn fork_raw() -> io::Result<Option<Pid>> {
    // SAFETY: PID 1 has a single thread, so no lock is held by another one at the fork, and the child may do anything.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(Pid::from_raw(pid)),
    }
}

#[expect(
    unsafe_code,
    reason = "a forked child must not run what the parent registered for its exit"
)]
fn exit(status: i32) -> ! {
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(status) }
}
