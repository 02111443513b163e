//! `/etc/systemd/system.conf` and its drop-ins (systemd-system.conf(5)): what PID 1 itself is told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use keelson_units::text::{self, Entry, Remark};
use keelson_units::value;

use crate::folders;

/// Folders with a `system.conf` and a `system.conf.d`, the last winning.
const FOLDERS: [&str; 4] =
    ["usr/lib/systemd", "usr/local/lib/systemd", "run/systemd", "etc/systemd"];

/// What is set. The defaults are those of the manual.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `LogLevel=`
    pub log_level: u8,
    /// `ShowStatus=`
    pub show_status: bool,
    /// `DefaultTimeoutStartSec=`; none is for ever.
    pub timeout_start: Option<Duration>,
    /// `DefaultTimeoutStopSec=`
    pub timeout_stop: Option<Duration>,
    /// `DefaultRestartSec=`
    pub restart_delay: Duration,
    /// `DefaultStartLimitIntervalSec=`
    pub start_limit_interval: Duration,
    /// `DefaultStartLimitBurst=`
    pub start_limit_burst: u32,
    /// `DefaultTasksMax=` as text for `pids.max`; none is no limit.
    pub tasks_max: Option<u64>,
    /// `DefaultEnvironment=`
    pub environment: Vec<(String, String)>,
    /// `ManagerEnvironment=`
    pub manager_environment: Vec<(String, String)>,
    /// `DefaultLimitNOFILE=`: soft and hard.
    pub limit_nofile: (u64, u64),
    /// `RuntimeWatchdogSec=`; none is off.
    pub runtime_watchdog: Option<Duration>,
    /// `RebootWatchdogSec=`; none is off.
    pub reboot_watchdog: Option<Duration>,
    /// `WatchdogDevice=`
    pub watchdog_device: PathBuf,
    /// What was not understood.
    pub remarks: Vec<Remark>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log_level: 6,
            show_status: true,
            timeout_start: Some(Duration::from_secs(90)),
            timeout_stop: Some(Duration::from_secs(90)),
            restart_delay: Duration::from_millis(100),
            start_limit_interval: Duration::from_secs(10),
            start_limit_burst: 5,
            tasks_max: Some(tasks_share(15)),
            environment: Vec::new(),
            manager_environment: Vec::new(),
            limit_nofile: (1024, 524_288),
            // systemd leaves it off; a host that hangs and is not seen to is worse.
            runtime_watchdog: Some(Duration::from_secs(30)),
            reboot_watchdog: Some(Duration::from_mins(10)),
            watchdog_device: PathBuf::from("/dev/watchdog0"),
            remarks: Vec::new(),
        }
    }
}

impl Settings {
    /// What holds where no file says anything, looked up once.
    pub fn usual() -> &'static Self {
        static USUAL: OnceLock<Settings> = OnceLock::new();
        USUAL.get_or_init(Self::default)
    }

    /// Reads all files below `root`.
    pub fn read(root: &Path) -> Self {
        let mut settings = Self::default();
        let main = FOLDERS.iter().rev().map(|folder| root.join(folder).join("system.conf"));
        let main = main.into_iter().find(|path| path.is_file());
        let drop_ins: Vec<PathBuf> =
            FOLDERS.iter().map(|folder| root.join(folder).join("system.conf.d")).collect();
        for path in main.into_iter().chain(folders::files(&drop_ins, "conf")) {
            let text = fs::read(&path).unwrap_or_default();
            settings.take(&String::from_utf8_lossy(&text), &path);
        }
        settings
    }

    /// Takes the text of one file.
    pub fn take(&mut self, text: &str, file: &Path) {
        let mut remarks = Vec::new();
        for entry in text::parse(text, file, &mut remarks) {
            if let Err(what) = self.assign(&entry) {
                remarks.push(Remark { place: entry.place.clone(), what });
            }
        }
        self.remarks.append(&mut remarks);
    }

    fn assign(&mut self, entry: &Entry) -> Result<(), String> {
        if entry.section != "Manager" {
            return Err(format!("unknown section [{}]; passed over", entry.section));
        }
        let text = entry.value.as_str();
        let bad = || format!("{}={text} is not understood; passed over", entry.key);
        let truth = || value::boolean(text).ok_or_else(bad);
        let span = || value::time_span(text).ok_or_else(bad);
        let off_or_span = || match text {
            "off" | "0" => Ok(None),
            _ => span().map(|limit| limit.filter(|time| !time.is_zero())),
        };
        match entry.key.as_str() {
            "LogLevel" => self.log_level = level(text).ok_or_else(bad)?,
            "ShowStatus" => {
                self.show_status = matches!(text, "auto" | "error") || truth()?;
            }
            "DefaultTimeoutStartSec" => self.timeout_start = span()?,
            "DefaultTimeoutStopSec" => self.timeout_stop = span()?,
            "DefaultRestartSec" => self.restart_delay = span()?.ok_or_else(bad)?,
            "DefaultStartLimitIntervalSec" => {
                self.start_limit_interval = span()?.ok_or_else(bad)?;
            }
            "DefaultStartLimitBurst" => self.start_limit_burst = text.parse().map_err(|_| bad())?,
            "DefaultTasksMax" => {
                self.tasks_max = match text.strip_suffix('%') {
                    _ if text == "infinity" => None,
                    Some(percent) => Some(tasks_share(percent.parse().map_err(|_| bad())?)),
                    None => Some(text.parse().map_err(|_| bad())?),
                };
            }
            "DefaultLimitNOFILE" => {
                let (soft, hard) = text.split_once(':').unwrap_or((text, text));
                let number = |text: &str| match text {
                    "infinity" => Ok(u64::MAX),
                    _ => text.parse().map_err(|_| bad()),
                };
                self.limit_nofile = (number(soft)?, number(hard)?);
            }
            "DefaultEnvironment" => self.environment = assignments(text).ok_or_else(bad)?,
            "ManagerEnvironment" => self.manager_environment = assignments(text).ok_or_else(bad)?,
            "RuntimeWatchdogSec" => self.runtime_watchdog = off_or_span()?,
            "RebootWatchdogSec" => self.reboot_watchdog = off_or_span()?,
            "WatchdogDevice" => self.watchdog_device = PathBuf::from(text),
            // How starts and stops are told on the console is fixed.
            "StatusUnitFormat" | "LogColor" | "LogTarget" | "LogLocation" | "LogTime" => {}
            key => return Err(format!("{key}= is not implemented; passed over")),
        }
        Ok(())
    }
}

/// Assignments by name; a later one wins.
fn assignments(text: &str) -> Option<Vec<(String, String)>> {
    let words = keelson_units::words::split(text).ok()?;
    let pairs: Option<BTreeMap<String, String>> = words
        .iter()
        .map(|word| {
            word.text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        })
        .collect();
    Some(pairs?.into_iter().collect())
}

/// A priority by its number or the name of syslog(3).
pub fn level(text: &str) -> Option<u8> {
    let names = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
    let by_name = names.iter().position(|name| *name == text);
    by_name
        .and_then(|level| u8::try_from(level).ok())
        .or_else(|| text.parse().ok().filter(|level| *level < 8))
}

/// So many percent of the processes that the machine can have.
fn tasks_share(percent: u64) -> u64 {
    let read = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let most = ["/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"]
        .into_iter()
        .filter_map(read)
        .min();
    most.unwrap_or(32_768).saturating_mul(percent) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_taken_and_what_is_not_understood_is_named() {
        let mut settings = Settings::default();
        let text = "[Manager]\nDefaultTimeoutStopSec=5s\nRuntimeWatchdogSec=off\nLogLevel=debug\n\
                    DefaultLimitNOFILE=10:20\nManagerEnvironment=\"A=b c\" D=e\nDefaultTasksMax=infinity\n\
                    Nonsense=1\nShowStatus=maybe\n[Other]\nX=y\n";
        settings.take(text, Path::new("/s.conf"));
        assert_eq!(settings.timeout_stop, Some(Duration::from_secs(5)));
        assert_eq!((settings.runtime_watchdog, settings.log_level), (None, 7));
        assert_eq!((settings.limit_nofile, settings.tasks_max), ((10, 20), None));
        assert_eq!(settings.manager_environment[0], ("A".to_owned(), "b c".to_owned()));
        let remarks: Vec<String> = settings.remarks.iter().map(ToString::to_string).collect();
        assert_eq!(
            remarks,
            [
                "/s.conf:8: Nonsense= is not implemented; passed over",
                "/s.conf:9: ShowStatus=maybe is not understood; passed over",
                "/s.conf:11: unknown section [Other]; passed over",
            ]
        );
    }
}
