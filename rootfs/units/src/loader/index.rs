//! What the folders of the search path hold: unit files, aliases, masks, and folders that belong to units.

use std::collections::BTreeSet;
use std::fs::{FileType, Metadata};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use rustc_hash::FxHashMap;

use crate::model::{UnitKind, UnitName};

/// So many aliases may lead to each other.
const LONGEST_CHAIN: usize = 16;

/// One name in the search path; a folder earlier in the path has the last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A unit file, which may be a link out of the search path. An empty one masks.
    File(PathBuf),
    /// A link to another name.
    Alias { target: UnitName, link: PathBuf },
    /// A link to `/dev/null`.
    Mask(PathBuf),
}

/// What a name leads to.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// This file, of the unit of this name, as it was a moment ago.
    File { name: UnitName, path: PathBuf, metadata: Option<Metadata> },
    /// A mask.
    Masked(PathBuf),
    /// No file.
    Nothing,
}

/// The folders as they were listed.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub root: PathBuf,
    /// By name.
    pub entries: FxHashMap<UnitName, Entry>,
    /// Names that lead to a name.
    pub reverse: FxHashMap<UnitName, Vec<UnitName>>,
    /// Folders such as `ssh.service.d` and `multi-user.target.wants`, by suffix and by what is before it: position of the
    /// parent in the path, and path.
    pub folders: FxHashMap<String, FxHashMap<String, Vec<(usize, PathBuf)>>>,
    /// How many folders the path has.
    pub depth: usize,
    /// When each of them was last changed before it was listed; none where it is not there.
    times: Vec<Option<SystemTime>>,
}

impl Index {
    /// Lists all folders; what cannot be listed is as if it were not there.
    pub fn read(root: &Path, path: &[PathBuf]) -> Self {
        let (depth, times) = (path.len(), times(path));
        let mut index = Self { root: root.to_owned(), depth, times, ..Self::default() };
        for (position, folder) in path.iter().enumerate() {
            let Ok(listing) = std::fs::read_dir(folder) else { continue };
            for item in listing.flatten() {
                let (Ok(kind), Ok(name)) = (item.file_type(), item.file_name().into_string())
                else {
                    continue;
                };
                let unit = name.parse::<UnitName>().ok();
                if let Some(unit) = unit.filter(|_| !kind.is_dir()) {
                    if !index.entries.contains_key(&unit)
                        && let Some(entry) =
                            entry(root, path, &unit, item.path(), kind.is_symlink())
                    {
                        index.entries.insert(unit, entry);
                    }
                } else if let Some((unit, suffix)) = name.rsplit_once('.')
                    && let Some(folder) = folder_at(root, item.path(), kind)
                {
                    let folders = index.folders.entry(suffix.to_owned()).or_default();
                    folders.entry(unit.to_owned()).or_default().push((position, folder));
                }
            }
        }
        for (name, entry) in &index.entries {
            if let Entry::Alias { target, .. } = entry {
                index.reverse.entry(target.clone()).or_default().push(name.clone());
            }
        }
        index
    }

    /// Whether a folder of the path has changed since: a file in it came or went.
    pub fn is_stale(&self, path: &[PathBuf]) -> bool {
        times(path) != self.times
    }

    /// Where a name leads, aliases followed; an instance falls back to its template.
    pub fn find(&self, name: &UnitName) -> Found {
        self.find_unless(name, |_| false)
    }

    /// The same, without a look at a file that is known to be one.
    pub fn find_unless(&self, name: &UnitName, is_known: impl Fn(&Path) -> bool) -> Found {
        let mut name = name.clone();
        for _ in 0..LONGEST_CHAIN {
            let template = name.template();
            let own = self.entries.get(&name);
            let entry = own.or_else(|| self.entries.get(template.as_ref()?));
            match entry {
                None => return Found::Nothing,
                Some(Entry::Mask(path)) => return Found::Masked(path.clone()),
                Some(Entry::File(path)) if is_known(path) => {
                    return Found::File { name, path: path.clone(), metadata: None };
                }
                Some(Entry::File(path)) => {
                    let (path, metadata) = (path.clone(), std::fs::metadata(path).ok());
                    let empty = metadata.as_ref().is_some_and(is_empty);
                    return if empty {
                        Found::Masked(path)
                    } else {
                        Found::File { name, path, metadata }
                    };
                }
                Some(Entry::Alias { target, .. }) => name = instantiated(target, &name),
            }
        }
        Found::Nothing
    }

    /// Other names that lead to a unit.
    pub fn aliases(&self, name: &UnitName) -> BTreeSet<UnitName> {
        let mut aliases = BTreeSet::new();
        let mut queue = vec![name.clone()];
        while let Some(name) = queue.pop() {
            let template = name.template();
            for target in [Some(&name), template.as_ref()].into_iter().flatten() {
                for alias in self.reverse.get(target).into_iter().flatten() {
                    let alias = instantiated(alias, &name);
                    if aliases.insert(alias.clone()) {
                        queue.push(alias);
                    }
                }
            }
        }
        aliases.remove(name);
        aliases
    }
}

/// A folder, or the one that a link leads to.
fn folder_at(root: &Path, path: PathBuf, kind: FileType) -> Option<PathBuf> {
    let path = if kind.is_symlink() { resolve_link(root, &path)? } else { path };
    (kind.is_dir() || kind.is_symlink() && path.is_dir()).then_some(path)
}

fn times(path: &[PathBuf]) -> Vec<Option<SystemTime>> {
    let time = |folder: &PathBuf| std::fs::metadata(folder).and_then(|found| found.modified()).ok();
    path.iter().map(time).collect()
}

/// A template takes the instance of the name that led to it.
fn instantiated(target: &UnitName, from: &UnitName) -> UnitName {
    match from.instance().filter(|instance| target.is_template() && !instance.is_empty()) {
        Some(instance) => target.with_instance(instance).unwrap_or_else(|_| target.clone()),
        None => target.clone(),
    }
}

/// An empty file is a mask.
pub(super) fn is_empty(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.len() == 0
}

fn entry(
    root: &Path,
    path: &[PathBuf],
    name: &UnitName,
    file: PathBuf,
    is_link: bool,
) -> Option<Entry> {
    if !is_link {
        return Some(Entry::File(file));
    }
    let target = resolve_link(root, &file)?;
    if target == root.join("dev/null") {
        return Some(Entry::Mask(file));
    }
    let folder = target.parent()?;
    let in_path =
        path.iter().any(|known| known == folder) || folder == root.join("lib/systemd/system");
    let base = target.file_name()?.to_str()?;
    if !in_path || base == name.as_str() {
        return target.is_file().then_some(Entry::File(target));
    }
    let target: UnitName = base.parse().ok()?;
    alias_fits(name, &target).then_some(Entry::Alias { target, link: file })
}

/// An alias has the type of its unit; an instance may lead to a template, but a plain name to a plain name only.
fn alias_fits(alias: &UnitName, target: &UnitName) -> bool {
    let templated = |name: &UnitName| name.instance().is_some();
    let same = alias.kind() == target.kind() && alias.kind() != UnitKind::Slice;
    same && (templated(alias) == templated(target) || !target.is_template())
}

/// The path a link leads to, one step, seen from below `root`.
pub(crate) fn resolve_link(root: &Path, link: &Path) -> Option<PathBuf> {
    let target = std::fs::read_link(link).ok()?;
    let whole = match target.strip_prefix("/") {
        Ok(relative) => root.join(relative),
        Err(_) => link.parent()?.join(target),
    };
    let mut normal = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    Some(normal)
}
