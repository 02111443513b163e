//! The values of journalctl's options. Pure.

use keelson_units::value::Limit;

use super::{BootChoice, Lines};
use crate::journalctl::when;
use crate::service::config::level;

/// Whether a word names a boot.
pub fn is_boot(word: &str) -> bool {
    boot(word).is_ok() && !word.is_empty()
}

/// Whether a word is a number of lines.
pub fn is_count(word: &str) -> bool {
    word == "all" || word.strip_prefix('+').unwrap_or(word).parse::<usize>().is_ok()
}

/// `10`, `+10`, `all`; ten where none is given.
pub fn lines(text: Option<&str>) -> Result<Lines, lexopt::Error> {
    let number = |text: &str| {
        text.parse().map_err(|_| lexopt::Error::from(format!("`{text}` is no number of lines")))
    };
    match text {
        None => Ok(Lines::Last(10)),
        Some("all") => Ok(Lines::All),
        Some(text) => match text.strip_prefix('+') {
            Some(text) => number(text).map(Lines::First),
            None => number(text).map(Lines::Last),
        },
    }
}

/// `-1`, an identity, an identity and an offset, `all`; this boot where it is empty.
pub fn boot(text: &str) -> Result<BootChoice, lexopt::Error> {
    let wrong = || lexopt::Error::from(format!("`{text}` names no boot"));
    match text {
        "" => return Ok(BootChoice::Offset(0)),
        "all" => return Ok(BootChoice::All),
        _ => {}
    }
    if let Ok(offset) = text.parse() {
        return Ok(BootChoice::Offset(offset));
    }
    let (id, rest) = text.split_at_checked(32).ok_or_else(wrong)?;
    if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let offset = if rest.is_empty() { 0 } else { rest.parse().map_err(|_| wrong())? };
    Ok(BootChoice::Id(id.to_ascii_lowercase(), offset))
}

/// `warning` (that level and the weightier ones) or `err..info`.
pub fn levels(text: &str) -> Result<u16, lexopt::Error> {
    let one = |name: &str| {
        level(name).ok_or_else(|| lexopt::Error::from(format!("Unknown log level {name}")))
    };
    let (from, to) = match text.split_once("..") {
        Some((from, to)) => (one(from)?, one(to)?),
        None => (0, one(text)?),
    };
    Ok((from.min(to)..=from.max(to)).map(|level| 1 << level).sum())
}

/// Names or numbers of facilities, with commas between them.
pub fn facilities(text: &str) -> Result<Vec<u8>, lexopt::Error> {
    let names = [
        "kern",
        "user",
        "mail",
        "daemon",
        "auth",
        "syslog",
        "lpr",
        "news",
        "uucp",
        "cron",
        "authpriv",
        "ftp",
        "ntp",
        "security",
        "console",
        "solaris-cron",
        "local0",
        "local1",
        "local2",
        "local3",
        "local4",
        "local5",
        "local6",
        "local7",
    ];
    text.split(',')
        .map(|word| {
            let known = (0..)
                .zip(names)
                .find(|(number, name)| word == *name || word == format!("{number}"));
            known
                .map(|(number, _)| number)
                .ok_or_else(|| lexopt::Error::from(format!("Bad --facility= argument \"{word}\".")))
        })
        .collect()
}

/// A point in time.
pub fn moment(text: &str, now: u64) -> Result<u64, lexopt::Error> {
    when::parse(text, now).ok_or_else(|| format!("Failed to parse timestamp: {text}").into())
}

/// A size with K, M, G or T.
pub fn size(text: &str) -> Result<u64, lexopt::Error> {
    let size = Limit::parse(text.trim_end_matches('B')).and_then(|limit| limit.0);
    size.ok_or_else(|| format!("`{text}` is no size").into())
}
