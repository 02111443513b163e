//! Which crates a shipped program is compiled from, by `Cargo.lock`.
//!
//! The lock knows neither targets nor features, so crates that only another platform needs are included.
//! Dev- and build-dependencies of workspace members are left out, by the members' manifests.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::CratePackage;

/// Why a lock file or manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CargoLockError {
    /// The lock is not what cargo writes.
    #[error("Cargo.lock: {0}")]
    Lock(#[source] Box<toml::de::Error>),
    /// The lock has a format that is not known.
    #[error("Cargo.lock has version {found}; versions 3 and 4 are known")]
    Version {
        /// Its version.
        found: u32,
    },
    /// A manifest is not TOML.
    #[error("the manifest of {package}: {source}")]
    Manifest {
        /// The workspace member.
        package: String,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A package that is not in the lock, or more than once.
    #[error("Cargo.lock has {found} packages for `{wanted}`, which {by} needs")]
    Package {
        /// Name, or name and version.
        wanted: String,
        /// How many there are.
        found: usize,
        /// Who needs it.
        by: String,
    },
}

/// A parsed `Cargo.lock`.
#[derive(Debug, Clone)]
pub struct CargoLock {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct RawLock {
    version: u32,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Debug, Clone, Deserialize)]
struct Package {
    name: String,
    version: String,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl CargoLock {
    /// Parses the text of a `Cargo.lock`.
    pub fn parse(text: &str) -> Result<Self, CargoLockError> {
        let raw: RawLock =
            toml::from_str(text).map_err(|error| CargoLockError::Lock(Box::new(error)))?;
        match raw.version {
            3 | 4 => Ok(Self { packages: raw.package }),
            found => Err(CargoLockError::Version { found }),
        }
    }

    /// The packages that `programs` are compiled from, themselves included, sorted.
    ///
    /// `manifests` has the text of `Cargo.toml` of each workspace member by package name: of these only
    /// `[dependencies]`, also those of targets, are followed. Every dependency of other crates is.
    pub fn closure(
        &self,
        programs: &[&str],
        manifests: &BTreeMap<String, String>,
    ) -> Result<Vec<CratePackage>, CargoLockError> {
        let mut found = BTreeMap::new();
        let mut queue = Vec::new();
        for program in programs {
            queue.push(self.find(program, "the image")?);
        }
        while let Some(package) = queue.pop() {
            let key = (package.name.clone(), package.version.clone());
            if found.contains_key(&key) {
                continue;
            }
            let shipped = match manifests.get(&package.name) {
                Some(text) => Some(dependency_names(&package.name, text)?),
                None => None,
            };
            let mut dependencies = Vec::new();
            for wanted in &package.dependencies {
                let name = wanted.split(' ').next().unwrap_or(wanted);
                if shipped.as_ref().is_none_or(|names| names.contains(name)) {
                    let dependency = self.find(wanted, &package.name)?;
                    dependencies.push((dependency.name.clone(), dependency.version.clone()));
                    queue.push(dependency);
                }
            }
            dependencies.sort();
            let (name, version) = key.clone();
            let checksum = package.checksum.clone();
            found.insert(key, CratePackage { name, version, checksum, dependencies });
        }
        Ok(found.into_values().collect())
    }

    /// Finds `NAME`, `NAME VERSION` or `NAME VERSION (SOURCE)`.
    fn find(&self, wanted: &str, by: &str) -> Result<&Package, CargoLockError> {
        let mut words = wanted.split(' ');
        let (name, version) = (words.next().unwrap_or(wanted), words.next());
        let matches: Vec<_> = self
            .packages
            .iter()
            .filter(|package| package.name == name && version.is_none_or(|v| package.version == v))
            .collect();
        match matches[..] {
            [package] => Ok(package),
            _ => Err(CargoLockError::Package {
                wanted: wanted.to_owned(),
                found: matches.len(),
                by: by.to_owned(),
            }),
        }
    }
}

/// The package names under `[dependencies]` and `[target.*.dependencies]`.
fn dependency_names(package: &str, manifest: &str) -> Result<BTreeSet<String>, CargoLockError> {
    let table: toml::Table = manifest.parse().map_err(|source| CargoLockError::Manifest {
        package: package.to_owned(),
        source: Box::new(source),
    })?;
    let targets = table.get("target").and_then(toml::Value::as_table);
    let tables = targets.into_iter().flat_map(|targets| targets.values());
    Ok(tables
        .filter_map(|target| target.get("dependencies"))
        .chain(table.get("dependencies"))
        .filter_map(toml::Value::as_table)
        .flatten()
        // A renamed dependency says what it is called.
        .map(|(key, value)| {
            value.get("package").and_then(toml::Value::as_str).unwrap_or(key).to_owned()
        })
        .collect())
}
