//! Signals of PID 1: blocked, and read from a descriptor among the other events (signalfd(2)).

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::process::Pid;

use crate::shutdown::Goal;

/// What a signal asks of PID 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// SIGCHLD: there are children to reap.
    Reap,
    /// End the system.
    End(Goal),
    /// End it without waiting for units.
    EndNow(Goal),
    /// Start a target and stop all else.
    Isolate(&'static str),
    /// Start a target.
    Start(&'static str),
    /// Read all unit files again.
    Reload,
    /// Tell starts and stops on the console, or not.
    ShowStatus(bool),
    /// How much is logged.
    LogLevel(u8),
}

/// The descriptor signals are read from.
#[derive(Debug)]
pub struct Signals {
    descriptor: OwnedFd,
}

impl Signals {
    /// Blocks the signals PID 1 answers to and opens the descriptor.
    pub fn block() -> io::Result<Self> {
        let mask = mask();
        Ok(Self { descriptor: open(&mask)? })
    }

    /// The descriptor to poll.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Takes the requests that are there. Does not block.
    pub fn drain(&self) -> Vec<Request> {
        const RECORD: usize = size_of::<libc::signalfd_siginfo>();
        let mut requests = Vec::new();
        let mut buffer = [0_u8; RECORD * 8];
        while let Ok(length @ RECORD..) = rustix::io::read(&self.descriptor, &mut buffer) {
            // `ssi_signo` is the first member, a u32.
            let numbers = buffer[..length]
                .chunks_exact(RECORD)
                .map(|record| i32::from_ne_bytes([record[0], record[1], record[2], record[3]]));
            requests.extend(numbers.filter_map(request));
        }
        requests
    }
}

/// The numbers of systemd(1), "SIGNALS", and those of the kernel for Ctrl-Alt-Del and of common container engines.
fn request(number: i32) -> Option<Request> {
    Some(match number {
        libc::SIGCHLD => Request::Reap,
        libc::SIGINT => Request::Start("ctrl-alt-del.target"),
        libc::SIGPWR => Request::End(Goal::PowerOff),
        // systemd executes itself anew on SIGTERM; a verified /usr holds nothing newer than what runs.
        libc::SIGTERM | libc::SIGHUP => Request::Reload,
        _ => match number - libc::SIGRTMIN() {
            0 => Request::Isolate("default.target"),
            1 => Request::Isolate("rescue.target"),
            2 => Request::Isolate("emergency.target"),
            3 => Request::End(Goal::Halt),
            4 => Request::End(Goal::PowerOff),
            5 => Request::End(Goal::Reboot),
            13 => Request::EndNow(Goal::Halt),
            14 => Request::EndNow(Goal::PowerOff),
            15 => Request::EndNow(Goal::Reboot),
            20 => Request::ShowStatus(true),
            21 => Request::ShowStatus(false),
            22 => Request::LogLevel(7),
            23 => Request::LogLevel(6),
            _ => return None,
        },
    })
}

/// A signal by its number, a real-time one too; none where there is no such signal.
#[expect(unsafe_code, reason = "real-time signals have no safe constructor")]
pub fn of(number: i32) -> Option<rustix::process::Signal> {
    use rustix::process::Signal;
    Signal::from_named_raw(number).or_else(|| {
        // SAFETY: the number is one of those that the C library leaves to programs.
        takes_value(number).then(|| unsafe { Signal::from_raw_unchecked(number) })
    })
}

/// Whether a signal is one of those that are queued with a value: the real-time ones.
pub fn takes_value(number: i32) -> bool {
    (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(&number)
}

/// Sends a signal with a value (sigqueue(3)).
#[expect(unsafe_code, reason = "sigqueue has no safe binding")]
pub fn queue(pid: Pid, number: i32, value: i32) -> io::Result<()> {
    // The value is a union of a number and a pointer; on our machines the number is the pointer's lower half.
    let sival_ptr = std::ptr::without_provenance_mut(value.cast_unsigned() as usize);
    // SAFETY: the kernel hands the value on and reads nothing by it.
    let sent =
        unsafe { libc::sigqueue(pid.as_raw_nonzero().get(), number, libc::sigval { sival_ptr }) };
    if sent == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[expect(unsafe_code, reason = "signal sets and signalfd have no safe binding")]
fn mask() -> libc::sigset_t {
    let numbers =
        [libc::SIGCHLD, libc::SIGINT, libc::SIGTERM, libc::SIGPWR, libc::SIGHUP, libc::SIGPIPE]
            .into_iter()
            .chain((0..=28).map(|offset| libc::SIGRTMIN() + offset));
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set it is given, and sigaddset changes an initialised one.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for number in numbers {
            libc::sigaddset(set.as_mut_ptr(), number);
        }
        set.assume_init()
    }
}

#[expect(unsafe_code, reason = "signal sets and signalfd have no safe binding")]
fn open(mask: &libc::sigset_t) -> io::Result<OwnedFd> {
    // SAFETY: the mask is initialised and outlives both calls; the descriptor signalfd gives is new and ours alone.
    unsafe {
        if libc::sigprocmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        match libc::signalfd(-1, mask, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(io::Error::last_os_error()),
            descriptor => Ok(OwnedFd::from_raw_fd(descriptor)),
        }
    }
}

/// Unblocks all signals: for a child between fork and execve.
#[expect(unsafe_code, reason = "signal sets have no safe binding")]
pub fn unblock_all() -> io::Result<()> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set before sigprocmask reads it. Both are async-signal-safe.
    let outcome = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut())
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_queued_signal_arrives() {
        let mut child = Command::new("sleep").arg("600").spawn().expect("started");
        let pid = Pid::from_child(&child);
        queue(pid, libc::SIGRTMIN() + 3, -7).expect("sent");
        let status = child.wait().expect("it ended");
        assert_eq!(status.signal(), Some(libc::SIGRTMIN() + 3));
    }
}
