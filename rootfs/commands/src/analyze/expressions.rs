//! `calendar`, `timestamp`, `timespan`: expressions of time in their normal form.

use anyhow::{Context, Result, bail};
use keelson_units::calendar::{Calendar, Zones};

use super::Options;
use crate::clock::{Zone, parse_moment, relative, span};
use crate::screen::Screen;

/// Calendar events, each with its next moments.
pub fn calendar(words: &[String], options: &Options, screen: &Screen) -> Result<String> {
    let base = match &options.base {
        Some(text) => parse_moment(text, screen.now, screen.zone)
            .with_context(|| format!("`{text}` is no time"))?,
        None => screen.now.real,
    };
    let zones = Zones::new(&options.root);
    let mut blocks = Vec::new();
    for word in some(words)? {
        let event: Calendar = word
            .parse()
            .with_context(|| format!("Failed to parse calendar specification '{word}'"))?;
        let mut out = String::new();
        let normal = event.to_string();
        if normal != *word {
            put!(out, "  Original form: {word}\n");
        }
        put!(out, "Normalized form: {normal}\n");
        let mut after = i64::try_from(base)?;
        for iteration in 1..=options.iterations {
            let Some(next) = event.next_after(after, &zones) else {
                put!(out, "    Next elapse: never\n");
                break;
            };
            let moment = u64::try_from(next)?;
            let label = if iteration == 1 {
                "Next elapse".to_owned()
            } else {
                format!("Iteration #{iteration}")
            };
            put!(out, "{label:>15}: {}\n", screen.zone.text(moment));
            if screen.zone == Zone::Local && screen.zone.text(moment) != Zone::Utc.text(moment) {
                put!(out, "{:>15}: {}\n", "(in UTC)", Zone::Utc.text(moment));
            }
            put!(out, "{:>15}: {}\n", "From now", relative(moment, screen.now.real));
            after = next;
        }
        blocks.push(out);
    }
    Ok(blocks.join("\n"))
}

/// Moments.
pub fn timestamps(words: &[String], screen: &Screen) -> Result<String> {
    let mut blocks = Vec::new();
    for word in some(words)? {
        let moment = parse_moment(word, screen.now, screen.zone)
            .with_context(|| format!("Failed to parse \"{word}\": Invalid argument"))?;
        let mut out =
            format!("  Original form: {word}\nNormalized form: {}\n", screen.zone.text(moment));
        if screen.zone.text(moment) != Zone::Utc.text(moment) {
            put!(out, "       (in UTC): {}\n", Zone::Utc.text(moment));
        }
        put!(out, "   UNIX seconds: @{}\n", moment / 1_000_000);
        put!(out, "       From now: {}\n", relative(moment, screen.now.real));
        blocks.push(out);
    }
    Ok(blocks.join("\n"))
}

/// Spans of time.
pub fn spans(words: &[String]) -> Result<String> {
    let mut blocks = Vec::new();
    for word in some(words)? {
        let micros = micros(word)?;
        blocks
            .push(format!("Original: {word}\n      μs: {micros}\n   Human: {}\n", span(micros, 1)));
    }
    Ok(blocks.join("\n"))
}

/// A span in microseconds.
pub fn micros(text: &str) -> Result<u64> {
    let span = keelson_units::value::time_span(text).flatten();
    let span = span.with_context(|| format!("Failed to parse time span '{text}'"))?;
    u64::try_from(span.as_micros()).context("the span is too long")
}

fn some(words: &[String]) -> Result<&[String]> {
    if words.is_empty() {
        bail!("Too few arguments.");
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Now, SECOND};

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn expressions_are_shown_in_their_normal_form() {
        let screen = Screen::plain(Now { real: 1_795_332_501 * SECOND, mono: 0 });
        assert_eq!(
            timestamps(&words(&["2026-11-22 07:30"]), &screen).expect("a moment"),
            "  Original form: 2026-11-22 07:30\nNormalized form: Sun 2026-11-22 07:30:00 UTC\n   \
             UNIX seconds: @1795332600\n       From now: 1min 39s left\n"
        );
        assert_eq!(
            spans(&words(&["90s", "1h 30"])).expect("spans"),
            "Original: 90s\n      μs: 90000000\n   Human: 1min 30s\n\n\
             Original: 1h 30\n      μs: 3630000000\n   Human: 1h 30s\n"
        );
        assert!(spans(&words(&["soon"])).is_err() && spans(&[]).is_err());
    }

    #[test]
    fn calendar_events_are_counted_on() {
        let screen = Screen::plain(Now { real: 1_795_332_501 * SECOND, mono: 0 });
        let options = Options {
            words: Vec::new(),
            root: "/nowhere".into(),
            iterations: 2,
            base: None,
            fuzz: 0,
            order_only: false,
            require_only: false,
            recursive: false,
        };
        assert_eq!(
            calendar(&words(&["Mon 10:00 UTC"]), &options, &screen).expect("an event"),
            "  Original form: Mon 10:00 UTC\nNormalized form: Mon *-*-* 10:00:00 UTC\n    \
             Next elapse: Mon 2026-11-23 10:00:00 UTC\n       From now: 1 day 2h left\n   \
             Iteration #2: Mon 2026-11-30 10:00:00 UTC\n       From now: 1 week 1 day left\n"
        );
        assert!(calendar(&words(&["often"]), &options, &screen).is_err());
    }
}
