//! The archive's package index (`Packages` files), as far as the build needs it.
//!
//! It takes text that apt has authenticated and gives records; it reads no files and follows no versions
//! other than the newest one of a name.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::version;

/// One version of one package in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
    pub(crate) section: String,
    pub(crate) size: u64,
    pub(crate) sha256: Digest,
    /// `Pre-Depends` and `Depends`: each item is a list of alternatives.
    pub(crate) depends: Vec<Vec<String>>,
    pub(crate) provides: Vec<String>,
}

/// All packages of the suites in use.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Newest version first.
    packages: BTreeMap<String, Vec<Record>>,
}

impl Index {
    /// Adds the stanzas of one `Packages` file. A stanza without a usable digest is no package to us.
    pub(crate) fn add(&mut self, text: &str) {
        for record in text.split("\n\n").filter_map(parse) {
            let versions = self.packages.entry(record.name.clone()).or_default();
            let place = versions
                .iter()
                .position(|other| {
                    version::compare(&other.version, &record.version) == Ordering::Less
                })
                .unwrap_or(versions.len());
            versions.insert(place, record);
        }
    }

    /// The newest version of a package.
    pub(crate) fn candidate(&self, name: &str) -> Option<&Record> {
        self.packages.get(name)?.first()
    }

    /// A certain version of a package.
    pub(crate) fn version(&self, name: &str, version: &str) -> Option<&Record> {
        self.packages.get(name)?.iter().find(|record| record.version == version)
    }

    /// The number of package names.
    pub(crate) fn len(&self) -> usize {
        self.packages.len()
    }
}

fn parse(stanza: &str) -> Option<Record> {
    let mut fields = BTreeMap::new();
    for line in stanza.lines() {
        if line.starts_with([' ', '\t']) {
            continue;
        }
        if let Some((key, value)) = line.split_once(':') {
            fields.insert(key, value.trim());
        }
    }
    let field = |name: &str| fields.get(name).copied();
    let mut depends = relation(field("Pre-Depends").unwrap_or_default());
    depends.extend(relation(field("Depends").unwrap_or_default()));
    Some(Record {
        name: field("Package")?.to_owned(),
        version: field("Version")?.to_owned(),
        architecture: field("Architecture")?.to_owned(),
        section: field("Section").unwrap_or_default().to_owned(),
        size: field("Size")?.parse().ok()?,
        sha256: field("SHA256")?.parse().ok()?,
        depends,
        provides: relation(field("Provides").unwrap_or_default()).concat(),
    })
}

/// The names in a relation field: versions, architectures and profiles are left out.
fn relation(text: &str) -> Vec<Vec<String>> {
    text.split(',')
        .map(|item| {
            item.split('|')
                .filter_map(|alternative| {
                    let name = alternative.split_whitespace().next()?;
                    let name = name.split(['(', ':', '[']).next()?;
                    (!name.is_empty()).then(|| name.to_owned())
                })
                .collect::<Vec<_>>()
        })
        .filter(|alternatives| !alternatives.is_empty())
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
