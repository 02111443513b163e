//! How far it is: a bar on a terminal, a line at every tenth elsewhere.

use std::io::{IsTerminal, Write};

const WIDTH: u64 = 30;

/// What is shown of the steps of an installation.
#[derive(Debug)]
pub struct Progress {
    shown: Shown,
    label: &'static str,
    total: u64,
    done: u64,
    /// The last percent (bar) or tenth (lines) that was shown.
    last: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Bar,
    Lines,
    Nothing,
}

impl Progress {
    /// On standard error: a bar where it is a terminal.
    pub fn new(quiet: bool) -> Self {
        let shown = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Shown::Nothing,
            (false, true) => Shown::Bar,
            (false, false) => Shown::Lines,
        };
        Self { shown, label: "", total: 0, done: 0, last: 0 }
    }

    /// Begins a step of `total` bytes.
    pub fn begin(&mut self, label: &'static str, total: u64) {
        (self.label, self.total, self.done, self.last) = (label, total, 0, 0);
        self.show(true);
    }

    /// So many bytes more.
    pub fn add(&mut self, bytes: u64) {
        self.set(self.done + bytes);
    }

    /// So many bytes in all.
    pub fn set(&mut self, bytes: u64) {
        self.done = bytes;
        self.show(false);
    }

    /// The step is done.
    pub fn end(&mut self) {
        self.done = self.total.max(self.done);
        self.total = self.done;
        self.show(self.shown == Shown::Bar);
        if self.shown == Shown::Bar {
            let _unseen = writeln!(std::io::stderr());
        }
    }

    fn show(&mut self, always: bool) {
        let percent = (self.done.min(self.total) * 100).checked_div(self.total).unwrap_or(0);
        let step = if self.shown == Shown::Bar { percent } else { percent / 10 };
        if self.shown == Shown::Nothing || (!always && step == self.last) {
            return;
        }
        self.last = step;
        let (mib, of) = (self.done >> 20, self.total >> 20);
        let mut out = std::io::stderr().lock();
        // A console that is gone is no reason to stop.
        let _unseen = if self.shown == Shown::Bar {
            let full = percent * WIDTH / 100;
            let bar: String = (0..WIDTH).map(|i| if i < full { '#' } else { '.' }).collect();
            write!(out, "\r{:<20} [{bar}] {percent:>3} %  {mib} of {of} MiB ", self.label)
                .and_then(|()| out.flush())
        } else {
            writeln!(out, "{}: {percent} % ({mib} of {of} MiB)", self.label)
        };
    }
}
