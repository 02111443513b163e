//! Files of `KEY=value` lines, as the state of links and leases is kept in.

use std::collections::BTreeMap;

/// The lines of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Pairs<'a> {
    /// Reads `text`; comments and lines without `=` are passed over.
    pub fn read(text: &'a str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(
            lines
                .filter_map(|line| line.split_once('='))
                .map(|(k, v)| (k.trim(), v.trim()))
                .collect(),
        )
    }

    /// The value of a key; `None` also where it is empty.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).copied().filter(|value| !value.is_empty())
    }

    /// The words of a value.
    pub fn words(&self, key: &str) -> impl Iterator<Item = &'a str> {
        self.get(key).unwrap_or_default().split_whitespace()
    }
}
