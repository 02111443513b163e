//! The folder of a build: made beside the last good one, described, summed, signed, put in place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use keelson_format::release::{Artifact, Disk, PlatformRange, Release, SCHEMA, SignedBy, Usr};
use keelson_format::version::Version;
use keelson_sdk::Lock;
use rayon::prelude::*;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest as _, Sha256};

use super::seal::SealedUsr;
use super::{BuildError, bill};
use crate::keys::KeySet;
use crate::plan::Plan;
use crate::stage::Staged;
use keelson_disk::sparse;

/// What describes the other artifacts, and is written last.
const DESCRIBING: [&str; 3] = ["release.json", "SHA256SUMS", "SHA256SUMS.sig"];

/// A build that is not finished: its folder goes away unless [`Partial::finish`] is reached.
pub(super) struct Partial(PathBuf);

impl Partial {
    /// Makes the folder, and removes what killed builds left. The board's folder must be locked.
    pub(super) fn begin(board: &Path, version: &Version) -> Result<Self, BuildError> {
        for entry in fs::read_dir(board)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.ends_with(".partial") {
                remove(&entry.path())?;
            }
        }
        let path = board.join(format!(".{version}.partial"));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Puts the folder in the place of `to` in one step, everything on disk before.
    pub(super) fn finish(self, to: &Path) -> Result<(), BuildError> {
        for file in files(&self.0)? {
            fs::File::open(self.0.join(file))?.sync_all()?;
        }
        fs::File::open(&self.0)?.sync_all()?;
        if to.exists() {
            renameat_with(CWD, &self.0, CWD, to, RenameFlags::EXCHANGE)
                .map_err(std::io::Error::from)?;
        } else {
            fs::rename(&self.0, to)?;
        }
        let parent = to.parent().expect("it is below the board's folder");
        Ok(fs::File::open(parent)?.sync_all()?)
    }
}

impl Drop for Partial {
    /// Removes what is left: half a build, or the build whose place was taken.
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            // With nobody to read it there is nobody to tell.
            let _unseen = writeln!(std::io::stderr(), "warning: {error}");
        }
    }
}

fn remove(path: &Path) -> Result<(), std::io::Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Points `latest` at a version.
pub(super) fn point_latest(board: &Path, version: &Version) -> Result<(), BuildError> {
    let link = board.join("latest");
    if fs::read_link(&link).is_ok_and(|target| target == Path::new(version.as_str())) {
        return Ok(());
    }
    let new = board.join(".latest");
    if fs::symlink_metadata(&new).is_ok() {
        fs::remove_file(&new)?;
    }
    fs_err::os::unix::fs::symlink(version.as_str(), &new)?;
    Ok(fs::rename(&new, &link)?)
}

/// The paths of the regular files below a folder, sorted; names that begin with a dot are left out.
pub(super) fn files(folder: &Path) -> Result<Vec<String>, std::io::Error> {
    let mut names = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(parent) = folders.pop() {
        for entry in fs::read_dir(folder.join(&parent))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(format!("{parent}{name}/"));
            } else {
                names.push(format!("{parent}{name}"));
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Gives the artifacts of a finished build a second name in `to`, but for those that describe the others.
pub(super) fn link(from: &Path, to: &Path) -> Result<(), BuildError> {
    for name in files(from)? {
        if !DESCRIBING.contains(&name.as_str()) {
            let target = to.join(&name);
            fs::create_dir_all(target.parent().expect("a file is in a folder"))?;
            fs::hard_link(from.join(&name), target)?;
        }
    }
    Ok(())
}

/// Writes plan, lock and SBOM.
pub(super) fn bill(
    plan: &Plan,
    lock: &Lock,
    staged: &Staged,
    sealed: &SealedUsr,
    workspace: &Path,
    folder: &Path,
) -> Result<(), BuildError> {
    fs::write(folder.join("plan.toml"), plan.to_toml())?;
    fs::write(folder.join("debian.lock"), lock.to_toml())?;
    let sbom = bill::of_materials(plan, lock, staged, &sealed.root_hash, workspace)?;
    Ok(fs::write(folder.join("sbom.spdx.json"), sbom)?)
}

/// The manifest of a build, without its artifacts.
pub(super) fn manifest(
    plan: &Plan,
    staged: &Staged,
    sealed: &SealedUsr,
    (disk, platform): (Disk, Vec<PlatformRange>),
    keys: &KeySet,
) -> Release {
    Release {
        schema: SCHEMA,
        version: plan.version.clone(),
        board: plan.board.clone(),
        signed_by: SignedBy {
            kind: if keys.is_dev() { "dev" } else { "release" }.to_owned(),
            key_fingerprint: sealed.signature.ed25519.key_fingerprint.clone(),
        },
        usr: Usr {
            root_hash: sealed.root_hash,
            salt: plan.verity.salt,
            data_size: sealed.data_size,
            hash_size: sealed.hash_size,
        },
        kernel: staged.kernel.release.clone(),
        disk,
        platform,
        compatible_from: SCHEMA,
        artifacts: BTreeMap::new(),
    }
}

/// Writes manifest, sums and their signature. Artifacts that the manifest has already are not read again.
pub(super) fn describe(
    mut release: Release,
    keys: &KeySet,
    folder: &Path,
) -> Result<Release, BuildError> {
    let new = files(folder)?.into_iter().filter(|name| !release.artifacts.contains_key(name));
    let new = summed(folder, new.collect())?;
    release.artifacts.extend(new);
    let mut text = serde_json::to_string_pretty(&release).expect("a manifest always serialises");
    text.push('\n');
    fs::write(folder.join("release.json"), &text)?;
    let mut digests: BTreeMap<_, _> = release
        .artifacts
        .iter()
        .map(|(name, artifact)| (name.as_str(), artifact.sha256.clone()))
        .collect();
    digests.insert("release.json", hex::encode(Sha256::digest(&text)));
    let mut sums = format!("# Keelson {} {}", release.version, release.board);
    if keys.is_dev() {
        sums.push_str(", signed with development keys: not for production");
    }
    sums.push('\n');
    for (name, digest) in digests {
        writeln!(sums, "{digest}  {name}").expect("writing to a String cannot fail");
    }
    fs::write(folder.join("SHA256SUMS"), &sums)?;
    fs::write(folder.join("SHA256SUMS.sig"), keys.sign_release(sums.as_bytes()))?;
    Ok(release)
}

/// Size and SHA-256 of these files of a folder.
fn summed(folder: &Path, names: Vec<String>) -> Result<BTreeMap<String, Artifact>, BuildError> {
    let describe = |name: String| {
        let path = folder.join(&name);
        let size = fs::metadata(&path)?.len();
        let sha256 = hex::encode(sparse::sha256(&path)?);
        Ok((name, Artifact { size, sha256 }))
    };
    names.into_par_iter().map(describe).collect()
}
