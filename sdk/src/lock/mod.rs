//! The lock of a board: every Debian package a build may use, by version and SHA-256.
//!
//! The text is TOML, written in one fixed form so that two locks of the same content are the same bytes.
//! A package also names the packages of the same section it brings along, so that a build with no
//! network knows which part of a lock a request needs.

mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use self::text::LockError;
use crate::digest::Digest;

/// The only schema there is.
const SCHEMA: i64 = 1;

/// Pinned packages: those of the image and those of the SDK's tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The Debian suite all pins are from, such as `trixie`.
    pub suite: String,
    /// Packages whose files may enter an image, by name.
    pub image: BTreeMap<String, Pin>,
    /// Packages of the SDK's tools, by name.
    pub tools: BTreeMap<String, Pin>,
}

/// One pinned package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Debian version, with epoch.
    pub version: String,
    /// `amd64` or `all`.
    pub architecture: String,
    /// Length of the `.deb` in bytes.
    pub size: u64,
    /// Digest of the `.deb`.
    pub sha256: Digest,
    /// Names of the packages of the same section this one brings along, sorted.
    pub depends: Vec<String>,
}

impl Lock {
    /// A lock with no packages.
    pub fn empty(suite: &str) -> Self {
        Self { suite: suite.to_owned(), image: BTreeMap::new(), tools: BTreeMap::new() }
    }

    /// Reads a lock. `file` is the name used in errors.
    pub fn parse(source: &str, file: &str) -> Result<Self, LockError> {
        text::parse(source, file)
    }

    /// The text of this lock; the same content gives the same bytes.
    pub fn to_toml(&self) -> String {
        text::write(self)
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_toml())
    }
}

/// The part of a section that `names` need: the names themselves and all they bring along.
/// Names the section does not hold are in the second set.
pub(crate) fn closure<'a>(
    section: &'a BTreeMap<String, Pin>,
    names: &'a [String],
) -> (BTreeMap<&'a str, &'a Pin>, BTreeSet<&'a str>) {
    let mut found = BTreeMap::new();
    let mut absent = BTreeSet::new();
    let mut waiting: Vec<&str> = names.iter().map(String::as_str).collect();
    while let Some(name) = waiting.pop() {
        match section.get(name) {
            None => {
                absent.insert(name);
            }
            Some(pin) => {
                if found.insert(name, pin).is_none() {
                    waiting.extend(pin.depends.iter().map(String::as_str));
                }
            }
        }
    }
    (found, absent)
}

#[cfg(test)]
mod tests;
