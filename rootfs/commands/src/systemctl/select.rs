//! Which units are meant: names, patterns, types and states.

use anyhow::{Context, Result};
use keelson_control::{LoadState, UnitLine};
use keelson_units::model::UnitKind;

use super::options::Options;
use crate::{ask, glob, names};

/// The names meant by words, as they are typed for a verb; patterns are looked for in what is loaded.
pub fn names(words: &[String], suffix: UnitKind) -> Result<Vec<String>> {
    let mut loaded: Option<Vec<UnitLine>> = None;
    let mut found = Vec::new();
    for word in words {
        let pattern =
            names::mangle_pattern(word, suffix).with_context(|| format!("`{word}` is no unit"))?;
        if !glob::is_pattern(&pattern) {
            found.push(pattern);
            continue;
        }
        if loaded.is_none() {
            loaded = Some(ask::units()?);
        }
        let all = loaded.iter().flatten().map(|unit| unit.name.clone());
        found.extend(all.filter(|name| glob::matches(&pattern, name)));
    }
    Ok(found)
}

/// Whether a unit in a list is meant: by pattern, type and state; without `--all` and `--state` only what is of interest.
pub fn shown(unit: &UnitLine, patterns: &[String], options: &Options) -> bool {
    let suffix = unit.name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    let states = [unit.load.as_str(), unit.active.as_str(), unit.sub.as_str()];
    // A type that is no type is a load state, as it was of old: `--type=loaded`.
    let typed = |word: &String| word == suffix || word == unit.load.as_str();
    if !options.types.is_empty() && !options.types.iter().any(typed) {
        return false;
    }
    if !options.states.is_empty()
        && !options.states.iter().any(|state| states.contains(&state.as_str()))
    {
        return false;
    }
    if !patterns.is_empty() && !patterns.iter().any(|pattern| glob::matches(pattern, &unit.name)) {
        return false;
    }
    if options.all || !options.states.is_empty() {
        return true;
    }
    let dull = unit.active.as_str() == "inactive"
        || unit.following.is_some()
        || unit.load == LoadState::Merged;
    unit.job.is_some() || !dull || (!patterns.is_empty() && unit.load == LoadState::NotFound)
}

/// Patterns of a list, with the suffix that the list is about.
pub fn patterns(words: &[String], suffix: UnitKind) -> Result<Vec<String>> {
    let pattern = |word: &String| {
        names::mangle_pattern(word, suffix).with_context(|| format!("`{word}` is no unit"))
    };
    words.iter().map(pattern).collect()
}
