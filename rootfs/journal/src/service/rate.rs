//! Rate limits: so many lines of one unit and user in an interval, the rest are counted. Pure.
//!
//! Users count apart: the programs of all who log in by SSH are of its unit, and one of them must not silence it.

use std::collections::HashMap;
use std::time::Duration;

/// Units whose counts are kept.
const MAX_UNITS: usize = 1024;

/// How much a unit may log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In which time; zero sets no limit.
    pub interval: Duration,
    /// How many lines; zero sets no limit.
    pub burst: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    since: u64,
    /// The unit's own, in microseconds.
    interval: u64,
    passed: u64,
    suppressed: u64,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored; so many before it were not, which is told first.
    Pass(u64),
    /// It is counted only.
    Suppress,
}

/// The counts of all units.
#[derive(Debug, Default)]
pub struct Limiter {
    /// By unit and user.
    counts: HashMap<(String, u32), Count>,
}

impl Limiter {
    /// Counts a line of `unit` by a process of the user `uid` at `now`, in microseconds since the boot.
    pub fn count(&mut self, unit: &str, uid: u32, rate: Rate, now: u64) -> Verdict {
        if rate.burst == 0 || rate.interval.is_zero() {
            return Verdict::Pass(0);
        }
        let interval = u64::try_from(rate.interval.as_micros()).unwrap_or(u64::MAX);
        if self.counts.len() >= MAX_UNITS {
            self.counts.retain(|_, count| {
                count.suppressed > 0 || count.since.saturating_add(count.interval) > now
            });
        }
        let count = self
            .counts
            .entry((unit.to_owned(), uid))
            .or_insert(Count { since: now, ..Count::default() });
        count.interval = interval;
        let mut before = 0;
        if now >= count.since.saturating_add(interval) {
            before = count.suppressed;
            *count = Count { since: now, interval, ..Count::default() };
        }
        if count.passed < rate.burst {
            count.passed += 1;
            return Verdict::Pass(before);
        }
        count.suppressed += 1;
        Verdict::Suppress
    }

    /// Takes what units whose interval is over have suppressed, for a record that says so.
    pub fn overdue(&mut self, now: u64) -> Vec<(String, u64)> {
        let mut told = Vec::new();
        for ((unit, _), count) in &mut self.counts {
            if count.suppressed > 0 && now >= count.since.saturating_add(count.interval) {
                told.push((unit.clone(), count.suppressed));
                *count = Count { since: now, interval: count.interval, ..Count::default() };
            }
        }
        told
    }

    /// Takes what was suppressed so far, whether an interval is over or not.
    pub fn take(&mut self) -> Vec<(String, u64)> {
        let suppressed = self.counts.iter_mut().filter(|(_, count)| count.suppressed > 0);
        suppressed
            .map(|((unit, _), count)| (unit.clone(), std::mem::take(&mut count.suppressed)))
            .collect()
    }

    /// When the next interval with suppressed lines is over, in microseconds since the boot.
    pub fn next_due(&self) -> Option<u64> {
        let waiting = self.counts.values().filter(|count| count.suppressed > 0);
        waiting.map(|count| count.since.saturating_add(count.interval)).min()
    }
}

/// The factor of the burst by the free space, as the table of journald.conf(5) has it.
pub fn burst_factor(free: u64) -> u64 {
    match free >> 20 {
        0..=1 => 1,
        2..=16 => 2,
        17..=256 => 3,
        257..=4096 => 4,
        4097..=65536 => 5,
        _ => 6,
    }
}

#[cfg(test)]
mod tests;
