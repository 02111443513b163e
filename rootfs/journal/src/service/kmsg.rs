//! Records of /dev/kmsg (Documentation/ABI/testing/dev-kmsg). Pure.

use crate::entry::{Field, field, is_field_name};

/// A record of the kernel's ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number in the ring.
    pub sequence: u64,
    /// Microseconds since the boot.
    pub monotonic: u64,
    /// The level.
    pub priority: u8,
    /// The syslog facility; 0 is the kernel's.
    pub facility: u8,
    /// The text.
    pub message: Vec<u8>,
    /// `SUBSYSTEM=` and the like, which the kernel adds.
    pub properties: Vec<Field>,
}

/// Reads what one `read` of /dev/kmsg gave.
pub fn parse(bytes: &[u8]) -> Option<Record> {
    let separator = bytes.iter().position(|byte| *byte == b';')?;
    let head = std::str::from_utf8(&bytes[..separator]).ok()?;
    let mut numbers = head.split(',');
    let level: u32 = numbers.next()?.parse().ok()?;
    let sequence = numbers.next()?.parse().ok()?;
    let monotonic = numbers.next()?.parse().ok()?;
    let mut lines = bytes[separator + 1..].split(|byte| *byte == b'\n');
    let message = unescape(lines.next()?);
    let properties = lines.filter_map(|line| property(line.strip_prefix(b" ")?)).collect();
    Some(Record {
        sequence,
        monotonic,
        priority: u8::try_from(level & 7).ok()?,
        facility: u8::try_from((level >> 3) & 0xff).ok()?,
        message,
        properties,
    })
}

fn property(line: &[u8]) -> Option<Field> {
    let separator = line.iter().position(|byte| *byte == b'=')?;
    let name = &line[..separator];
    let name = std::str::from_utf8(name).ok().filter(|name| is_field_name(name.as_bytes()))?;
    Some(field(&format!("_KERNEL_{name}"), unescape(&line[separator + 1..])))
}

/// `\x0a` and its like stand for a byte.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        let escaped =
            rest.strip_prefix(b"\\x").and_then(|digits| digits.get(..2)).and_then(|digits| {
                let digits = std::str::from_utf8(digits).ok()?;
                u8::from_str_radix(digits, 16).ok()
            });
        if let Some(value) = escaped {
            out.push(value);
            rest = &rest[4..];
        } else {
            out.push(*byte);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests;
