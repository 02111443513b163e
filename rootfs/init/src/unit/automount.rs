//! An automount point at run time.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::time::Duration;

use keelson_activation::automounts::Point;
use keelson_jobs::Activity;
use rustix::process::Pid;

use crate::events::Token;

/// What is being done by a child.
#[derive(Debug, Default)]
pub enum Work {
    /// Nothing.
    #[default]
    Rest,
    /// It is mounted. The pipe is what the kernel will write to.
    Attaching(OwnedFd),
    /// It is no longer to be mounted, and will be taken away once it is certain that nobody mounts it.
    GivenUp,
    /// It is taken away.
    Detaching,
}

/// An automount point.
#[derive(Debug)]
pub struct AutomountRun {
    /// What is being done.
    pub work: Work,
    /// The process that does it, and what it writes.
    pub control: Option<(Pid, OwnedFd)>,
    /// When it has taken too long.
    pub deadline: Option<Duration>,
    /// While it is served.
    pub point: Option<(Point, Token)>,
    /// Accesses that are held up until the mount is there.
    pub held: BTreeSet<u32>,
    /// Questions of the kernel whether an idle mount is away now.
    pub expiring: BTreeSet<u32>,
    /// Whether somebody has accessed it since it was mounted last.
    pub running: bool,
    /// The process that looks whether the mount is idle, and what it writes.
    pub expiry: Option<(Pid, OwnedFd)>,
    /// When it is looked for that again.
    pub next_expiry: Option<Duration>,
    /// What went wrong: the property `Result`.
    pub result: &'static str,
}

impl Default for AutomountRun {
    fn default() -> Self {
        Self {
            work: Work::Rest,
            control: None,
            deadline: None,
            point: None,
            held: BTreeSet::new(),
            expiring: BTreeSet::new(),
            running: false,
            expiry: None,
            next_expiry: None,
            result: "success",
        }
    }
}

impl AutomountRun {
    /// The word of `systemctl`'s column SUB. systemd has no words for the first two, as its own do not take time.
    pub fn sub_state(&self, activity: Activity) -> &'static str {
        match (&self.work, activity) {
            (Work::Attaching(_), _) => "mounting",
            (Work::GivenUp | Work::Detaching, _) => "unmounting",
            (Work::Rest, Activity::Failed) => "failed",
            (Work::Rest, activity) if !activity.is_active() => "dead",
            (Work::Rest, _) if self.running => "running",
            (Work::Rest, _) => "waiting",
        }
    }

    /// When something is due.
    pub fn next_time(&self) -> Option<Duration> {
        [self.deadline, self.next_expiry].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;
