//! A mount or a swap at run time.

use std::os::fd::OwnedFd;
use std::time::Duration;

use keelson_jobs::Activity;
use rustix::process::Pid;

/// What is being done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Work {
    /// Nothing.
    #[default]
    Rest,
    /// It is mounted.
    Mounting,
    /// It is mounted again with other options.
    Remounting,
    /// It is unmounted.
    Unmounting,
}

/// A mount or a swap.
#[derive(Debug)]
pub struct MountRun {
    /// What is being done.
    pub work: Work,
    /// The process that does it, and what it writes.
    pub control: Option<(Pid, OwnedFd)>,
    /// When it has taken too long.
    pub deadline: Option<Duration>,
    /// What went wrong: the property `Result`.
    pub result: &'static str,
}

impl Default for MountRun {
    fn default() -> Self {
        Self { work: Work::Rest, control: None, deadline: None, result: "success" }
    }
}

impl MountRun {
    /// The word of `systemctl`'s column SUB.
    pub fn sub_state(
        &self,
        activity: Activity,
        up: &'static str,
        rising: &'static str,
        falling: &'static str,
    ) -> &'static str {
        match (self.work, activity) {
            (Work::Mounting, _) => rising,
            (Work::Remounting, _) => "remounting",
            (Work::Unmounting, _) => falling,
            (Work::Rest, Activity::Failed) => "failed",
            (Work::Rest, activity) if activity.is_active() => up,
            (Work::Rest, _) => "dead",
        }
    }
}
