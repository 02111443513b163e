//! Whether a build is there already: a digest of everything that decides its bytes, kept beside the
//! artifacts with their sizes and times.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use keelson_format::release::Release;
use keelson_sdk::Lock;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{BuildError, artifacts};
use crate::keys::{CertifiedKey, KeySet};
use crate::plan::Plan;
use keelson_disk::sparse;

/// Name of the record in the build's folder.
const RECORD: &str = ".inputs.json";

/// What a finished build was made of, and how its files looked.
#[derive(Serialize, Deserialize)]
struct Record {
    inputs: String,
    files: BTreeMap<String, (u64, i64, i64)>,
}

/// A digest of everything that decides the bytes of a build: plan, lock, programs, static files,
/// keys, and the builder itself.
pub(super) fn digest(
    plan: &Plan,
    lock: &Lock,
    programs: &BTreeMap<String, PathBuf>,
    workspace: &Path,
    keys: &KeySet,
) -> Result<String, BuildError> {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(plan.to_toml().as_bytes());
    add(lock.to_toml().as_bytes());
    add(keys.fingerprint().as_bytes());
    add(&keys.db().fingerprint());
    add(&keys.verity().map(CertifiedKey::fingerprint).unwrap_or_default());
    for variable in
        keys.enrolment().iter().flat_map(|keys| [&keys.pk_auth, &keys.kek_auth, &keys.db_auth])
    {
        add(variable);
    }
    add(&sparse::sha256(&std::env::current_exe()?)?);
    for (name, path) in programs {
        add(name.as_bytes());
        add(&sparse::sha256(path)?);
    }
    for source in plan.file_folders() {
        let root = workspace.join(&source.folder);
        let mut folders = vec![root.clone()];
        let mut paths = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else {
                    paths.push((entry.path(), kind));
                }
            }
        }
        paths.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, kind) in paths {
            add(path.strip_prefix(&root).expect("found below it").as_os_str().as_encoded_bytes());
            if kind.is_symlink() {
                add(fs::read_link(&path)?.as_os_str().as_encoded_bytes());
            } else {
                add(&(fs::metadata(&path)?.mode() & 0o100).to_le_bytes());
                add(&fs::read(&path)?);
            }
        }
    }
    Ok(hex::encode(hash.finalize()))
}

/// The manifest of a build whose inputs and files are as they were.
pub(super) fn unchanged(folder: &Path, inputs: &str) -> Option<Release> {
    let record: Record = serde_json::from_slice(&fs::read(folder.join(RECORD)).ok()?).ok()?;
    if record.inputs != inputs || look(folder).ok()? != record.files {
        return None;
    }
    serde_json::from_slice(&fs::read(folder.join("release.json")).ok()?).ok()
}

/// Notes what a build was made of.
pub(super) fn record(folder: &Path, inputs: &str) -> Result<(), BuildError> {
    let record = Record { inputs: inputs.to_owned(), files: look(folder)? };
    let text = serde_json::to_vec(&record).expect("a record always serialises");
    Ok(fs::write(folder.join(RECORD), text)?)
}

fn look(folder: &Path) -> Result<BTreeMap<String, (u64, i64, i64)>, std::io::Error> {
    let look = |name: String| {
        let seen = fs::metadata(folder.join(&name))?;
        Ok((name, (seen.len(), seen.mtime(), seen.mtime_nsec())))
    };
    artifacts::files(folder)?.into_iter().map(look).collect()
}
