//! A child that runs a function of this program: for what may hang, such as mount(2) of a dead server.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};

use rustix::fs::FileType;
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

/// Runs `work` in a child, whose exit status is what it gives. Of the open descriptors it has those of `kept`.
///
/// It stays in the process group of this program: automount points hold up all others.
pub fn fork(kept: &[BorrowedFd<'_>], work: impl FnOnce() -> i32) -> io::Result<Forked> {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    if let Some(pid) = fork_raw()? {
        return Ok(Forked { pid, words: reader });
    }
    // In the child: whatever fails here is told by the exit status alone.
    let _deaf = signals::unblock_all();
    let _mute = rustix::stdio::dup2_stderr(&writer);
    // A child that hangs must not keep sockets and connections of this program open.
    close_others(kept);
    exit(work())
}

/// What a child wrote, up to a few lines.
pub fn words(descriptor: OwnedFd) -> String {
    let mut bytes = Vec::new();
    // What is there already; a grandchild may hold the other end for ever.
    let _partial = std::fs::File::from(descriptor).take(4096).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).trim().replace('\n', "; ")
}

/// Closes all descriptors but the standard ones and these.
fn close_others(kept: &[BorrowedFd<'_>]) {
    let mut numbers: Vec<u32> =
        kept.iter().map(|one| one.as_raw_fd().cast_unsigned()).filter(|one| *one > 2).collect();
    numbers.sort_unstable();
    let mut first = 3;
    for number in numbers {
        if first < number {
            close_range(first, number - 1);
        }
        first = number + 1;
    }
    close_range(first, libc::c_uint::MAX);
}

#[expect(unsafe_code, reason = "no safe binding closes a range of descriptors")]
fn close_range(first: libc::c_uint, last: libc::c_uint) {
    // SAFETY: only the child calls it, which ends by _exit: nothing of it that owns one of them is used or dropped.
    let _none_open = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0_u32) };
}

/// Closes descriptors that others have sent. The last close of a file may wait for whoever serves it, or for a peer, so a
/// child with the same table of descriptors does it, and is reaped as any. Gives its number.
pub fn close(descriptors: Vec<OwnedFd>) -> Option<Pid> {
    // Pipes close at once; they are what a barrier of sd_notify(3) sends.
    let slow = |one: &OwnedFd| {
        let mode = rustix::fs::fstat(one).map_or(0, |facts| facts.st_mode);
        FileType::from_raw_mode(mode) != FileType::Fifo
    };
    let descriptors: Vec<OwnedFd> = descriptors.into_iter().filter(slow).collect();
    if descriptors.is_empty() {
        return None;
    }
    match fork_sharing_files() {
        Ok(None) => {
            let _deaf = signals::unblock_all();
            drop(descriptors);
            exit(0)
        }
        Ok(Some(child)) => {
            // They are the child's to close, by these very numbers.
            for one in descriptors {
                let _number = one.into_raw_fd();
            }
            Some(child)
        }
        // Without a child it is done here, and waits at worst.
        Err(_) => None,
    }
}

#[expect(unsafe_code, reason = "no safe binding forks")]
fn fork_sharing_files() -> io::Result<Option<Pid>> {
    let flags = libc::c_long::from(libc::CLONE_FILES | libc::SIGCHLD);
    let none: libc::c_long = 0;
    // SAFETY: without a stack of its own and without CLONE_VM this is a fork, as in `fork_raw`; the child frees memory of
    // its own copy, closes and ends.
    match unsafe { libc::syscall(libc::SYS_clone, flags, none, none, none, none) } {
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(i32::try_from(pid).ok().and_then(Pid::from_raw)),
    }
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

#[cfg(test)]
mod tests;
