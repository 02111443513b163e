//! When a service is started again: a pure state machine over exits and times.

use std::time::Duration;

/// `Restart=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartOn {
    /// Never.
    No,
    /// After any exit.
    Always,
    /// After an unclean exit, a signal or a timeout.
    Failure,
    /// After a clean exit.
    Success,
    /// After a signal or a timeout.
    Abnormal,
}

impl RestartOn {
    /// Parses the value of `Restart=`. `on-abort` and `on-watchdog` are taken as `on-abnormal`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "no" => Self::No,
            "always" => Self::Always,
            "on-failure" => Self::Failure,
            "on-success" => Self::Success,
            "on-abnormal" | "on-abort" | "on-watchdog" => Self::Abnormal,
            _ => return None,
        })
    }

    /// Whether an exit of this sort asks for a restart.
    pub fn applies(self, exit: Exit) -> bool {
        match self {
            Self::No => false,
            Self::Always => true,
            Self::Failure => exit != Exit::Clean,
            Self::Success => exit == Exit::Clean,
            Self::Abnormal => exit == Exit::Abnormal,
        }
    }
}

/// How a service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Status 0 or one that counts as success, or a signal that asks to end.
    Clean,
    /// Another status.
    Unclean,
    /// Another signal, a timeout, or a program that could not be started.
    Abnormal,
}

/// At most `burst` starts in `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartLimit {
    /// How many starts; 0 is no limit.
    pub burst: u32,
    /// In what time; 0 is no limit.
    pub interval: Duration,
}

/// What to do after an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Leave it.
    Stay,
    /// Start it again at this time since boot.
    RestartAt(Duration),
    /// It was started too often; it has failed.
    LimitHit,
}

/// The longest pause between two restarts that back-off reaches.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A service that ran this long starts over without back-off.
pub const LONG_ENOUGH: Duration = Duration::from_mins(1);

/// The starts of one service so far. Times are since boot.
#[derive(Clone, Debug, Default)]
pub struct History {
    starts: Vec<Duration>,
    failures_in_a_row: u32,
}

impl History {
    /// Notes a start.
    pub fn started(&mut self, now: Duration) {
        self.starts.push(now);
    }

    /// Forgets everything, as when a person starts the service.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Decides what follows an exit at `now`: the pause is `delay`, doubled with each quick failure in a row
    /// and never above the larger of `delay` and one minute.
    pub fn after_exit(
        &mut self,
        now: Duration,
        exit: Exit,
        on: RestartOn,
        delay: Duration,
        limit: StartLimit,
    ) -> Decision {
        if !on.applies(exit) {
            self.failures_in_a_row = 0;
            return Decision::Stay;
        }
        let ran = now.saturating_sub(self.starts.last().copied().unwrap_or_default());
        if ran >= LONG_ENOUGH {
            self.failures_in_a_row = 0;
        }
        let pause =
            delay.saturating_mul(1 << self.failures_in_a_row.min(16)).min(LONGEST_PAUSE.max(delay));
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        let at = now.saturating_add(pause);
        self.starts.retain(|start| at.saturating_sub(*start) < limit.interval);
        let limited = limit.burst > 0 && !limit.interval.is_zero();
        if limited && self.starts.len() >= usize::try_from(limit.burst).unwrap_or(usize::MAX) {
            return Decision::LimitHit;
        }
        Decision::RestartAt(at)
    }
}

#[cfg(test)]
mod tests;
