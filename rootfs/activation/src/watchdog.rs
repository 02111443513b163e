//! The hardware watchdog: a device that resets the machine unless it is told in time that all is well.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sys;

/// Requests of linux/watchdog.h.
const KEEP_ALIVE: u64 = 0x8004_5705;
const SET_OPTIONS: u64 = 0x8004_5704;
const SET_TIMEOUT: u64 = 0xC004_5706;
const GET_TIMEOUT: u64 = 0x8004_5707;
/// `WDIOS_ENABLECARD`
const ENABLE: i32 = 2;

/// An open watchdog: from opening it on, the machine is reset unless it is pinged. Dropping it leaves it armed.
#[derive(Debug)]
pub struct Watchdog {
    file: File,
    timeout: Duration,
}

impl Watchdog {
    /// Opens the device, /dev/watchdog0 as a rule, with a timeout. Devices round it; see `timeout`.
    pub fn open(path: &Path, timeout: Duration) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        let mut watchdog = Self { file, timeout };
        watchdog.set_timeout(timeout)?;
        // Some are off after they are opened; the others do not know the request.
        let mut enable = ENABLE;
        drop(sys::ioctl_structure(&watchdog.file, SET_OPTIONS, &mut enable));
        watchdog.ping()?;
        Ok(watchdog)
    }

    /// The first watchdog there is.
    pub fn find() -> Option<PathBuf> {
        ["/dev/watchdog0", "/dev/watchdog"]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
    }

    /// The timeout that is in force.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How often to ping at least: twice in a timeout.
    pub fn interval(&self) -> Duration {
        self.timeout / 2
    }

    /// Sets another timeout, in whole seconds of at least one. Where the device has one of its own for good, that.
    pub fn set_timeout(&mut self, timeout: Duration) -> io::Result<Duration> {
        let whole = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
        let mut seconds = i32::try_from(whole.max(1)).unwrap_or(i32::MAX);
        if let Err(error) = sys::ioctl_structure(&self.file, SET_TIMEOUT, &mut seconds) {
            sys::ioctl_structure(&self.file, GET_TIMEOUT, &mut seconds).map_err(|_| error)?;
        }
        self.timeout = Duration::from_secs(u64::try_from(seconds).unwrap_or(1).max(1));
        Ok(self.timeout)
    }

    /// Tells that all is well.
    pub fn ping(&mut self) -> io::Result<()> {
        let mut nothing = 0_i32;
        sys::ioctl_structure(&self.file, KEEP_ALIVE, &mut nothing).map(drop)
    }

    /// Closes it so that the machine is not reset: the magic character says that this is meant. Some devices cannot be
    /// stopped.
    pub fn disarm(mut self) -> io::Result<()> {
        self.file.write_all(b"V")
    }
}

#[cfg(test)]
mod tests;
