//! Which of the caller's variables reach cargo, and the wrapper that maps paths away.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::cache::{self, Cache};
use crate::digest::Digest;

/// Variables of cargo that say how to reach the network and where things are, and so may stay.
const KEPT: [&str; 7] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_COLOR",
];

/// Variables that change what a compiler makes.
const DROPPED: [&str; 12] = [
    "CFLAGS",
    "CPPFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LIBRARY_PATH",
    "MAKEFLAGS",
    "MFLAGS",
    "SOURCE_DATE_EPOCH",
    "TARGET",
    "PROFILE",
];

/// Whether a variable of the caller is kept from cargo.
pub(super) fn is_dropped(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    if name.starts_with("CARGO") {
        return !KEPT.iter().any(|kept| name.starts_with(kept));
    }
    (name.starts_with("RUST") && !name.starts_with("RUSTUP_"))
        || DROPPED
            .iter()
            .any(|dropped| name == *dropped || name.starts_with(&format!("{dropped}_")))
}

/// Paths of this machine and what programs are to hold in their place.
pub(super) fn remaps(
    workspace: &Path,
    cargo_home: &Path,
    sysroot: &Path,
    target_dir: &Path,
) -> io::Result<Vec<(PathBuf, String)>> {
    // The compiler takes the last mapping that fits, so the inner folders come last.
    let mut maps = vec![
        (workspace.to_owned(), "/keelson".to_owned()),
        (cargo_home.to_owned(), "/cargo".to_owned()),
    ];
    // Registry folders are named by the registry's address, which differs behind a mirror.
    let registries = cargo_home.join("registry/src");
    if registries.is_dir() {
        let mut folders = Vec::new();
        for entry in fs::read_dir(&registries)? {
            folders.push(entry?.path());
        }
        folders.sort();
        maps.extend(folders.into_iter().map(|folder| (folder, "/cargo/registry".to_owned())));
    }
    maps.push((sysroot.to_owned(), "/rust".to_owned()));
    maps.push((target_dir.to_owned(), "/target".to_owned()));
    Ok(maps)
}

/// Writes the wrapper for these mappings into the cache; its name is its content.
pub(super) fn wrapper(cache: &Cache, maps: &[(PathBuf, String)]) -> io::Result<PathBuf> {
    let mut script = b"#!/bin/sh\nexec \"$@\"".to_vec();
    for (from, to) in maps {
        script.extend(b" --remap-path-prefix ");
        let mut pair = OsString::from(from);
        pair.push("=");
        pair.push(to);
        script.extend(quoted(&pair));
    }
    script.push(b'\n');
    let folder = cache.path("rustc");
    fs::create_dir_all(&folder)?;
    let path = folder.join(Digest::of(&script).to_string());
    if !path.exists() {
        // A program that is open for writing cannot be started: make it elsewhere and move it.
        let scratch = cache.scratch()?;
        let made = scratch.path().join("rustc");
        cache::write_durable(&made, &script)?;
        fs::set_permissions(&made, PermissionsExt::from_mode(0o755))?;
        fs::rename(&made, &path)?;
    }
    Ok(path)
}

/// A word for the shell.
fn quoted(text: &OsStr) -> Vec<u8> {
    let mut word = vec![b'\''];
    for byte in text.as_bytes() {
        match byte {
            b'\'' => word.extend(b"'\\''"),
            byte => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}
