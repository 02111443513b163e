//! What happens, for people: the console, the kernel's ring buffer, and one bounded file.
//!
//! Nothing here can fail a boot: a line that cannot be written is lost, which is said once.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::clock;

mod bounded;
use bounded::BoundedFile;

/// The name under which PID 1 speaks.
pub const SELF: &str = "keelson";
/// Where the file is.
pub const FILE: &str = "/var/log/messages.log";
/// The size at which the file is put aside.
const LIMIT: u64 = 8 << 20;
/// How long a console that takes nothing is waited for.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
/// What is kept until the file can be written.
const EARLY_LINES: usize = 512;

/// The sinks.
#[derive(Debug)]
pub struct Log {
    console: Option<File>,
    kernel: Option<File>,
    file: Option<BoundedFile>,
    early: Vec<String>,
    file_broken: bool,
}

impl Log {
    /// Opens the console and the ring buffer, those that are there.
    pub fn open() -> Self {
        // Lines of ours are few, and the kernel's limit of ten in five seconds would lose some. Best effort.
        let _without = std::fs::write("/proc/sys/kernel/printk_devkmsg", "on\n");
        let open = |path: &str| {
            OpenOptions::new()
                .write(true)
                .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
                .open(path)
                .ok()
        };
        Self {
            console: open("/dev/console"),
            kernel: open("/dev/kmsg"),
            file: None,
            early: Vec::new(),
            file_broken: false,
        }
    }

    /// Begins to write the file, with the lines so far.
    pub fn open_file(&mut self, path: &Path) {
        self.file = Some(BoundedFile::new(path, LIMIT));
        for line in std::mem::take(&mut self.early) {
            self.write_file(&line);
        }
    }

    /// Closes the file, for the file system to be unmounted.
    pub fn close_file(&mut self) {
        self.file = None;
    }

    /// A line of PID 1 itself: everywhere.
    pub fn say(&mut self, what: impl Display) {
        self.line(SELF, what, true);
    }

    /// A line of PID 1 for the file and the ring buffer alone.
    pub fn note(&mut self, what: impl Display) {
        let what = what.to_string();
        self.write_kernel(SELF, &what);
        self.record(SELF, &what);
    }

    /// A line a service wrote.
    pub fn output(&mut self, unit: &str, text: &str, console: bool) {
        if console {
            self.write_console(unit, text);
        }
        self.record(unit, text);
    }

    /// A line for the console that the file has already.
    pub fn console_only(&mut self, unit: &str, text: &str) {
        self.write_console(unit, text);
    }

    fn line(&mut self, unit: &str, what: impl Display, console: bool) {
        let what = what.to_string();
        self.write_kernel(unit, &what);
        self.output(unit, &what, console);
    }

    fn write_kernel(&mut self, unit: &str, text: &str) {
        if let Some(kernel) = &mut self.kernel {
            // Level 7 stays off the console, which has the line already. The facility is that of daemons.
            let _full = kernel.write_all(format!("<31>{unit}: {text}\n").as_bytes());
        }
    }

    fn write_console(&mut self, unit: &str, text: &str) {
        let Some(console) = &self.console else { return };
        let line = format!("{} {unit}: {text}\r\n", stamp(clock::now()));
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(console, rest) {
                Ok(written) => rest = &rest[written..],
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    let mut ready = [PollFd::new(console, PollFlags::OUT)];
                    // A console that stays stopped loses the line; PID 1 must not hang on it.
                    if !matches!(poll(&mut ready, Some(&PATIENCE)), Ok(1..)) {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }

    fn record(&mut self, unit: &str, text: &str) {
        let line = format!("{} {} {unit}: {text}\n", clock::time_of_day(), stamp(clock::now()));
        if self.file.is_some() {
            self.write_file(&line);
        } else if self.early.len() < EARLY_LINES {
            self.early.push(line);
        }
    }

    fn write_file(&mut self, line: &str) {
        let Some(file) = &mut self.file else { return };
        match file.append(line.as_bytes()) {
            Ok(()) => self.file_broken = false,
            Err(error) if !self.file_broken => {
                self.file_broken = true;
                let text = format!(
                    "{}: {error}; lines are lost until it can be written again",
                    file.path().display()
                );
                self.write_kernel(SELF, &text);
                self.write_console(SELF, &text);
            }
            Err(_) => {}
        }
    }
}

/// `[   12.345]`
pub fn stamp(time: Duration) -> String {
    format!("[{:>5}.{:03}]", time.as_secs(), time.subsec_millis())
}

#[cfg(test)]
mod tests;
