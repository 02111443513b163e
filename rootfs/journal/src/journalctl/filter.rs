//! Which entries are shown. Pure.

use regex_lite::{Regex, RegexBuilder};

use crate::entry::{Entry, Id};
use crate::store::reader::Query;

pub use keelson_units::glob::{is_pattern as is_glob, matches as glob};

/// What an entry must be to be shown. An empty list asks for nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Names of units.
    pub units: Option<Vec<String>>,
    /// `NAME=value` matches: of one list all names must match, with any of their values; any list will do.
    pub matches: Vec<Vec<(String, Vec<u8>)>>,
    /// `SYSLOG_IDENTIFIER`s.
    pub identifiers: Vec<String>,
    /// `SYSLOG_IDENTIFIER`s that are not shown.
    pub excluded: Vec<String>,
    /// Bit N: level N is shown; `None` shows all.
    pub levels: Option<u16>,
    /// Syslog facilities.
    pub facilities: Vec<u8>,
    /// Boots.
    pub boots: Option<Vec<Id>>,
    /// An invocation of a unit.
    pub invocation: Option<String>,
    /// Only the kernel's lines.
    pub kernel: bool,
    /// The earliest time.
    pub since: Option<u64>,
    /// The latest time.
    pub until: Option<u64>,
    /// What the message must match.
    pub pattern: Option<Regex>,
}

impl Filter {
    /// What the indexes of the segments can answer of it.
    pub fn query(&self) -> Query {
        let slices = self.units.iter().flatten().any(|unit| unit.ends_with(".slice"));
        Query {
            since: self.since,
            until: self.until,
            boots: self.boots.clone(),
            units: self.units.clone().filter(|_| !slices),
            levels: self.levels,
        }
    }

    /// Whether an entry is shown.
    pub fn shows(&self, entry: &Entry) -> bool {
        let is = |name: &str, value: &str| {
            entry.get(name).is_some_and(|found| found == value.as_bytes())
        };
        self.since.is_none_or(|since| entry.stamp.realtime >= since)
            && self.until.is_none_or(|until| entry.stamp.realtime <= until)
            && self.boots.as_ref().is_none_or(|boots| boots.contains(&entry.stamp.boot))
            && self
                .levels
                .is_none_or(|levels| entry.priority().is_some_and(|level| levels & 1 << level != 0))
            && (!self.kernel || is("_TRANSPORT", "kernel"))
            && self.units.as_ref().is_none_or(|units| units.iter().any(|unit| of_unit(entry, unit)))
            && self.invocation.as_ref().is_none_or(|id| {
                let names =
                    ["_SYSTEMD_INVOCATION_ID", "INVOCATION_ID", "OBJECT_SYSTEMD_INVOCATION_ID"];
                names.iter().any(|name| is(name, id))
            })
            && (self.identifiers.is_empty()
                || self.identifiers.iter().any(|name| is("SYSLOG_IDENTIFIER", name)))
            && !self.excluded.iter().any(|name| is("SYSLOG_IDENTIFIER", name))
            && (self.facilities.is_empty()
                || self
                    .facilities
                    .iter()
                    .any(|facility| is("SYSLOG_FACILITY", &facility.to_string())))
            && (self.matches.is_empty() || self.matches.iter().any(|list| matches_all(entry, list)))
            && self.pattern.as_ref().is_none_or(|pattern| {
                let message = entry.get("MESSAGE").unwrap_or_default();
                pattern.is_match(&String::from_utf8_lossy(message))
            })
    }
}

/// Whether an entry is of a unit or, from the manager, about it.
pub fn of_unit(entry: &Entry, unit: &str) -> bool {
    let is = |name: &str| entry.get(name).is_some_and(|found| found == unit.as_bytes());
    let from_root = || entry.get("_UID").is_none_or(|uid| uid == b"0");
    is("_SYSTEMD_UNIT")
        || (unit.ends_with(".slice") && is("_SYSTEMD_SLICE"))
        || ((is("UNIT") || is("OBJECT_SYSTEMD_UNIT") || is("COREDUMP_UNIT")) && from_root())
}

fn matches_all(entry: &Entry, list: &[(String, Vec<u8>)]) -> bool {
    list.iter().all(|(name, _)| {
        let wanted = list.iter().filter(|(other, _)| other == name);
        let mut have = entry.fields.iter().filter(|(other, _)| other == name);
        have.any(|(_, value)| wanted.clone().any(|(_, want)| want == value))
    })
}

/// The expression of `--grep`; case counts only where it has an upper-case letter, unless `case_sensitive` says.
pub fn pattern(text: &str, case_sensitive: Option<bool>) -> Result<Regex, regex_lite::Error> {
    let sensitive = case_sensitive.unwrap_or_else(|| text.chars().any(char::is_uppercase));
    RegexBuilder::new(text).case_insensitive(!sensitive).build()
}

/// A unit's whole name: `.service` is added to one without a suffix.
pub fn unit_name(name: &str) -> String {
    let suffixes = [
        ".service",
        ".socket",
        ".target",
        ".device",
        ".mount",
        ".automount",
        ".swap",
        ".timer",
        ".path",
        ".slice",
        ".scope",
    ];
    let whole = suffixes.iter().any(|suffix| name.ends_with(suffix));
    if whole || is_glob(name) { name.to_owned() } else { format!("{name}.service") }
}

#[cfg(test)]
mod tests;
