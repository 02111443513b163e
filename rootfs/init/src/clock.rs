//! Times: since boot for what happens, of day for people.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keelson_control::Stamp;
use rustix::time::{ClockId, clock_gettime};

/// The time since the kernel started, which does not run while the machine sleeps.
pub fn now() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The time since 1970.
pub fn real() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Microseconds, for people and protocols.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Both clocks.
pub fn stamp() -> Stamp {
    Stamp { real: micros(real()), mono: micros(now()) }
}

/// A span as systemd prints it: `1min 30s`, down to milliseconds.
pub fn span(time: Duration) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)];
    let mut left = time.as_millis();
    let mut parts = Vec::new();
    for (name, length) in units {
        if left >= length {
            parts.push(format!("{}{name}", left / length));
            left %= length;
        }
    }
    if parts.is_empty() { "0".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_the_units_that_people_use() {
        for (millis, text) in
            [(0, "0"), (100, "100ms"), (90_000, "1min 30s"), (90_061_001, "1d 1h 1min 1s 1ms")]
        {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }
}
