//! The way down: `ExecStop=`, signals, `ExecStopPost=`, signals for what is left, rest.

use std::time::Duration;

use keelson_units::model::{KillMode, RestartMode};

use super::{Action, Outcome, Phase, State, Step};

/// How long processes that were sent SIGKILL are waited for where no other time is set.
const AFTER_KILL: Duration = Duration::from_secs(90);

impl Step<'_> {
    pub(super) fn stop_by_job(&mut self) {
        self.machine.stop_asked = true;
        match self.machine.state {
            State::AutoRestart | State::AutoRestartQueued => {
                // What was kept for the restart goes too.
                self.actions.push(Action::Release { restarting: false });
                self.enter(State::Dead, None);
            }
            State::Running | State::Exited => self.enter_stop(Outcome::Success),
            state if state.is_starting() || state.is_reloading() => {
                self.enter_signal(State::StopSigterm, Outcome::Success);
            }
            _ => {}
        }
    }

    pub(super) fn enter_stop(&mut self, outcome: Outcome) {
        self.worsen(outcome);
        self.machine.idle_until = None;
        if self.commands(Phase::Stop).is_empty() {
            return self.enter_signal(State::StopSigterm, Outcome::Success);
        }
        self.enter(State::Stop, self.service.stop_timeout);
        self.run(Phase::Stop);
    }

    /// It said that it stops: it is given the time, not the signal.
    pub(super) fn enter_stop_by_notify(&mut self) {
        self.machine.idle_until = None;
        self.enter(State::StopSigterm, self.service.stop_timeout);
    }

    /// Sends the signal of a state; the answer leads into it or past it.
    pub(super) fn enter_signal(&mut self, state: State, outcome: Outcome) {
        self.worsen(outcome);
        self.machine.idle_until = None;
        self.machine.signalling = Some(state);
        let kill = &self.service.kill;
        let last = matches!(state, State::StopSigkill | State::FinalSigkill);
        let number = match state {
            State::StopWatchdog | State::FinalWatchdog => kill.watchdog_signal,
            State::StopSigkill | State::FinalSigkill => kill.final_signal,
            _ => kill.signal,
        };
        let group = kill.mode == KillMode::ControlGroup || (kill.mode == KillMode::Mixed && last);
        let processes = match kill.mode {
            KillMode::None => Vec::new(),
            _ => self.machine.main.into_iter().chain(self.machine.control).collect(),
        };
        self.actions.push(Action::Signal {
            processes,
            group,
            number,
            hangup: kill.send_hup && !last,
            wait_for_group: group,
        });
    }

    pub(super) fn signalled(&mut self, any: bool) {
        let Some(state) = self.machine.signalling.take() else { return };
        let service = self.service;
        if any {
            let timeout = match state {
                State::StopWatchdog | State::FinalWatchdog => {
                    service.abort_timeout.or(service.stop_timeout)
                }
                State::StopSigkill | State::FinalSigkill => {
                    Some(service.stop_timeout.unwrap_or(AFTER_KILL).max(Duration::from_secs(1)))
                }
                _ => service.stop_timeout,
            };
            return self.enter(state, timeout);
        }
        self.machine.main = None;
        self.machine.control = None;
        let more = service.kill.mode == KillMode::Mixed && service.kill.send_kill;
        match state {
            State::StopWatchdog | State::StopSigterm if more => {
                self.enter_signal(State::StopSigkill, Outcome::Success);
            }
            State::FinalWatchdog | State::FinalSigterm if more => {
                self.enter_signal(State::FinalSigkill, Outcome::Success);
            }
            state if state.is_final() => self.enter_dead(Outcome::Success),
            _ if self.commands(Phase::StopPost).is_empty() => self.enter_dead(Outcome::Success),
            _ => self.enter_stop_post(Outcome::Success),
        }
    }

    /// A process that was signalled, or the last of the group, has ended.
    pub(super) fn killed(&mut self) {
        let machine = &self.machine;
        if machine.main.is_some() || machine.control.is_some() {
            return;
        }
        if !machine.state.is_final() {
            return self.enter_stop_post(Outcome::Success);
        }
        let last = machine.state == State::FinalSigkill;
        let by_group = match self.service.kill.mode {
            KillMode::ControlGroup => true,
            KillMode::Mixed => last,
            KillMode::Process | KillMode::None => false,
        };
        if machine.empty || !by_group {
            self.enter_dead(Outcome::Success);
        }
    }

    pub(super) fn enter_stop_post(&mut self, outcome: Outcome) {
        self.worsen(outcome);
        if self.commands(Phase::StopPost).is_empty() {
            return self.enter_signal(State::FinalSigterm, Outcome::Success);
        }
        self.enter(State::StopPost, self.service.stop_timeout);
        self.run(Phase::StopPost);
    }

    pub(super) fn enter_dead(&mut self, outcome: Outcome) {
        self.worsen(outcome);
        let machine = &mut *self.machine;
        machine.main = None;
        machine.control = None;
        machine.phase = None;
        machine.asked = None;
        machine.beat = None;
        let outcome = machine.outcome;
        match outcome {
            Outcome::Success => self.say(6, "Deactivated successfully."),
            Outcome::ExecCondition => self.say(6, "Skipped due to 'exec-condition'."),
            _ => self.say(4, format!("Failed with result '{}'.", outcome.as_str())),
        }
        if self.service.pid_file.is_some() {
            self.actions.push(Action::RemovePidFile);
        }
        let stopping = self.machine.stop_asked || self.machine.stop_queued;
        let restarting = !stopping && self.restarts_after(outcome);
        self.actions.push(Action::Release { restarting });
        let good = matches!(outcome, Outcome::Success | Outcome::ExecCondition);
        let end = if good { State::Dead } else { State::Failed };
        if !restarting {
            return self.enter(end, None);
        }
        if self.service.restart_mode != RestartMode::Direct {
            self.enter(end, None);
        }
        let delay = self.restart_delay();
        self.enter(State::AutoRestart, Some(delay));
    }
}
