//! Names of UKIs on the ESP, and what they say about tries (Boot Loader Specification, "Boot counting").

use std::fmt;

use crate::version::Version;

/// The folder on the ESP.
pub const FOLDER: &str = "EFI/Linux";

/// The most tries that all loaders can count.
pub const MOST_TRIES: u8 = 9;

/// What a UKI may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tries {
    /// It has come up: it is not counted any more.
    Good,
    /// It has not yet, and this many tries are left.
    Left(u8),
}

impl Tries {
    /// What holds where two places say something: good is good, else the fewer tries.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        match (self, other) {
            (Self::Good, _) | (_, Self::Good) => Self::Good,
            (Self::Left(a), Self::Left(b)) => Self::Left(a.min(b)),
        }
    }
}

/// The name of a UKI: `keelson_VERSION.efi`, or `keelson_VERSION+LEFT[-DONE].efi` while it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UkiName {
    /// The version.
    pub version: Version,
    /// What is left.
    pub tries: Tries,
    /// How often it was tried; the loader counts this up.
    pub done: u8,
}

impl UkiName {
    /// Reads the name of a file; `None` for one that is none of ours.
    pub fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_prefix("keelson_")?.strip_suffix(".efi")?;
        let Some((version, counter)) = stem.split_once('+') else {
            return Some(Self { version: stem.parse().ok()?, tries: Tries::Good, done: 0 });
        };
        let (left, done) = counter.split_once('-').unwrap_or((counter, "0"));
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().unwrap_or(u8::MAX))
        };
        let (left, done) = (number(left)?, number(done)?);
        Some(Self { version: version.parse().ok()?, tries: Tries::Left(left), done })
    }

    /// The same UKI when `tries` are left, which are no more than now.
    #[must_use]
    pub fn with(&self, tries: Tries) -> Self {
        let done = match (self.tries, tries) {
            (Tries::Left(before), Tries::Left(after)) => {
                self.done.saturating_add(before.saturating_sub(after))
            }
            _ => 0,
        };
        Self { version: self.version.clone(), tries, done }
    }
}

impl fmt::Display for UkiName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, tries, done } = self;
        match (tries, done) {
            (Tries::Good, _) => write!(f, "keelson_{version}.efi"),
            (Tries::Left(left), 0) => write!(f, "keelson_{version}+{left}.efi"),
            (Tries::Left(left), done) => write!(f, "keelson_{version}+{left}-{done}.efi"),
        }
    }
}

#[cfg(test)]
mod tests;
