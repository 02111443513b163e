//! Values of single settings: booleans, time spans, sizes, modes, lists of processors (systemd.syntax(7),
//! systemd.time(7)). Parsers give `None` where the text is no such value.

use std::collections::BTreeSet;
use std::time::Duration;

/// Units of time in microseconds, as systemd.time(7) lists them.
const TIME_UNITS: &[(&str, u64)] = &[
    ("", 1_000_000),
    ("usec", 1),
    ("us", 1),
    ("μs", 1),
    ("µs", 1),
    ("msec", 1000),
    ("ms", 1000),
    ("seconds", 1_000_000),
    ("second", 1_000_000),
    ("sec", 1_000_000),
    ("s", 1_000_000),
    ("minutes", 60_000_000),
    ("minute", 60_000_000),
    ("min", 60_000_000),
    ("m", 60_000_000),
    ("hours", 3_600_000_000),
    ("hour", 3_600_000_000),
    ("hr", 3_600_000_000),
    ("h", 3_600_000_000),
    ("days", 86_400_000_000),
    ("day", 86_400_000_000),
    ("d", 86_400_000_000),
    ("weeks", 604_800_000_000),
    ("week", 604_800_000_000),
    ("w", 604_800_000_000),
    ("months", 2_629_800_000_000),
    ("month", 2_629_800_000_000),
    ("M", 2_629_800_000_000),
    ("years", 31_557_600_000_000),
    ("year", 31_557_600_000_000),
    ("y", 31_557_600_000_000),
];

/// Suffixes of sizes, powers of 1024.
const SIZE_UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("B", 1),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("T", 1 << 40),
    ("P", 1 << 50),
    ("E", 1 << 60),
];

/// The highest processor or memory node a list may name.
const HIGHEST_PROCESSOR: usize = 8191;

/// `yes`, `true`, `on`, `1`, `y`, `t` and their opposites, in any case.
pub fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

/// A time span: `5`, `1.5s`, `1min 30s`, `200ms`; `infinity` gives `Some(None)`. Microseconds are the finest.
pub fn time_span(value: &str) -> Option<Option<Duration>> {
    if value.trim() == "infinity" {
        return Some(None);
    }
    let micros = sum(value, TIME_UNITS)?;
    Some(Some(Duration::from_micros(micros)))
}

/// A time span in nanoseconds, for `TimerSlackNSec=`: a bare number counts nanoseconds.
pub fn nanoseconds(value: &str) -> Option<u64> {
    let bare = value.strip_suffix("nsec").or_else(|| value.strip_suffix("ns")).unwrap_or(value);
    match bare.trim().parse() {
        Ok(count) => Some(count),
        Err(_) => time_span(value)?.map(|span| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)),
    }
}

/// A size in bytes: `512`, `64K`, `1.5G`.
pub fn size(value: &str) -> Option<u64> {
    sum(value, SIZE_UNITS)
}

/// A share in parts of ten thousand: `25%`, `0.5%`, `12‰`, `7‱`.
pub fn permyriad(value: &str) -> Option<u32> {
    let (number, factor) = if let Some(number) = value.strip_suffix('%') {
        (number, 100)
    } else if let Some(number) = value.strip_suffix('‰') {
        (number, 10)
    } else {
        (value.strip_suffix('‱')?, 1)
    };
    let (whole, fraction, scale) = decimal(number.trim())?;
    let parts = whole.checked_mul(factor)?.checked_add(fraction.checked_mul(factor)? / scale)?;
    u32::try_from(parts).ok()
}

/// A limit as rlimits and cgroups take it: a count with K, M, G, T, P or E, or `infinity` as `Limit(None)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<u64>);

impl Limit {
    /// Parses a limit; `None` where it is none.
    pub fn parse(value: &str) -> Option<Self> {
        if value == "infinity" { Some(Self(None)) } else { size(value).map(|n| Self(Some(n))) }
    }

    /// The text of a cgroup v2 limit file.
    pub fn cgroup_text(self) -> String {
        self.0.map_or_else(|| "max".to_owned(), |count| count.to_string())
    }
}

/// An octal file mode of at most `07777`.
pub fn mode(value: &str) -> Option<u32> {
    let octal = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    u32::from_str_radix(value, 8).ok().filter(|mode| octal && *mode <= 0o7777)
}

/// Processors or memory nodes: `0-3,8 10`.
pub fn processors(value: &str) -> Option<BTreeSet<usize>> {
    let mut set = BTreeSet::new();
    let separator = |c: char| c == ',' || c.is_whitespace();
    for part in value.split(separator).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last > HIGHEST_PROCESSOR {
            return None;
        }
        set.extend(first..=last);
    }
    Some(set)
}

/// The text cpuset.cpus takes, `0-3,8`.
pub fn processor_text(set: &BTreeSet<usize>) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &member in set {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == member => *last = member,
            _ => ranges.push((member, member)),
        }
    }
    let text = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
}

/// Adds up numbers with units: each is a decimal number, white space if any, and a name of `units`.
fn sum(value: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = value.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (whole, fraction, scale) = decimal(&rest[..digits])?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let (_, factor) = units.iter().find(|(name, _)| *name == &rest[..letters])?;
        rest = rest[letters..].trim_start();
        let part = u128::from(fraction) * u128::from(*factor) / u128::from(scale);
        total = total.checked_add(whole.checked_mul(*factor)?)?;
        total = total.checked_add(u64::try_from(part).ok()?)?;
    }
    Some(total)
}

/// A decimal number as whole part, fraction, and what the fraction is parts of. Twelve places are looked at.
fn decimal(text: &str) -> Option<(u64, u64, u64)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') || fraction.contains('.') {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let places = &fraction[..fraction.len().min(12)];
    let scale = 10_u64.pow(u32::try_from(places.len()).ok()?);
    Some((whole, if places.is_empty() { 0 } else { places.parse().ok()? }, scale))
}

#[cfg(test)]
mod tests;
