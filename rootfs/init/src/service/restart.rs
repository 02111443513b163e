//! Whether and when a service that ended is started again (systemd.service(5), `Restart=`).

use std::time::Duration;

use keelson_units::model::{ExitStatusSet, Restart};

use super::{Action, Exit, Outcome, State, Step};

/// How long a queued restart may take before it is queued anew.
const QUEUED: Duration = Duration::from_secs(30);

impl Step<'_> {
    pub(super) fn restarts_after(&self, outcome: Outcome) -> bool {
        let service = self.service;
        let exit = self.machine.main_exit;
        if holds(&service.restart_prevent, exit) {
            return false;
        }
        // Whatever `Restart=` says.
        if holds(&service.restart_force, exit) {
            return true;
        }
        match service.restart {
            Restart::No => false,
            Restart::Always => outcome != Outcome::ExecCondition,
            Restart::OnSuccess => outcome == Outcome::Success,
            Restart::OnFailure => !matches!(outcome, Outcome::Success | Outcome::ExecCondition),
            Restart::OnAbnormal => {
                !matches!(outcome, Outcome::Success | Outcome::ExecCondition | Outcome::ExitCode)
            }
            Restart::OnWatchdog => outcome == Outcome::Watchdog,
            Restart::OnAbort => matches!(outcome, Outcome::Signal | Outcome::CoreDump),
        }
    }

    pub(super) fn restart_delay(&self) -> Duration {
        let service = self.service;
        match service.restart_max_delay {
            Some(longest) if service.restart_steps > 0 && longest > service.restart_delay => {
                stepped(
                    service.restart_delay,
                    longest,
                    service.restart_steps,
                    self.machine.restarts,
                )
            }
            _ => service.restart_delay,
        }
    }

    pub(super) fn queue_restart(&mut self) {
        if self.machine.state == State::AutoRestart {
            self.machine.restarts = self.machine.restarts.saturating_add(1);
            let number = self.machine.restarts;
            self.say(6, format!("Scheduled restart job, restart counter is at {number}."));
        }
        self.enter(State::AutoRestartQueued, Some(QUEUED));
        self.actions.push(Action::Restart);
    }
}

fn holds(set: &ExitStatusSet, exit: Option<Exit>) -> bool {
    match exit {
        Some(Exit::Code(code)) => set.codes.contains(&code),
        Some(Exit::Signal(number, _)) => set.signals.contains(&number),
        None => false,
    }
}

/// Grows from `first` to `longest` by the same factor at each of `steps` restarts.
fn stepped(first: Duration, longest: Duration, steps: u32, restarts: u32) -> Duration {
    if restarts >= steps {
        return longest;
    }
    let first = first.as_secs_f64().max(1e-6);
    let part = f64::from(restarts) / f64::from(steps);
    let seconds = first * (longest.as_secs_f64() / first).powf(part);
    Duration::try_from_secs_f64(seconds).map_or(longest, |delay| delay.min(longest))
}
