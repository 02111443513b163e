//! The tree of `/usr` in memory: paths with owners, modes and contents, written as the tar stream
//! that `mkfs.erofs` reads. Nothing is staged on disk, so no privilege is needed for any owner.

use std::collections::BTreeMap;
use std::io::{self, Write};

use thiserror::Error;

use keelson_disk::content::Content;

/// A file tree. Paths are relative, as in `usr/bin/ls`, without `.` or `..`.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<String, Node>,
}

/// One path of a tree.
#[derive(Debug, Clone)]
pub struct Node {
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Who brought it: a recipe's name, for messages and reports.
    pub origin: String,
    /// What it is.
    pub kind: Kind,
}

/// What stands at a path.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A folder.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link with its text.
    Link(String),
}

/// Why a path could not be added, or the tree not be written.
#[derive(Debug, Error)]
pub enum TreeError {
    /// Two origins want different things at one path.
    #[error(
        "/{path} comes from recipe `{first}` and from recipe `{second}`: remove it from one of them"
    )]
    Conflict {
        /// The path.
        path: String,
        /// Who came first.
        first: String,
        /// Who came second.
        second: String,
    },
    /// A path is not relative and plain.
    #[error("`{0}` is not a path in the image: write it without leading `/`, `.` and `..`")]
    Path(String),
    /// Something stands below a path that is no folder.
    #[error("/{path} is not a folder, but /{below} is below it")]
    NotAFolder {
        /// The path.
        path: String,
        /// What is below it.
        below: String,
    },
    /// A file could not be read or the stream not be written.
    #[error("writing /{path} into the tree's tar stream: {error}")]
    Write {
        /// The path.
        path: String,
        /// Why.
        error: io::Error,
    },
}

/// A symbolic link that leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub struct Dangling {
    /// Path of the link.
    pub path: String,
    /// Its text.
    pub target: String,
    /// Which recipe brought it.
    pub origin: String,
}

/// Links below these folders are made at run time and may dangle in the image.
const RUNTIME: [&str; 9] =
    ["etc", "run", "var", "proc", "sys", "dev", "tmp", "home", "usr/share/factory/etc"];

/// How many links are followed before a chain is called a loop, as in the kernel.
const MAX_LINKS: usize = 40;

impl Node {
    /// A node owned by root.
    pub fn new(mode: u32, origin: &str, kind: Kind) -> Self {
        Self { mode, uid: 0, gid: 0, origin: origin.to_owned(), kind }
    }
}

impl Tree {
    /// Adds a node and the folders above it (root, 0755).
    pub fn insert(&mut self, path: &str, node: Node) -> Result<(), TreeError> {
        let plain = !path.is_empty()
            && path.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains('\0'));
        if !plain {
            return Err(TreeError::Path(path.to_owned()));
        }
        for (index, _) in path.match_indices('/') {
            let parent = &path[..index];
            let folder = || Node::new(0o755, &node.origin, Kind::Directory);
            let found = self.nodes.entry(parent.to_owned()).or_insert_with(folder);
            if !matches!(found.kind, Kind::Directory) {
                let (path, below) = (parent.to_owned(), path.to_owned());
                return Err(TreeError::NotAFolder { path, below });
            }
        }
        match self.nodes.get_mut(path) {
            None => {
                self.nodes.insert(path.to_owned(), node);
            }
            Some(found) => match (&found.kind, &node.kind) {
                (Kind::Directory, Kind::Directory) => *found = node,
                (Kind::Link(a), Kind::Link(b)) if a == b => {}
                _ => {
                    return Err(TreeError::Conflict {
                        path: path.to_owned(),
                        first: found.origin.clone(),
                        second: node.origin,
                    });
                }
            },
        }
        Ok(())
    }

    /// The node at a path, links not followed.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Every path and node, a folder before what is in it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// The path that `path` leads to when links are followed, if something is there.
    ///
    /// `/bin`, `/sbin`, `/lib` and `/lib64` lead into `/usr`, as on the host.
    pub fn resolve(&self, path: &str) -> Option<String> {
        self.follow(path, 0)
    }

    /// The links that lead nowhere, those into folders made at run time left out.
    pub fn dangling_links(&self) -> Vec<Dangling> {
        let runtime = |path: &str| {
            RUNTIME.iter().any(|top| {
                path == *top || path.strip_prefix(top).is_some_and(|r| r.starts_with('/'))
            })
        };
        let mut dangling = Vec::new();
        for (path, node) in &self.nodes {
            let Kind::Link(target) = &node.kind else { continue };
            let absolute = join(path, target);
            if runtime(&absolute) || runtime(path) || self.resolve(path).is_some() {
                continue;
            }
            let (path, target) = (path.clone(), target.clone());
            dangling.push(Dangling { path, target, origin: node.origin.clone() });
        }
        dangling
    }

    /// Writes what is below `usr` as a tar stream whose root is `/usr`, every time stamp 0.
    pub fn write_tar(&self, out: impl Write) -> Result<(), TreeError> {
        let mut tar = tar::Builder::new(out);
        for (path, node) in &self.nodes {
            let Some(inside) = path.strip_prefix("usr/") else { continue };
            append(&mut tar, inside, node)
                .map_err(|error| TreeError::Write { path: path.clone(), error })?;
        }
        let end = |error| TreeError::Write { path: "usr".to_owned(), error };
        tar.into_inner().map_err(end)?.flush().map_err(end)
    }

    /// The `count` largest files, largest first, in bytes before compression.
    pub fn largest(&self, count: usize) -> Vec<(String, u64)> {
        let mut files: Vec<_> = self
            .nodes
            .iter()
            .filter_map(|(path, node)| match &node.kind {
                Kind::File(content) => Some((path.clone(), content.bytes().unwrap_or(0))),
                Kind::Directory | Kind::Link(_) => None,
            })
            .collect();
        files.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        files.truncate(count);
        files
    }

    fn follow(&self, path: &str, depth: usize) -> Option<String> {
        if depth > MAX_LINKS {
            return None;
        }
        let mut reached = String::new();
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        while let Some(part) = parts.next() {
            let next =
                if reached.is_empty() { part.to_owned() } else { format!("{reached}/{part}") };
            let rest = || parts.clone().collect::<Vec<_>>().join("/");
            let target = match self.nodes.get(&next).map(|node| &node.kind) {
                Some(Kind::Link(target)) => join(&next, target),
                Some(_) => {
                    reached = next;
                    continue;
                }
                None if matches!(next.as_str(), "bin" | "sbin" | "lib" | "lib64") => {
                    format!("usr/{next}")
                }
                None => return None,
            };
            let rest = rest();
            let onward = if rest.is_empty() { target } else { format!("{target}/{rest}") };
            return self.follow(&onward, depth + 1);
        }
        Some(reached)
    }
}

/// The path, without leading `/`, that the text of a link at `path` names.
pub(crate) fn join(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(path.split('/'));
        parts.pop();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn append(tar: &mut tar::Builder<impl Write>, path: &str, node: &Node) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(node.mode);
    header.set_uid(node.uid.into());
    header.set_gid(node.gid.into());
    header.set_mtime(0);
    match &node.kind {
        Kind::Directory => {
            header.set_entry_type(tar::EntryType::Directory);
            header.set_size(0);
            tar.append_data(&mut header, format!("{path}/"), io::empty())
        }
        Kind::Link(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, path, target)
        }
        Kind::File(content) => {
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(content.bytes().map_err(io::Error::other)?);
            tar.append_data(&mut header, path, content.open().map_err(io::Error::other)?)
        }
    }
}

#[cfg(test)]
mod tests;
