//! Words of a value: quotes, escapes and variables (systemd.syntax(7), "QUOTING"; systemd.service(5), "COMMAND LINES").

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// Why a value cannot be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// A quote is open at the end.
    #[error("a {0} quote is never closed")]
    OpenQuote(char),
    /// An escape that gives no character: `\x` without digits, a zero, a code point there is not.
    #[error("`\\{0}` is no escape sequence")]
    Escape(String),
    /// `\x` and octal escapes that together are no UTF-8.
    #[error("the escape sequences give bytes that are no UTF-8")]
    Utf8,
}

/// A word, and whether any of it was quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The text without its quotes.
    pub text: String,
    /// Whether a quote stood in it, so that it is there even if empty.
    pub quoted: bool,
}

/// Splits a value into words at white space outside quotes. An escape that systemd.syntax(7) does not list is kept
/// with its backslash, as systemd does.
pub fn split(value: &str) -> Result<Vec<Word>, WordError> {
    if !value.contains(['"', '\'', '\\']) {
        let plain = |text: &str| Word { text: text.to_owned(), quoted: false };
        return Ok(value.split_whitespace().map(plain).collect());
    }
    let mut words = Vec::new();
    let mut open = None::<(Vec<u8>, bool)>;
    let mut quote = None::<char>;
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                open.get_or_insert_default().1 = true;
            }
            (None, c) if c.is_whitespace() => words.extend(open.take()),
            (_, '\\') => escape(&mut chars, &mut open.get_or_insert_default().0)?,
            (_, c) => push(&mut open.get_or_insert_default().0, c),
        }
    }
    if let Some(open) = quote {
        return Err(WordError::OpenQuote(open));
    }
    words.extend(open);
    let word = |(bytes, quoted)| match String::from_utf8(bytes) {
        Ok(text) => Ok(Word { text, quoted }),
        Err(_) => Err(WordError::Utf8),
    };
    words.into_iter().map(word).collect()
}

/// Undoes the escapes of a whole value, without splitting it.
pub fn unescape(value: &str) -> Result<String, WordError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, &mut bytes)?,
            c => push(&mut bytes, c),
        }
    }
    String::from_utf8(bytes).map_err(|_| WordError::Utf8)
}

/// Puts the environment into the words of a command: `$A` as a word of its own becomes as many arguments as its value
/// has words, `${A}` anywhere becomes its value, `$$` a dollar. Unknown variables are empty.
pub fn substitute(words: &[Word], environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut arguments = Vec::new();
    for word in words {
        match word.text.strip_prefix('$').filter(|name| is_name(name)) {
            Some(name) => arguments.extend(words_of(environment.get(name))),
            None => arguments.push(substitute_inside(&word.text, environment)),
        }
    }
    arguments
}

/// A value whose quotes do not match is split at white space alone.
fn words_of(value: Option<&String>) -> Vec<String> {
    let value = value.map_or("", String::as_str);
    match split(value) {
        Ok(words) => words.into_iter().map(|word| word.text).collect(),
        Err(_) => value.split_whitespace().map(str::to_owned).collect(),
    }
}

fn substitute_inside(text: &str, environment: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let braced = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = braced.filter(|(name, _)| is_name(name)) {
            out.push_str(environment.get(name).map_or("", String::as_str));
            rest = after;
        } else {
            // `$A` inside a word is the business of a shell that may get it.
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

/// Whether a text may be the name of a variable.
pub fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.starts_with(|c: char| !c.is_ascii_digit())
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// One escape, its backslash already read.
fn escape(chars: &mut Peekable<Chars<'_>>, out: &mut Vec<u8>) -> Result<(), WordError> {
    let Some(c) = chars.next() else {
        out.push(b'\\');
        return Ok(());
    };
    match c {
        'a' => out.push(0x07),
        'b' => out.push(0x08),
        'f' => out.push(0x0c),
        'n' => out.push(b'\n'),
        'r' => out.push(b'\r'),
        't' => out.push(b'\t'),
        'v' => out.push(0x0b),
        's' => out.push(b' '),
        '\\' | '"' | '\'' => push(out, c),
        'x' => out.push(byte(c, number(chars, c, 2, 16)?)?),
        '0'..='7' => {
            let high = c.to_digit(8).unwrap_or_default() * 64;
            out.push(byte(c, high + number(chars, c, 2, 8)?)?);
        }
        'u' => push(out, code_point(c, number(chars, c, 4, 16)?)?),
        'U' => push(out, code_point(c, number(chars, c, 8, 16)?)?),
        other => {
            out.push(b'\\');
            push(out, other);
        }
    }
    Ok(())
}

fn number(
    chars: &mut Peekable<Chars<'_>>,
    letter: char,
    length: usize,
    radix: u32,
) -> Result<u32, WordError> {
    let mut digits = String::new();
    while digits.len() < length
        && let Some(digit) = chars.next_if(|c| c.is_digit(radix))
    {
        digits.push(digit);
    }
    let number = u32::from_str_radix(&digits, radix).ok().filter(|_| digits.len() == length);
    number.ok_or_else(|| WordError::Escape(format!("{letter}{digits}")))
}

fn byte(letter: char, number: u32) -> Result<u8, WordError> {
    let byte = u8::try_from(number).ok().filter(|byte| *byte != 0);
    byte.ok_or_else(|| WordError::Escape(letter.into()))
}

fn code_point(letter: char, number: u32) -> Result<char, WordError> {
    let c = char::from_u32(number).filter(|c| *c != '\0');
    c.ok_or_else(|| WordError::Escape(letter.into()))
}

#[cfg(test)]
mod tests;
