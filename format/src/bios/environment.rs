//! The state of the boot on BIOS: an environment block of GRUB (its manual, "Environment block").
//!
//! 1024 bytes: a first line that marks it, lines `name=value`, `#` to the end. `version_1` is what is
//! started first, `tries_1` how often it may still be; without a number it is good.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use thiserror::Error;

use crate::uki::{MOST_TRIES, Tries};
use crate::version::Version;

/// Bytes of the block. GRUB writes it in place and never changes its length.
pub const BYTES: usize = 1024;
/// Bytes that the lines may have: one sector, so that a power failure leaves the old or the new state.
const LINES: usize = 512;
const MARK: &str = "# GRUB Environment Block\n";
/// UKIs that are known at most: two slots, one on its way, and one to spare.
pub const MOST_ENTRIES: usize = 4;

/// Which UKIs there are, the one to start first in front, and what they may be tried.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    entries: Vec<(Version, Tries)>,
}

/// Why a file is no environment of ours.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EnvironmentError {
    /// The first line is another.
    #[error("it does not begin with GRUB's first line")]
    Mark,
    /// The length is another.
    #[error("it has {0} bytes instead of {BYTES}")]
    Length(usize),
    /// A line that is none, or is not text.
    #[error("line {0} is no `name=value`")]
    Line(usize),
    /// A value that means nothing.
    #[error("`{name}` is `{value}`")]
    Value {
        /// The variable.
        name: String,
        /// Its value.
        value: String,
    },
    /// A version twice.
    #[error("version {0} is listed twice")]
    Twice(Version),
}

impl Environment {
    /// What there is to start, in this order.
    ///
    /// Newest first, as the loader on UEFI starts them; no more than [`MOST_ENTRIES`], the oldest are
    /// left out. Of a version that is given twice the first counts.
    pub fn new(entries: impl IntoIterator<Item = (Version, Tries)>) -> Self {
        let mut sorted: Vec<(Version, Tries)> = Vec::new();
        for entry in entries {
            if !sorted.iter().any(|(version, _)| *version == entry.0) {
                sorted.push(entry);
            }
        }
        sorted.sort_by(|a, b| b.0.compare(&a.0));
        sorted.truncate(MOST_ENTRIES);
        Self { entries: sorted }
    }

    /// The entries in the order of their starting.
    pub fn entries(&self) -> &[(Version, Tries)] {
        &self.entries
    }

    /// What a version may be tried, where it is known.
    pub fn tries(&self, version: &Version) -> Option<Tries> {
        self.entries.iter().find(|entry| entry.0 == *version).map(|entry| entry.1)
    }

    /// Reads a block. Variables of others are passed over.
    pub fn parse(block: &[u8]) -> Result<Self, EnvironmentError> {
        if block.len() != BYTES {
            return Err(EnvironmentError::Length(block.len()));
        }
        let lines = block.strip_prefix(MARK.as_bytes()).ok_or(EnvironmentError::Mark)?;
        let mut values: BTreeMap<&str, &str> = BTreeMap::new();
        for (line, number) in lines.split(|byte| *byte == b'\n').zip(2..) {
            // What is behind the last line are `#`s; no line of GRUB's begins with one.
            if line.first().is_none_or(|byte| *byte == b'#') {
                continue;
            }
            let pair = std::str::from_utf8(line).ok().and_then(|line| line.split_once('='));
            let (name, value) = pair.ok_or(EnvironmentError::Line(number))?;
            values.insert(name, value);
        }
        let mut entries: Vec<(Version, Tries)> = Vec::new();
        for number in 1..=MOST_ENTRIES {
            let wrong = |name: String, value: &str| {
                Err(EnvironmentError::Value { name, value: value.to_owned() })
            };
            let (name, tries) = (version_name(number), tries_name(number));
            let text = values.get(name.as_str()).copied().unwrap_or_default();
            if text.is_empty() {
                continue;
            }
            let Ok(version) = text.parse::<Version>() else { return wrong(name, text) };
            let left = values.get(tries.as_str()).copied().unwrap_or_default();
            let left = match left {
                "" => Tries::Good,
                digit if digit.len() == 1 => match digit.parse() {
                    Ok(left) => Tries::Left(left),
                    Err(_) => return wrong(tries, left),
                },
                other => return wrong(tries, other),
            };
            if entries.iter().any(|entry| entry.0 == version) {
                return Err(EnvironmentError::Twice(version));
            }
            entries.push((version, left));
        }
        Ok(Self { entries })
    }

    /// The block.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = MARK.to_owned();
        for ((version, tries), number) in self.entries.iter().zip(1..) {
            let left = match tries {
                Tries::Good => String::new(),
                Tries::Left(left) => (*left).min(MOST_TRIES).to_string(),
            };
            let (name, tries) = (version_name(number), tries_name(number));
            writeln!(text, "{name}={version}\n{tries}={left}")
                .expect("writing to a String cannot fail");
        }
        assert!(text.len() <= LINES, "four versions of 63 bytes fit");
        let mut block = text.into_bytes();
        block.resize(BYTES, b'#');
        block
    }
}

/// The variable with the version of an entry; entries count from 1.
pub fn version_name(number: usize) -> String {
    format!("version_{number}")
}

/// The variable with the tries that an entry has left.
pub fn tries_name(number: usize) -> String {
    format!("tries_{number}")
}

#[cfg(test)]
mod tests;
