//! Signals of PID 1: blocked, and read from a descriptor among the other events (signalfd(2)).

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::shutdown::Goal;

/// What a signal asks of PID 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// SIGCHLD: there are children to reap.
    Reap,
    /// End the system.
    End(Goal),
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
    let real_time = number - libc::SIGRTMIN();
    match number {
        libc::SIGCHLD => Some(Request::Reap),
        libc::SIGINT => Some(Request::End(Goal::Reboot)),
        libc::SIGTERM | libc::SIGPWR => Some(Request::End(Goal::PowerOff)),
        _ => match real_time {
            3 => Some(Request::End(Goal::Halt)),
            4 => Some(Request::End(Goal::PowerOff)),
            5 => Some(Request::End(Goal::Reboot)),
            _ => None,
        },
    }
}

/// The signal number that asks PID 1 for `goal`, for the commands where the socket does not answer.
pub fn number_of(goal: Goal) -> i32 {
    libc::SIGRTMIN()
        + match goal {
            Goal::Halt => 3,
            Goal::PowerOff => 4,
            Goal::Reboot => 5,
        }
}

#[expect(unsafe_code, reason = "signal sets and signalfd have no safe binding")]
fn mask() -> libc::sigset_t {
    let numbers =
        [libc::SIGCHLD, libc::SIGINT, libc::SIGTERM, libc::SIGPWR, libc::SIGHUP, libc::SIGPIPE]
            .into_iter()
            .chain((3..=5).map(|offset| libc::SIGRTMIN() + offset));
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

/// A signal by its number, for the real-time ones that have no name.
#[expect(unsafe_code, reason = "real-time signals have no safe constructor")]
pub fn as_signal(number: i32) -> Option<rustix::process::Signal> {
    // SAFETY: `number` is one of `number_of`, which the C library leaves to programs.
    (libc::SIGRTMIN()..=libc::SIGRTMAX())
        .contains(&number)
        .then(|| unsafe { rustix::process::Signal::from_raw_unchecked(number) })
}
