//! The syntax of calendar events.

use std::str::FromStr;

use super::{Calendar, CalendarError, Chain, DAYS, SECOND, Span, ZoneName};

/// Shorthands and what they stand for.
const SHORTHANDS: &[(&str, &str)] = &[
    ("minutely", "*-*-* *:*:00"),
    ("hourly", "*-*-* *:00:00"),
    ("daily", "*-*-* 00:00:00"),
    ("weekly", "Mon *-*-* 00:00:00"),
    ("monthly", "*-*-01 00:00:00"),
    ("quarterly", "*-01,04,07,10-01 00:00:00"),
    ("semiannually", "*-01,07-01 00:00:00"),
    ("semi-annually", "*-01,07-01 00:00:00"),
    ("biannually", "*-01,07-01 00:00:00"),
    ("bi-annually", "*-01,07-01 00:00:00"),
    ("yearly", "*-01-01 00:00:00"),
    ("annually", "*-01-01 00:00:00"),
    ("anually", "*-01-01 00:00:00"),
];

const LONG_DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Years that may be meant.
const YEARS: (i64, i64) = (1970, 2199);

impl FromStr for Calendar {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let wrong = || CalendarError::Syntax(text.to_owned());
        let (body, zone) = split_zone(text);
        let lower = body.to_ascii_lowercase();
        let known = SHORTHANDS.iter().find(|(name, _)| *name == lower).map(|(_, long)| *long);
        let mut input = Input(known.unwrap_or(body));
        if input.0.is_empty() {
            return Err(wrong());
        }
        let weekdays = weekdays(&mut input).ok_or_else(wrong)?;
        let mut calendar = Self {
            text: text.to_owned(),
            weekdays,
            year: Chain::new(),
            month: Chain::new(),
            day: Chain::new(),
            from_end: false,
            hour: vec![single(0)],
            minute: vec![single(0)],
            second: vec![single(0)],
            zone,
        };
        if input.0.starts_with('@') {
            timestamp(&mut calendar, &mut input).ok_or_else(wrong)?;
        } else {
            date(&mut calendar, &mut input).ok_or_else(wrong)?;
            time(&mut calendar, &mut input).ok_or_else(wrong)?;
        }
        if !input.0.is_empty() {
            return Err(wrong());
        }
        normalise(&mut calendar);
        check(&calendar)?;
        Ok(calendar)
    }
}

/// What is not yet read.
struct Input<'a>(&'a str);

impl Input<'_> {
    fn take(&mut self, text: &str) -> bool {
        match self.0.strip_prefix(text) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn skip_spaces(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    fn digits(&mut self) -> Option<&str> {
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        (!digits.is_empty()).then_some(digits)
    }
}

fn single(value: i64) -> Span {
    Span { start: value, stop: None, repeat: 0 }
}

/// A last word that can only be the name of a zone.
fn split_zone(text: &str) -> (&str, ZoneName) {
    let Some((body, last)) = text.rsplit_once(' ') else { return (text, ZoneName::Local) };
    if last.eq_ignore_ascii_case("utc") {
        return (body.trim_end(), ZoneName::Utc);
    }
    let mut parts = last.split('/');
    let plain = parts.all(|part| {
        let first = part.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        first && part.chars().all(|c| c.is_ascii_alphanumeric() || "+-_".contains(c))
    });
    let day = weekdays(&mut Input(last)).flatten().is_some();
    if plain && !day {
        return (body.trim_end(), ZoneName::Named(last.to_owned()));
    }
    (text, ZoneName::Local)
}

/// Weekdays before the date, if any; `None` where they are malformed.
#[expect(clippy::option_option, reason = "outer: malformed; inner: every day")]
fn weekdays(input: &mut Input<'_>) -> Option<Option<u8>> {
    let mut days = 0_u8;
    let mut range_from = None::<usize>;
    loop {
        input.skip_spaces();
        let Some(day) = weekday(input) else {
            // A date may follow days, but not a comma or a range.
            return (days == 0 && range_from.is_none()).then_some(None).or_else(|| {
                let ended = range_from.is_none();
                (ended && days != 0).then_some(Some(days))
            });
        };
        match range_from.take() {
            Some(first) if first > day => return None,
            Some(first) => (first..=day).for_each(|day| days |= 1 << day),
            None => days |= 1 << day,
        }
        if input.take("..") || input.take("-") {
            range_from = Some(day);
        } else if input.take(",") {
            // `Wed, 17:48` is written by some.
        } else if input.0.is_empty() || input.0.starts_with(' ') {
            input.skip_spaces();
            return Some(Some(days));
        } else {
            return None;
        }
    }
}

fn weekday(input: &mut Input<'_>) -> Option<usize> {
    let letters = input.0.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = input.0.split_at(letters);
    let word = word.to_ascii_lowercase();
    let short = DAYS.iter().position(|day| day.to_ascii_lowercase() == word);
    let day = short.or_else(|| LONG_DAYS.iter().position(|day| *day == word))?;
    input.0 = rest;
    Some(day)
}

/// `@1395716396`: one moment, in UTC.
fn timestamp(calendar: &mut Calendar, input: &mut Input<'_>) -> Option<()> {
    input.take("@");
    let seconds = input.digits()?.parse().ok()?;
    let moment = jiff::Timestamp::from_second(seconds).ok()?;
    let civil = jiff::tz::TimeZone::UTC.to_datetime(moment);
    let chain = |number: i8| vec![single(i64::from(number))];
    calendar.year = vec![single(i64::from(civil.year()))];
    calendar.month = chain(civil.month());
    calendar.day = chain(civil.day());
    calendar.hour = chain(civil.hour());
    calendar.minute = chain(civil.minute());
    calendar.second = vec![single(i64::from(civil.second()) * SECOND)];
    calendar.zone = ZoneName::Utc;
    Some(())
}

/// `YEAR-MONTH-DAY` or `MONTH-DAY`, with `~` before days that count from the end. Nothing is read where a time stands.
fn date(calendar: &mut Calendar, input: &mut Input<'_>) -> Option<()> {
    if input.0.is_empty() {
        return Some(());
    }
    let start = input.0;
    let first = chain(input, false)?;
    if input.0.is_empty() || input.0.starts_with(':') {
        input.0 = start;
        return Some(());
    }
    let mut from_end = separator(input)?;
    let second = chain(input, false)?;
    if input.0.is_empty() || input.0.starts_with(' ') {
        (calendar.month, calendar.day) = (first, second);
    } else {
        if from_end {
            return None;
        }
        from_end = separator(input)?;
        (calendar.year, calendar.month) = (first, second);
        calendar.day = chain(input, false)?;
        if !(input.0.is_empty() || input.0.starts_with(' ')) {
            return None;
        }
    }
    calendar.from_end = from_end;
    input.skip_spaces();
    Some(())
}

/// Whether the separator says that days count from the end.
fn separator(input: &mut Input<'_>) -> Option<bool> {
    if input.take("~") {
        return Some(true);
    }
    input.take("-").then_some(false)
}

fn time(calendar: &mut Calendar, input: &mut Input<'_>) -> Option<()> {
    if input.0.is_empty() {
        return Some(());
    }
    calendar.hour = chain(input, false)?;
    if !input.take(":") {
        return None;
    }
    calendar.minute = chain(input, false)?;
    if input.take(":") {
        calendar.second = chain(input, true)?;
    }
    Some(())
}

/// `*`, or values with ranges and repetitions, parted by commas.
fn chain(input: &mut Input<'_>, micros: bool) -> Option<Chain> {
    if input.take("*") {
        return Some(Chain::new());
    }
    let mut chain = Chain::new();
    loop {
        let start = number(input, micros)?;
        let stop = if input.take("..") { Some(number(input, micros)?) } else { None };
        let unit = if micros { SECOND } else { 1 };
        let mut repeat = if stop.is_some() { unit } else { 0 };
        if input.take("/") {
            repeat = number(input, micros).filter(|repeat| *repeat > 0)?;
        }
        let span = match stop {
            Some(stop) if stop < start => return None,
            // A range too short for a second value is one value.
            Some(stop) if repeat > stop - start => single(start),
            // The end is the last value that is hit.
            Some(stop) => Span { start, stop: Some(stop - (stop - start) % repeat), repeat },
            None => Span { start, stop, repeat },
        };
        chain.push(span);
        if !input.take(",") {
            return Some(chain);
        }
    }
}

/// A number; of seconds in microseconds, rounded.
fn number(input: &mut Input<'_>, micros: bool) -> Option<i64> {
    let whole: i64 = input.digits()?.parse().ok()?;
    if whole > i64::from(i32::MAX) {
        return None;
    }
    if !micros {
        return Some(whole);
    }
    let mut value = whole * SECOND;
    if input.0.starts_with('.') && !input.0.starts_with("..") {
        input.take(".");
        let digits = input.digits()?;
        let mut scale = SECOND;
        for digit in digits.bytes().take(6).map(|byte| i64::from(byte - b'0')) {
            scale /= 10;
            value += digit * scale;
        }
        value += i64::from(digits.as_bytes().get(6).is_some_and(|byte| *byte >= b'5'));
    }
    Some(value)
}

fn normalise(calendar: &mut Calendar) {
    if calendar.weekdays == Some(0x7f) {
        calendar.weekdays = None;
    }
    if calendar.day.is_empty() {
        calendar.from_end = false;
    }
    let full = |year: i64| match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        year => year,
    };
    for span in &mut calendar.year {
        span.start = full(span.start);
        span.stop = span.stop.map(full);
    }
    let Calendar { year, month, day, hour, minute, second, .. } = calendar;
    for chain in [year, month, day, hour, minute, second] {
        chain.sort_unstable();
        chain.dedup();
    }
}

fn check(calendar: &Calendar) -> Result<(), CalendarError> {
    let parts = [
        ("year", &calendar.year, YEARS),
        ("month", &calendar.month, (1, 12)),
        ("day", &calendar.day, (1, if calendar.from_end { 28 } else { 31 })),
        ("hour", &calendar.hour, (0, 23)),
        ("minute", &calendar.minute, (0, 59)),
        ("second", &calendar.second, (0, 60 * SECOND - 1)),
    ];
    for (name, chain, range) in parts {
        let down = name == "day" && calendar.from_end;
        if !chain.iter().all(|span| fits(span, range, down)) {
            return Err(CalendarError::Range(name));
        }
    }
    Ok(())
}

/// A repetition must hit a second value within the range.
fn fits(span: &Span, (lowest, highest): (i64, i64), down: bool) -> bool {
    let inside = |value: i64| (lowest..=highest).contains(&value);
    let second = match span.stop {
        Some(stop) => inside(stop) && span.start + span.repeat <= stop,
        None if span.repeat == 0 => true,
        None if down => span.start - span.repeat >= lowest,
        None => span.start + span.repeat <= highest,
    };
    inside(span.start) && span.repeat <= highest - lowest && second
}
