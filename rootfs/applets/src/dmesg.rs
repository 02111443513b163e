//! `dmesg`: the kernel's messages, `[seconds.microseconds] text` as everyone knows them.

use std::io::Write as _;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// No record is longer: the kernel's `PRINTK_MESSAGE_MAX`.
const RECORD: usize = 8192;

/// Writes the kernel's messages, from the oldest that it still has.
pub fn run(_arguments: &[String]) -> Result<(), String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let log = rustix::fs::open("/dev/kmsg", flags, Mode::empty())
        .map_err(|error| format!("opening /dev/kmsg: {error}"))?;
    let mut out = std::io::stdout().lock();
    let mut record = [0; RECORD];
    loop {
        match rustix::io::read(&log, &mut record) {
            Ok(0) | Err(Errno::AGAIN) => return Ok(()),
            Ok(length) => {
                let line = format(&String::from_utf8_lossy(&record[..length]));
                writeln!(out, "{line}").map_err(|error| error.to_string())?;
            }
            // The record was overwritten before it was read; the next read gives the oldest there is.
            Err(Errno::PIPE | Errno::INTR) => {}
            Err(error) => return Err(format!("reading /dev/kmsg: {error}")),
        }
    }
}

/// `6,339,5140900,-;NET: Registered` (priority, sequence, microseconds, flags; Documentation/ABI/testing/dev-kmsg).
/// Lines after the first hold the device's name for programs and are left out.
fn format(record: &str) -> String {
    let (prefix, text) = record.split_once(';').unwrap_or(("", record));
    let microseconds: u64 =
        prefix.split(',').nth(2).and_then(|field| field.parse().ok()).unwrap_or_default();
    let text = text.lines().next().unwrap_or_default();
    format!("[{:5}.{:06}] {text}", microseconds / 1_000_000, microseconds % 1_000_000)
}

#[cfg(test)]
mod tests;
