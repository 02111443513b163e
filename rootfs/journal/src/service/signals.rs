//! Signals of the service: blocked, and read from a descriptor among the other events (signalfd(2)).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

/// What a signal or a word on the control socket asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// SIGUSR1: move the log from memory to the disk.
    Flush,
    /// SIGUSR2: close the open segment and begin the next.
    Rotate,
    /// SIGRTMIN+1: bring everything to the disk.
    Sync,
    /// No signal: read the kernel's crash records into the log.
    CrashRecords,
    /// SIGTERM, SIGINT: end.
    End,
}

/// The open descriptor.
pub struct Signals(OwnedFd);

impl Signals {
    /// Blocks the signals and opens the descriptor.
    #[expect(unsafe_code, reason = "signal sets and signalfd have no safe binding")]
    pub fn block() -> io::Result<Self> {
        let numbers = [
            libc::SIGUSR1,
            libc::SIGUSR2,
            libc::SIGTERM,
            libc::SIGINT,
            libc::SIGPIPE,
            libc::SIGRTMIN() + 1,
        ];
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the set the other calls use; the descriptor is new and ours alone.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for number in numbers {
                libc::sigaddset(set.as_mut_ptr(), number);
            }
            if libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            match libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
                -1 => Err(io::Error::last_os_error()),
                descriptor => Ok(Self(OwnedFd::from_raw_fd(descriptor))),
            }
        }
    }

    /// The requests that are there. Does not block.
    pub fn drain(&self) -> Vec<Request> {
        const RECORD: usize = size_of::<libc::signalfd_siginfo>();
        let mut requests = Vec::new();
        let mut buffer = [0_u8; RECORD * 4];
        while let Ok(length @ RECORD..) = rustix::io::read(&self.0, &mut buffer) {
            // `ssi_signo` is the first member, a u32.
            let records = buffer[..length].chunks_exact(RECORD);
            let numbers = records
                .map(|record| i32::from_ne_bytes([record[0], record[1], record[2], record[3]]));
            requests.extend(numbers.filter_map(request));
        }
        requests
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn request(number: i32) -> Option<Request> {
    match number {
        libc::SIGUSR1 => Some(Request::Flush),
        libc::SIGUSR2 => Some(Request::Rotate),
        libc::SIGTERM | libc::SIGINT => Some(Request::End),
        _ if number == libc::SIGRTMIN() + 1 => Some(Request::Sync),
        _ => None,
    }
}
