//! The end of the system: an orderly stop of everything, with a bound on its time.

use std::time::Duration;

use keelson_jobs::{Activity, JobKind, UnitId};
use keelson_units::model::{JobMode, UnitName};

use super::System;
use crate::clock;
use crate::shutdown::Goal;

/// How long all units may take together; a unit's own `TimeoutStopSec=` is shorter.
const LONGEST: Duration = Duration::from_mins(5);

/// The end that was asked for.
#[derive(Clone, Debug)]
pub struct End {
    /// What for.
    pub goal: Goal,
    /// When, since boot.
    pub begun: Duration,
    /// Whether everything is down, or is not waited for any longer.
    pub ready: bool,
    /// Whether processes are ended and file systems unmounted before the kernel is asked.
    pub clean: bool,
    /// What the firmware is told (`reboot(2)`, LINUX_REBOOT_CMD_RESTART2).
    pub argument: Option<String>,
}

/// An end that is to come.
#[derive(Clone, Copy, Debug)]
pub struct Scheduled {
    /// What for.
    pub goal: Goal,
    /// When, in microseconds since 1970.
    pub when: u64,
}

impl System {
    /// Asks for the end. A second call changes the goal only.
    pub fn begin_end(&mut self, goal: Goal, argument: Option<String>) {
        if let Some(end) = &mut self.end {
            end.goal = goal;
            return;
        }
        self.log.say(format_args!("{} was asked for; stopping services", goal.command()));
        self.log.show_status = true;
        self.log.up = false;
        self.end = Some(End { goal, begun: clock::now(), ready: false, clean: true, argument });
        let name: Option<UnitName> = goal.target().parse().ok();
        let Some(id) = name.map(|name| self.find(&name)) else { return };
        match self.enqueue(id, JobKind::Start, JobMode::ReplaceIrreversibly, false) {
            Ok(Some(_)) => {}
            Ok(None) => self.end_is_ready(),
            Err(error) => {
                self.log.say(format_args!(
                    "{}: {error}; all processes are ended at once",
                    goal.target()
                ));
                self.end_is_ready();
            }
        }
    }

    /// The end without waiting for units; not even for file systems where `clean` is false.
    pub fn end_now(&mut self, goal: Goal, clean: bool, argument: Option<String>) {
        self.log.say(format_args!("{} was asked for, at once", goal.command()));
        self.end = Some(End { goal, begun: clock::now(), ready: true, clean, argument });
    }

    fn end_is_ready(&mut self) {
        if let Some(end) = &mut self.end {
            end.ready = true;
        }
    }

    /// A job has ended: if it was the end's own, everything is down. A target of an end that was started by its name is
    /// as good as asked for.
    pub(super) fn goal_ended(&mut self, id: UnitId) {
        let name = self.graph.name(id).as_str();
        let Some(goal) = Goal::of_target(name) else { return };
        let reached = self.activity(id) == Activity::Active;
        match &mut self.end {
            None if reached => {
                self.end = Some(End {
                    goal,
                    begun: clock::now(),
                    ready: true,
                    clean: true,
                    argument: None,
                });
            }
            Some(end) if self.queue.job_of(id).is_none() => end.ready = true,
            _ => {}
        }
    }

    pub(super) fn end_time(&self) -> Option<Duration> {
        let running =
            self.end.as_ref().filter(|end| !end.ready).map(|end| end.begun.saturating_add(LONGEST));
        let now = clock::now();
        let scheduled = self.scheduled.map(|scheduled| {
            let left = Duration::from_micros(scheduled.when).saturating_sub(clock::real());
            // The clock may be set meanwhile.
            now.saturating_add(left.min(Duration::from_mins(1)))
        });
        running.into_iter().chain(scheduled).min()
    }

    pub(super) fn on_end_time(&mut self, now: Duration) {
        if let Some(scheduled) = self.scheduled
            && Duration::from_micros(scheduled.when) <= clock::real()
        {
            self.scheduled = None;
            self.begin_end(scheduled.goal, None);
        }
        let late = self
            .end
            .as_ref()
            .is_some_and(|end| !end.ready && end.begun.saturating_add(LONGEST) <= now);
        if late {
            self.log.say("units are still up; all processes are ended now");
            self.end_is_ready();
        }
    }
}
