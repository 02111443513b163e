//! Helper processes: they die with the value that owns them, and with the thread that started them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use thiserror::Error;

/// A running process. Dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    handle: OwnedFd,
}

/// Why a process could not be started or watched.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// It did not start.
    #[error("starting {name}: {source}")]
    Start {
        /// Name of the program.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// It could not be waited for.
    #[error("waiting for {name}: {source}")]
    Wait {
        /// Name of the program.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}

impl Process {
    /// Starts `command`. The kernel kills the process when the calling thread ends, so it must not
    /// outlive that thread.
    pub fn start(name: &str, command: &mut Command) -> Result<Self, ProcessError> {
        die_with_parent(command);
        let error = |source| ProcessError::Start { name: name.to_owned(), source };
        let child = command.spawn().map_err(error)?;
        let pid = Pid::from_child(&child);
        let handle =
            pidfd_open(pid, PidfdFlags::empty()).map_err(|e| error(std::io::Error::from(e)))?;
        Ok(Self { name: name.to_owned(), child, handle })
    }

    /// Standard output, where the command had [`Stdio::piped`]; once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Standard input, where the command had [`Stdio::piped`]; once.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Waits for the end; `None` when the time is over.
    pub fn wait(&mut self, timeout: Duration) -> Result<Option<ExitStatus>, ProcessError> {
        let error = |source| ProcessError::Wait { name: self.name.clone(), source };
        // A time beyond the system call's range is no limit.
        let timeout = Timespec::try_from(timeout).ok();
        let mut handles = [PollFd::new(&self.handle, PollFlags::IN)];
        match poll(&mut handles, timeout.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => self.child.try_wait().map_err(error),
            Ok(_) => self.child.wait().map(Some).map_err(error),
            Err(e) => Err(error(e.into())),
        }
    }

    /// A value that can kill this process from another thread.
    pub fn killer(&self) -> Result<Killer, ProcessError> {
        self.handle
            .try_clone()
            .map(Killer)
            .map_err(|source| ProcessError::Wait { name: self.name.clone(), source })
    }

    /// A value that reads this process's CPU time.
    pub fn cpu_clock(&self) -> CpuClock {
        CpuClock(self.child.id())
    }
}

impl AsFd for Process {
    /// Readable once the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to do about an error here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kills a process, if it still runs; never another one that has got its number since.
#[derive(Debug)]
pub struct Killer(OwnedFd);

impl Killer {
    /// Sends SIGKILL.
    pub fn kill(&self) {
        // An error means that it has ended.
        let _ = pidfd_send_signal(self.0.as_fd(), Signal::KILL);
    }
}

/// Reads the CPU time of a process.
#[derive(Debug, Clone, Copy)]
pub struct CpuClock(pub(crate) u32);

impl CpuClock {
    /// User and system time of all its threads, in the kernel's ticks of usually 10 ms; zero once
    /// it has been waited for.
    pub fn time(self) -> Duration {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", self.0)) else {
            return Duration::ZERO;
        };
        let ticks = ticks(&stat).unwrap_or(0);
        let rate = rustix::param::clock_ticks_per_second().max(1);
        Duration::from_millis(ticks * 1000 / rate)
    }
}

/// `utime + stime` of `/proc/PID/stat` (proc_pid_stat(5), fields 14 and 15).
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// Makes the kernel kill the process when this thread ends.
#[expect(unsafe_code, reason = "the parent-death signal is set between fork and exec")]
fn die_with_parent(command: &mut Command) {
    let set = || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        Ok(())
    };
    // SAFETY: the closure makes one system call and neither allocates nor locks.
    unsafe { command.pre_exec(set) };
}

/// `command` with nothing to read and nowhere to write but standard error.
pub fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_ticks_are_found_behind_names_with_spaces_and_parentheses() {
        let stat = "12 (a) (b c) S 1 1 1 0 -1 4194304 99 0 0 0 70 30 5 5 20 0 1 0 100";
        assert_eq!(ticks(stat), Some(100));
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn a_dropped_process_has_ended() {
        let process =
            Process::start("sleep", quiet(Command::new("sleep").arg("100"))).expect("starting");
        let id = process.child.id();
        drop(process);
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn waiting_ends_with_the_process_or_with_the_time() {
        let mut process =
            Process::start("sleep", quiet(Command::new("sleep").arg("100"))).expect("starting");
        assert!(process.wait(Duration::from_millis(10)).expect("waiting").is_none());
        process.killer().expect("a handle").kill();
        let status = process.wait(Duration::from_mins(1)).expect("waiting");
        assert!(!status.expect("it was killed").success());
    }
}
