//! Shell patterns in paths and names (glob(7)): `*`, `?`, `[...]`, and a backslash before what is meant as it is.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Whether a text has wildcards.
pub fn has_wildcards(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The paths that match, sorted. A path without wildcards is itself, if it is there.
pub fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let text = component.as_os_str().to_string_lossy();
        if matches!(component, Component::Normal(_)) && has_wildcards(&text) {
            found = found.iter().flat_map(|folder| matching(folder, &text)).collect();
        } else {
            for path in &mut found {
                path.push(component);
            }
        }
    }
    found.retain(|path| path.exists());
    found.sort();
    found
}

fn matching(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| {
            (!name.starts_with('.') || pattern.starts_with('.')) && matches(pattern, name)
        })
        .map(|name| folder.join(name))
        .collect()
}

/// Whether a name matches a pattern.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // Where the last `*` was, and how much of the name it had taken.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match one(&pattern[p..], name[n]) {
            _ if pattern.get(p) == Some(&'*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(length) => (p, n) = (p + length, n + 1),
            None => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                (p, n) = (after, taken + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How much of the pattern the character takes.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match *pattern.first()? {
        '?' => Some(1),
        '\\' => (*pattern.get(1)? == c).then_some(2),
        '[' => class(pattern, c),
        literal => (literal == c).then_some(1),
    }
}

fn class(pattern: &[char], c: char) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let first = if negated { 2 } else { 1 };
    let close = (first + 1..pattern.len()).find(|&at| pattern[at] == ']');
    let Some(close) = close else { return (c == '[').then_some(1) };
    let (mut at, mut inside) = (first, false);
    while at < close {
        if at + 2 < close && pattern[at + 1] == '-' {
            inside |= (pattern[at]..=pattern[at + 2]).contains(&c);
            at += 3;
        } else {
            inside |= pattern[at] == c;
            at += 1;
        }
    }
    (inside != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_match_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("?x", "ax", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("[", "[", true),
            ("network.*.conf", "network.a.conf", true),
            ("**b", "aab", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn paths_are_expanded_in_order_without_hidden_files() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.env", "a.env", ".c.env", "d"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        let found = expand(&folder.path().join("*.env"));
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["a.env", "b.env"]);
    }

    proptest! {
        #[test]
        fn random_patterns_never_panic(pattern in ".{0,20}", name in ".{0,20}") {
            matches(&pattern, &name);
        }
    }
}
