//! What the guest writes to its serial port: kept in a file, split into lines, waited for.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::process::CpuClock;

/// How soon the end of a line follows its beginning, if there is one.
const LINE_END: Duration = Duration::from_millis(500);

/// A line of the console, without escape sequences and line end.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// Time since the machine was started.
    pub wall: Duration,
    /// CPU time that QEMU had used when the line ended.
    pub cpu: Duration,
}

/// What has been read so far. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Console(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<Line>,
    unfinished: Vec<u8>,
    closed: bool,
}

/// How waiting for a pattern ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Waited {
    /// A line has the pattern: its index among the patterns, the line's index, the line.
    Found(usize, usize, String),
    /// The time was over first.
    TimedOut,
    /// The guest will write no more.
    Closed,
}

impl Console {
    /// All complete lines so far.
    pub fn lines(&self) -> Vec<Line> {
        self.state().lines.clone()
    }

    /// The last `count` lines, for messages.
    pub fn tail(&self, count: usize) -> String {
        let state = self.state();
        let mut tail: Vec<String> = state.lines.iter().map(|line| line.text.clone()).collect();
        tail.push(plain(&state.unfinished));
        tail.retain(|line| !line.trim().is_empty());
        tail[tail.len().saturating_sub(count)..].join("\n")
    }

    /// Waits until a line at or after index `from` holds one of `patterns`. A line that has no end
    /// yet, such as a prompt, counts when its end does not follow at once.
    pub fn wait_for(&self, patterns: &[&str], from: usize, deadline: Instant) -> Waited {
        let mut from = from;
        let mut settled = None;
        let mut state = self.state();
        loop {
            while from < state.lines.len() {
                if let Some(found) = find(&state.lines[from].text, patterns) {
                    return Waited::Found(found, from, state.lines[from].text.clone());
                }
                from += 1;
            }
            let now = Instant::now();
            let unfinished = plain(&state.unfinished);
            let mut until = deadline;
            if let Some(found) = find(&unfinished, patterns) {
                let settled = *settled.get_or_insert(deadline.min(now + LINE_END));
                if state.closed || settled <= now {
                    return Waited::Found(found, state.lines.len(), unfinished);
                }
                until = settled;
            }
            if state.closed {
                return Waited::Closed;
            }
            let Some(left) = until.checked_duration_since(now) else {
                return Waited::TimedOut;
            };
            (state, _) =
                self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads `from` to its end: every byte goes to `log`, every line is kept.
    pub(crate) fn read(
        &self,
        mut from: impl Read,
        mut log: impl Write,
        clock: CpuClock,
        began: Instant,
    ) -> std::io::Result<()> {
        let mut buffer = [0; 8192];
        let result = loop {
            match from.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(length) => {
                    self.add(&buffer[..length], began.elapsed(), clock.time());
                    if let Err(e) = log.write_all(&buffer[..length]) {
                        break Err(e);
                    }
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        self.state().closed = true;
        self.0.changed.notify_all();
        result
    }

    fn add(&self, bytes: &[u8], wall: Duration, cpu: Duration) {
        let mut state = self.state();
        for byte in bytes {
            if *byte == b'\n' {
                let text = plain(&std::mem::take(&mut state.unfinished));
                state.lines.push(Line { text, wall, cpu });
            } else {
                state.unfinished.push(*byte);
            }
        }
        self.0.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(line: &str, patterns: &[&str]) -> Option<usize> {
    patterns.iter().position(|pattern| line.contains(pattern))
}

/// Text without control characters and the escape sequences of ECMA-48 (`ESC [ ... letter`).
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            if chars.next_if_eq(&'[').is_some() {
                let _letter = chars.by_ref().find(|c| ('\x40'..='\x7e').contains(c));
            } else {
                chars.next();
            }
        } else if c == '\t' || !c.is_control() {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(text: &str) -> Console {
        let console = Console::default();
        console.add(text.as_bytes(), Duration::ZERO, Duration::ZERO);
        console
    }

    #[test]
    fn escape_sequences_and_carriage_returns_are_dropped() {
        for (raw, text) in [
            ("a\r", "a"),
            ("\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe", "BdsDxe"),
            ("\x1b[0;32mOK\x1b[m", "OK"),
            ("\x1bcx", "x"),
            ("cut \x1b[", "cut "),
        ] {
            assert_eq!(plain(raw.as_bytes()), text);
        }
    }

    #[test]
    fn patterns_are_found_in_lines_and_in_the_unfinished_line() {
        let console = console("one\ntwo\nlogin: ");
        let now = Instant::now();
        let found = |p, l, t: &str| Waited::Found(p, l, t.to_owned());
        assert_eq!(console.wait_for(&["x", "one"], 0, now), found(1, 0, "one"));
        assert_eq!(console.wait_for(&["one", "two"], 1, now), found(1, 1, "two"));
        assert_eq!(console.wait_for(&["login:"], 2, now), found(0, 2, "login: "));
        assert_eq!(console.wait_for(&["three"], 0, now), Waited::TimedOut);
    }

    #[test]
    fn the_end_of_the_guest_ends_the_wait() {
        let console = Console::default();
        let mut log = Vec::new();
        let clock = CpuClock(std::process::id());
        console.read(&b"last words"[..], &mut log, clock, Instant::now()).expect("reading");
        assert_eq!(log, b"last words");
        let later = Instant::now() + Duration::from_mins(1);
        assert_eq!(console.wait_for(&["first"], 0, later), Waited::Closed);
        assert_eq!(console.tail(5), "last words");
    }
}
