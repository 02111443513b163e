//! Points in time as people write them (systemd.time(7), "Parsing Timestamps"). Pure but for the zone of this host.

use keelson_units::value::time_span;

use crate::civil::{Civil, micros_of};

const DAY: u64 = 86_400_000_000;

/// Reads a point in time, in microseconds since 1970; `now` is this moment.
pub fn parse(text: &str, now: u64) -> Option<u64> {
    let text = text.trim();
    let span = |text: &str| u64::try_from(time_span(text.trim())??.as_micros()).ok();
    match text.as_bytes().first()? {
        b'@' => return span(&format!("{}s", &text[1..])),
        b'+' => return now.checked_add(span(&text[1..])?),
        b'-' => return Some(now.saturating_sub(span(&text[1..])?)),
        _ => {}
    }
    if let Some(text) = text.strip_suffix(" ago") {
        return Some(now.saturating_sub(span(text)?));
    }
    if let Some(text) = text.strip_suffix(" left") {
        return now.checked_add(span(text)?);
    }
    if text == "now" {
        return Some(now);
    }
    let (text, zone) = split_zone(text);
    let utc = zone.is_some();
    let moment = calendar(text, now, utc)?;
    moment.checked_add_signed(-zone.unwrap_or(0) * 1_000_000)
}

/// Takes `UTC`, `Z` or `+01:00` off the end: what is left, and seconds east of UTC.
fn split_zone(text: &str) -> (&str, Option<i64>) {
    if let Some(rest) = text.strip_suffix(" UTC") {
        return (rest.trim_end(), Some(0));
    }
    if let Some(rest) = text.strip_suffix('Z').filter(|rest| rest.contains(':')) {
        return (rest.trim_end(), Some(0));
    }
    // The sign of an offset stands after the time of day; one before it belongs to the date.
    let Some(colon) = text.find(':') else { return (text, None) };
    let Some(sign) = text[colon..].find(['+', '-']).map(|place| colon + place) else {
        return (text, None);
    };
    let digits: String = text[sign + 1..].chars().filter(|c| *c != ':').collect();
    let whole = |digits: &str| digits.parse::<i64>().ok();
    let seconds = match digits.len() {
        2 => whole(&digits).map(|hours| hours * 3600),
        4 if digits.is_ascii() => {
            whole(&digits[..2]).zip(whole(&digits[2..])).map(|(h, m)| h * 3600 + m * 60)
        }
        _ => None,
    };
    match seconds {
        Some(seconds) => {
            let east = if text.as_bytes()[sign] == b'-' { -seconds } else { seconds };
            (text[..sign].trim_end(), Some(east))
        }
        None => (text, None),
    }
}

fn calendar(text: &str, now: u64, utc: bool) -> Option<u64> {
    let today = |at: u64| if utc { Civil::utc(at) } else { Civil::local(at) };
    let midnight = |at: u64| {
        let day = today(at);
        micros_of(day.year, day.month, day.day, 0, utc)
    };
    match text {
        "today" => return midnight(now),
        "yesterday" => return midnight(midnight(now)?.checked_sub(DAY / 2)?),
        "tomorrow" => return midnight(midnight(now)? + DAY + DAY / 2),
        _ => {}
    }
    let text = without_weekday(text);
    let separator = text.find([' ', 'T']);
    let (date, time) = match separator {
        Some(place) => (Some(&text[..place]), Some(text[place + 1..].trim())),
        None if text.contains(':') => (None, Some(text)),
        None => (Some(text), None),
    };
    let (year, month, day) = if let Some(date) = date {
        parse_date(date)?
    } else {
        let day = today(now);
        (day.year, day.month, day.day)
    };
    let (seconds, micros) = time.map_or(Some((0, 0)), parse_time)?;
    micros_of(year, month, day, seconds, utc)?.checked_add(micros)
}

fn without_weekday(text: &str) -> &str {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let long = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    match text.split_once(' ') {
        Some((word, rest))
            if days
                .iter()
                .chain(&long)
                .any(|day| word.trim_end_matches(',').eq_ignore_ascii_case(day)) =>
        {
            rest.trim_start()
        }
        _ => text,
    }
}

fn parse_date(text: &str) -> Option<(i64, u32, u32)> {
    let mut parts = text.split('-');
    let year = parts.next()?;
    let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let number: i64 = year.parse().ok()?;
    let number =
        if year.len() == 2 { number + if number < 69 { 2000 } else { 1900 } } else { number };
    parts.next().is_none().then_some((number, month, day))
}

/// Seconds of the day and microseconds.
fn parse_time(text: &str) -> Option<(i64, u64)> {
    let mut parts = text.split(':');
    let hour: i64 = parts.next()?.parse().ok().filter(|hour| (0..24).contains(hour))?;
    let minute: i64 = parts.next()?.parse().ok().filter(|minute| (0..60).contains(minute))?;
    let (second, micros) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
            let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
            (whole.parse().ok().filter(|second| (0..61).contains(second))?, digits.parse().ok()?)
        }
    };
    parts.next().is_none().then_some((hour * 3600 + minute * 60 + second, micros))
}

#[cfg(test)]
mod tests;
