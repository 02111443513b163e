//! Mistakes in single values, the same for every kind of manifest.

use keelson_format::size::{ByteSize, SizeError};
use thiserror::Error;

use super::did_you_mean;

/// Why a value is not what its key takes.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ValueError {
    /// An empty text.
    #[error("`{key}` is empty")]
    EmptyText {
        /// The key.
        key: &'static str,
    },
    /// A list without entries.
    #[error("`{key}` is an empty list")]
    EmptyList {
        /// The key.
        key: &'static str,
    },
    /// A text that would break the line or the terminal it is printed on.
    #[error("`{key}` has a control character")]
    Control {
        /// The key.
        key: &'static str,
    },
    /// A name with characters that its use does not allow.
    #[error("`{name}` is not {what}: {rule}")]
    Name {
        /// What it should be.
        what: &'static str,
        /// The text.
        name: String,
        /// The characters that may stand in it.
        rule: &'static str,
    },
    /// A manifest has another name than its file.
    #[error("the {what} is named `{name}`, but its file is `{stem}.toml`")]
    FileName {
        /// Board or recipe.
        what: &'static str,
        /// The name in the manifest.
        name: String,
        /// The name of the file.
        stem: String,
    },
    /// A word that is not one of the list.
    #[error("`{found}` is not a value of `{key}`: use {known}")]
    Choice {
        /// The key.
        key: &'static str,
        /// The word.
        found: String,
        /// The words that may stand there, each in backquotes.
        known: String,
    },
    /// A number outside its range.
    #[error("`{key}` is {found}: use {least} to {most}")]
    Range {
        /// The key.
        key: &'static str,
        /// The number.
        found: i64,
        /// The smallest allowed.
        least: i64,
        /// The largest allowed.
        most: i64,
    },
    /// Text that is not a size.
    #[error(transparent)]
    Size(#[from] SizeError),
    /// A size of nothing.
    #[error("`{key}` is zero")]
    Zero {
        /// The key.
        key: &'static str,
    },
    /// A size that does not end where the next partition may begin.
    #[error("`{key}` is {size}, which is not a multiple of {unit}")]
    Multiple {
        /// The key.
        key: &'static str,
        /// The size.
        size: ByteSize,
        /// What it must be a multiple of.
        unit: ByteSize,
    },
    /// A size outside its bounds.
    #[error("`{key}` is {size}: use {least} to {most}")]
    Bounds {
        /// The key.
        key: &'static str,
        /// The size.
        size: ByteSize,
        /// The smallest allowed.
        least: ByteSize,
        /// The largest allowed.
        most: ByteSize,
    },
    /// A path that does not stay in the tree it is for.
    #[error("`{path}` is not a path in the tree: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Text that is not a mode.
    #[error("`{mode}` is not a mode: write four octal digits, as in `0755`")]
    Mode {
        /// The text.
        mode: String,
    },
    /// The same entry twice in a list.
    #[error("`{entry}` stands twice in `{key}`")]
    Twice {
        /// The key.
        key: &'static str,
        /// The entry.
        entry: String,
        /// `file:line` of the first.
        first: String,
    },
}

impl ValueError {
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Choice { found, known, .. } => {
                did_you_mean(found, known.split('`').skip(1).step_by(2))
            }
            Self::Twice { first, .. } => Some(format!("first at {first}")),
            _ => None,
        }
    }
}
