//! Words of a value: quotes, escapes, specifiers and variables (systemd.service(5), "COMMAND LINES").

use std::collections::BTreeMap;

/// Why a value cannot be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// A quote is open at the end.
    #[error("a {0} quote is never closed")]
    OpenQuote(char),
    /// A specifier this manager does not know.
    #[error("unknown specifier %{0}")]
    Specifier(char),
}

/// What the specifiers of a unit stand for.
#[derive(Clone, Debug)]
pub struct Specifiers<'a> {
    /// The full name, `foo@bar.service`.
    pub name: &'a str,
}

impl Specifiers<'_> {
    /// Replaces `%n %N %p %i %I %t %S %C %L %E %%` in `value`.
    pub fn expand(&self, value: &str) -> Result<String, WordError> {
        let stem = self.name.rsplit_once('.').map_or(self.name, |(stem, _)| stem);
        let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
        let mut out = String::with_capacity(value.len());
        let mut chars = value.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('%') | None => out.push('%'),
                Some('n') => out.push_str(self.name),
                Some('N') => out.push_str(stem),
                Some('p') => out.push_str(prefix),
                Some('i') => out.push_str(instance),
                Some('I') => out.push_str(&instance.replace('-', "/")),
                Some('t') => out.push_str("/run"),
                Some('S') => out.push_str("/var/lib"),
                Some('C') => out.push_str("/var/cache"),
                Some('L') => out.push_str("/var/log"),
                Some('E') => out.push_str("/etc"),
                Some(other) => return Err(WordError::Specifier(other)),
            }
        }
        Ok(out)
    }
}

/// A word, and whether any of it was quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The text without its quotes.
    pub text: String,
    /// A quoted `"$A"` is not split into several arguments.
    pub quoted: bool,
}

/// Splits a value into words at white space outside quotes.
pub fn split(value: &str) -> Result<Vec<Word>, WordError> {
    let mut words = Vec::new();
    let mut word = None::<Word>;
    let mut quote = None::<char>;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert(Word { text: String::new(), quoted: false }).quoted = true;
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, '\\') => {
                let word = word.get_or_insert(Word { text: String::new(), quoted: false });
                match chars.next() {
                    Some('n') => word.text.push('\n'),
                    Some('t') => word.text.push('\t'),
                    Some('s') => word.text.push(' '),
                    Some(c @ ('\\' | '"' | '\'')) => word.text.push(c),
                    Some(other) => word.text.extend(['\\', other]),
                    None => word.text.push('\\'),
                }
            }
            (_, c) => word.get_or_insert(Word { text: String::new(), quoted: false }).text.push(c),
        }
    }
    if let Some(open) = quote {
        return Err(WordError::OpenQuote(open));
    }
    words.extend(word);
    Ok(words)
}

/// Puts the environment into the words of a command: `$A` alone becomes as many arguments as its value has words,
/// `${A}` anywhere becomes its value, `$$` a dollar. Unknown variables are empty.
pub fn substitute(words: &[Word], environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut arguments = Vec::new();
    for word in words {
        let alone = word.text.strip_prefix('$').filter(|name| is_name(name));
        if let (Some(name), false) = (alone, word.quoted) {
            let value = environment.get(name).map_or("", String::as_str);
            arguments.extend(value.split_whitespace().map(str::to_owned));
        } else {
            arguments.push(substitute_inside(&word.text, environment));
        }
    }
    arguments
}

fn substitute_inside(text: &str, environment: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
            .filter(|(name, _)| is_name(name))
        {
            out.push_str(environment.get(name).map_or("", String::as_str));
            rest = after;
        } else {
            let length = rest.find(|c: char| !is_name_char(c)).unwrap_or(rest.len());
            if is_name(&rest[..length]) {
                out.push_str(environment.get(&rest[..length]).map_or("", String::as_str));
                rest = &rest[length..];
            } else {
                out.push('$');
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_name(text: &str) -> bool {
    text.chars().all(is_name_char) && text.starts_with(|c: char| !c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
