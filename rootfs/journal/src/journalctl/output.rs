//! How entries look: the modes of `--output=`. Pure: entries in, bytes out.

mod json;
pub mod short;

use std::str::FromStr;

use crate::civil::Civil;
use crate::entry::Entry;

pub use short::{Palette, visible};

/// A mode of `--output=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Month, day and time as syslog has them.
    Short,
    /// With weekday, year and zone.
    ShortFull,
    /// RFC 3339.
    ShortIso,
    /// RFC 3339 with microseconds.
    ShortIsoPrecise,
    /// As `Short` with microseconds.
    ShortPrecise,
    /// Seconds since the boot.
    ShortMonotonic,
    /// The same, and the time since the line before.
    ShortDelta,
    /// Seconds since 1970.
    ShortUnix,
    /// As `ShortFull` with the unit for the identifier.
    WithUnit,
    /// The message alone.
    Cat,
    /// All fields, a line each.
    Verbose,
    /// The export format.
    Export,
    /// An object of JSON a line.
    Json,
    /// The same over several lines.
    JsonPretty,
    /// JSON text sequences (RFC 7464).
    JsonSeq,
    /// Server-sent events.
    JsonSse,
}

const MODES: [(&str, Mode); 16] = [
    ("short", Mode::Short),
    ("short-full", Mode::ShortFull),
    ("short-iso", Mode::ShortIso),
    ("short-iso-precise", Mode::ShortIsoPrecise),
    ("short-precise", Mode::ShortPrecise),
    ("short-monotonic", Mode::ShortMonotonic),
    ("short-delta", Mode::ShortDelta),
    ("short-unix", Mode::ShortUnix),
    ("with-unit", Mode::WithUnit),
    ("cat", Mode::Cat),
    ("verbose", Mode::Verbose),
    ("export", Mode::Export),
    ("json", Mode::Json),
    ("json-pretty", Mode::JsonPretty),
    ("json-seq", Mode::JsonSeq),
    ("json-sse", Mode::JsonSse),
];

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = MODES.iter().find(|(name, _)| *name == text);
        known.map(|(_, mode)| *mode).ok_or_else(|| format!("Unknown output format '{text}'."))
    }
}

/// How entries are to look.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Clone, Debug)]
pub struct Style {
    /// The mode.
    pub mode: Mode,
    /// Times in UTC.
    pub utc: bool,
    /// Without the host's name.
    pub no_hostname: bool,
    /// Bytes that are no text in full.
    pub all: bool,
    /// The first line of a message alone.
    pub first_line: bool,
    /// Colours by level.
    pub colours: bool,
    /// Only these fields; empty for all.
    pub fields: Vec<String>,
}

impl Style {
    /// A mode and nothing else.
    pub fn plain(mode: Mode) -> Self {
        let (utc, no_hostname, all, first_line, colours) = (false, false, false, false, false);
        Self { mode, utc, no_hostname, all, first_line, colours, fields: Vec::new() }
    }

    /// The bytes of an entry, with the newline. `before` is the time since the boot of the one before it.
    pub fn render(&self, entry: &Entry, before: Option<u64>) -> Vec<u8> {
        match self.mode {
            Mode::Json => json::object(entry, self, false),
            Mode::JsonPretty => json::object(entry, self, true),
            Mode::JsonSeq => [b"\x1e".to_vec(), json::object(entry, self, false)].concat(),
            Mode::JsonSse => {
                [b"data: ".to_vec(), json::object(entry, self, false), b"\n".to_vec()].concat()
            }
            Mode::Export => export(entry, self),
            Mode::Verbose => verbose(entry, self),
            Mode::Cat => cat(entry, self),
            _ => short::line(entry, self, before),
        }
    }

    fn civil(&self, micros: u64) -> Civil {
        if self.utc { Civil::utc(micros) } else { Civil::local(micros) }
    }

    fn wants(&self, name: &str) -> bool {
        self.fields.is_empty() || self.fields.iter().any(|field| field == name)
    }
}

/// The place of an entry, as `--cursor=` takes it.
pub fn cursor(entry: &Entry) -> String {
    let Entry { store, sequence, stamp, .. } = entry;
    let (monotonic, realtime) = (stamp.monotonic, stamp.realtime);
    format!("s={store};i={sequence:x};b={};m={monotonic:x};t={realtime:x};x=0", stamp.boot)
}

/// What addresses an entry, under the names exports have for it.
fn addresses(entry: &Entry) -> Vec<(&'static str, String)> {
    vec![
        ("__CURSOR", cursor(entry)),
        ("__REALTIME_TIMESTAMP", entry.stamp.realtime.to_string()),
        ("__MONOTONIC_TIMESTAMP", entry.stamp.monotonic.to_string()),
        ("__SEQNUM", entry.sequence.to_string()),
        ("__SEQNUM_ID", entry.store.to_string()),
    ]
}

fn cat(entry: &Entry, style: &Style) -> Vec<u8> {
    let names =
        if style.fields.is_empty() { vec!["MESSAGE".to_owned()] } else { style.fields.clone() };
    let mut out = Vec::new();
    let palette = Palette::of(entry, style);
    for value in names.iter().filter_map(|name| entry.get(name)) {
        out.extend_from_slice(palette.on.as_bytes());
        out.extend_from_slice(value);
        out.extend_from_slice(palette.off.as_bytes());
        out.push(b'\n');
    }
    out
}

fn verbose(entry: &Entry, style: &Style) -> Vec<u8> {
    let time = short::full(&style.civil(entry.stamp.realtime), true);
    let mut out = format!("{time} [{}]\n", cursor(entry)).into_bytes();
    let mut fields: Vec<_> = entry.fields.iter().filter(|(name, _)| style.wants(name)).collect();
    fields.sort();
    for (name, value) in fields {
        out.extend_from_slice(b"    ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        match visible(value, style.all) {
            Some(text) => out.extend_from_slice(&text),
            None => out.extend_from_slice(
                format!("[{} blob data]", short::bytes(value.len() as u64)).as_bytes(),
            ),
        }
        out.push(b'\n');
    }
    out
}

fn export(entry: &Entry, style: &Style) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in addresses(entry) {
        out.extend_from_slice(format!("{name}={value}\n").as_bytes());
    }
    let fields = entry.fields.iter().filter(|(name, _)| name == "_BOOT_ID" || style.wants(name));
    for (name, value) in fields {
        out.extend_from_slice(name.as_bytes());
        let text = std::str::from_utf8(value)
            .is_ok_and(|text| !text.chars().any(|c| c.is_control() && c != '\t'));
        if text {
            out.push(b'=');
        } else {
            out.push(b'\n');
            out.extend_from_slice(&(value.len() as u64).to_le_bytes());
        }
        out.extend_from_slice(value);
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests;
