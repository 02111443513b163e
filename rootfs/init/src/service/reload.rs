//! Reloads: by commands, by a signal, by the service itself.

use keelson_units::model::Type;
use rustix::process::Pid;

use super::messages::Said;
use super::{Action, Outcome, Phase, State, Step};

impl Step<'_> {
    pub(super) fn reload(&mut self) {
        if !matches!(self.machine.state, State::Running | State::Exited) {
            return self.actions.push(Action::Reloaded(false));
        }
        self.machine.reload_outcome = Outcome::Success;
        self.machine.reload_begun = Some(self.now);
        let signalled = match self.machine.main {
            Some(main) if self.service.kind == Type::NotifyReload => {
                self.actions.push(Action::Send(main, self.service.reload_signal));
                true
            }
            _ => false,
        };
        let timeout = self.reload_timeout();
        if !self.commands(Phase::Reload).is_empty() {
            self.enter(State::Reload, timeout);
            self.run(Phase::Reload);
        } else if signalled {
            self.enter(State::ReloadSignal, timeout);
        } else {
            self.actions.push(Action::Reloaded(true));
        }
    }

    fn reload_timeout(&self) -> Option<std::time::Duration> {
        self.service.start_timeout()
    }

    pub(super) fn reload_command_ended(&mut self, outcome: Outcome) {
        self.machine.reload_outcome = outcome;
        let good = outcome == Outcome::Success;
        if good && self.service.kind == Type::NotifyReload && self.machine.said != Said::Reloaded {
            let state = match self.machine.said {
                Said::Reloading => State::ReloadNotify,
                _ => State::ReloadSignal,
            };
            let timeout = self.reload_timeout();
            return self.enter(state, timeout);
        }
        if good && self.service.pid_file.is_some() {
            // The commands may have put another daemon in the place of the old one.
            return self.actions.push(Action::FindMain);
        }
        self.end_reload(good);
    }

    /// What `PIDFile=` names after a reload; where it names none, the main process is the one that is known.
    pub(super) fn found_after_reload(&mut self, pid: Option<Pid>) {
        if pid.is_some() {
            self.machine.main = pid;
            self.machine.main_known = true;
        }
        self.end_reload(true);
    }

    /// It reloads by itself.
    pub(super) fn enter_reload_by_notify(&mut self) {
        let timeout = self.reload_timeout();
        self.enter(State::ReloadNotify, timeout);
    }

    pub(super) fn end_reload(&mut self, good: bool) {
        self.machine.reload_begun = None;
        if matches!(self.machine.said, Said::Reloading | Said::Reloaded) {
            self.machine.said = Said::Ready;
        }
        self.actions.push(Action::Reloaded(good));
        self.enter_running(Outcome::Success);
    }

    pub(super) fn reload_timed_out(&mut self) {
        self.say(4, "Reload operation timed out. Killing reload process.");
        if let Some(control) = self.machine.control.take() {
            self.actions.push(Action::Send(control, libc::SIGKILL));
        }
        self.machine.phase = None;
        self.machine.reload_outcome = Outcome::Timeout;
        self.end_reload(false);
    }
}
