//! Sizes in bytes, written as people write them in manifests: `64 KiB`, `1GiB`, `512`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A number of bytes. Text is an integer and an optional unit `B`, `KiB`, `MiB`, `GiB` or `TiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

/// Why a size could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SizeError {
    /// The text does not begin with an integer.
    #[error(
        "`{0}` is not a size: write an integer and one of B, KiB, MiB, GiB, TiB, as in `64 MiB`"
    )]
    NotANumber(String),
    /// The unit is not one of the binary units.
    #[error("`{0}` is not a unit of size: use B, KiB, MiB, GiB or TiB")]
    Unit(String),
    /// More than 2^64 - 1 bytes.
    #[error("`{0}` does not fit in 64 bits")]
    TooLarge(String),
}

const UNITS: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl ByteSize {
    /// A size of `bytes` bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A size of `n` MiB.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
        if digits == 0 {
            return Err(SizeError::NotANumber(text.to_owned()));
        }
        let number: u64 =
            trimmed[..digits].parse().map_err(|_| SizeError::TooLarge(text.to_owned()))?;
        let unit = trimmed[digits..].trim();
        let factor = match unit {
            "" => 1,
            _ => {
                UNITS
                    .iter()
                    .find(|(name, _)| *name == unit)
                    .ok_or_else(|| SizeError::Unit(unit.to_owned()))?
                    .1
            }
        };
        number.checked_mul(factor).map(Self).ok_or_else(|| SizeError::TooLarge(text.to_owned()))
    }
}

impl fmt::Display for ByteSize {
    /// The largest unit that gives an integer: `1 GiB`, `1536 MiB`, `513 B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, factor) in UNITS {
            if self.0 >= factor && self.0.is_multiple_of(factor) {
                return write!(f, "{} {name}", self.0 / factor);
            }
        }
        write!(f, "{} B", self.0)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed_in_binary_units() {
        for (text, bytes, printed) in [
            ("512", 512, "512 B"),
            ("64 KiB", 65536, "64 KiB"),
            ("1GiB", 1 << 30, "1 GiB"),
            ("1536 MiB", 1536 << 20, "1536 MiB"),
            ("0", 0, "0 B"),
        ] {
            let size: ByteSize = text.parse().expect(text);
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, printed));
        }
    }

    #[test]
    fn wrong_sizes_say_what_is_wrong() {
        for (text, error) in [
            ("", SizeError::NotANumber(String::new())),
            ("GiB", SizeError::NotANumber("GiB".into())),
            ("1 GB", SizeError::Unit("GB".into())),
            ("99999999 TiB", SizeError::TooLarge("99999999 TiB".into())),
        ] {
            assert_eq!(text.parse::<ByteSize>(), Err(error));
        }
    }
}
