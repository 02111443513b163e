//! `RandomizedDelaySec=`, `RandomizedOffsetSec=` and `FixedRandomDelay=`.

use std::time::Duration;

use keelson_units::model::{Timer, UnitName};
use sha2::{Digest, Sha256};

/// How far one timer is moved from where it would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Added to every elapse; drawn anew for each unless it is fixed.
    pub delay: Duration,
    /// Added to calendar events; the same at all times.
    pub offset: Duration,
}

impl Spread {
    /// That of a timer for its next elapse. `random` is drawn by the caller; what is fixed comes from the machine's
    /// identity and the timer's name.
    pub fn new(timer: &Timer, name: &UnitName, machine_id: &str, random: u64) -> Self {
        let delay =
            if timer.fixed_random_delay { fixed("delay", name, machine_id) } else { random };
        Self {
            delay: part(timer.randomized_delay, delay),
            offset: part(timer.randomized_offset, fixed("offset", name, machine_id)),
        }
    }
}

/// A time from 0 to the whole, evenly spread, in microseconds.
fn part(whole: Duration, random: u64) -> Duration {
    let micros = u64::try_from(whole.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random % micros.saturating_add(1).max(1))
}

/// The same number for the same words on every start.
fn fixed(what: &str, name: &UnitName, machine_id: &str) -> u64 {
    let digest = Sha256::digest(format!("{what}\n{machine_id}\n{name}"));
    let head = digest.first_chunk::<8>().copied().expect("the digest has 32 bytes");
    u64::from_le_bytes(head)
}
