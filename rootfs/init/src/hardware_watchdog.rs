//! The hardware watchdog over the life of PID 1: found when its driver has come, pinged, left behind as set at the end
//! (systemd-system.conf(5), `RuntimeWatchdogSec=`, `RebootWatchdogSec=`, `WatchdogDevice=`).

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use keelson_activation::watchdog::Watchdog;

use crate::command_line::CommandLine;
use crate::log::Log;
use crate::settings::Settings;
use crate::shutdown::Goal;

/// Until then the driver is expected to come.
const BOOTING: Duration = Duration::from_mins(3);
/// How long the driver is waited for between two looks, while the host boots and later.
const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_mins(1);

/// The watchdog that is open, or that is waited for.
#[derive(Debug)]
pub struct HardwareWatchdog {
    device: PathBuf,
    runtime: Option<Duration>,
    reboot: Option<Duration>,
    open: Option<Watchdog>,
    next: Duration,
}

impl HardwareWatchdog {
    /// What the settings ask for. Nothing is opened yet.
    pub fn new(settings: &Settings, command_line: &CommandLine) -> Self {
        let wanted = |timeout: Option<Duration>| timeout.filter(|_| !command_line.no_watchdog);
        Self {
            device: settings.watchdog_device.clone(),
            runtime: wanted(settings.runtime_watchdog),
            reboot: wanted(settings.reboot_watchdog),
            open: None,
            next: Duration::ZERO,
        }
    }

    /// Pings where it is time to, and opens the device when it has come. Gives the time since boot to do it again; none
    /// where the settings want no watchdog.
    pub fn turn(&mut self, now: Duration, log: &mut Log) -> Option<Duration> {
        let timeout = self.runtime?;
        if now >= self.next {
            self.next = now.saturating_add(self.ping_or_open(timeout, now, log));
        }
        Some(self.next)
    }

    /// Gives how long it has until the next time.
    fn ping_or_open(&mut self, timeout: Duration, now: Duration, log: &mut Log) -> Duration {
        if let Some(watchdog) = &mut self.open {
            if let Err(error) = watchdog.ping() {
                log.say(format_args!("hardware watchdog: {error}"));
            }
            return watchdog.interval();
        }
        let pause = if now < BOOTING { OFTEN } else { SELDOM };
        let Some(device) = self.find() else { return pause };
        match Watchdog::open(&device, timeout) {
            Ok(watchdog) => {
                let (device, timeout) = (device.display(), watchdog.timeout());
                log.note(format_args!("hardware watchdog {device}: {timeout:?}"));
                let interval = watchdog.interval();
                self.open = Some(watchdog);
                interval
            }
            Err(error) => {
                log.say(format_args!("opening {}: {error}; not tried again", device.display()));
                self.runtime = None;
                pause
            }
        }
    }

    /// The device of the settings, or the first there is.
    fn find(&self) -> Option<PathBuf> {
        if self.device.exists() { Some(self.device.clone()) } else { Watchdog::find() }
    }

    /// At the end, when only PID 1 is left: a restart is watched for `RebootWatchdogSec=`, so that one that hangs comes
    /// to its end all the same; a machine that goes off or stops is not.
    pub fn end(&mut self, goal: Goal, log: &mut Log) {
        let outcome = match self.reboot.filter(|_| goal == Goal::Reboot) {
            Some(timeout) => self.arm(timeout),
            None => self.open.take().map_or(Ok(()), Watchdog::disarm),
        };
        if let Err(error) = outcome {
            log.note(format_args!("hardware watchdog: {error}"));
        }
    }

    /// Gives the machine this long from now on. The device stays open: the kernel complains of one that is closed so.
    fn arm(&mut self, timeout: Duration) -> io::Result<()> {
        if let Some(watchdog) = &mut self.open {
            return watchdog.set_timeout(timeout).and_then(|_| watchdog.ping());
        }
        self.open = self.find().map(|device| Watchdog::open(&device, timeout)).transpose()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
