//! `AccuracySec=`: timers that need not be exact wake the machine together.

use std::time::Duration;

/// Steps on which wake-ups are put, the coarsest that fits first, in microseconds.
const STEPS: [u64; 4] = [60_000_000, 10_000_000, 1_000_000, 250_000];

/// When to wake for a timer that may elapse within `accuracy` after `at`.
///
/// All timers of a machine meet on the same places of the minute, which `phase` (any number that is the machine's own,
/// from its boot ID, say) moves so that not all machines wake at once.
pub fn wake_up(at: Duration, accuracy: Duration, phase: u64) -> Duration {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let (first, last) = (micros(at), micros(at.saturating_add(accuracy)));
    if accuracy <= Duration::from_micros(1) {
        return at;
    }
    let place = STEPS.into_iter().find_map(|step| {
        let place = (last / step * step).checked_add(phase % step)?;
        let place = if place > last { place.checked_sub(step)? } else { place };
        (place >= first).then_some(place)
    });
    Duration::from_micros(place.unwrap_or(last)).max(at)
}
