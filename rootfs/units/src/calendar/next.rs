//! When a calendar event comes next.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::{Calendar, SECOND, Span, Zones};

/// No event is looked for beyond this year.
const LAST_YEAR: i64 = 2199;

/// More steps than the rarest event takes (a weekday on 29 February takes some hundreds).
const STEPS: usize = 20_000;

/// A moment on the wall clock, from year to microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wall {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    micros: i64,
}

impl Calendar {
    /// The first moment of the event after `after`, both in microseconds since 1970. None where there is none up to
    /// the year 2199, or where the time zone it names is not in the system.
    pub fn next_after(&self, after: i64, zones: &Zones) -> Option<i64> {
        let zone = zones.get(&self.zone)?;
        let mut wall = wall_of(after.checked_add(1)?, &zone)?;
        for _ in 0..STEPS {
            wall = self.search(wall)?;
            let civil = civil_of(&wall)?;
            match moment(civil, &zone, after) {
                Some(micros) => return Some(micros),
                // The clock is put forward over it: the search goes on where it is put.
                None => wall = wall_of(end_of_gap(civil, &zone)?, &zone)?,
            }
        }
        None
    }

    /// Whether a moment, in microseconds since 1970, is one of the event.
    pub fn matches(&self, micros: i64, zones: &Zones) -> bool {
        let wall = zones.get(&self.zone).and_then(|zone| wall_of(micros, &zone));
        wall.is_some_and(|wall| self.search(wall) == Some(wall))
    }

    /// The first moment of the wall clock at or after `wall` that fits.
    fn search(&self, mut wall: Wall) -> Option<Wall> {
        for _ in 0..STEPS {
            let year = first(&self.year, wall.year).filter(|year| *year <= LAST_YEAR)?;
            if year > wall.year {
                wall = Wall { year, month: 1, day: 1, hour: 0, minute: 0, micros: 0 };
            }
            match first(&self.month, wall.month).filter(|month| *month <= 12) {
                Some(month) if month == wall.month => {}
                Some(month) => wall = Wall { month, day: 1, hour: 0, minute: 0, micros: 0, ..wall },
                None => {
                    wall.year += 1;
                    wall = Wall { month: 1, day: 1, hour: 0, minute: 0, micros: 0, ..wall };
                    continue;
                }
            }
            let length = month_length(wall.year, wall.month)?;
            match self.first_day(wall.day, length) {
                Some(day) if day == wall.day => {}
                Some(day) => wall = Wall { day, hour: 0, minute: 0, micros: 0, ..wall },
                None => {
                    wall.month += 1;
                    wall = Wall { day: 1, hour: 0, minute: 0, micros: 0, ..wall };
                    continue;
                }
            }
            if !self.fits_weekday(&wall)? {
                wall.day += 1;
                wall = Wall { hour: 0, minute: 0, micros: 0, ..wall };
                continue;
            }
            if self.search_time(&mut wall) {
                return Some(wall);
            }
        }
        None
    }

    /// The time of the day; where there is none left, the next day begins.
    fn search_time(&self, wall: &mut Wall) -> bool {
        match first(&self.hour, wall.hour).filter(|hour| *hour < 24) {
            Some(hour) if hour == wall.hour => {}
            Some(hour) => *wall = Wall { hour, minute: 0, micros: 0, ..*wall },
            None => {
                *wall = Wall { day: wall.day + 1, hour: 0, minute: 0, micros: 0, ..*wall };
                return false;
            }
        }
        match first(&self.minute, wall.minute).filter(|minute| *minute < 60) {
            Some(minute) if minute == wall.minute => {}
            Some(minute) => *wall = Wall { minute, micros: 0, ..*wall },
            None => {
                *wall = Wall { hour: wall.hour + 1, minute: 0, micros: 0, ..*wall };
                return false;
            }
        }
        if let Some(micros) = self.first_second(wall.micros) {
            wall.micros = micros;
            return true;
        }
        *wall = Wall { minute: wall.minute + 1, micros: 0, ..*wall };
        false
    }

    /// `*` of seconds is every whole second.
    fn first_second(&self, micros: i64) -> Option<i64> {
        let every = [Span { start: 0, stop: None, repeat: SECOND }];
        let chain = if self.second.is_empty() { &every[..] } else { &self.second };
        first(chain, micros).filter(|micros| *micros < 60 * SECOND)
    }

    fn first_day(&self, day: i64, length: i64) -> Option<i64> {
        if !self.from_end {
            return first(&self.day, day).filter(|day| *day <= length);
        }
        // Seen from the end of the month, days run backwards.
        let spans: Vec<Span> = self.day.iter().map(|span| backwards(span, length)).collect();
        first(&spans, day).filter(|day| *day <= length)
    }

    fn fits_weekday(&self, wall: &Wall) -> Option<bool> {
        let Some(days) = self.weekdays else { return Some(true) };
        let weekday = date(wall)?.weekday().to_monday_zero_offset();
        Some(days & (1 << weekday) != 0)
    }
}

/// `~07/1` is the seventh last day and all after it; `~03..05` are the fifth, fourth and third last.
fn backwards(span: &Span, length: i64) -> Span {
    let from_start = |day: i64| length + 1 - day;
    match span.stop {
        Some(stop) => Span {
            start: from_start(stop),
            stop: Some(from_start(span.start)),
            repeat: span.repeat,
        },
        None => Span { start: from_start(span.start), ..*span },
    }
}

/// The first value of a chain at or after `value`.
fn first(chain: &[Span], value: i64) -> Option<i64> {
    if chain.is_empty() {
        return Some(value);
    }
    chain.iter().filter_map(|span| first_of(span, value)).min()
}

fn first_of(span: &Span, value: i64) -> Option<i64> {
    if span.start >= value {
        return Some(span.start);
    }
    if span.repeat == 0 {
        return None;
    }
    let steps = (value - span.start + span.repeat - 1) / span.repeat;
    let next = span.start + steps * span.repeat;
    (next <= span.stop.unwrap_or(i64::MAX)).then_some(next)
}

fn date(wall: &Wall) -> Option<Date> {
    let small = |number: i64| i8::try_from(number).ok();
    Date::new(i16::try_from(wall.year).ok()?, small(wall.month)?, small(wall.day)?).ok()
}

fn month_length(year: i64, month: i64) -> Option<i64> {
    let first = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
    Some(i64::from(first.days_in_month()))
}

fn wall_of(micros: i64, zone: &TimeZone) -> Option<Wall> {
    let civil = zone.to_datetime(Timestamp::from_microsecond(micros).ok()?);
    Some(Wall {
        year: civil.year().into(),
        month: civil.month().into(),
        day: civil.day().into(),
        hour: civil.hour().into(),
        minute: civil.minute().into(),
        micros: i64::from(civil.second()) * SECOND + i64::from(civil.subsec_nanosecond()) / 1000,
    })
}

fn civil_of(wall: &Wall) -> Option<DateTime> {
    let small = |number: i64| i8::try_from(number).ok();
    let nanoseconds = i32::try_from(wall.micros % SECOND * 1000).ok()?;
    let seconds = small(wall.micros / SECOND)?;
    Some(date(wall)?.at(small(wall.hour)?, small(wall.minute)?, seconds, nanoseconds))
}

/// The first moment after `after` at which the clock shows `civil`; none where it never does.
fn moment(civil: DateTime, zone: &TimeZone, after: i64) -> Option<i64> {
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return None;
    }
    let earlier = ambiguous.earlier().ok()?.as_microsecond();
    let later = ambiguous.later().ok()?.as_microsecond();
    [earlier, later].into_iter().find(|micros| *micros > after)
}

/// When the clock is put forward over `civil`.
fn end_of_gap(civil: DateTime, zone: &TimeZone) -> Option<i64> {
    let before = zone.to_ambiguous_timestamp(civil).earlier().ok()?;
    zone.following(before).next().map(|change| change.timestamp().as_microsecond())
}
