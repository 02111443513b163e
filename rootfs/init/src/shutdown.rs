//! The end: every process away, every file system clean, then the kernel's own power-off.

use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use rustix::system::RebootCommand;

use crate::log::Log;
use crate::signals::Signals;
use crate::system::End;
use crate::{clock, fork, mounts};

/// What the end is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Turn the machine off.
    PowerOff,
    /// Start it anew.
    Reboot,
    /// Stop the processor and leave the power on.
    Halt,
}

impl Goal {
    /// The goal of a command name.
    pub fn of_command(name: &str) -> Option<Self> {
        Some(match name {
            "poweroff" | "shutdown" => Self::PowerOff,
            "reboot" => Self::Reboot,
            "halt" => Self::Halt,
            _ => return None,
        })
    }

    /// The command's name.
    pub fn command(self) -> &'static str {
        match self {
            Self::PowerOff => "poweroff",
            Self::Reboot => "reboot",
            Self::Halt => "halt",
        }
    }

    /// The target that stops everything for it (systemd.special(7)).
    pub fn target(self) -> &'static str {
        match self {
            Self::PowerOff => "poweroff.target",
            Self::Reboot => "reboot.target",
            Self::Halt => "halt.target",
        }
    }

    /// The goal whose target this is.
    pub fn of_target(name: &str) -> Option<Self> {
        [Self::PowerOff, Self::Reboot, Self::Halt].into_iter().find(|goal| goal.target() == name)
    }

    fn words(self) -> &'static str {
        match self {
            Self::PowerOff => "Powering off.",
            Self::Reboot => "Rebooting.",
            Self::Halt => "Halting.",
        }
    }

    fn kernel(self) -> RebootCommand {
        match self {
            Self::PowerOff => RebootCommand::PowerOff,
            Self::Reboot => RebootCommand::Restart,
            Self::Halt => RebootCommand::Halt,
        }
    }
}

/// How long processes outside of services are given after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the kernel may take to write everything out.
const SYNC: Duration = Duration::from_secs(90);
/// How long one file system or swap space may take to go.
pub const UNMOUNT: Duration = Duration::from_secs(30);

/// Reaps one ended child; `None` when there is no more.
pub fn reap() -> Option<(Pid, WaitStatus)> {
    rustix::process::wait(WaitOptions::NOHANG).ok().flatten()
}

/// Ends the system: the units are down already.
///
/// Gives back only where the kernel refuses, with its words.
pub fn finish(end: &End, log: &mut Log, signals: &Signals) -> std::io::Error {
    if end.clean {
        end_processes(log, signals);
        log.note("unmounting");
        let mut bounded = |what: &str, longest, work: &mut dyn FnMut() -> bool| {
            let outcome = within(signals, longest, work);
            if outcome.is_none() {
                log.say(format_args!("{what}: given up after {longest:?}"));
            }
            outcome
        };
        let mut sync = || {
            rustix::fs::sync();
            true
        };
        bounded("writing what is in memory to the disks", SYNC, &mut sync);
        let bad = swap_off(&mut bounded);
        let writable = mounts::unmount_all(&mut bounded);
        bounded("writing what is in memory to the disks", SYNC, &mut sync);
        for path in bad {
            log.say(format_args!("swap space {} could not be taken off", path.display()));
        }
        for path in writable {
            log.say(format_args!("{} could not be made read-only; it is synced", path.display()));
        }
    }
    let took = clock::now().saturating_sub(end.begun).as_secs_f64();
    log.say(format_args!("{} ({took:.2} s)", end.goal.words()));
    match rustix::system::reboot(end.goal.kernel()) {
        Ok(()) => std::io::Error::other("reboot(2) came back"),
        Err(error) => error.into(),
    }
}

/// Does what may hang, such as umount(2) of a dead server: gives whether it worked, or nothing after the time.
pub type Bounded<'a> = dyn FnMut(&str, Duration, &mut dyn FnMut() -> bool) -> Option<bool> + 'a;

/// Runs `work` in a child, and gives it up after `longest`.
fn within(signals: &Signals, longest: Duration, work: &mut dyn FnMut() -> bool) -> Option<bool> {
    let Ok(child) = fork::fork(&[], || i32::from(!work())) else {
        // Without a child it is done here: a hang is worse than nothing, and a lost file worse than a hang.
        return Some(work());
    };
    let deadline = clock::now().saturating_add(longest);
    loop {
        while let Some((pid, status)) = reap() {
            if pid == child.pid {
                return Some(status.exit_status() == Some(0));
            }
        }
        let left = deadline.saturating_sub(clock::now());
        if left.is_zero() {
            // One that hangs in the kernel outlives its signal.
            let _gone = rustix::process::kill_process(child.pid, Signal::KILL);
            return None;
        }
        wait(signals, left.min(Duration::from_millis(100)));
    }
}

/// Takes swap spaces off, so that what is below them can be closed. Gives those that are still on.
fn swap_off(bounded: &mut Bounded) -> Vec<PathBuf> {
    let swaps = keelson_activation::swap_table::Table::open();
    let swaps = swaps.map(|table| table.swaps().to_vec()).unwrap_or_default();
    let paths = swaps.into_iter().map(|swap| swap.path);
    paths
        .filter(|path| {
            let what = path.display().to_string();
            let swap = keelson_units::model::Swap { what, ..Default::default() };
            let mut off = || keelson_activation::mounts::Task::swap_off(&swap).run().is_ok();
            bounded(&swap.what, UNMOUNT, &mut off) != Some(true)
        })
        .collect()
}

/// SIGTERM to all, a pause, SIGKILL to all.
fn end_processes(log: &mut Log, signals: &Signals) {
    for (signal, patience) in [(Signal::TERM, PATIENCE), (Signal::KILL, Duration::from_secs(2))] {
        // An error is that there is nobody to signal.
        if rustix::process::getpid() == Pid::INIT && signal_all(signal).is_err() {
            return;
        }
        let deadline = clock::now().saturating_add(patience);
        loop {
            while reap().is_some() {}
            let left = others();
            if left.is_empty() {
                return;
            }
            let now = clock::now();
            if now >= deadline {
                log.say(format_args!(
                    "still running after {}: {}",
                    name_of(signal),
                    left.join(", ")
                ));
                break;
            }
            wait(signals, deadline.saturating_sub(now).min(Duration::from_millis(100)));
        }
    }
}

fn name_of(signal: Signal) -> &'static str {
    if signal == Signal::TERM { "SIGTERM" } else { "SIGKILL" }
}

/// Waits for a child to end, or for the time to pass.
fn wait(signals: &Signals, longest: Duration) {
    let descriptor = signals.as_fd();
    let timeout = Timespec {
        tv_sec: i64::try_from(longest.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: longest.subsec_nanos().into(),
    };
    // A timeout or an interruption leads to another look all the same.
    let _either = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&timeout));
    signals.drain();
}

/// The processes that are neither this one nor the kernel's own, by name.
fn others() -> Vec<String> {
    let own = std::process::id();
    let mut names = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // Not the command line, which waits for the memory of a process that hangs.
        let text = std::fs::read(entry.path().join("stat")).unwrap_or_default();
        let name =
            (pid != own).then(|| program(&String::from_utf8_lossy(&text)).map(str::to_owned));
        names.extend(name.flatten().map(|name| format!("{name} ({pid})")));
    }
    names
}

/// The name in a line of `/proc/PID/stat`; none of the kernel's own threads and of zombies, which are reaped in time.
fn program(stat: &str) -> Option<&str> {
    /// Of the kernel's own.
    const KTHREAD: u32 = 0x0020_0000;
    // The name may hold anything; the last parenthesis ends it.
    let (head, tail) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let mut fields = tail.split_whitespace();
    let state = fields.next()?;
    let flags: u32 = fields.nth(5)?.parse().ok()?;
    (!matches!(state, "Z" | "X") && flags & KTHREAD == 0).then_some(name)
}

#[cfg(test)]
mod tests;

#[expect(unsafe_code, reason = "no safe binding signals every process")]
fn signal_all(signal: Signal) -> std::io::Result<()> {
    // SAFETY: kill(2) takes plain numbers; the kernel leaves PID 1 and its own threads out.
    if unsafe { libc::kill(-1, signal.as_raw()) } == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}
