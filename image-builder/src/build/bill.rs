//! The software bill of materials of a build.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fs_err as fs;
use keelson_format::verity::RootHash;
use keelson_sdk::Lock;

use super::BuildError;
use crate::plan::Plan;
use crate::recipe::{Recipe, Source};
use crate::sbom::{self, CargoLock, CratePackage, DebianPackage, Inventory, SourceRef, Subject};
use crate::stage::Staged;

/// The SPDX document of what a plan put into an image.
pub(super) fn of_materials(
    plan: &Plan,
    lock: &Lock,
    staged: &Staged,
    root_hash: &RootHash,
    workspace: &Path,
) -> Result<String, BuildError> {
    let cargo_lock = CargoLock::parse(&fs::read_to_string(workspace.join("Cargo.lock"))?)?;
    let members = members(workspace)?;
    let programs: Vec<_> = plan.workspace_programs().map(|s| s.package.as_str()).collect();
    let mut crates: BTreeSet<_> = cargo_lock.closure(&programs, &members)?.into_iter().collect();
    crates.extend(plan.crates().map(|source| CratePackage {
        name: source.name.clone(),
        version: source.version.clone(),
        checksum: None,
        dependencies: Vec::new(),
    }));
    let debian = lock.image.iter().filter(|(name, _)| staged.packages.contains(*name));
    let inventory = Inventory {
        recipes: plan
            .components
            .iter()
            .map(|r| component(r, plan, lock, staged, &crates))
            .collect(),
        debian: debian
            .map(|(name, pin)| DebianPackage {
                name: name.clone(),
                version: pin.version.clone(),
                architecture: pin.architecture.clone(),
                sha256: pin.sha256.to_string(),
            })
            .collect(),
        crates: crates.into_iter().collect(),
    };
    let name = format!("keelson-{}", plan.board);
    let (version, digest) = (plan.version.as_str(), root_hash.to_string());
    let subject = Subject { name: &name, version, digest: &digest, created: 0 };
    Ok(sbom::to_spdx(&subject, &inventory)?)
}

fn component(
    recipe: &Recipe,
    plan: &Plan,
    lock: &Lock,
    staged: &Staged,
    crates: &BTreeSet<CratePackage>,
) -> sbom::Recipe {
    let debian = |names: &[String]| -> (Option<String>, Vec<SourceRef>) {
        let version =
            names.first().and_then(|name| lock.image.get(name)).map(|pin| pin.version.clone());
        let used = names.iter().filter(|name| staged.packages.contains(*name));
        (version, used.map(|name| SourceRef::Debian { name: name.clone() }).collect())
    };
    let (version, sources) = match &recipe.source {
        Source::Debian(source) => debian(&source.packages),
        Source::Kernel(source) => debian(std::slice::from_ref(&source.package)),
        Source::Crate(source) => {
            let (name, version) = (source.name.clone(), source.version.clone());
            (Some(version.clone()), vec![SourceRef::Crate { name, version }])
        }
        Source::Workspace(source) => {
            let own = crates.iter().find(|package| package.name == source.package);
            let reference = |package: &CratePackage| SourceRef::Crate {
                name: package.name.clone(),
                version: package.version.clone(),
            };
            (own.map(|package| package.version.clone()), own.map(reference).into_iter().collect())
        }
        Source::Files(_) => (None, Vec::new()),
    };
    sbom::Recipe {
        name: recipe.name.clone(),
        version: version.unwrap_or_else(|| plan.version.to_string()),
        license: recipe.license.clone(),
        sources,
    }
}

/// The text of `Cargo.toml` of each member of the workspace by package name.
fn members(workspace: &Path) -> Result<BTreeMap<String, String>, BuildError> {
    let root: toml::Table = parse(&workspace.join("Cargo.toml"))?;
    let folders =
        root.get("workspace").and_then(|w| w.get("members")).and_then(toml::Value::as_array);
    let mut members = BTreeMap::new();
    for folder in folders.into_iter().flatten().filter_map(toml::Value::as_str) {
        let path = workspace.join(folder).join("Cargo.toml");
        let manifest: toml::Table = parse(&path)?;
        let name =
            manifest.get("package").and_then(|p| p.get("name")).and_then(toml::Value::as_str);
        if let Some(name) = name {
            members.insert(name.to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(members)
}

fn parse(path: &Path) -> Result<toml::Table, BuildError> {
    fs::read_to_string(path)?
        .parse()
        .map_err(|error| BuildError::Manifest { path: path.to_owned(), error: Box::new(error) })
}
