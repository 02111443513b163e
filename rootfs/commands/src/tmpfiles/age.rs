//! Ages: after what time things below a path are old (tmpfiles.d(5), "AGE").

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Error, Result, bail};

/// An age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// How old is old; zero is always.
    pub span: Duration,
    /// `~`: what is right below the path stays.
    pub keep_first: bool,
    /// The times that count for files.
    pub files: Times,
    /// The times that count for folders.
    pub folders: Times,
}

/// Which of the times of a file count; the youngest of them does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of four")]
pub struct Times {
    /// Last read.
    pub access: bool,
    /// Made.
    pub birth: bool,
    /// Last changed in any way.
    pub change: bool,
    /// Last written.
    pub modification: bool,
}

impl Times {
    fn add(&mut self, letter: char) {
        match letter {
            'a' => self.access = true,
            'b' => self.birth = true,
            'c' => self.change = true,
            _ => self.modification = true,
        }
    }
}

impl FromStr for Age {
    type Err = Error;

    /// `10d`, `~1w`, `am:10d`, `abcmABM:0`.
    fn from_str(text: &str) -> Result<Self> {
        let (keep_first, rest) = match text.strip_prefix('~') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (letters, span) = rest.split_once(':').unwrap_or(("abcmABM", rest));
        let (mut files, mut folders) = (Times::default(), Times::default());
        for letter in letters.chars() {
            match letter {
                'a' | 'b' | 'c' | 'm' => files.add(letter),
                'A' | 'B' | 'C' | 'M' => folders.add(letter.to_ascii_lowercase()),
                _ => bail!("'{letter}' is no time of a file, in '{text}'"),
            }
        }
        let span = keelson_units::value::time_span(span)
            .flatten()
            .with_context(|| format!("'{text}' is no age"))?;
        Ok(Self { span, keep_first, files, folders })
    }
}
