//! The native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): entries of `NAME=value` lines, or of a name, a length of 64
//! bits and a value of any bytes. Pure.

use crate::entry::{Field, is_field_name};

/// The most fields of one entry.
const MAX_FIELDS: usize = 1024;
/// The most fields and the most entries of one datagram, which bound the memory any client can make the service take.
const MAX_ALL_FIELDS: usize = 8192;
const MAX_ENTRIES: usize = 1024;

/// What a datagram or a memory file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The entries, each with the fields a client may set.
    pub entries: Vec<Vec<Field>>,
    /// Whether the bytes ended within a field, a line was none or there were too many; what was whole before is in
    /// `entries`.
    pub malformed: bool,
}

/// Reads a datagram. Names that begin with an underscore are the service's own to set and are passed over.
pub fn parse(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let mut entry = Vec::new();
    let mut rest = bytes;
    let mut fields = 0;
    while !rest.is_empty() {
        let Some((name, value, after)) = line(rest) else {
            parsed.malformed = true;
            break;
        };
        rest = after;
        if name.is_empty() && value.is_none() {
            close(&mut parsed, &mut entry);
            continue;
        }
        let Some(value) = value else {
            parsed.malformed = true;
            break;
        };
        let Ok(text) = std::str::from_utf8(name) else { continue };
        if !is_field_name(name) || text.starts_with('_') {
            continue;
        }
        fields += 1;
        if fields > MAX_ALL_FIELDS || parsed.entries.len() >= MAX_ENTRIES {
            parsed.malformed = true;
            break;
        }
        if entry.len() < MAX_FIELDS {
            entry.push((text.to_owned(), value.to_vec()));
        } else {
            parsed.malformed = true;
        }
    }
    close(&mut parsed, &mut entry);
    parsed
}

fn close(parsed: &mut Parsed, entry: &mut Vec<Field>) {
    if !entry.is_empty() {
        parsed.entries.push(std::mem::take(entry));
    }
}

/// A name, its value (`None` for an empty line) and what follows.
type Line<'a> = (&'a [u8], Option<&'a [u8]>, &'a [u8]);

/// The first line or field.
fn line(bytes: &[u8]) -> Option<Line<'_>> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let after = bytes.get(end + 1..).unwrap_or_default();
    let text = &bytes[..end];
    if text.is_empty() {
        return Some((text, None, after));
    }
    if let Some(equals) = text.iter().position(|byte| *byte == b'=') {
        return Some((&text[..equals], Some(&text[equals + 1..]), after));
    }
    let (length, data) = after.split_at_checked(8)?;
    let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let (value, after) = data.split_at_checked(length)?;
    Some((text, Some(value), after.strip_prefix(b"\n")?))
}

#[cfg(test)]
mod tests;
