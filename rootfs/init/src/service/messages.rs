//! What a service says by sd_notify(3).

use std::time::Duration;

use keelson_units::model::Type;

use super::{Outcome, State, Step};
use crate::notify::{Beat, Message};

/// The last that a service said of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing yet.
    Nothing,
    /// `READY=1`
    Ready,
    /// `RELOADING=1`
    Reloading,
    /// `READY=1` after `RELOADING=1`, while `ExecReload=` still ran.
    Reloaded,
    /// `STOPPING=1`
    Stopping,
}

impl Step<'_> {
    pub(super) fn message(&mut self, message: &Message) {
        if let Some(pid) = message.main_pid {
            self.machine.main = Some(pid);
            self.machine.main_known = true;
        }
        if let Some(text) = &message.status {
            self.machine.status_text.clone_from(text);
        }
        if let Some(number) = message.errno {
            self.machine.status_errno = number;
        }
        if let Some(interval) = message.watchdog_interval {
            self.machine.watchdog = (!interval.is_zero()).then_some(interval);
            self.beat();
        }
        if let Some(longer) = message.extend_timeout {
            let until = self.now.saturating_add(longer);
            self.machine.deadline = self.machine.deadline.map(|deadline| deadline.max(until));
            self.machine.beat_until = self.machine.beat_until.max(Some(until));
        }
        match message.beat {
            Some(Beat::Alive) => self.beat(),
            Some(Beat::Trigger) => self.bark("Watchdog triggered by the service itself"),
            None => {}
        }
        if message.stopping {
            self.stopping();
        } else if message.reloading {
            self.reloading(message.monotonic);
        }
        if message.ready {
            self.ready();
        }
    }

    /// It lives: its watchdog counts from now.
    pub(super) fn beat(&mut self) {
        self.machine.beat = Some(self.now);
        self.machine.beat_until = None;
    }

    fn stopping(&mut self) {
        self.machine.said = Said::Stopping;
        if self.machine.state == State::Running || self.machine.state.is_reloading() {
            self.enter_stop_by_notify();
        }
    }

    fn reloading(&mut self, begun: Option<Duration>) {
        match self.machine.state {
            State::Running | State::StartPost => {
                self.machine.said = Said::Reloading;
                if self.machine.state == State::Running {
                    self.enter_reload_by_notify();
                }
            }
            // An answer to an older signal is none to this one.
            State::ReloadSignal | State::Reload
                if self.service.kind != Type::NotifyReload
                    || begun
                        .zip(self.machine.reload_begun)
                        .is_some_and(|(said, sent)| said >= sent) =>
            {
                self.machine.said = Said::Reloading;
                if self.machine.state == State::ReloadSignal {
                    self.enter_reload_by_notify();
                }
            }
            _ => {}
        }
    }

    fn ready(&mut self) {
        let notifies = matches!(self.service.kind, Type::Notify | Type::NotifyReload);
        match self.machine.state {
            State::Start if notifies => {
                self.machine.said = Said::Ready;
                self.enter_start_post();
            }
            State::ReloadNotify => {
                self.machine.said = Said::Ready;
                self.end_reload(true);
            }
            State::Reload if self.machine.said == Said::Reloading => {
                self.machine.said = Said::Reloaded;
            }
            _ => {}
        }
    }

    pub(super) fn bark(&mut self, why: &str) {
        if matches!(self.machine.state, State::Start | State::StartPost | State::Running)
            || self.machine.state.is_reloading()
        {
            self.say(3, format!("{why}!"));
            self.enter_signal(State::StopWatchdog, Outcome::Watchdog);
        }
    }
}
