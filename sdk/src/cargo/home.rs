//! cargo's home for one target folder.
//!
//! Build scripts may look at what is unpacked beside their own crate: `uucore` takes the messages of every
//! `uu_*` crate that it finds there. So a build has sources of its own, which are what its `Cargo.lock` names
//! and nothing else. All that can be shared is the user's: the downloaded crates, the index, the settings
//! of mirrors and proxies, the credentials. So are the files that cargo locks: a build and the user's own
//! cargo then never write one download at once, as they would not with one home.
//!
//! The folder is below the target folder and not named by the lock's digest: fingerprints of crates hold
//! the path of their source, so a changed lock would compile everything again.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;

use crate::cache;

/// Folders of the user's home that are used as they are.
const FOLDERS: [&str; 2] = ["registry/cache", "registry/index"];

/// Files of the user's home that are used as they are. cargo makes the first three where they are missing:
/// its two locks, and the record of what is used, by which it removes old downloads.
const FILES: [&str; 5] =
    [".package-cache", ".package-cache-mutate", ".global-cache", "credentials", "credentials.toml"];

/// Makes the home for a target folder and gives its path. `lock` is the workspace's `Cargo.lock`; what it
/// does not name is removed from the sources.
pub(super) fn prepare(user: &Path, target_dir: &Path, lock: &Path) -> io::Result<PathBuf> {
    let home = target_dir.join("cargo-home");
    fs::create_dir_all(home.join("registry/src"))?;
    for folder in FOLDERS {
        fs::create_dir_all(user.join(folder))?;
        link(&user.join(folder), &home.join(folder))?;
    }
    for file in FILES {
        link(&user.join(file), &home.join(file))?;
    }
    cache::replace(&home.join("config.toml"), config(user)?.as_bytes())?;
    if lock.is_file() {
        prune(&home.join("registry/src"), &fs::read_to_string(lock)?)?;
    }
    Ok(home)
}

/// Settings that include the user's, so that relative paths in them keep their meaning.
fn config(user: &Path) -> io::Result<String> {
    // cargo prefers the name without a suffix when both are there.
    let found = ["config", "config.toml"]
        .map(|name| user.join(name))
        .into_iter()
        .find(|path| path.is_file());
    let Some(path) = found else {
        return Ok(String::new());
    };
    let text = path.to_str().ok_or_else(|| {
        io::Error::other(format!("{} cannot be included: its path is not UTF-8", path.display()))
    })?;
    Ok(format!("include = [{}]\n", toml::Value::from(text)))
}

/// Makes a symbolic link; another build may be making the same one.
fn link(to: &Path, at: &Path) -> io::Result<()> {
    let is_there = || fs::read_link(at).is_ok_and(|target| target == to);
    if is_there() {
        return Ok(());
    }
    if fs::symlink_metadata(at).is_ok() {
        fs::remove_file(at)?;
    }
    match fs_err::os::unix::fs::symlink(to, at) {
        Err(error) if !is_there() => Err(error),
        _ => Ok(()),
    }
}

/// What is read of a `Cargo.lock`.
#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// Removes the sources of crates that a lock does not name. A lock that is none is left to cargo to tell.
fn prune(sources: &Path, lock: &str) -> io::Result<()> {
    let Ok(lock) = toml::from_str::<Lock>(lock) else {
        return Ok(());
    };
    let named: BTreeSet<String> = lock
        .package
        .iter()
        .map(|package| format!("{}-{}", package.name, package.version))
        .collect();
    for registry in fs::read_dir(sources)? {
        for source in fs::read_dir(registry?.path())? {
            let source = source?;
            if named.contains(&*source.file_name().to_string_lossy()) {
                continue;
            }
            match fs::remove_dir_all(source.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}
