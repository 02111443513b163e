//! The text of unit files: sections, keys, continuations and comments (systemd.syntax(7)).
//!
//! It knows nothing of what a key means; `settings` does.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a line stands, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file the line was read from.
    pub file: PathBuf,
    /// Its first line, counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// One `Key=value` line, continuations joined by a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The section it stands in, without brackets.
    pub section: String,
    /// The key, without white space around it.
    pub key: String,
    /// The value, without white space around it; empty resets a list.
    pub value: String,
    /// Where it stands.
    pub place: Place,
}

/// Something in a unit file that is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Where it stands.
    pub place: Place,
    /// What is the matter.
    pub what: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Splits `text` into entries. Lines that are neither a section, a comment nor an assignment become remarks.
pub fn parse(text: &str, file: &Path, remarks: &mut Vec<Remark>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut section = None::<String>;
    for (line, content) in logical_lines(text) {
        let place = || Place { file: file.to_owned(), line };
        let mut remark = |what: String| remarks.push(Remark { place: place(), what });
        if let Some(name) = content.strip_prefix('[') {
            match name.strip_suffix(']') {
                Some(name) => section = Some(name.to_owned()),
                None => remark(format!("section header `{content}` has no closing bracket")),
            }
            continue;
        }
        let Some((key, value)) = content.split_once('=') else {
            remark(format!("`{content}` is no assignment; passed over"));
            continue;
        };
        match &section {
            Some(section) => entries.push(Entry {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                place: place(),
            }),
            None => remark(format!("`{}=` stands before any section; passed over", key.trim())),
        }
    }
    entries
}

/// The lines that carry something, trimmed, with the number of their first line.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open = None::<(usize, String)>;
    for (index, raw) in text.lines().enumerate() {
        let line = raw.trim();
        // A comment inside a continued value is passed over and the value goes on.
        if line.starts_with(['#', ';']) || (line.is_empty() && open.is_none()) {
            continue;
        }
        let (mut so_far, number) = match open.take() {
            Some((number, text)) => (text, number),
            None => (String::new(), index + 1),
        };
        so_far.push_str(line);
        if ends_open(line) {
            // The backslash becomes a space; quoted white space before it is kept.
            so_far.pop();
            so_far.push(' ');
            open = Some((number, so_far));
        } else {
            lines.push((number, so_far));
        }
    }
    lines.extend(open);
    lines
}

/// Whether an unescaped backslash ends the line.
fn ends_open(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests;
