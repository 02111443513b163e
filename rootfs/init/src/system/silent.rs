//! Processes that say nothing when they execute their program, since nobody waits for it: they are looked at in each
//! round, and from time to time.

use std::time::Duration;

use keelson_execution::{Child, Progress};
use rustix::process::Pid;

/// Until the first look at a process in a quiet system.
const FIRST: Duration = Duration::from_millis(10);
/// Between two looks at most, at one that is held up.
const LONGEST: Duration = Duration::from_secs(1);

/// Those that have neither executed their program nor ended, as far as is known.
#[derive(Debug, Default)]
pub struct Silent {
    children: Vec<Child>,
    /// When to look again, since boot.
    due: Option<Duration>,
    pause: Duration,
}

impl Silent {
    /// One more.
    pub fn add(&mut self, child: Child, now: Duration) {
        self.children.push(child);
        self.pause = FIRST;
        self.due = Some(now + FIRST);
    }

    /// When to look again, since boot.
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Takes out those that have executed their program or failed to.
    pub fn settled(&mut self, now: Duration) -> Vec<Child> {
        let settled = self
            .children
            .extract_if(.., |child| !matches!(child.poll(), Progress::Pending(_)))
            .collect();
        if self.children.is_empty() {
            self.due = None;
        } else if self.due.is_some_and(|due| due <= now) {
            self.pause = (self.pause * 2).min(LONGEST);
            self.due = Some(now + self.pause);
        }
        settled
    }

    /// Takes out one that has ended.
    pub fn ended(&mut self, pid: Pid) -> Option<Child> {
        let at = self.children.iter().position(|child| child.pid == pid)?;
        let mut child = self.children.swap_remove(at);
        child.ended();
        Some(child)
    }
}

#[cfg(test)]
mod tests;
