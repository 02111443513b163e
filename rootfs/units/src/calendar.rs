//! Calendar events (systemd.time(7), "CALENDAR EVENTS"): read, written in systemd's normal form, and when the next is.

use std::fmt;

mod next;
mod parse;
mod zone;

pub use zone::Zones;

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// A calendar event such as `Mon..Fri *-*-* 10:00:00`. Two are equal if they were written alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// As written.
    pub text: String,
    /// Bit 0 is Monday; none is every day.
    weekdays: Option<u8>,
    year: Chain,
    month: Chain,
    day: Chain,
    /// Days count from the end of the month: 1 is the last.
    from_end: bool,
    hour: Chain,
    minute: Chain,
    /// In microseconds.
    second: Chain,
    zone: ZoneName,
}

/// The values a part of a date or time may have; an empty one is every value.
type Chain = Vec<Span>;

/// One value, or several at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    start: i64,
    /// None has no end, or, where `repeat` is 0, is a single value.
    stop: Option<i64>,
    /// The distance; 0 is a single value.
    repeat: i64,
}

/// The time zone an event is meant in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ZoneName {
    Local,
    Utc,
    /// A name of the IANA database.
    Named(String),
}

/// Why a text is no calendar event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// It cannot be read.
    #[error("`{0}` is no calendar event")]
    Syntax(String),
    /// A part is outside of what it can be.
    #[error("the {0} is out of range")]
    Range(&'static str),
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// systemd's normal form.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(days) = self.weekdays {
            write_days(f, days)?;
            f.write_str(" ")?;
        }
        write_chain(f, &self.year, 4)?;
        f.write_str("-")?;
        write_chain(f, &self.month, 2)?;
        f.write_str(if self.from_end { "~" } else { "-" })?;
        write_chain(f, &self.day, 2)?;
        f.write_str(" ")?;
        write_chain(f, &self.hour, 2)?;
        f.write_str(":")?;
        write_chain(f, &self.minute, 2)?;
        f.write_str(":")?;
        write_seconds(f, &self.second)?;
        match &self.zone {
            ZoneName::Local => Ok(()),
            ZoneName::Utc => f.write_str(" UTC"),
            ZoneName::Named(name) => write!(f, " {name}"),
        }
    }
}

/// Runs of three and more are written as a range.
fn write_days(f: &mut fmt::Formatter<'_>, days: u8) -> fmt::Result {
    let mut day = 0;
    let mut separator = "";
    while day < DAYS.len() {
        if days & (1 << day) == 0 {
            day += 1;
            continue;
        }
        let run = (day..DAYS.len()).take_while(|next| days & (1 << next) != 0).count();
        write!(f, "{separator}{}", DAYS[day])?;
        if run > 1 {
            write!(f, "{}{}", if run > 2 { ".." } else { "," }, DAYS[day + run - 1])?;
        }
        separator = ",";
        day += run;
    }
    Ok(())
}

fn write_chain(f: &mut fmt::Formatter<'_>, chain: &[Span], width: usize) -> fmt::Result {
    if chain.is_empty() {
        return f.write_str("*");
    }
    for (at, span) in chain.iter().enumerate() {
        let separator = if at == 0 { "" } else { "," };
        write!(f, "{separator}{:0width$}", span.start)?;
        if let Some(stop) = span.stop {
            write!(f, "..{stop:0width$}")?;
        }
        if span.repeat > 0 && !(span.stop.is_some() && span.repeat == 1) {
            write!(f, "/{}", span.repeat)?;
        }
    }
    Ok(())
}

fn write_seconds(f: &mut fmt::Formatter<'_>, chain: &[Span]) -> fmt::Result {
    if chain.is_empty() {
        return f.write_str("*");
    }
    let number = |f: &mut fmt::Formatter<'_>, micros: i64, width: usize| {
        write!(f, "{:0width$}", micros / SECOND)?;
        match micros % SECOND {
            0 => Ok(()),
            rest => write!(f, ".{rest:06}"),
        }
    };
    for (at, span) in chain.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { "," })?;
        number(f, span.start, 2)?;
        if let Some(stop) = span.stop {
            f.write_str("..")?;
            number(f, stop, 2)?;
        }
        if span.repeat > 0 && !(span.stop.is_some() && span.repeat == SECOND) {
            f.write_str("/")?;
            number(f, span.repeat, 1)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
