//! Limits on how often something may happen: `TriggerLimit...=`, `PollLimit...=`. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use keelson_units::model::{PathUnit, Socket};

/// So many times in so long, as systemd counts: the interval begins with the first event in it.
#[derive(Clone, Debug)]
pub struct Limit {
    interval: Duration,
    burst: u32,
    begin: Option<Duration>,
    count: u32,
}

/// The default interval of all of them.
const INTERVAL: Duration = Duration::from_secs(2);

impl Limit {
    /// No limit where either is 0.
    pub fn new(interval: Duration, burst: u32) -> Self {
        Self { interval, burst, begin: None, count: 0 }
    }

    /// `TriggerLimitIntervalSec=`, `TriggerLimitBurst=` of a socket: over it, the socket fails.
    pub fn trigger_of_socket(socket: &Socket) -> Self {
        let burst = socket.trigger_limit_burst.unwrap_or(if socket.accept { 200 } else { 20 });
        Self::new(socket.trigger_limit_interval.unwrap_or(INTERVAL), burst)
    }

    /// `PollLimitIntervalSec=`, `PollLimitBurst=` of a socket, one for each descriptor: over it, the descriptor is not
    /// polled until `resumes`.
    pub fn poll_of_socket(socket: &Socket) -> Self {
        let burst = socket.poll_limit_burst.unwrap_or(if socket.accept { 150 } else { 15 });
        Self::new(socket.poll_limit_interval.unwrap_or(INTERVAL), burst)
    }

    /// `TriggerLimitIntervalSec=`, `TriggerLimitBurst=` of a path.
    pub fn trigger_of_path(path: &PathUnit) -> Self {
        Self::new(
            path.trigger_limit_interval.unwrap_or(INTERVAL),
            path.trigger_limit_burst.unwrap_or(200),
        )
    }

    /// Counts one event at this time of any one clock; false where it is one too many.
    pub fn hit(&mut self, now: Duration) -> bool {
        if self.interval.is_zero() || self.burst == 0 {
            return true;
        }
        if self.begin.is_none_or(|begin| now.saturating_sub(begin) >= self.interval) {
            self.begin = Some(now);
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.count <= self.burst
    }

    /// When the interval that is full ends; none where events may happen now.
    pub fn resumes(&self, now: Duration) -> Option<Duration> {
        let end = self.begin? + self.interval;
        (self.burst > 0 && self.count >= self.burst && end > now).then_some(end)
    }

    /// Forgets what happened (`systemctl reset-failed`, a new start).
    pub fn reset(&mut self) {
        self.begin = None;
        self.count = 0;
    }
}

/// So many starts in so long, as `StartLimitIntervalSec=` and `StartLimitBurst=` count: in any window of that length.
#[derive(Clone, Debug, Default)]
pub struct StartLimit {
    starts: VecDeque<Duration>,
}

impl StartLimit {
    /// Counts a start; false where it is one too many.
    pub fn hit(&mut self, now: Duration, interval: Duration, burst: u32) -> bool {
        if interval.is_zero() || burst == 0 {
            return true;
        }
        self.starts.retain(|&start| now.saturating_sub(start) < interval);
        if self.starts.len() >= burst as usize {
            return false;
        }
        self.starts.push_back(now);
        true
    }

    /// Forgets all starts.
    pub fn reset(&mut self) {
        self.starts.clear();
    }
}

#[cfg(test)]
mod tests;
