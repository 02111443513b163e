//! Programs of published crates, kept in the cache under all that determines them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::run::{Cargo, PROFILE};
use super::{CargoError, TARGET};
use crate::cache::{Cache, write_durable};
use crate::digest::Digest;
use crate::{Result, Sdk};

/// Raise this when programs are built in another way.
const SCHEMA: u32 = 2;

/// A published crate and the programs that are wanted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrateProgram {
    /// Name in the crate registry.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// Features to turn on.
    pub features: Vec<String>,
    /// Whether the crate's default features are on.
    pub default_features: bool,
    /// Programs.
    pub binaries: Vec<String>,
}

/// The digests of an entry's programs, by name.
#[derive(Serialize, Deserialize)]
struct Manifest {
    binaries: BTreeMap<String, (u64, Digest)>,
}

impl Sdk {
    /// Builds programs of a published crate with the crate's own Cargo.lock, or takes them from the cache;
    /// gives each program's path by its name. A damaged program is built again.
    pub fn build_crate(&self, program: &CrateProgram) -> Result<BTreeMap<String, PathBuf>> {
        let cargo = Cargo::new(&self.cache, self.options.offline)?;
        let rustc = cargo.rustc(&self.cache.path(""), &["-vV"])?;
        let key = key(program, &rustc);
        let place = self.cache.path("crates").join(&key);
        if let Some(built) = load(&place) {
            return Ok(built);
        }
        let _held = self.cache.lock(&format!("crate-{}", program.name), &self.options.progress)?;
        if let Some(built) = load(&place) {
            return Ok(built);
        }
        self.cache.remove(&place)?;
        let what = format!("{} {}", program.name, program.version);
        let scratch = self.cache.scratch()?;
        let made = scratch.path().join("crate");
        let empty = scratch.path().join("empty");
        fs::create_dir(&empty)?;
        let mut command = cargo.command(&empty, &scratch.path().join("target"))?;
        command
            .args(["install", "--no-track", "--target", TARGET])
            .arg(&program.name)
            .arg("--version")
            .arg(format!("={}", program.version))
            .arg("--root")
            .arg(&made);
        if !program.default_features {
            command.arg("--no-default-features");
        }
        if !program.features.is_empty() {
            command.arg("--features").arg(program.features.join(","));
        }
        for binary in &program.binaries {
            command.arg("--bin").arg(binary);
        }
        let step = self.options.progress.step(format!("compiling {what}"));
        cargo.run(command, &what, &step)?;
        write_manifest(&made, program, &what)?;
        self.cache.sync()?;
        Cache::publish(&made, &place)?;
        Ok(load(&place).ok_or_else(|| {
            io::Error::other(format!("{what} was just built and is missing from the cache"))
        })?)
    }
}

fn key(program: &CrateProgram, rustc: &str) -> String {
    let mut features = program.features.clone();
    features.sort();
    let mut binaries = program.binaries.clone();
    binaries.sort();
    Digest::of(format!(
        "{SCHEMA}\n{}\n{}\n{features:?}\n{}\n{binaries:?}\n{rustc}\n{PROFILE:?}",
        program.name, program.version, program.default_features
    ))
    .to_string()
}

fn write_manifest(made: &Path, program: &CrateProgram, what: &str) -> Result<(), CargoError> {
    let mut binaries = BTreeMap::new();
    for binary in &program.binaries {
        let path = made.join("bin").join(binary);
        if !path.is_file() {
            return Err(CargoError::NoBinary { what: what.to_owned(), binary: binary.clone() });
        }
        let (sha256, size) = Digest::of_reader(&mut fs::File::open(path)?)?;
        binaries.insert(binary.clone(), (size, sha256));
    }
    let text = serde_json::to_vec(&Manifest { binaries }).map_err(io::Error::from)?;
    Ok(write_durable(&made.join("manifest.json"), &text)?)
}

/// The programs of an entry; none if it is not there or not whole. They are few, so every byte is read.
fn load(place: &Path) -> Option<BTreeMap<String, PathBuf>> {
    let bytes = fs::read(place.join("manifest.json")).ok()?;
    let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
    let mut built = BTreeMap::new();
    for (name, expected) in manifest.binaries {
        let path = place.join("bin").join(&name);
        let (sha256, size) = Digest::of_reader(&mut fs::File::open(&path).ok()?).ok()?;
        if (size, sha256) != expected {
            return None;
        }
        built.insert(name, path);
    }
    Some(built)
}
