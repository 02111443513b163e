//! The modes of one line: time, host, who, message.

use super::{Mode, Style};
use crate::civil::Civil;
use crate::entry::Entry;

/// The escapes around a message, by its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Before it.
    pub on: &'static str,
    /// After it.
    pub off: &'static str,
}

impl Palette {
    /// Those of an entry; empty without colours.
    pub fn of(entry: &Entry, style: &Style) -> Self {
        let on = match entry.priority() {
            Some(0..=3) => "\x1b[0;1;31m",
            Some(4) => "\x1b[0;1;38;5;185m",
            Some(5) => "\x1b[0;1;39m",
            Some(7) => "\x1b[0;38;5;245m",
            _ => "",
        };
        if style.colours && !on.is_empty() {
            Self { on, off: "\x1b[0m" }
        } else {
            Self { on: "", off: "" }
        }
    }
}

/// The line of an entry; further lines of its message stand below the first.
pub fn line(entry: &Entry, style: &Style, before: Option<u64>) -> Vec<u8> {
    let mut head = time(entry, style, before);
    let text = |name: &str| entry.get(name).and_then(|value| one_line(value, style.all));
    if let Some(host) = text("_HOSTNAME").filter(|_| !style.no_hostname) {
        head = format!("{head} {host}");
    }
    let unit = text("_SYSTEMD_UNIT").filter(|_| style.mode == Mode::WithUnit);
    let who = unit
        .or_else(|| text("SYSLOG_IDENTIFIER"))
        .or_else(|| text("_COMM"))
        .unwrap_or_else(|| "unknown".to_owned());
    let pid = text("SYSLOG_PID")
        .or_else(|| text("_PID"))
        .filter(|_| entry.get("_TRANSPORT") != Some(b"kernel"));
    let pid = pid.or_else(|| text("SYSLOG_PID")).map(|pid| format!("[{pid}]")).unwrap_or_default();
    head = format!("{head} {who}{pid}: ");
    let mut out = head.clone().into_bytes();
    let message = entry.get("MESSAGE").unwrap_or_default();
    let palette = Palette::of(entry, style);
    let Some(message) = visible(message, style.all) else {
        out.extend_from_slice(format!("[{} blob data]\n", bytes(message.len() as u64)).as_bytes());
        return out;
    };
    let message = message.trim_ascii_end();
    for (number, part) in message.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            if style.first_line {
                break;
            }
            out.push(b'\n');
            out.resize(out.len() + head.chars().count(), b' ');
        }
        out.extend_from_slice(palette.on.as_bytes());
        out.extend_from_slice(part);
        out.extend_from_slice(palette.off.as_bytes());
    }
    out.push(b'\n');
    out
}

fn time(entry: &Entry, style: &Style, before: Option<u64>) -> String {
    let source = |name: &str| entry.text(name).and_then(|text| text.parse::<u64>().ok());
    let realtime = source("_SOURCE_REALTIME_TIMESTAMP").unwrap_or(entry.stamp.realtime);
    let monotonic = source("_SOURCE_MONOTONIC_TIMESTAMP").unwrap_or(entry.stamp.monotonic);
    let civil = style.civil(realtime);
    let Civil { day, hour, minute, second, micros, .. } = civil;
    let clock = format!("{} {day:02} {hour:02}:{minute:02}:{second:02}", civil.month_name());
    let seconds = format!("{:5}.{:06}", monotonic / 1_000_000, monotonic % 1_000_000);
    match style.mode {
        Mode::ShortFull | Mode::WithUnit => full(&civil, false),
        Mode::ShortIso => {
            let text = civil.rfc3339_micros();
            format!("{}{}", &text[..19.min(text.len())], civil.offset_text())
        }
        Mode::ShortIsoPrecise => {
            let text = civil.rfc3339_micros();
            format!("{}{}", &text[..26.min(text.len())], civil.offset_text())
        }
        Mode::ShortPrecise => format!("{clock}.{micros:06}"),
        Mode::ShortMonotonic => format!("[{seconds}]"),
        Mode::ShortDelta => match before {
            None => format!("[{seconds}                ]"),
            Some(before) => {
                let passed = monotonic.saturating_sub(before);
                format!("[{seconds} <{:5}.{:06} >]", passed / 1_000_000, passed % 1_000_000)
            }
        },
        Mode::ShortUnix => format!("{}.{:06}", realtime / 1_000_000, realtime % 1_000_000),
        _ => clock,
    }
}

/// `Mon 2024-01-31 12:00:00 UTC`
pub fn full(civil: &Civil, precise: bool) -> String {
    let Civil { year, month, day, hour, minute, second, micros, zone, .. } = civil;
    let fraction = if precise { format!(".{micros:06}") } else { String::new() };
    let weekday = civil.weekday_name();
    format!(
        "{weekday} {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction} {zone}"
    )
}

/// A value that may be written to a terminal: without escapes, tabs as blanks. `None` for bytes that are no text.
pub fn visible(value: &[u8], all: bool) -> Option<Vec<u8>> {
    if all {
        return Some(value.to_vec());
    }
    let text = std::str::from_utf8(value).ok()?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\t' => out.push_str("        "),
            '\x1b' if rest.peek() == Some(&'[') => {
                rest.next();
                // A control sequence ends with a byte of 0x40 to 0x7e (ECMA-48, 5.4).
                while rest.next().is_some_and(|c| !('\x40'..='\x7e').contains(&c)) {}
            }
            c if c.is_control() && c != '\n' => return None,
            c => out.push(c),
        }
    }
    Some(out.into_bytes())
}

/// A value that stands before a message: its own line it cannot end, lest it forge the next.
fn one_line(value: &[u8], all: bool) -> Option<String> {
    let text = String::from_utf8(visible(value, all)?).ok()?;
    (!text.contains('\n')).then_some(text)
}

/// A number of bytes as people read it.
pub fn bytes(count: u64) -> String {
    let (mut value, mut tenths) = (count, 0);
    for unit in ["B", "K", "M", "G"] {
        if value < 1024 {
            return if unit == "B" {
                format!("{value}B")
            } else {
                format!("{value}.{tenths}{unit}")
            };
        }
        tenths = value % 1024 * 10 / 1024;
        value /= 1024;
    }
    format!("{value}.{tenths}T")
}
