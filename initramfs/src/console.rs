//! What the boot says: lines `keelson: ...` in the kernel log, which gives them its time and puts
//! them on every console.
//!
//! Where the console log level of the kernel (`quiet`, `loglevel=`) hides a line that must be seen,
//! or there is no kernel log, the line goes to the consoles directly.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::sync::OnceLock;

/// How urgent a line is: the kernel's own levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// The boot is refused or damaged: shown on every console whatever its log level.
    Critical = 2,
    /// Something did not work and the boot goes on.
    Warning = 4,
    /// A step of the boot.
    Notice = 5,
    /// Output of a program that the boot ran.
    Info = 6,
}

static KMSG: OnceLock<Option<File>> = OnceLock::new();

/// Opens the kernel log and lifts its limit on lines from programs. `/dev` and `/proc` must be
/// mounted; before that, lines go to the standard error that the kernel opened.
pub(crate) fn open() {
    // A kernel without the knob has no limit to lift.
    drop(fs::write("/proc/sys/kernel/printk_devkmsg", "on\n"));
    KMSG.get_or_init(|| OpenOptions::new().write(true).open("/dev/kmsg").ok());
}

/// A step of the boot.
pub(crate) fn step(text: impl Display) {
    say(Level::Notice, text);
}

/// Something that did not work while the boot goes on.
pub(crate) fn warn(text: impl Display) {
    say(Level::Warning, text);
}

/// Says each line of `text`.
pub(crate) fn say(level: Level, text: impl Display) {
    for line in text.to_string().lines() {
        let logged = match KMSG.get() {
            Some(Some(kmsg)) => log(kmsg, level, line),
            _ => false,
        };
        if !logged || (level == Level::Critical && hidden(level)) {
            show(line);
        }
    }
}

fn log(mut kmsg: &File, level: Level, line: &str) -> bool {
    // One write is one record. 1024 bytes is the kernel's limit for a record with its head.
    let line = &line[..line.floor_char_boundary(900)];
    kmsg.write_all(format!("<{}>keelson: {line}\n", level as u8).as_bytes()).is_ok()
}

/// Whether the kernel keeps lines of this level from its consoles.
fn hidden(level: Level) -> bool {
    let text = fs::read_to_string("/proc/sys/kernel/printk").unwrap_or_default();
    console_level(&text).is_some_and(|console| level as u8 >= console)
}

/// `/proc/sys/kernel/printk` is four numbers; lines below the first reach the consoles.
fn console_level(printk: &str) -> Option<u8> {
    printk.split_whitespace().next()?.parse().ok()
}

/// Writes a line to each console of the kernel, and to the standard error where there is none.
/// A console that does not take it is left out: there is nothing better to tell.
fn show(line: &str) {
    let active = fs::read_to_string("/sys/class/tty/console/active").unwrap_or_default();
    let mut shown = false;
    for console in active.split_whitespace() {
        let opened = OpenOptions::new().write(true).open(format!("/dev/{console}"));
        shown |= opened.is_ok_and(|mut tty| write!(tty, "keelson: {line}\r\n").is_ok());
    }
    if !shown {
        drop(writeln!(std::io::stderr(), "keelson: {line}\r"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_of_printk_is_the_level_of_the_consoles() {
        for (text, level) in [("4\t4\t1\t7\n", Some(4)), ("15 4 1 7", Some(15)), ("", None)] {
            assert_eq!(console_level(text), level);
        }
    }
}
