//! Joining unpacked packages into one tree of hard links, with a wrapper for each program.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::ToolsError;
use super::program::Kind;
use crate::cache::write_durable;
use crate::deb::{Entry, EntryKind};
use crate::store::Package;

/// Raise this when the form of a set changes.
pub(super) const SCHEMA: u32 = 1;

/// The dynamic loader of the tree.
pub(super) const LOADER: &str = "usr/lib64/ld-linux-x86-64.so.2";

/// Folders whose programs are run by name, in this order.
pub(super) const PROGRAMS: [&str; 3] = ["usr/bin", "usr/sbin", "usr/games"];

/// Where the libraries of the architecture are.
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    schema: u32,
    libraries: Vec<String>,
    /// Regular files of the tree with their sizes.
    files: Vec<(String, u64)>,
}

/// The library folders of a set that is whole, as far as sizes tell.
pub(super) fn check(folder: &Path) -> Option<Vec<String>> {
    let bytes = fs::read(folder.join("manifest.json")).ok()?;
    let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
    let root = folder.join("root");
    let whole = manifest.files.iter().all(|(path, size)| {
        fs::symlink_metadata(root.join(path)).is_ok_and(|found| found.len() == *size)
    });
    (manifest.schema == SCHEMA && whole).then_some(manifest.libraries)
}

/// Writes a set into a new folder; gives its library folders.
pub(super) fn write(folder: &Path, packages: &[Package]) -> Result<Vec<String>, ToolsError> {
    let root = folder.join("root");
    fs::create_dir_all(&root)?;
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    let mut files = Vec::new();
    for package in packages {
        for entry in &package.entries {
            place(&root, package, entry, &mut owners, &mut files)?;
        }
    }
    files.sort();
    let libraries = library_folders(&root)?;
    write_wrappers(folder, &libraries)?;
    let manifest = Manifest { schema: SCHEMA, libraries: libraries.clone(), files };
    let text = serde_json::to_vec(&manifest).map_err(io::Error::from)?;
    write_durable(&folder.join("manifest.json"), &text)?;
    Ok(libraries)
}

fn place<'a>(
    root: &Path,
    package: &'a Package,
    entry: &'a Entry,
    owners: &mut BTreeMap<&'a str, &'a str>,
    files: &mut Vec<(String, u64)>,
) -> Result<(), ToolsError> {
    let path = root.join(&entry.path);
    if entry.kind == EntryKind::Directory {
        return Ok(fs::create_dir_all(path)?);
    }
    if let Some(first) = owners.insert(&entry.path, &package.name) {
        return Err(ToolsError::Conflict {
            path: entry.path.clone(),
            first: first.to_owned(),
            second: package.name.clone(),
        });
    }
    match &entry.kind {
        EntryKind::File { size, .. } => {
            let source = package.dir.join(&entry.path);
            // A cache of bind mounts may refuse hard links between its folders.
            if fs::hard_link(&source, &path).is_err() {
                fs::copy(&source, &path)?;
            }
            files.push((entry.path.clone(), *size));
        }
        EntryKind::Hardlink { .. } => {
            let source = package.dir.join(&entry.path);
            if fs::hard_link(&source, &path).is_err() {
                fs::copy(&source, &path)?;
            }
        }
        EntryKind::Symlink { target } => {
            let text = inside(&entry.path, target);
            symlink(&text, &path).map_err(|error| {
                io::Error::new(error.kind(), format!("linking {}: {error}", path.display()))
            })?;
        }
        EntryKind::Directory | EntryKind::Node => {}
    }
    Ok(())
}

/// A link's text that stays below the tree: an absolute one becomes relative to the link's folder.
fn inside(path: &str, target: &str) -> PathBuf {
    let Some(absolute) = target.strip_prefix('/') else {
        return PathBuf::from(target);
    };
    let mut text = PathBuf::new();
    for _ in 0..path.matches('/').count() {
        text.push("..");
    }
    let first = absolute.split('/').next().unwrap_or_default();
    if matches!(first, "bin" | "sbin" | "lib" | "lib64") {
        text.push("usr");
    }
    let plain = Path::new(absolute)
        .components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    text.extend(plain);
    text
}

/// The architecture's folder, folders in it that hold shared libraries, and `usr/lib`.
fn library_folders(root: &Path) -> io::Result<Vec<String>> {
    let mut folders = BTreeSet::new();
    let base = root.join(LIBRARIES);
    if base.is_dir() {
        for entry in fs::read_dir(&base)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_dir() && name != "gconv" && holds_libraries(&entry.path())? {
                folders.insert(format!("{LIBRARIES}/{name}"));
            }
        }
    }
    let mut ordered = vec![LIBRARIES.to_owned()];
    ordered.extend(folders);
    ordered.push("usr/lib".to_owned());
    Ok(ordered)
}

fn holds_libraries(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("lib") && name.contains(".so") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Wrappers find the tree from their own place, so a set may be moved as a whole.
fn write_wrappers(folder: &Path, libraries: &[String]) -> Result<(), ToolsError> {
    let bin = folder.join("bin");
    fs::create_dir(&bin)?;
    let list: Vec<String> =
        libraries.iter().map(|library| format!("$here/root/{library}")).collect();
    let loader = format!("\"$here/root/{LOADER}\" --library-path \"{}\"", list.join(":"));
    let mut seen = BTreeSet::new();
    for programs in PROGRAMS {
        let place = folder.join("root").join(programs);
        if !place.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&place)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = entry.path();
            // Links to nothing and names a shell would take apart get no wrapper.
            // Shells are the host's: wrappers themselves need one.
            if matches!(name.as_str(), "sh" | "dash" | "bash") {
                continue;
            }
            if !path.is_file()
                || name.contains(['"', '$', '`', '\\', '\''])
                || !seen.insert(name.clone())
            {
                continue;
            }
            let program = format!("\"$here/root/{programs}/{name}\"");
            let start = match Kind::of(&path)? {
                Kind::Dynamic => format!("{loader} --argv0 \"{name}\" {program}"),
                Kind::Static => program,
                Kind::Script { interpreter }
                    if matches!(interpreter.as_str(), "sh" | "bash" | "dash") =>
                {
                    program
                }
                Kind::Script { interpreter }
                    if interpreter.starts_with("python3") || interpreter == "perl" =>
                {
                    format!("\"$here/bin/{interpreter}\" {program}")
                }
                Kind::Script { .. } => continue,
            };
            let wrapper = bin.join(&name);
            fs::write(
                &wrapper,
                format!("#!/bin/sh\nhere=\"${{0%/*}}/..\"\nexec {start} \"$@\"\n"),
            )?;
            fs::set_permissions(&wrapper, PermissionsExt::from_mode(0o755))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::inside;
    use std::path::Path;

    #[test]
    fn absolute_links_stay_below_the_tree() {
        let table = [
            ("usr/bin/a", "b", "b"),
            ("usr/bin/a", "../lib/b", "../lib/b"),
            ("usr/lib/ssl/openssl.cnf", "/etc/ssl/openssl.cnf", "../../../etc/ssl/openssl.cnf"),
            (
                "usr/lib/x.so",
                "/lib/x86_64-linux-gnu/x.so.1",
                "../../usr/lib/x86_64-linux-gnu/x.so.1",
            ),
            ("vmlinuz", "/boot/vmlinuz", "boot/vmlinuz"),
        ];
        for (path, target, text) in table {
            assert_eq!(inside(path, target), Path::new(text), "{path} -> {target}");
        }
    }
}
