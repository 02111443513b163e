//! What PID 1 says: to the console, and to the log service or, where that does not listen, the kernel's ring buffer.
//!
//! Nothing here can fail a boot or make it wait: a line that cannot be written is lost.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::clock;

/// The name under which PID 1 speaks.
pub const SELF: &str = "keelson";
/// The log service's native protocol (systemd's JOURNAL_NATIVE_PROTOCOL).
const JOURNAL: &str = "/run/systemd/journal/socket";
/// How long a console that takes nothing is waited for.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Priorities of syslog(3).
pub const ERROR: u8 = 3;
/// A warning.
pub const WARNING: u8 = 4;
/// Worth knowing.
pub const NOTICE: u8 = 5;
/// For information.
pub const INFO: u8 = 6;
/// For those who look for faults.
pub const DEBUG: u8 = 7;

/// The sinks.
#[derive(Debug)]
pub struct Log {
    console: Option<Console>,
    /// The kernel's other consoles, where people may look as well.
    others: Vec<Console>,
    kernel: Option<File>,
    journal: Option<UnixDatagram>,
    /// The highest priority number that is written.
    pub level: u8,
    /// Whether starts and stops are told on the console (`ShowStatus=`).
    pub show_status: bool,
    /// Whether the boot is over, and the end not near: the console is left to those who use it.
    pub up: bool,
}

/// A console that is written to without waiting for it.
#[derive(Debug)]
struct Console {
    file: File,
    /// After a console that took nothing: the time before which it is not tried again.
    again: Duration,
}

impl Console {
    fn open(path: &str) -> Option<Self> {
        let flags = libc::O_NOCTTY | libc::O_NONBLOCK;
        let file = OpenOptions::new().write(true).custom_flags(flags).open(path).ok()?;
        Some(Self { file, again: Duration::ZERO })
    }

    /// Those of the kernel but the last, which is `/dev/console`.
    fn others() -> Vec<Self> {
        let active = std::fs::read_to_string("/sys/class/tty/console/active").unwrap_or_default();
        let mut names: Vec<_> = active.split_whitespace().collect();
        names.pop();
        names.into_iter().filter_map(|name| Self::open(&format!("/dev/{name}"))).collect()
    }

    fn line(&mut self, line: &str) {
        if clock::now() < self.again {
            return;
        }
        let line = format!("{line}\r\n");
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(&self.file, rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    let mut ready = [PollFd::new(&self.file, PollFlags::OUT)];
                    // A console that stays stopped loses lines; PID 1 must not hang on it.
                    if !matches!(poll(&mut ready, Some(&PATIENCE)), Ok(1..)) {
                        self.again = clock::now().saturating_add(Duration::from_secs(2));
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }
}

impl Log {
    /// Opens the console and the ring buffer, those that are there.
    pub fn open() -> Self {
        // Lines of ours are few, and the kernel's limit of ten in five seconds would lose some. Best effort.
        let _without = std::fs::write("/proc/sys/kernel/printk_devkmsg", "on\n");
        let journal = UnixDatagram::unbound().ok();
        let journal = journal.filter(|socket| socket.set_nonblocking(true).is_ok());
        Self {
            console: Console::open("/dev/console"),
            others: Console::others(),
            kernel: OpenOptions::new().write(true).open("/dev/kmsg").ok(),
            journal,
            level: INFO,
            show_status: true,
            up: false,
        }
    }

    /// A log that goes nowhere, for tests.
    #[cfg(test)]
    pub fn nowhere() -> Self {
        Self {
            console: None,
            others: Vec::new(),
            kernel: None,
            journal: None,
            level: INFO,
            show_status: false,
            up: false,
        }
    }

    /// A line of PID 1 itself: everywhere.
    pub fn say(&mut self, what: impl Display) {
        let what = what.to_string();
        self.record(NOTICE, "", "", &what);
        let line = format!("{} {SELF}: {what}", stamp(clock::now()));
        self.console(&line);
        self.others.iter_mut().for_each(|console| console.line(&line));
    }

    /// A line of PID 1 for the log alone.
    pub fn note(&mut self, what: impl Display) {
        self.record(INFO, "", "", &what.to_string());
    }

    /// A line about a unit, for the log alone. `invocation` may be empty.
    pub fn unit(&mut self, priority: u8, unit: &str, invocation: &str, what: impl Display) {
        if priority <= self.level {
            self.record(priority, unit, invocation, &format!("{unit}: {what}"));
        }
    }

    /// A line about a unit as it stands, without the unit's name before it.
    pub fn about(&mut self, priority: u8, unit: &str, invocation: &str, what: &str) {
        if priority <= self.level {
            self.record(priority, unit, invocation, what);
        }
    }

    /// `[  OK  ] Started A.` on the console, while the system comes up or goes down.
    pub fn status(&mut self, mark: &str, what: &str) {
        if self.show_status && !self.up {
            self.console(&format!("[{mark}] {what}"));
        }
    }

    /// A line for `/dev/console` alone.
    pub fn console(&mut self, line: &str) {
        if let Some(console) = &mut self.console {
            console.line(line);
        }
    }

    fn record(&mut self, priority: u8, unit: &str, invocation: &str, text: &str) {
        let native = native(priority, unit, invocation, text);
        let sent =
            self.journal.as_ref().is_some_and(|socket| socket.send_to(&native, JOURNAL).is_ok());
        if sent {
            return;
        }
        if let Some(kernel) = &mut self.kernel {
            // The facility is that of daemons (3). The priority keeps it off the console, which has lines of its own.
            let line = format!("<{}>{SELF}: {}\n", 3 << 3 | DEBUG, text.replace('\n', " "));
            let _full = kernel.write_all(line.as_bytes());
        }
    }
}

/// A message in the native protocol: fields by line; one with a newline by length.
fn native(priority: u8, unit: &str, invocation: &str, text: &str) -> Vec<u8> {
    let mut out =
        format!("PRIORITY={priority}\nSYSLOG_IDENTIFIER={SELF}\nSYSLOG_FACILITY=3\n").into_bytes();
    for (key, value) in [("UNIT", unit), ("INVOCATION_ID", invocation), ("MESSAGE", text)] {
        if value.is_empty() {
            continue;
        }
        out.extend(key.as_bytes());
        if value.contains('\n') {
            out.push(b'\n');
            out.extend((value.len() as u64).to_le_bytes());
        } else {
            out.push(b'=');
        }
        out.extend(value.as_bytes());
        out.push(b'\n');
    }
    out
}

/// `[   12.345]`
pub fn stamp(time: Duration) -> String {
    format!("[{:>5}.{:03}]", time.as_secs(), time.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_aligned() {
        assert_eq!(stamp(Duration::from_millis(12_345)), "[   12.345]");
    }

    #[test]
    fn a_message_with_a_newline_is_told_by_its_length() {
        let text = String::from_utf8(native(6, "a.service", "", "one")).expect("text");
        assert!(text.ends_with("UNIT=a.service\nMESSAGE=one\n"), "{text}");
        let bytes = native(6, "", "", "a\nb");
        assert!(bytes.ends_with(b"MESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n"));
    }
}
