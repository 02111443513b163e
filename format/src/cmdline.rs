//! The kernel command line: what the builder puts into a UKI and the initramfs reads.
//!
//! `usrhash=` is systemd's name for the root hash of `/usr`; `keelson.*` is ours.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::verity::RootHash;
use crate::version::Version;

/// The word that makes a boot live: `/` is in memory and no disk is looked for to keep it.
pub const LIVE: &str = "keelson.live";

/// What the kernel does when a block of `/usr` does not match the hash tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnCorruption {
    /// `panic_on_corruption`: panic, then restart after `panic=` seconds. Leaves a trace.
    Panic,
    /// `restart_on_corruption`: restart at once.
    Restart,
}

/// Whether `keelson.debug` is obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Debug {
    /// A refusal ends in a restart.
    Off,
    /// A refusal stays on the console where the command line has `keelson.debug`.
    Allowed,
}

/// The part of the command line that the boot depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cmdline {
    /// `usrhash=`: the one `/usr` that this UKI boots.
    pub root_hash: RootHash,
    /// `keelson.version=`.
    pub version: Version,
    /// `keelson.board=`.
    pub board: String,
    /// `keelson.verity=panic|restart`.
    pub on_corruption: OnCorruption,
    /// Everything else, in order: consoles, `panic=`, `keelson.debug`, the user's own.
    pub extra: Vec<String>,
}

/// Why a command line cannot boot.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CmdlineError {
    /// An option that the boot depends on is not there.
    #[error("the kernel command line has no `{0}=`")]
    Missing(&'static str),
    /// An option has a value that is not understood.
    #[error("the kernel command line has `{option}={value}`: {reason}")]
    Value {
        /// Name of the option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An option that must stand once stands more often.
    #[error("the kernel command line has `{0}=` more than once")]
    Twice(&'static str),
}

impl Cmdline {
    /// Whether a word stands on the command line.
    pub fn has(&self, word: &str) -> bool {
        self.extra.iter().any(|extra| extra == word)
    }

    /// The value of the last `name=value`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.extra.iter().rev().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

impl fmt::Display for Cmdline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on_corruption = match self.on_corruption {
            OnCorruption::Panic => "panic",
            OnCorruption::Restart => "restart",
        };
        write!(
            f,
            "usrhash={} keelson.version={} keelson.board={} keelson.verity={on_corruption}",
            self.root_hash, self.version, self.board
        )?;
        self.extra.iter().try_for_each(|word| write!(f, " {word}"))
    }
}

impl FromStr for Cmdline {
    type Err = CmdlineError;

    /// Reads a command line as `/proc/cmdline` shows it. Quoted words with spaces are kept whole.
    fn from_str(text: &str) -> Result<Self, CmdlineError> {
        let mut extra = words(text);
        let mut take = |option: &'static str| {
            let mut values = extra.extract_if(.., |word| {
                word.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
            });
            let word = values.next().ok_or(CmdlineError::Missing(option))?;
            match values.count() {
                0 => Ok(word[option.len() + 1..].to_owned()),
                _ => Err(CmdlineError::Twice(option)),
            }
        };
        let root_hash = take("usrhash")?;
        let version = take("keelson.version")?;
        let board = take("keelson.board")?;
        let on_corruption = take("keelson.verity")?;
        let wrong = |option, value: &str, reason: String| CmdlineError::Value {
            option,
            value: value.to_owned(),
            reason,
        };
        Ok(Self {
            root_hash: root_hash.parse().map_err(|e: crate::verity::HexError| {
                wrong("usrhash", &root_hash, e.to_string())
            })?,
            version: version.parse().map_err(|e: crate::version::VersionError| {
                wrong("keelson.version", &version, e.to_string())
            })?,
            board,
            on_corruption: match on_corruption.as_str() {
                "panic" => OnCorruption::Panic,
                "restart" => OnCorruption::Restart,
                other => {
                    let reason = "expected `panic` or `restart`".to_owned();
                    return Err(wrong("keelson.verity", other, reason));
                }
            },
            extra,
        })
    }
}

/// Splits at spaces outside double quotes, as the kernel does. The quotes stay in the words.
pub fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in text.trim_end_matches(['\0', '\n']).chars() {
        match c {
            '"' => {
                quoted = !quoted;
                words.last_mut().expect("never empty").push(c);
            }
            c if c.is_whitespace() && !quoted => words.push(String::new()),
            c => words.last_mut().expect("never empty").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cmdline() -> Cmdline {
        Cmdline {
            root_hash: RootHash::from_bytes([0xab; 32]),
            version: "1.0".parse().expect("a version"),
            board: "amd64-usr".to_owned(),
            on_corruption: OnCorruption::Panic,
            extra: vec!["console=ttyS0".to_owned(), "x=\"a b\"".to_owned(), "quiet".to_owned()],
        }
    }

    #[test]
    fn a_command_line_survives_its_text() {
        assert_eq!(cmdline().to_string().parse(), Ok(cmdline()));
        assert_eq!((cmdline().value("console"), cmdline().has("quiet")), (Some("ttyS0"), true));
    }

    #[test]
    fn what_cannot_boot_is_refused_by_option() {
        let text = cmdline().to_string();
        for (from, to, error) in [
            ("usrhash=", "userhash=", CmdlineError::Missing("usrhash")),
            ("quiet", "usrhash=00", CmdlineError::Twice("usrhash")),
            (
                "keelson.verity=panic",
                "keelson.verity=ignore",
                CmdlineError::Value {
                    option: "keelson.verity",
                    value: "ignore".into(),
                    reason: "expected `panic` or `restart`".into(),
                },
            ),
        ] {
            assert_eq!(text.replace(from, to).parse::<Cmdline>(), Err(error));
        }
    }
}
