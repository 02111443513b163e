//! Release versions and the file names made of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The version of a release: 1 to 63 of `A-Z a-z 0-9 . - ~ ^`, beginning with a letter or digit.
///
/// `_` and `+` are left out because they delimit the version and the tries counter in the file name
/// of a UKI (Boot Loader Specification, "Boot counting").
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(String);

/// A text that is not a version.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a version: use 1 to 63 letters, digits, `.`, `-`, `~` or `^`, beginning with a letter or digit"
)]
pub struct VersionError(pub String);

/// How often a new UKI is tried before the loader falls back.
pub const TRIES: u8 = 3;

impl Version {
    /// The text of the version.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file name of this version's UKI with all its tries left, below `EFI/Linux` of the ESP.
    pub fn uki_name(&self) -> String {
        format!("keelson_{}+{TRIES}.efi", self.0)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-~^".contains(c);
        let fine = (1..=63).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(allowed);
        if fine { Ok(Self(text.to_owned())) } else { Err(VersionError(text.to_owned())) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_would_break_a_uki_name_are_refused() {
        for text in ["", "1.0+3", "a_b", "-1", "1 0", "ä", &"1".repeat(64)] {
            assert_eq!(text.parse::<Version>(), Err(VersionError(text.into())));
        }
        let version: Version = "0.1.0-5-gabcdef".parse().expect("a git description is a version");
        assert_eq!(version.uki_name(), "keelson_0.1.0-5-gabcdef+3.efi");
    }
}
