//! One line of the log: when it came and the fields it has (systemd.journal-fields(7)).

use std::fmt;

/// A 128-bit identity (boot, machine, segment), as 32 hex digits in text.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// Reads 32 hex digits; dashes as in `/proc/sys/kernel/random/boot_id` are passed over.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.trim().bytes().filter(|byte| *byte != b'-').collect();
        let text = std::str::from_utf8(&digits).ok().filter(|text| text.len() == 32)?;
        u128::from_str_radix(text, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A field: its name and its value, which may be any bytes.
pub type Field = (String, Vec<u8>);

/// When something was logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Microseconds since 1970, UTC.
    pub realtime: u64,
    /// Microseconds since the boot.
    pub monotonic: u64,
    /// The boot.
    pub boot: Id,
}

/// An entry as the store keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The store it is of.
    pub store: Id,
    /// Its number in the store, without gaps.
    pub sequence: u64,
    /// When the log service received it.
    pub stamp: Stamp,
    /// The fields; a name may stand more than once.
    pub fields: Vec<Field>,
}

impl Entry {
    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        get(&self.fields, name)
    }

    /// The first value of a field as text, if it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The level, 0 (`emerg`) to 7 (`debug`).
    pub fn priority(&self) -> Option<u8> {
        priority(self.get("PRIORITY")?)
    }
}

/// The first value of a field of a list.
pub fn get<'a>(fields: &'a [Field], name: &str) -> Option<&'a [u8]> {
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
}

/// A field of text.
pub fn field(name: &str, value: impl Into<Vec<u8>>) -> Field {
    (name.to_owned(), value.into())
}

/// A level from its one digit.
pub fn priority(value: &[u8]) -> Option<u8> {
    match value {
        [digit @ b'0'..=b'7'] => Some(digit - b'0'),
        _ => None,
    }
}

/// Whether a name may be a field's: letters, digits and underscores, not a digit first, at most 64 (journal-fields(7)).
pub fn is_field_name(name: &[u8]) -> bool {
    matches!(name.first(), Some(b'A'..=b'Z' | b'_'))
        && name.len() <= 64
        && name.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}
