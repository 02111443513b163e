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
const KEPT: [&str; 6] = [
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_COLOR",
];

/// Variables that change what a compiler or a build script makes; also those that go on with `_` and more.
const DROPPED: [&str; 16] = [
    "CFLAGS",
    "CPPFLAGS",
    "CXXFLAGS",
    "LANG",
    "LANGUAGE",
    "LC",
    "LDFLAGS",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LIBRARY_PATH",
    "MAKEFLAGS",
    "MFLAGS",
    "SOURCE_DATE_EPOCH",
    "TARGET",
    "PROFILE",
    "UUCORE",
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

/// The folders of this machine that programs must not show.
#[derive(Debug)]
pub(super) struct Folders<'a> {
    pub(super) workspace: &'a Path,
    pub(super) cargo_home: &'a Path,
    pub(super) sysroot: &'a Path,
    pub(super) target_dir: &'a Path,
}

/// Writes a wrapper around the compiler that maps these folders away; gives its place in the cache,
/// which is named by its content.
pub(super) fn wrapper(cache: &Cache, folders: &Folders<'_>) -> io::Result<PathBuf> {
    let script = script(folders);
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

/// The compiler takes the last mapping that fits, so inner folders come after outer ones: the target folder
/// may be in the workspace, and cargo's home is in the target folder. Registry folders
/// are named by the registry's address, which differs behind a mirror, and appear during the build.
fn script(folders: &Folders<'_>) -> Vec<u8> {
    let map = |folder: &Path, name: &str| {
        let mut pair = OsString::from(folder);
        pair.push("=");
        pair.push(name);
        [b" --remap-path-prefix ".to_vec(), quoted(&pair)].concat()
    };
    let registries = quoted(folders.cargo_home.join("registry/src").as_os_str());
    [
        b"#!/bin/sh\nset -- \"$@\"".to_vec(),
        map(folders.workspace, "/keelson"),
        map(folders.sysroot, "/rust"),
        map(folders.target_dir, "/target"),
        map(folders.cargo_home, "/cargo"),
        b"\nfor folder in ".to_vec(),
        registries,
        b"/*; do\n  set -- \"$@\" --remap-path-prefix \"$folder=/cargo/registry\"\ndone\nexec \"$@\"\n".to_vec(),
    ]
    .concat()
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
