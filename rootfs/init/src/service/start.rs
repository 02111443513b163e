//! The way up: `ExecCondition=`, `ExecStartPre=`, `ExecStart=`, `ExecStartPost=`.

use std::time::Duration;

use keelson_units::model::Type;

use super::messages::Said;
use super::{Outcome, Phase, Role, State, Step};

/// How long an idle service waits for others at most (systemd.service(5), `Type=`).
const IDLE_PATIENCE: Duration = Duration::from_secs(5);

impl Step<'_> {
    pub(super) fn start(&mut self) {
        match self.machine.state {
            State::Dead | State::Failed | State::AutoRestart => self.machine.restarts = 0,
            State::AutoRestartQueued => {}
            _ => return,
        }
        let machine = &mut *self.machine;
        machine.outcome = Outcome::Success;
        machine.reload_outcome = Outcome::Success;
        machine.main_exit = None;
        machine.control_exit = None;
        machine.main_known = false;
        machine.main_index = 0;
        machine.stop_asked = false;
        machine.said = Said::Nothing;
        machine.watchdog = self.service.watchdog;
        machine.beat = None;
        machine.running_until = None;
        machine.status_text.clear();
        machine.status_errno = 0;
        if self.commands(Phase::Condition).is_empty() {
            self.enter_start_pre();
        } else {
            self.enter(State::Condition, self.service.start_timeout());
            self.run(Phase::Condition);
        }
    }

    pub(super) fn enter_start_pre(&mut self) {
        if self.commands(Phase::StartPre).is_empty() {
            return self.enter_start();
        }
        self.enter(State::StartPre, self.service.start_timeout());
        self.run(Phase::StartPre);
    }

    pub(super) fn enter_start(&mut self) {
        if self.commands(Phase::Start).is_empty() {
            return self.enter_start_post();
        }
        match self.service.kind {
            Type::Forking => {
                self.enter(State::Start, self.service.start_timeout());
                self.run(Phase::Start);
            }
            Type::Idle => {
                self.machine.idle_until = Some(self.now.saturating_add(IDLE_PATIENCE));
                self.enter_start_post();
            }
            _ => {
                self.enter(State::Start, self.service.start_timeout());
                self.spawn(Role::Main, Phase::Start, 0);
            }
        }
    }

    /// An idle service has waited long enough.
    pub(super) fn end_idling(&mut self) {
        if self.machine.idle_until.take().is_some() {
            self.spawn(Role::Main, Phase::Start, 0);
        }
    }

    pub(super) fn enter_start_post(&mut self) {
        self.beat();
        if self.commands(Phase::StartPost).is_empty() {
            return self.enter_running(Outcome::Success);
        }
        self.enter(State::StartPost, self.service.start_timeout());
        self.run(Phase::StartPost);
    }

    /// It is up, or has ended meanwhile.
    pub(super) fn enter_running(&mut self, outcome: Outcome) {
        let was_up = matches!(self.machine.state, State::Running | State::Exited)
            || self.machine.state.is_reloading();
        self.worsen(outcome);
        if self.machine.outcome != Outcome::Success {
            // What was up is stopped by its commands, whatever it ended of; what never was is not.
            if was_up {
                self.enter_stop(outcome);
            } else {
                self.enter_signal(State::StopSigterm, outcome);
            }
        } else if self.is_alive() {
            match self.machine.said {
                Said::Reloading => self.enter_reload_by_notify(),
                Said::Stopping => self.enter_stop_by_notify(),
                _ => self.enter_running_state(),
            }
        } else if self.service.remain_after_exit {
            self.enter(State::Exited, None);
        } else {
            self.enter_stop(Outcome::Success);
        }
    }

    fn enter_running_state(&mut self) {
        if self.machine.running_until.is_none() {
            // The nanoseconds of now are random enough to spread services.
            let extra = self.service.runtime_extra / 1000 * (self.now.subsec_nanos() % 1000);
            let longest = self.service.runtime_max.map(|longest| longest.saturating_add(extra));
            self.machine.running_until = longest.map(|longest| self.now.saturating_add(longest));
        }
        let left = self.machine.running_until.map(|until| until.saturating_sub(self.now));
        self.enter(State::Running, left);
    }

    /// Whether a process of it is there, as far as processes are known.
    fn is_alive(&self) -> bool {
        let machine = &self.machine;
        let unknown = !machine.main_known && self.service.kind == Type::Forking;
        machine.idle_until.is_some()
            || machine.main.is_some()
            || matches!(machine.asked, Some((Role::Main, ..)))
            || ((unknown || self.service.exit_with_group) && !machine.empty)
    }
}
