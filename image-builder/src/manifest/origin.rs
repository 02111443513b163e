//! Where a manifest came from: its name and text, and places in it.

use std::ops::Range;
use std::sync::Arc;

use super::{Located, Mistake};

/// A range of bytes in the text of a manifest.
pub(crate) type Span = Range<usize>;

/// The name and the text of a manifest, cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    file: Arc<str>,
    text: Arc<str>,
}

/// A line as it is shown, and what goes below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) underline: String,
}

impl std::fmt::Debug for Origin {
    /// The name alone; the text would bury everything else.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Origin({})", self.file)
    }
}

impl Origin {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self { file: file.into(), text: text.into() }
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// `file:line` of a place, for hints that point to a second one.
    pub(crate) fn line_of(&self, span: &Span) -> String {
        let (line, _) = self.line_and_start(span.start);
        format!("{}:{line}", self.file)
    }

    /// `file:line:column` of the first string `text`; of the file alone if it is not in it.
    pub(crate) fn place_of(&self, text: &str) -> String {
        let Some(at) = self.text.find(&format!("\"{text}\"")) else { return self.file.to_string() };
        let (line, start) = self.line_and_start(at);
        format!("{}:{line}:{}", self.file, self.text[start..at].chars().count() + 1)
    }

    pub(super) fn locate(&self, span: &Span, mistake: Mistake) -> Located {
        let (line, start) = self.line_and_start(span.start);
        let at = floor(&self.text, span.start);
        let rest = &self.text[start..];
        let content = rest.lines().next().unwrap_or_default();
        let before = self.text[start..at].chars().count();
        let end = floor(&self.text, span.end).min(start + content.len()).max(at);
        let width = self.text[at..end].chars().count();
        let file = self.file.to_string();
        let excerpt = Excerpt::new(content, before, width);
        Located { file, line, column: before + 1, mistake, excerpt }
    }

    /// Number of the line that holds the byte `at`, and its first byte.
    fn line_and_start(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..floor(&self.text, at)];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, start)
    }
}

impl Excerpt {
    /// Shows `line` with `width` characters after the first `before` underlined.
    /// Of a long line only the surroundings of the place are shown.
    fn new(line: &str, before: usize, width: usize) -> Self {
        const SHOWN: usize = 120;
        const LEAD: usize = 40;
        let skipped = if line.chars().count() > SHOWN { before.saturating_sub(LEAD) } else { 0 };
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        let text = line.chars().skip(skipped).take(SHOWN).map(visible).collect::<String>();
        let indent = before - skipped;
        let width = width.min(SHOWN.saturating_sub(indent)).max(1);
        let underline = " ".repeat(indent) + &"^".repeat(width);
        Self { text, underline }
    }
}

/// The largest character boundary of `text` that is not behind `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}
