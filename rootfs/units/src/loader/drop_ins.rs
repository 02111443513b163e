//! Folders that belong to a unit: `NAME.d` with drop-ins, `NAME.wants` and its sisters with links
//! (systemd.unit(5), "drop-in").

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::index::{Index, is_empty, resolve_link};
use crate::model::{Relation, UnitKind, UnitName};

/// Folders of links and what a link in them means.
const LINKS: &[(&str, Relation)] =
    &[("wants", Relation::Wants), ("requires", Relation::Requires), ("upholds", Relation::Upholds)];

impl Index {
    /// The drop-ins of a unit by all of its names, in the order they are applied: by file name. Of the same file name
    /// in several folders the first folder's is taken; an empty one or a link to `/dev/null` hides the others.
    ///
    /// With each, its metadata, unless it is a link.
    pub fn drop_ins(&self, names: &[UnitName]) -> Vec<(PathBuf, Option<Metadata>)> {
        let mut found: BTreeMap<OsString, Option<_>> = BTreeMap::new();
        for path in self.contents(names, "d") {
            if path.extension().is_none_or(|extension| extension != "conf") {
                continue;
            }
            if let Some(name) = path.file_name() {
                let name = name.to_owned();
                found.entry(name).or_insert_with(|| {
                    let metadata = std::fs::symlink_metadata(&path).ok();
                    let mask = self.is_mask(&path, metadata.as_ref());
                    (!mask).then_some((path, metadata.filter(|found| !found.is_symlink())))
                });
            }
        }
        found.into_values().flatten().collect()
    }

    /// What links in the folders of a unit pull in.
    pub fn linked(&self, names: &[UnitName]) -> Vec<(Relation, UnitName)> {
        let mut linked = Vec::new();
        for (suffix, relation) in LINKS {
            let mut found: BTreeMap<OsString, bool> = BTreeMap::new();
            for path in self.contents(names, suffix) {
                if let Some(name) = path.file_name() {
                    let name = name.to_owned();
                    found.entry(name).or_insert_with(|| {
                        !self.is_mask(&path, std::fs::symlink_metadata(&path).ok().as_ref())
                    });
                }
            }
            for (name, _) in found.into_iter().filter(|(_, counts)| *counts) {
                let name = name.to_str().and_then(|name| name.parse::<UnitName>().ok());
                let instance = names.first().and_then(UnitName::instance);
                linked.extend(name.and_then(|name| filled(name, instance)).map(|n| (*relation, n)));
            }
        }
        linked
    }

    /// The files in all folders `NAME.SUFFIX` of these names, the folder with the last word first.
    fn contents(&self, names: &[UnitName], suffix: &str) -> Vec<PathBuf> {
        // Most suffixes have few folders, and some none.
        let Some(present) = self.folders.get(suffix) else { return Vec::new() };
        let mut folders: Vec<&PathBuf> = Vec::new();
        let kind = names.first().map(UnitName::kind);
        let by_name = names.iter().map(variants);
        let by_type = kind.map(|kind: UnitKind| vec![kind.suffix().to_owned()]);
        for variants in by_name.chain(by_type) {
            let known: Vec<&Vec<(usize, PathBuf)>> =
                variants.iter().filter_map(|variant| present.get(variant)).collect();
            for position in 0..if known.is_empty() { 0 } else { self.depth } {
                let here = known.iter().flat_map(|paths| paths.iter());
                let here = here.filter(|(at, _)| *at == position).map(|(_, path)| path);
                folders.extend(here);
            }
        }
        let mut files = Vec::new();
        for folder in folders {
            let Ok(listing) = std::fs::read_dir(folder) else { continue };
            let mut here: Vec<PathBuf> = listing.flatten().map(|item| item.path()).collect();
            here.sort();
            files.extend(here);
        }
        files
    }

    fn is_mask(&self, path: &Path, metadata: Option<&Metadata>) -> bool {
        let Some(metadata) = metadata else { return false };
        if metadata.is_symlink() {
            let target = resolve_link(&self.root, path);
            return target.is_some_and(|target| target == self.root.join("dev/null"));
        }
        is_empty(metadata)
    }
}

/// A link to a template takes the instance of the unit the folder belongs to.
fn filled(name: UnitName, instance: Option<&str>) -> Option<UnitName> {
    if !name.is_template() {
        return Some(name);
    }
    name.with_instance(instance.filter(|instance| !instance.is_empty())?).ok()
}

/// The names whose folders apply to a unit, nearest first: itself, its template, and both cut after each dash.
fn variants(name: &UnitName) -> Vec<String> {
    let mut found = Vec::new();
    add_variants(name.prefix(), name.instance(), name.kind(), &mut found);
    found
}

fn add_variants(prefix: &str, instance: Option<&str>, kind: UnitKind, found: &mut Vec<String>) {
    let suffix = kind.suffix();
    let name = match instance {
        Some(instance) => format!("{prefix}@{instance}.{suffix}"),
        None => format!("{prefix}.{suffix}"),
    };
    if found.contains(&name) {
        return;
    }
    found.push(name);
    if instance.is_some_and(|instance| !instance.is_empty()) {
        add_variants(prefix, Some(""), kind, found);
    }
    // The dash that is kept at the end is not cut again; a lone dash is the root of slices and mounts.
    let inner = prefix.strip_suffix('-').unwrap_or(prefix);
    if let Some(at) = inner.rfind('-').filter(|_| prefix != "-") {
        add_variants(&prefix[..=at], instance, kind, found);
    }
}

#[cfg(test)]
mod tests;
