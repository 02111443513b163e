//! What people are told of jobs: `[  OK  ] Started A.` on the console, and the same in the log.

use keelson_jobs::{Ended, JobKind, JobResult, UnitId};

use super::System;
use crate::log;
use crate::unit::Run;

impl System {
    pub(super) fn announce(&mut self, ended: &Ended) {
        let what = self.called(ended.unit);
        let name = self.name(ended.unit);
        let plain = matches!(self.unit(ended.unit).map(|unit| &unit.run), Some(Run::Plain));
        let was_up = self.unit(ended.unit).is_some_and(|unit| unit.times.inactive_exit.mono > 0);
        let up = if name.as_str().ends_with(".target") { "Reached target" } else { "Started" };
        match (ended.kind, ended.result) {
            (JobKind::Start, JobResult::Done) => {
                let up = match self.unit(ended.unit).map(|unit| &unit.run) {
                    Some(Run::Mount(_)) => "Mounted",
                    Some(Run::Automount(_)) => "Set up automount",
                    Some(Run::Socket(_)) => "Listening on",
                    Some(Run::Swap(_)) => "Activated swap",
                    Some(Run::Service(run))
                        if run.machine.state != crate::service::State::Running =>
                    {
                        "Finished"
                    }
                    Some(Run::Plain) if name.as_str().ends_with(".slice") => "Created slice",
                    Some(Run::Plain) if name.as_str().ends_with(".device") => "Found device",
                    _ => up,
                };
                let text = format!("{up} {what}.");
                self.tell_of(ended.unit, log::INFO, &text);
                self.log.status("\x1b[0;1;32m  OK  \x1b[0m", &text);
            }
            (JobKind::Start, JobResult::Failed | JobResult::Timeout) => {
                let text = format!("Failed to start {what}.");
                self.tell_of(ended.unit, log::ERROR, &text);
                self.log.status("\x1b[0;1;31mFAILED\x1b[0m", &text);
                self.log.console(&format!("See 'systemctl status {name}' for details."));
            }
            (JobKind::Start, JobResult::Dependency) => {
                let text = format!("Dependency failed for {what}.");
                self.tell_of(ended.unit, log::ERROR, &text);
                self.log.status("\x1b[0;1;38:5:185mDEPEND\x1b[0m", &text);
            }
            (JobKind::Start, JobResult::Assert) => {
                let text = format!("Assertion failed for {what}.");
                self.tell_of(ended.unit, log::ERROR, &text);
                self.log.status("\x1b[0;1;38:5:185mASSERT\x1b[0m", &text);
            }
            (JobKind::Stop | JobKind::Restart, JobResult::Done)
                if was_up && (!plain || name.as_str().ends_with(".target")) =>
            {
                let text = if plain {
                    format!("Stopped target {what}.")
                } else {
                    format!("Stopped {what}.")
                };
                self.tell_of(ended.unit, log::INFO, &text);
                if ended.kind == JobKind::Stop {
                    self.log.status("\x1b[0;1;32m  OK  \x1b[0m", &text);
                }
            }
            (JobKind::Reload, JobResult::Done) => {
                let text = format!("Reloaded {what}.");
                self.tell_of(ended.unit, log::INFO, &text);
            }
            (JobKind::Reload, JobResult::Failed) => {
                let text = format!("Reload failed for {what}.");
                self.tell_of(ended.unit, log::WARNING, &text);
            }
            _ => {}
        }
    }

    /// `ssh.service - OpenSSH server`, as systemd calls units.
    pub(super) fn called(&self, id: UnitId) -> String {
        let name = self.graph.name(id).as_str();
        let description = self.description(id);
        if *description == *name { name.to_owned() } else { format!("{name} - {description}") }
    }

    /// A line that names the unit itself.
    pub(super) fn tell_of(&mut self, id: UnitId, priority: u8, text: &str) {
        let invocation = self.unit(id).map(|unit| unit.invocation.clone()).unwrap_or_default();
        let name = self.name(id);
        self.log.about(priority, name.as_str(), &invocation, text);
    }
}
