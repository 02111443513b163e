//! Timeouts, the watchdog, and the other times a service waits for.

use std::time::Duration;

use keelson_units::model::TimeoutMode;

use super::{Action, Machine, Outcome, State, Step};

/// How often a PID file that is not there yet is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Machine {
    /// When [`super::Event::Time`] is due, since boot.
    pub fn next_time(&self) -> Option<Duration> {
        [self.deadline, self.look_again, self.idle_until, self.watchdog_due()]
            .into_iter()
            .flatten()
            .min()
    }

    fn watchdog_due(&self) -> Option<Duration> {
        let watched =
            matches!(self.state, State::StartPost | State::Running) || self.state.is_reloading();
        let interval = self.watchdog.filter(|_| watched)?;
        let due = self.beat?.saturating_add(interval);
        Some(self.beat_until.map_or(due, |until| due.max(until)))
    }

    /// `WatchdogSec=`, or what the service has set since.
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog
    }

    /// When the present state's time runs out.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }
}

impl Step<'_> {
    pub(super) fn look_again(&mut self) {
        self.machine.look_again = Some(self.now.saturating_add(LOOK_AGAIN));
    }

    pub(super) fn time(&mut self) {
        let due = |time: Option<Duration>| time.is_some_and(|time| time <= self.now);
        let (idle, look) = (due(self.machine.idle_until), due(self.machine.look_again));
        let (watchdog, deadline) = (due(self.machine.watchdog_due()), due(self.machine.deadline));
        if idle {
            self.end_idling();
        }
        if watchdog {
            let limit = self.machine.watchdog.unwrap_or_default();
            let limit = crate::clock::span(limit);
            return self.bark(&format!("Watchdog timeout (limit {limit})"));
        }
        if deadline {
            return self.timed_out();
        }
        if look {
            self.machine.look_again = None;
            self.actions.push(Action::FindMain);
        }
    }

    fn timed_out(&mut self) {
        let state = self.machine.state;
        self.machine.deadline = None;
        let service = self.service;
        let kill = service.kill.send_kill;
        match state {
            State::Condition | State::StartPre | State::Start | State::StartPost => {
                self.say(4, format!("{} operation timed out. Terminating.", state.as_str()));
                self.end_by(service.start_timeout_mode);
            }
            State::Running => {
                self.say(4, "Service reached runtime time limit. Stopping.");
                self.enter_stop(Outcome::Timeout);
            }
            State::Reload | State::ReloadSignal | State::ReloadNotify => self.reload_timed_out(),
            State::Stop => {
                self.say(4, "Stopping timed out. Terminating.");
                self.end_by(service.stop_timeout_mode);
            }
            State::StopSigterm if service.stop_timeout_mode == TimeoutMode::Abort => {
                self.say(4, "State 'stop-sigterm' timed out. Aborting.");
                self.enter_signal(State::StopWatchdog, Outcome::Timeout);
            }
            State::StopWatchdog | State::StopSigterm if kill => {
                self.say(4, format!("State '{}' timed out. Killing.", state.as_str()));
                self.enter_signal(State::StopSigkill, Outcome::Timeout);
            }
            State::StopWatchdog | State::StopSigterm => {
                self.say(4, format!("State '{}' timed out. Skipping SIGKILL.", state.as_str()));
                self.enter_stop_post(Outcome::Timeout);
            }
            State::StopSigkill => {
                self.say(4, "Processes still around after SIGKILL. Ignoring.");
                self.enter_stop_post(Outcome::Timeout);
            }
            State::StopPost => {
                self.say(4, "State 'stop-post' timed out. Terminating.");
                self.enter_signal(State::FinalSigterm, Outcome::Timeout);
            }
            State::FinalWatchdog | State::FinalSigterm if kill => {
                self.say(4, format!("State '{}' timed out. Killing.", state.as_str()));
                self.enter_signal(State::FinalSigkill, Outcome::Timeout);
            }
            State::FinalWatchdog | State::FinalSigterm | State::FinalSigkill => {
                self.say(4, "Processes still around after final signal. Entering failed mode.");
                self.enter_dead(Outcome::Timeout);
            }
            State::AutoRestart | State::AutoRestartQueued => self.queue_restart(),
            State::Dead | State::Failed | State::Exited => {}
        }
    }

    fn end_by(&mut self, mode: TimeoutMode) {
        let state = match mode {
            TimeoutMode::Terminate => State::StopSigterm,
            TimeoutMode::Abort => State::StopWatchdog,
            TimeoutMode::Kill => State::StopSigkill,
        };
        self.enter_signal(state, Outcome::Timeout);
    }
}
