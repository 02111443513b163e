//! Clocks: alarms, and notice that the clock or the time zone was set.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// Which clock an alarm follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Since boot, without sleep.
    Monotonic,
    /// Since boot, with sleep.
    Boottime,
    /// Since 1970.
    Real,
    /// As `Boottime`, and wakes the machine (`WakeSystem=`).
    BoottimeWaking,
    /// As `Real`, and wakes the machine (`WakeSystem=`).
    RealWaking,
}

impl Clock {
    fn id(self) -> TimerfdClockId {
        match self {
            Self::Monotonic => TimerfdClockId::Monotonic,
            Self::Boottime => TimerfdClockId::Boottime,
            Self::Real => TimerfdClockId::Realtime,
            Self::BoottimeWaking => TimerfdClockId::BoottimeAlarm,
            Self::RealWaking => TimerfdClockId::RealtimeAlarm,
        }
    }
}

/// An alarm of the kernel; it can be polled for reading, which it is when its time has come.
#[derive(Debug)]
pub struct Alarm {
    descriptor: OwnedFd,
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Alarm {
    /// An alarm that is not set.
    pub fn new(clock: Clock) -> io::Result<Self> {
        let descriptor =
            timerfd_create(clock.id(), TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        Ok(Self { descriptor })
    }

    /// Sets it to a time of its clock, past ones ring at once; none takes it back.
    pub fn set(&self, at: Option<Duration>) -> io::Result<()> {
        // All zero would take it back.
        let at = at.map_or(Duration::ZERO, |at| at.max(Duration::from_nanos(1)));
        settime(&self.descriptor, TimerfdTimerFlags::ABSTIME, at)
    }

    /// Silences it after it rang.
    pub fn acknowledge(&self) -> io::Result<()> {
        match rustix::io::read(&self.descriptor, &mut [0; 8]) {
            Ok(_) | Err(rustix::io::Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Notice that the real clock was set; it can be polled for reading.
#[derive(Debug)]
pub struct ClockWatch {
    descriptor: OwnedFd,
}

impl AsFd for ClockWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl ClockWatch {
    /// Watches from now on.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let watch = Self { descriptor: timerfd_create(TimerfdClockId::Realtime, flags)? };
        watch.arm()?;
        Ok(watch)
    }

    /// Whether the clock was set since it was asked last.
    pub fn acknowledge(&self) -> io::Result<bool> {
        let set = match rustix::io::read(&self.descriptor, &mut [0; 8]) {
            Ok(_) | Err(rustix::io::Errno::CANCELED) => true,
            Err(rustix::io::Errno::AGAIN) => false,
            Err(error) => return Err(error.into()),
        };
        if set {
            self.arm()?;
        }
        Ok(set)
    }

    /// An alarm that never rings, but is taken back when the clock is set.
    fn arm(&self) -> io::Result<()> {
        let never = Duration::from_secs(u64::from(u32::MAX) << 8);
        settime(
            &self.descriptor,
            TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET,
            never,
        )
    }
}

fn settime(descriptor: &OwnedFd, flags: TimerfdTimerFlags, at: Duration) -> io::Result<()> {
    let it_value = Timespec::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?;
    let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
    timerfd_settime(descriptor, flags, &Itimerspec { it_interval, it_value })?;
    Ok(())
}

/// What /etc/localtime was when somebody looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    file: PathBuf,
    link: Option<PathBuf>,
    stamp: Option<(u64, u64, i64, i64)>,
}

impl Zone {
    /// Looks at the file, /etc/localtime but for tests.
    pub fn of(file: &Path) -> Self {
        let stamp = fs::metadata(file).ok();
        Self {
            file: file.to_owned(),
            link: fs::read_link(file).ok(),
            stamp: stamp.map(|found| (found.dev(), found.ino(), found.mtime(), found.mtime_nsec())),
        }
    }

    /// Whether it is another one now.
    pub fn changed(&mut self) -> bool {
        let now = Self::of(&self.file);
        let changed = now != *self;
        *self = now;
        changed
    }
}

#[cfg(test)]
mod tests;
