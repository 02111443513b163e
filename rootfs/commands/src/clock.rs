//! Times as people read them: moments, spans, sizes (systemd.time(7)).

use rustix::time::{ClockId, clock_gettime};

pub use civil::Zone;
pub use moment::{parse as parse_moment, parse_time};

mod civil;
mod moment;

/// Microseconds.
pub const SECOND: u64 = 1_000_000;
/// Microseconds.
pub const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;
const YEAR: u64 = 31_557_600 * SECOND;
const MONTH: u64 = YEAR / 12;

/// The present by both clocks, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Since 1970.
    pub real: u64,
    /// CLOCK_MONOTONIC.
    pub mono: u64,
}

impl Now {
    /// Reads the clocks.
    pub fn read() -> Self {
        Self { real: read(ClockId::Realtime), mono: read(ClockId::Monotonic) }
    }
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * SECOND + u64::try_from(time.tv_nsec).unwrap_or(0) / 1000
}

/// How far a moment is away: `5min 3s`, `2 weeks 1 day`; `now` for none.
pub fn distance(micros: u64) -> String {
    let plural =
        |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let two = |unit: u64, word: &str, small: u64, small_word: &str| {
        let (count, rest) = (micros / unit, micros % unit / small);
        let first = plural(count, word);
        if rest == 0 { first } else { format!("{first} {}", plural(rest, small_word)) }
    };
    match micros {
        YEAR.. => two(YEAR, "year", MONTH, "month"),
        MONTH.. => two(MONTH, "month", DAY, "day"),
        WEEK.. => two(WEEK, "week", DAY, "day"),
        _ if micros >= 2 * DAY => plural(micros / DAY, "day"),
        _ if micros >= 25 * HOUR => format!("1 day {}h", (micros - DAY) / HOUR),
        _ if micros >= 6 * HOUR => format!("{}h", micros / HOUR),
        HOUR.. => format!("{}h {}min", micros / HOUR, micros % HOUR / MINUTE),
        _ if micros >= 5 * MINUTE => format!("{}min", micros / MINUTE),
        MINUTE.. => format!("{}min {}s", micros / MINUTE, micros % MINUTE / SECOND),
        SECOND.. => format!("{}s", micros / SECOND),
        1000.. => format!("{}ms", micros / 1000),
        1.. => format!("{micros}us"),
        0 => "now".to_owned(),
    }
}

/// The same with `ago` or `left`.
pub fn relative(then: u64, now: u64) -> String {
    match then.cmp(&now) {
        std::cmp::Ordering::Less => format!("{} ago", distance(now - then)),
        std::cmp::Ordering::Equal => "now".to_owned(),
        std::cmp::Ordering::Greater => format!("{} left", distance(then - now)),
    }
}

/// A span in full, `1min 2.345s`, no finer than `accuracy` microseconds; `0` for none.
pub fn span(micros: u64, accuracy: u64) -> String {
    const UNITS: [(&str, u64); 9] = [
        ("y", YEAR),
        ("month", MONTH),
        ("w", WEEK),
        ("d", DAY),
        ("h", HOUR),
        ("min", MINUTE),
        ("s", SECOND),
        ("ms", 1000),
        ("us", 1),
    ];
    let mut rest = micros;
    let mut parts: Vec<String> = Vec::new();
    for (name, unit) in UNITS {
        if rest == 0 || (rest < accuracy && !parts.is_empty()) {
            break;
        }
        if rest < unit {
            continue;
        }
        let (count, below) = (rest / unit, rest % unit);
        // Below a minute one unit is given, with its fraction.
        if rest < MINUTE && below > 0 && accuracy < unit {
            let digits = if unit == SECOND { 6 } else { 3 };
            let fraction = below * 10_u64.pow(digits) / unit;
            let fraction = format!("{fraction:0width$}", width = digits as usize);
            let fine = (unit / accuracy.max(1)).max(1).ilog10() as usize;
            parts.push(format!("{count}.{}{name}", &fraction[..fine.min(fraction.len())]));
            break;
        }
        parts.push(format!("{count}{name}"));
        rest = below;
    }
    if parts.is_empty() { "0".to_owned() } else { parts.join(" ") }
}

/// A number of bytes: `512B`, `5.9M`.
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u32); 6] =
        [("E", 60), ("P", 50), ("T", 40), ("G", 30), ("M", 20), ("K", 10)];
    for (name, shift) in UNITS {
        if count >> shift > 0 {
            let tenth = (count >> (shift - 10)) % 1024 * 10 / 1024;
            let whole = count >> shift;
            return if tenth > 0 {
                format!("{whole}.{tenth}{name}")
            } else {
                format!("{whole}{name}")
            };
        }
    }
    format!("{count}B")
}

#[cfg(test)]
mod tests;
