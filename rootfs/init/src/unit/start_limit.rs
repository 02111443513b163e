//! How often a unit may be started (systemd.unit(5), `StartLimitIntervalSec=`).

use std::time::Duration;

/// The starts since a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartLimit {
    begun: Duration,
    starts: u32,
}

impl StartLimit {
    /// Notes a start. False where it is one too many: more than `burst` in `interval`; 0 of either is no limit.
    pub fn start(&mut self, now: Duration, interval: Duration, burst: u32) -> bool {
        if burst == 0 || interval.is_zero() {
            return true;
        }
        if self.starts == 0 || now.saturating_sub(self.begun) >= interval {
            *self = Self { begun: now, starts: 0 };
        }
        self.starts = self.starts.saturating_add(1);
        self.starts <= burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_time_forgives() {
        let mut limit = StartLimit::default();
        let second = Duration::from_secs(1);
        for (now, expected) in
            [(0, true), (1, true), (2, false), (9, false), (10, true), (11, true), (12, false)]
        {
            assert_eq!(limit.start(second * now, second * 10, 2), expected, "{now}");
        }
        assert!((0..100).all(|_| limit.start(second, Duration::ZERO, 1)));
        assert!((0..100).all(|_| limit.start(second, second, 0)));
    }
}
