//! What people type for a unit, made a name: `ssh` is `ssh.service`, `/home` is `home.mount`.

use std::path::Path;

use keelson_units::model::{NameError, UnitKind, UnitName};

use crate::glob;

/// A word as a unit's name; without a known suffix it gets `suffix`.
pub fn mangle(word: &str, suffix: UnitKind) -> Result<UnitName, NameError> {
    let clean: String = word.chars().flat_map(escaped).collect();
    match word.parse::<UnitName>() {
        Ok(name) => Ok(name),
        Err(_) if word.starts_with("/dev/") => of_path(word, UnitKind::Device),
        Err(_) if word.starts_with('/') => of_path(word, UnitKind::Mount),
        Err(_) => match clean.parse() {
            Ok(name) => Ok(name),
            Err(_) => format!("{clean}.{}", suffix.suffix()).parse(),
        },
    }
}

/// A word that may be a pattern; a pattern without a known suffix or a `*` at its end gets `suffix`.
pub fn mangle_pattern(word: &str, suffix: UnitKind) -> Result<String, NameError> {
    if !glob::is_pattern(word) {
        return Ok(mangle(word, suffix)?.as_str().to_owned());
    }
    let known = word.rsplit_once('.').is_some_and(|(_, end)| {
        glob::is_pattern(end) || UnitKind::ALL.iter().any(|kind| kind.suffix() == end)
    });
    Ok(if known || word.ends_with('*') {
        word.to_owned()
    } else {
        format!("{word}.{}", suffix.suffix())
    })
}

fn of_path(word: &str, kind: UnitKind) -> Result<UnitName, NameError> {
    keelson_units::escape::path_unit(Path::new(word), kind)
        .ok_or_else(|| NameError::Character(word.to_owned()))
}

/// Characters that names may not have, as `\x2d` and its kin; slashes as dashes.
fn escaped(c: char) -> Vec<char> {
    if c == '/' {
        return vec!['-'];
    }
    if c.is_ascii_alphanumeric() || ":-_.\\@".contains(c) {
        return vec![c];
    }
    let mut buffer = [0; 4];
    c.encode_utf8(&mut buffer)
        .bytes()
        .flat_map(|byte| format!("\\x{byte:02x}").chars().collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests;
