//! Release versions and the file names made of them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

mod order;

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

    /// Which of two is newer, as the boot loader on UEFI decides (UAPI.10, "Version Format").
    ///
    /// Different texts may be equally new, as `1.0` and `1.00`; the text then decides.
    pub fn compare(&self, other: &Self) -> Ordering {
        order::compare(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_are_ordered_as_the_specification_says() {
        // Its examples, and ours; each is older than the next.
        let order = [
            "0~1",
            "0",
            "0.1.a",
            "0.1.0~rc1",
            "0.1.0",
            "0.1.0-1",
            "0.1.0-5-gabcdef",
            "0.1.0-10-g012345",
            "0.1.0^git1",
            "0.1.0.1",
            "0.1.1",
            "0.9",
            "0.10",
            "1",
            "10",
            "123",
            "123.a",
            "123.a-1",
        ];
        for (at, a) in order.iter().enumerate() {
            for (bt, b) in order.iter().enumerate() {
                let (x, y): (Version, Version) =
                    (a.parse().expect("a version"), b.parse().expect("a version"));
                assert_eq!(x.compare(&y), at.cmp(&bt), "{a} and {b}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_order_is_total(
            a in "[0-2][0-2a.~^-]{0,6}", b in "[0-2][0-2a.~^-]{0,6}", c in "[0-2][0-2a.~^-]{0,6}",
        ) {
            let [a, b, c] = [a, b, c].map(|text| text.parse::<Version>().expect("a version"));
            prop_assert_eq!(a.compare(&b), b.compare(&a).reverse());
            prop_assert_eq!(a.compare(&b) == Ordering::Equal, a == b);
            if a.compare(&b).is_le() && b.compare(&c).is_le() {
                prop_assert!(a.compare(&c).is_le());
            }
        }
    }

    #[test]
    fn versions_that_would_break_a_uki_name_are_refused() {
        for text in ["", "1.0+3", "a_b", "-1", "1 0", "ä", &"1".repeat(64)] {
            assert_eq!(text.parse::<Version>(), Err(VersionError(text.into())));
        }
        let version: Version = "0.1.0-5-gabcdef".parse().expect("a git description is a version");
        assert_eq!(version.uki_name(), "keelson_0.1.0-5-gabcdef+3.efi");
    }
}
