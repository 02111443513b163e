//! The console: a terminal that PID 1 and the kernel write to as well, and that may be slow or stuck.

use std::fs::File;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::{Errno, retry_on_intr, write};

/// How long the lines of one turn of the service's loop wait for the console, all together.
const PATIENCE: Duration = Duration::from_millis(100);
/// Between two tries. poll(2) would not do: it calls a terminal writable that another process writes to just now,
/// and such a terminal takes nothing from those who do not block.
const PAUSE: Duration = Duration::from_millis(1);

/// The terminal, open from its first line on.
pub struct Console {
    path: PathBuf,
    terminal: Option<File>,
    patience: Duration,
    /// What is left of the patience in this turn.
    left: Duration,
    /// The last line was given up. Until one gets through, none is waited for.
    stuck: bool,
}

impl Console {
    /// The console at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path, terminal: None, patience: PATIENCE, left: PATIENCE, stuck: false }
    }

    /// From here on, lines may wait again as long as those of one turn may.
    pub fn begin_turn(&mut self) {
        self.left = if self.stuck { Duration::ZERO } else { self.patience };
    }

    /// Writes a line. False where it is lost, or its end; without a console nothing is.
    pub fn write(&mut self, line: &[u8]) -> bool {
        if self.terminal.is_none() {
            self.terminal = super::open(&self.path);
        }
        let Some(terminal) = &self.terminal else { return true };
        let mut rest = line;
        while !rest.is_empty() {
            match retry_on_intr(|| write(terminal, rest)) {
                Ok(0) | Err(Errno::AGAIN) => {
                    if self.left.is_zero() {
                        self.stuck = true;
                        return false;
                    }
                    let start = Instant::now();
                    thread::sleep(PAUSE.min(self.left));
                    self.left = self.left.saturating_sub(start.elapsed());
                }
                Ok(length) => rest = &rest[length..],
                Err(_) => {
                    // A terminal that hung up is opened anew for the next line.
                    self.terminal = None;
                    return false;
                }
            }
        }
        self.stuck = false;
        true
    }
}

#[cfg(test)]
mod tests;
