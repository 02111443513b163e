//! Writing the data member of a package below a folder, one checked path at a time.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::Path;

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;

use super::{DebError, Entry, EntryKind};
use crate::digest;

/// Top-level folders that are links into `usr/` today.
const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// Unpacks a tar stream into `tree`; the entries are sorted by path.
pub(super) fn write(reader: impl Read, tree: &Path) -> Result<Vec<Entry>, DebError> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let mut archive = tar::Archive::new(reader);
    for member in archive.entries()? {
        let mut member = member?;
        let raw = text(&member.path_bytes())?;
        let Some(path) = normal(&raw)? else {
            continue;
        };
        let header = member.header();
        let (mode, uid, gid) = (header.mode()? & 0o7777, header.uid()?, header.gid()?);
        let kind = header.entry_type();
        if kind.is_dir() {
            make_parents(tree, &path, &mut entries)?;
            match entries.get_mut(&path) {
                Some(entry) if entry.kind == EntryKind::Directory => entry.mode = mode,
                Some(_) => return Err(DebError::Twice(path)),
                None => {
                    fs::create_dir(tree.join(&path))?;
                    entries.insert(path.clone(), folder(path, mode, uid, gid));
                }
            }
            continue;
        }
        if kind.is_symlink() && MERGED.iter().any(|name| format!("usr/{name}") == path) {
            // `/bin -> usr/bin` itself: the merged layout is what this tree has anyway.
            continue;
        }
        make_parents(tree, &path, &mut entries)?;
        if entries.contains_key(&path) {
            return Err(DebError::Twice(path));
        }
        let kind = if kind.is_file() || kind.is_contiguous() {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(on_disk(mode))
                .open(tree.join(&path))?;
            let (sha256, size) = digest::copy(&mut member, &mut file)?;
            EntryKind::File { size, sha256 }
        } else if kind.is_symlink() {
            let target = text(&link_name(&member, &path)?)?;
            symlink(&target, tree.join(&path)).map_err(|error| named(&error, &path))?;
            EntryKind::Symlink { target }
        } else if kind.is_hard_link() {
            let target = normal(&text(&link_name(&member, &path)?)?)?.unwrap_or_default();
            let known = entries.get(&target).map(|entry| &entry.kind);
            if !matches!(known, Some(EntryKind::File { .. })) {
                return Err(DebError::Link { path, target });
            }
            fs::hard_link(tree.join(&target), tree.join(&path))?;
            EntryKind::Hardlink { target }
        } else {
            EntryKind::Node
        };
        let entry = Entry { path: path.clone(), mode, uid, gid, kind };
        entries.insert(path, entry);
    }
    Ok(entries.into_values().collect())
}

/// The mode a file has in the tree: never setuid, always readable and removable by its owner.
fn on_disk(mode: u32) -> u32 {
    if mode & 0o111 == 0 { 0o644 } else { 0o755 }
}

fn folder(path: String, mode: u32, uid: u64, gid: u64) -> Entry {
    Entry { path, mode, uid, gid, kind: EntryKind::Directory }
}

/// Makes the folders above `path`. A link among them is refused: writing through it could leave the tree.
fn make_parents(
    tree: &Path,
    path: &str,
    entries: &mut BTreeMap<String, Entry>,
) -> Result<(), DebError> {
    for (end, _) in path.match_indices('/') {
        let parent = &path[..end];
        match entries.get(parent) {
            Some(entry) if entry.kind == EntryKind::Directory => {}
            Some(_) => {
                return Err(DebError::Parent { path: path.to_owned(), parent: parent.to_owned() });
            }
            None => {
                fs::create_dir(tree.join(parent))?;
                entries.insert(parent.to_owned(), folder(parent.to_owned(), 0o755, 0, 0));
            }
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<String, DebError> {
    String::from_utf8(bytes.to_vec())
        .map_err(|_| DebError::Traversal(String::from_utf8_lossy(bytes).into_owned()))
}

fn link_name(member: &tar::Entry<'_, impl Read>, path: &str) -> Result<Vec<u8>, DebError> {
    member
        .link_name_bytes()
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| DebError::Link { path: path.to_owned(), target: String::new() })
}

fn named(error: &io::Error, path: &str) -> io::Error {
    io::Error::new(error.kind(), format!("making the link {path}: {error}"))
}

/// The path below the tree, in the merged layout. The root itself is none.
fn normal(raw: &str) -> Result<Option<String>, DebError> {
    let refuse = || DebError::Traversal(raw.to_owned());
    if raw.starts_with('/') || raw.contains('\0') {
        return Err(refuse());
    }
    let mut parts = Vec::new();
    for part in raw.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(refuse()),
            part => parts.push(part),
        }
    }
    match parts.first() {
        None => Ok(None),
        Some(first) if MERGED.contains(first) => Ok(Some(format!("usr/{}", parts.join("/")))),
        Some(_) => Ok(Some(parts.join("/"))),
    }
}
