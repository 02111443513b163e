//! Where the values of a JSON text stand: line and column by path, for errors that are no syntax errors.

use std::collections::BTreeMap;

/// Line and column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// The position of each value, by its path such as `storage.files[0].path`.
#[derive(Clone, Debug, Default)]
pub struct Positions(BTreeMap<String, Position>);

impl Positions {
    /// Scans a text that a JSON parser has accepted. Of another text some positions are missing.
    pub fn scan(text: &str) -> Self {
        let mut scanner = Scanner { rest: text, line: 1, column: 1, found: BTreeMap::new() };
        scanner.value("", 0);
        Self(scanner.found)
    }

    /// The position of the value at `path`, else of the nearest one around it.
    pub fn of(&self, path: &str) -> Option<Position> {
        let mut path = path;
        loop {
            if let Some(position) = self.0.get(path) {
                return Some(*position);
            }
            if path.is_empty() {
                return None;
            }
            path = &path[..path.rfind(['.', '[']).unwrap_or(0)];
        }
    }
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
    column: usize,
    found: BTreeMap<String, Position>,
}

/// As deep as serde_json reads.
const DEEPEST: usize = 128;

impl Scanner<'_> {
    fn value(&mut self, path: &str, depth: usize) {
        self.space();
        self.found.insert(path.to_owned(), Position { line: self.line, column: self.column });
        match self.peek() {
            Some('{') if depth < DEEPEST => {
                self.next();
                self.members(path, depth);
            }
            Some('[') if depth < DEEPEST => {
                self.next();
                self.elements(path, depth);
            }
            Some('"') => {
                self.string();
            }
            _ => {
                while self
                    .peek()
                    .is_some_and(|c| !matches!(c, ',' | '}' | ']') && !c.is_whitespace())
                {
                    self.next();
                }
            }
        }
    }

    fn members(&mut self, path: &str, depth: usize) {
        loop {
            self.space();
            if self.peek() != Some('"') {
                break;
            }
            let key = self.string();
            self.space();
            if self.peek() != Some(':') {
                return;
            }
            self.next();
            let path = if path.is_empty() { key } else { format!("{path}.{key}") };
            self.value(&path, depth + 1);
            if !self.comma() {
                break;
            }
        }
        self.next();
    }

    fn elements(&mut self, path: &str, depth: usize) {
        let mut index = 0;
        loop {
            self.space();
            if matches!(self.peek(), None | Some(']')) {
                break;
            }
            self.value(&format!("{path}[{index}]"), depth + 1);
            index += 1;
            if !self.comma() {
                break;
            }
        }
        self.next();
    }

    fn comma(&mut self) -> bool {
        self.space();
        self.peek() == Some(',') && self.next().is_some()
    }

    /// A key with an escape in it keeps the escape, which only matters to its own position.
    fn string(&mut self) -> String {
        let mut text = String::new();
        self.next();
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '\\' => {
                    text.push(c);
                    text.extend(self.next());
                }
                other => text.push(other),
            }
        }
        text
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }
}

#[cfg(test)]
mod tests;
