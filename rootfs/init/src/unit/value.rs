//! Values of single settings: booleans, time spans, sizes, modes (systemd.syntax(7), systemd.time(7)).

use std::time::Duration;

/// `yes`, `true`, `on`, `1`, `y`, `t` and their opposites, in any case.
pub fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

/// A time span: `5`, `1.5s`, `1min 30s`, `200ms`; `infinity` gives `Some(None)`.
pub fn time_span(value: &str) -> Option<Option<Duration>> {
    if value == "infinity" {
        return Some(None);
    }
    let mut total = Duration::ZERO;
    let mut rest = value.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "" | "s" | "sec" | "second" | "seconds" => 1.0,
            "us" | "usec" => 1e-6,
            "ms" | "msec" => 1e-3,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            "w" | "week" | "weeks" => 604_800.0,
            _ => return None,
        };
        rest = rest[letters..].trim_start();
        total = total.checked_add(Duration::try_from_secs_f64(number * unit).ok()?)?;
    }
    Some(Some(total))
}

/// A limit as rlimits and cgroups take it: a count with K, M, G or T (powers of 1024), or `infinity` as `Limit(None)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<u64>);

impl Limit {
    /// Parses a limit; `None` where it is none.
    pub fn parse(value: &str) -> Option<Self> {
        if value == "infinity" {
            return Some(Self(None));
        }
        let (digits, factor) = match value.as_bytes().last()? {
            b'K' => (&value[..value.len() - 1], 1 << 10),
            b'M' => (&value[..value.len() - 1], 1 << 20),
            b'G' => (&value[..value.len() - 1], 1 << 30),
            b'T' => (&value[..value.len() - 1], 1_u64 << 40),
            _ => (value, 1),
        };
        digits.parse::<u64>().ok()?.checked_mul(factor).map(|count| Self(Some(count)))
    }

    /// The text of a cgroup v2 limit file.
    pub fn cgroup_text(self) -> String {
        self.0.map_or_else(|| "max".to_owned(), |count| count.to_string())
    }
}

/// An octal file mode of at most `07777`.
pub fn mode(value: &str) -> Option<u32> {
    u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o7777)
}

#[cfg(test)]
mod tests;
