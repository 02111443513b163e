//! Moments as people write them (systemd.time(7), "PARSING TIMESTAMPS").

use super::{Now, SECOND, Zone};

const DAY: u64 = 86_400 * SECOND;

/// Microseconds since 1970 of a text such as `2026-11-22 07:28`, `tomorrow`, `+5min`, `2h ago` or `@1795332501`.
pub fn parse(text: &str, now: Now, zone: Zone) -> Option<u64> {
    let text = text.trim();
    let (text, zone) = match text.strip_suffix(" UTC") {
        Some(rest) => (rest.trim_end(), Zone::Utc),
        None => (text, zone),
    };
    let midnight = |micros: u64| {
        let day = zone.civil(micros)?;
        zone.micros((day.year, day.month, day.day), (0, 0, 0))
    };
    match text {
        "now" => return Some(now.real),
        "today" => return midnight(now.real),
        "yesterday" => return midnight(now.real.checked_sub(DAY)?),
        "tomorrow" => return midnight(now.real.checked_add(DAY)?),
        _ => {}
    }
    if let Some(seconds) = text.strip_prefix('@') {
        return span(&format!("{seconds}s"));
    }
    if let Some(rest) = text.strip_prefix('+').or_else(|| text.strip_suffix(" left")) {
        return now.real.checked_add(span(rest)?);
    }
    if let Some(rest) = text.strip_prefix('-').or_else(|| text.strip_suffix(" ago")) {
        return now.real.checked_sub(span(rest)?);
    }
    absolute(text, now, zone)
}

fn span(text: &str) -> Option<u64> {
    u64::try_from(keelson_units::value::time_span(text)??.as_micros()).ok()
}

/// `[WEEKDAY] [DATE] [TIME]`; a missing date is today, a missing time midnight. A wrong weekday is refused.
fn absolute(text: &str, now: Now, zone: Zone) -> Option<u64> {
    let mut words: Vec<&str> = text.split([' ', 'T']).filter(|word| !word.is_empty()).collect();
    let weekday = words.first().and_then(|word| weekday(word));
    if weekday.is_some() {
        words.remove(0);
    }
    let (date, time) = match words[..] {
        [one] if one.contains(':') => (None, Some(one)),
        [one] => (Some(one), None),
        [date, time] => (Some(date), Some(time)),
        _ => return None,
    };
    let date = match date {
        Some(date) => parse_date(date)?,
        None => zone.civil(now.real).map(|day| (day.year, day.month, day.day))?,
    };
    let micros = zone.micros(date, time.map_or(Some((0, 0, 0)), parse_time)?)?;
    let found = zone.civil(micros)?;
    (weekday.is_none_or(|weekday| weekday == found.weekday)
        && (found.month, found.day) == (date.1, date.2))
        .then_some(micros)
}

/// The number of a weekday's name, from Sunday.
fn weekday(word: &str) -> Option<u8> {
    const NAMES: [&str; 7] =
        ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    let word = word.to_ascii_lowercase();
    let found = NAMES.iter().position(|name| *name == word || word == name[..3])?;
    u8::try_from(found).ok()
}

fn parse_date(text: &str) -> Option<(i32, u8, u8)> {
    let mut parts = text.split('-');
    let date =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let year: i32 = if date.0 < 70 { date.0 + 2000 } else { date.0 };
    let sane = parts.next().is_none()
        && (1970..=9999).contains(&year)
        && (1..=12).contains(&date.1)
        && date.2 <= 31;
    sane.then_some((year, date.1, date.2))
}

/// `HH:MM[:SS[.FRACTION]]`; the fraction is passed over.
pub fn parse_time(text: &str) -> Option<(u8, u8, u8)> {
    let mut parts = text.split(':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let second = match parts.next() {
        Some(second) => second.split_once('.').map_or(second, |(whole, _)| whole).parse().ok()?,
        None => 0,
    };
    (parts.next().is_none() && hour < 24 && minute < 60 && second < 60)
        .then_some((hour, minute, second))
}
