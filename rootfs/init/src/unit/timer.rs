//! A timer at run time.

use std::time::Duration;

use keelson_activation::timers::{Elapse, LastTrigger, Moment};
use keelson_jobs::Activity;

/// A timer.
#[derive(Debug, Default)]
pub struct TimerRun {
    /// When it elapses next on each clock; for people.
    pub elapse: Elapse,
    /// When it is to be given the time, since boot.
    pub next: Option<Duration>,
    /// When it was activated.
    pub activated: Option<Moment>,
    /// When it last elapsed.
    pub last: Option<LastTrigger>,
    /// One-shot triggers that were due before this are over.
    pub spent: Duration,
    /// Whether what it started still runs.
    pub running: bool,
}

impl TimerRun {
    /// What it is reckoned from has happened by this time of day at the latest.
    pub fn not_after(&mut self, real: Duration) {
        match &mut self.last {
            Some(LastTrigger::Now(moment)) => moment.real = moment.real.min(real),
            Some(LastTrigger::Stamp(time)) => *time = (*time).min(real),
            None => {}
        }
        if let Some(activated) = &mut self.activated {
            activated.real = activated.real.min(real);
        }
    }

    /// The word of `systemctl`'s column SUB.
    pub fn sub_state(&self, activity: Activity) -> &'static str {
        match activity {
            Activity::Failed => "failed",
            activity if !activity.is_active() => "dead",
            _ if self.running => "running",
            _ if self.elapse == Elapse::default() => "elapsed",
            _ => "waiting",
        }
    }
}
