//! What boards and recipes share: reading TOML, checking values, and errors that show their line.
//!
//! A manifest goes from text to a private mirror of its keys, and from there to a checked model.
//! Checks do not stop at the first mistake: they note it, go on with a stand-in, and the model is
//! given out only when nothing was noted. Nothing here does IO.

mod check;
mod origin;
mod read;
mod value;

use std::fmt;

use thiserror::Error;

use crate::board::BoardError;
use crate::plan::PlanError;
use crate::recipe::RecipeError;

pub use read::FormError;
pub use value::ValueError;

pub(crate) use check::{Checker, is_path};
pub(crate) use origin::{Origin, Span};
pub(crate) use read::{parse, stem};

/// The one form of manifests there is so far: the value of `schema`.
pub const SCHEMA: i64 = 1;

/// What is wrong in one place of a manifest.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Mistake {
    /// The text is not TOML, or not of the form of this manifest.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A value is not what its key takes.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The values of a board do not go together.
    #[error(transparent)]
    Board(#[from] BoardError),
    /// The values of a recipe do not go together.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Board and recipes do not go together.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Mistake {
    /// What the writer may have meant, or where the other half of a contradiction stands.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Form(error) => error.hint(),
            Self::Value(error) => error.hint(),
            Self::Board(error) => error.hint(),
            Self::Recipe(_) => None,
            Self::Plan(error) => error.hint(),
        }
    }
}

/// A mistake and its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Located {
    /// Name of the manifest as the caller gave it.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub mistake: Mistake,
    excerpt: origin::Excerpt,
}

impl fmt::Display for Located {
    /// `file:line:column: mistake`, the line with the place underlined, and a hint if there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let margin = " ".repeat(self.line.to_string().len());
        writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.mistake)?;
        writeln!(f, "{}", format!("{} | {}", self.line, self.excerpt.text).trim_end())?;
        write!(f, "{margin} | {}", self.excerpt.underline)?;
        match self.mistake.hint() {
            Some(hint) => write!(f, "\n{margin} = {hint}"),
            None => Ok(()),
        }
    }
}

/// Every mistake that was found, in the order of their places. Never empty.
#[derive(Debug, PartialEq, Eq)]
pub struct ManifestError(Vec<Located>);

impl ManifestError {
    /// The mistakes.
    pub fn mistakes(&self) -> &[Located] {
        &self.0
    }

    /// One mistake.
    pub(crate) fn one(origin: &Origin, span: &Span, mistake: impl Into<Mistake>) -> Self {
        Self(vec![origin.locate(span, mistake.into())])
    }
}

impl std::error::Error for ManifestError {}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, located) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{located}")?;
        }
        Ok(())
    }
}

/// `did you mean ...` with the candidate nearest to `word`, if one is near.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    const SIMILAR: f64 = 0.7;
    candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests;
