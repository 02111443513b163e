//! Values of single settings: each function gives the value or says what it should have been.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use keelson_units::value;

/// What is the matter with a value, for the remark.
pub type Wrong = String;

/// `yes`, `no` and their kin.
pub fn flag(text: &str) -> Result<bool, Wrong> {
    value::boolean(text).ok_or_else(|| format!("`{text}` is neither yes nor no"))
}

/// Anything with a text form.
pub fn parsed<T: FromStr>(text: &str) -> Result<T, Wrong>
where
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| format!("`{text}`: {error}"))
}

/// Words that are each a value.
pub fn list<T: FromStr>(text: &str) -> Result<Vec<T>, Wrong>
where
    T::Err: Display,
{
    text.split_whitespace().map(parsed).collect()
}

/// A number, also as `0x10`.
pub fn number(text: &str) -> Result<u32, Wrong> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| format!("`{text}` is no number from 0 to {}", u32::MAX))
}

/// A number of bytes, with K, M or G.
pub fn bytes(text: &str) -> Result<u32, Wrong> {
    let size = value::Limit::parse(text).and_then(|limit| limit.0);
    size.and_then(|size| u32::try_from(size).ok())
        .ok_or_else(|| format!("`{text}` is no size in bytes"))
}

/// A time span; `None` is for ever.
pub fn span(text: &str) -> Result<Option<Duration>, Wrong> {
    value::time_span(text).ok_or_else(|| format!("`{text}` is no time span"))
}

/// One of some words.
pub fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, Wrong> {
    let found = choices.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        format!("`{text}` is none of {}", words.join(", "))
    })
}

/// A number, or one of some names for numbers.
pub fn named_number(text: &str, names: &[(&str, u32)]) -> Result<u32, Wrong> {
    number(text).or_else(|_| choice(text, names))
}
