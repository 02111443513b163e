//! One value on its way into a setting: specifiers filled in, text read, mistakes told.

use std::path::{Component, Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::model::{NameError, UnitName};
use crate::specifiers::{SpecifierError, Specifiers};
use crate::value;
use crate::words::{self, WordError};

/// Why a setting is passed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mistake {
    /// The value is something else than what is expected.
    #[error("`{value}` is not {expected}")]
    NotA { value: String, expected: &'static str },
    /// Quotes or escapes.
    #[error(transparent)]
    Words(#[from] WordError),
    /// A specifier.
    #[error(transparent)]
    Specifier(#[from] SpecifierError),
    /// A unit name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The value is known but not to be had here.
    #[error("`{value}` is refused: {reason}")]
    Refused { value: String, reason: &'static str },
}

/// What a setter gives.
pub(crate) type Outcome = Result<(), Mistake>;

/// Puts a value into a section.
pub(crate) type Set<T> = fn(&mut T, &Value<'_>) -> Outcome;

/// A table of setters by directive.
pub(crate) type Table<T> = &'static [(&'static str, Set<T>)];

/// The setter of a directive.
pub(crate) fn setter<T>(table: Table<T>, key: &str) -> Option<Set<T>> {
    table.iter().find(|(name, _)| *name == key).map(|(_, set)| *set)
}

/// A value and what its specifiers stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    /// As written.
    pub raw: &'a str,
    /// Of the unit.
    pub specifiers: Specifiers<'a>,
}

/// A mistake of the kind "is not ...".
pub(crate) fn not_a(value: &str, expected: &'static str) -> Mistake {
    Mistake::NotA { value: value.to_owned(), expected }
}

/// An absolute path without `..`, `.` and doubled slashes.
pub(crate) fn absolute(text: &str) -> Result<PathBuf, Mistake> {
    let path = Path::new(text);
    let climbs = path.components().any(|part| part == Component::ParentDir);
    if !path.is_absolute() || climbs || text.contains('\0') {
        return Err(not_a(text, "an absolute path without `..`"));
    }
    Ok(path.components().collect())
}

impl Value<'_> {
    /// Whether it is empty, which resets a list or an optional value.
    pub fn is_reset(&self) -> bool {
        self.raw.is_empty()
    }

    /// The text, specifiers filled in.
    pub fn text(&self) -> Result<String, Mistake> {
        Ok(self.specifiers.expand(self.raw)?)
    }

    /// The words, specifiers filled in after splitting.
    pub fn words(&self) -> Result<Vec<String>, Mistake> {
        let words = words::split(self.raw)?;
        words.iter().map(|word| Ok(self.specifiers.expand(&word.text)?)).collect()
    }

    /// A yes or no.
    pub fn boolean(&self) -> Result<bool, Mistake> {
        value::boolean(self.raw).ok_or_else(|| not_a(self.raw, "yes or no"))
    }

    /// A number of the type's range.
    pub fn number<T: FromStr>(&self) -> Result<T, Mistake> {
        self.raw.parse().map_err(|_| not_a(self.raw, "a number in range"))
    }

    /// A number between two.
    pub fn between(&self, lowest: i64, highest: i64) -> Result<i64, Mistake> {
        let number = self.raw.parse().ok().filter(|number| (lowest..=highest).contains(number));
        number.ok_or_else(|| not_a(self.raw, "a number in range"))
    }

    /// A time span; none is for ever.
    pub fn span(&self) -> Result<Option<Duration>, Mistake> {
        value::time_span(self.raw).ok_or_else(|| not_a(self.raw, "a time span"))
    }

    /// A time span; for ever is the longest there is.
    pub fn finite_span(&self) -> Result<Duration, Mistake> {
        Ok(self.span()?.unwrap_or(Duration::MAX))
    }

    /// A time span of a timeout, where 0 means for ever as well.
    pub fn timeout(&self) -> Result<Option<Duration>, Mistake> {
        Ok(self.span()?.filter(|span| !span.is_zero()))
    }

    /// A size in bytes.
    pub fn size(&self) -> Result<u64, Mistake> {
        value::size(self.raw).ok_or_else(|| not_a(self.raw, "a size such as 64K"))
    }

    /// An octal mode.
    pub fn mode(&self) -> Result<u32, Mistake> {
        value::mode(self.raw).ok_or_else(|| not_a(self.raw, "an octal mode"))
    }

    /// A signal by name or number.
    pub fn signal(&self) -> Result<i32, Mistake> {
        crate::signal::number(self.raw).ok_or_else(|| not_a(self.raw, "a signal"))
    }

    /// One of a table of words.
    pub fn choice<T: Copy>(
        &self,
        table: &[(&str, T)],
        expected: &'static str,
    ) -> Result<T, Mistake> {
        let row = table.iter().find(|(name, _)| *name == self.raw);
        row.map(|(_, choice)| *choice).ok_or_else(|| not_a(self.raw, expected))
    }

    /// An absolute path.
    pub fn path(&self) -> Result<PathBuf, Mistake> {
        absolute(&self.text()?)
    }

    /// Unit names. A template gets the instance of the unit itself. Those that are none are told, the others kept.
    pub fn names(&self) -> (Vec<UnitName>, Outcome) {
        let words = match self.words() {
            Ok(words) => words,
            Err(mistake) => return (Vec::new(), Err(mistake)),
        };
        let (mut names, mut outcome) = (Vec::new(), Ok(()));
        for word in words {
            match self.name_of(&word) {
                Ok(name) => names.push(name),
                Err(mistake) => outcome = Err(mistake),
            }
        }
        (names, outcome)
    }

    /// One unit name.
    pub fn name(&self) -> Result<UnitName, Mistake> {
        self.name_of(&self.text()?)
    }

    fn name_of(&self, text: &str) -> Result<UnitName, Mistake> {
        let name: UnitName = text.parse()?;
        match self.specifiers.name.instance() {
            Some(instance) if name.is_template() && !instance.is_empty() => {
                Ok(name.with_instance(instance)?)
            }
            _ => Ok(name),
        }
    }
}

/// `field = value`, where there is one.
pub(crate) fn put<T>(field: &mut T, value: Result<T, Mistake>) -> Outcome {
    *field = value?;
    Ok(())
}

/// `field = what read gives`, or nothing where the value is empty.
pub(crate) fn optional<'v, T>(
    field: &mut Option<T>,
    value: &Value<'v>,
    read: impl FnOnce(&Value<'v>) -> Result<T, Mistake>,
) -> Outcome {
    *field = if value.is_reset() { None } else { Some(read(value)?) };
    Ok(())
}

/// Adds what `read` gives to a list, or empties it where the value is empty.
pub(crate) fn append<'v, T>(
    list: &mut Vec<T>,
    value: &Value<'v>,
    read: impl FnOnce(&Value<'v>) -> Result<Vec<T>, Mistake>,
) -> Outcome {
    if value.is_reset() {
        list.clear();
    } else {
        list.extend(read(value)?);
    }
    Ok(())
}
