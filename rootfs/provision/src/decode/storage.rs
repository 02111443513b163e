//! `storage`: files, directories and links.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Findings;
use super::fields::Fields;
use super::resource::resource;
use crate::config::{Config, Directory, File, Link, Node, Owner};

const MOST_MODE: u32 = 0o7777;

pub(super) fn directory(value: &Value, path: &str, findings: &mut Findings) -> Option<Directory> {
    let mut fields = Fields::open(value, path, findings)?;
    let node = node(&mut fields, findings);
    let mode = fields.number("mode", MOST_MODE, findings);
    fields.finish(findings);
    Some(Directory { node: node?, mode })
}

pub(super) fn file(value: &Value, path: &str, findings: &mut Findings) -> Option<File> {
    let mut fields = Fields::open(value, path, findings)?;
    let node = node(&mut fields, findings);
    let mode = fields.number("mode", MOST_MODE, findings);
    let contents_at = fields.at("contents");
    let contents =
        fields.take("contents").and_then(|value| resource(value, &contents_at, findings));
    let append = fields.list("append", findings, resource);
    fields.finish(findings);
    Some(File { node: node?, mode, contents, append })
}

pub(super) fn link(value: &Value, path: &str, findings: &mut Findings) -> Option<Link> {
    let mut fields = Fields::open(value, path, findings)?;
    let node = node(&mut fields, findings);
    let target_at = fields.at("target");
    let target = fields.string("target", findings).filter(|target| !target.is_empty());
    let hard = fields.boolean("hard", findings).unwrap_or(false);
    fields.finish(findings);
    if target.is_none() {
        findings.error(&target_at, "a link needs a target");
    }
    if let (true, Some(what)) = (hard, target.as_deref().and_then(bad_path)) {
        findings.error(&target_at, what);
    }
    Some(Link { node: node?, target: target?, hard })
}

fn node(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Node> {
    let path_at = fields.at("path");
    let path = fields.string("path", findings);
    let overwrite = fields.boolean("overwrite", findings).unwrap_or(false);
    let user = owner(fields, "user", findings);
    let group = owner(fields, "group", findings);
    let Some(path) = path else {
        findings.error(path_at, "a path is needed");
        return None;
    };
    match bad_path(&path) {
        Some(what) => {
            findings.error(path_at, what);
            None
        }
        None => Some(Node { at: fields.path.clone(), path, user, group, overwrite }),
    }
}

fn owner(fields: &mut Fields<'_>, key: &str, findings: &mut Findings) -> Option<Owner> {
    let mut owner = fields.object(key, findings)?;
    let at = owner.path.clone();
    // 2^32 - 1 means "leave it" to chown(2).
    let id = owner.number("id", u32::MAX - 1, findings);
    let name = owner.string("name", findings).filter(|name| !name.is_empty());
    owner.finish(findings);
    match (id, name) {
        (Some(_), Some(_)) => {
            findings.error(at, "either id or name, not both");
            None
        }
        (Some(id), None) => Some(Owner::Id(id)),
        (None, name) => name.map(Owner::Name),
    }
}

/// What is wrong with a path on the host.
fn bad_path(path: &str) -> Option<String> {
    /// Links into `/usr` on a running host.
    const READ_ONLY: &[&str] = &["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];
    const KERNEL: &[&str] = &["proc", "sys", "dev"];
    if !path.starts_with('/') {
        return Some(format!("`{path}` is not absolute"));
    }
    let first = path.split('/').find(|part| !part.is_empty());
    match first {
        _ if path.contains('\0') => Some("a path cannot hold a NUL".to_owned()),
        _ if path.split('/').any(|part| matches!(part, "." | "..")) => {
            Some(format!("`{path}` has `.` or `..` in it; write the path itself"))
        }
        _ if path.split('/').any(|part| part.len() > 255) || path.len() > 4095 => {
            Some("the path is too long".to_owned())
        }
        None => Some("`/` itself cannot be written".to_owned()),
        Some(first) if READ_ONLY.contains(&first) => Some(format!(
            "/{first} is part of the verified, read-only system; use /etc, /opt or /var"
        )),
        Some(first) if KERNEL.contains(&first) => Some(format!("/{first} belongs to the kernel")),
        Some(_) => None,
    }
}

/// No path twice, and none below a file or a link of the same configuration.
pub(super) fn check_paths(config: &Config, findings: &mut Findings) {
    let directories = config.directories.iter().map(|directory| (&directory.node, true));
    let files = config.files.iter().map(|file| (&file.node, false));
    let links = config.links.iter().map(|link| (&link.node, false));
    let mut seen: BTreeMap<String, (&str, bool)> = BTreeMap::new();
    for (node, is_directory) in directories.chain(files).chain(links) {
        let path = normal(&node.path);
        if let Some((first, _)) = seen.get(&path) {
            findings.error(
                format!("{}.path", node.at),
                format!("`{path}` is written by {first} as well"),
            );
        } else {
            seen.insert(path, (&node.at, is_directory));
        }
    }
    for (path, (at, _)) in &seen {
        let above = path.match_indices('/').skip(1).map(|(index, _)| &path[..index]);
        for above in above {
            if let Some((other, false)) = seen.get(above) {
                findings.error(
                    format!("{at}.path"),
                    format!("`{path}` is below `{above}`, which {other} makes no directory"),
                );
            }
        }
    }
}

/// The path without doubled and trailing slashes.
fn normal(path: &str) -> String {
    path.split('/')
        .filter(|part| !part.is_empty())
        .fold(String::new(), |path, part| path + "/" + part)
}
