//! Choosing packages: from the archive's index to pins, and moving pins that have left the archive.
//! Pure: index and lock in, lock and sentences out.

use std::collections::{BTreeMap, BTreeSet};

use crate::index::{Index, Record};
use crate::lock::Pin;

/// Why no set of pins comes of a request.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The archive has no package of that name.
    #[error("the archive has no package {0:?}: check the name in the recipe that asks for it")]
    Unknown(String),
    /// apt chose a version that the lists do not show.
    #[error(
        "apt chose {name} {version}, which is not in the lists it gave: its lists are damaged, remove the folder apt in the cache"
    )]
    Unlisted {
        /// The package.
        name: String,
        /// The version.
        version: String,
    },
    /// The archive has other bytes under a pinned version.
    #[error(
        "the archive's {name} {version} has SHA-256 {found}, but {expected} is pinned\n  Debian never changes a version's bytes: the mirror (--mirror URL names another) or the lock file is wrong"
    )]
    Changed {
        /// The package.
        name: String,
        /// The version.
        version: String,
        /// The pinned digest.
        expected: crate::digest::Digest,
        /// The archive's digest.
        found: crate::digest::Digest,
    },
}

/// The named packages and the libraries they need. Other dependencies are not followed: an image takes
/// the files its recipes list, and the libraries those files load.
pub(crate) fn image(
    index: &Index,
    names: &[String],
) -> Result<BTreeMap<String, Pin>, ResolveError> {
    let mut pins = BTreeMap::new();
    let mut waiting: Vec<String> = names.to_vec();
    while let Some(name) = waiting.pop() {
        if pins.contains_key(&name) {
            continue;
        }
        let record = index.candidate(&name).ok_or_else(|| ResolveError::Unknown(name.clone()))?;
        let depends: BTreeSet<String> = record
            .depends
            .iter()
            .filter_map(|alternatives| {
                alternatives
                    .iter()
                    .filter_map(|name| index.candidate(name))
                    .find(|needed| brings(record, needed))
            })
            .map(|needed| needed.name.clone())
            .collect();
        waiting.extend(depends.iter().cloned());
        pins.insert(name, pin(record, depends));
    }
    Ok(pins)
}

/// Whether a dependency comes along: libraries, and the kernel behind a kernel metapackage.
fn brings(record: &Record, needed: &Record) -> bool {
    let section =
        |record: &Record| record.section.rsplit('/').next().unwrap_or_default().to_owned();
    match section(needed).as_str() {
        "libs" | "oldlibs" => true,
        "kernel" => section(record) == "kernel" && needed.name.starts_with("linux-image-"),
        _ => false,
    }
}

/// The packages of apt's solution, each with those of its dependencies that are in the solution.
pub(crate) fn tools(
    index: &Index,
    solution: &[(String, String)],
) -> Result<BTreeMap<String, Pin>, ResolveError> {
    let records: Vec<&Record> = solution
        .iter()
        .map(|(name, version)| {
            index.version(name, version).ok_or_else(|| ResolveError::Unlisted {
                name: name.clone(),
                version: version.clone(),
            })
        })
        .collect::<Result<_, _>>()?;
    let chosen: BTreeSet<&str> = records.iter().map(|record| record.name.as_str()).collect();
    let mut providers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for record in &records {
        for name in &record.provides {
            providers.entry(name).or_default().push(&record.name);
        }
    }
    Ok(records
        .iter()
        .map(|record| {
            let mut depends = BTreeSet::new();
            for alternatives in &record.depends {
                let real = alternatives.iter().find(|name| chosen.contains(name.as_str()));
                let found = real.map(String::as_str).or_else(|| {
                    alternatives
                        .iter()
                        .find_map(|name| providers.get(name.as_str())?.first().copied())
                });
                depends.extend(found.filter(|name| *name != record.name).map(str::to_owned));
            }
            (record.name.clone(), pin(record, depends))
        })
        .collect())
}

fn pin(record: &Record, depends: BTreeSet<String>) -> Pin {
    Pin {
        version: record.version.clone(),
        architecture: record.architecture.clone(),
        size: record.size,
        sha256: record.sha256,
        depends: depends.into_iter().collect(),
    }
}

/// Whether the archive still has a pin.
pub(crate) fn in_archive(index: &Index, name: &str, pin: &Pin) -> Result<bool, ResolveError> {
    match index.version(name, &pin.version) {
        None => Ok(false),
        Some(record) if record.sha256 == pin.sha256 => Ok(true),
        Some(record) => Err(ResolveError::Changed {
            name: name.to_owned(),
            version: pin.version.clone(),
            expected: pin.sha256,
            found: record.sha256,
        }),
    }
}

/// Brings a section of a lock up to what can be had: `present` (what the archive would give today) with
/// the old pin wherever `obtainable` says that it can still be had and what it brings along fits.
/// Packages outside `present` stay as they are, unless they cannot be had and nothing needs them.
/// The second value is one sentence for each pin that moved.
pub(crate) fn merge(
    old: &BTreeMap<String, Pin>,
    present: BTreeMap<String, Pin>,
    obtainable: &BTreeSet<String>,
) -> (BTreeMap<String, Pin>, Vec<String>) {
    let mut kept: BTreeSet<&str> =
        old.keys().map(String::as_str).filter(|name| obtainable.contains(*name)).collect();
    // A pin whose own needs can no longer be met moves too, and so on up.
    loop {
        let before = kept.len();
        let met = |need: &String| kept.contains(need.as_str()) || present.contains_key(need);
        kept = kept.iter().copied().filter(|name| old[*name].depends.iter().all(met)).collect();
        if kept.len() == before {
            break;
        }
    }
    let mut merged: BTreeMap<String, Pin> =
        kept.iter().map(|name| ((*name).to_owned(), old[*name].clone())).collect();
    let mut moved = Vec::new();
    if old.is_empty() && !present.is_empty() {
        moved.push(format!(
            "the lock pins none of the {} packages that are needed; using what the archive has",
            present.len()
        ));
        return (present, moved);
    }
    for (name, pin) in present {
        if merged.contains_key(&name) {
            continue;
        }
        moved.push(match old.get(&name) {
            Some(gone) => format!(
                "{name} {} is pinned but no longer to be had; using {}",
                gone.version, pin.version
            ),
            None => format!("{name} is not in the lock; using {}", pin.version),
        });
        merged.insert(name, pin);
    }
    (merged, moved)
}

#[cfg(test)]
mod tests;
