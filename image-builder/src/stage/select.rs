//! Which files of its source a recipe takes.

use std::path::Path;

use fs_err as fs;
use keelson_sdk::{EntryKind, Package};

use super::{Inputs, StageError, Staged, file_name};
use crate::recipe::{self, Mode, Recipe, Source};
use crate::tree::{Kind, Node};
use keelson_disk::content::Content;

/// A file that a recipe may take.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'a> {
    /// Path in the source, or the binary's name.
    pub(super) path: String,
    /// Permission bits in the source.
    pub(super) mode: u32,
    /// What it is.
    pub(super) kind: Kind,
    /// The Debian package it is from.
    pub(super) package: Option<&'a str>,
}

/// Every file that a recipe may take.
pub(super) struct Candidates<'a> {
    recipe: &'a str,
    place: String,
    found: Vec<Candidate<'a>>,
}

impl<'a> Candidates<'a> {
    pub(super) fn of(recipe: &'a Recipe, inputs: &'a Inputs) -> Self {
        let (place, found) = match &recipe.source {
            Source::Debian(source) => {
                let wanted = |package: &&Package| source.packages.contains(&package.name);
                let packages = inputs.packages.iter().filter(wanted);
                let place = format!("package {}", source.packages.join(", "));
                (place, packages.flat_map(package_candidates).collect())
            }
            Source::Workspace(source) => binaries(&source.package, &source.binaries, inputs),
            Source::Crate(source) => binaries(&source.name, &source.binaries, inputs),
            Source::Kernel(source) => (format!("package {}", source.package), Vec::new()),
            Source::Files(source) => (format!("folder {}", source.folder), Vec::new()),
        };
        Self { recipe: &recipe.name, place, found }
    }

    /// The candidates that `pattern` names, by path; none is an error.
    pub(super) fn matching(&self, pattern: &str) -> Result<Vec<Candidate<'a>>, StageError> {
        let hit = |candidate: &&Candidate<'a>| {
            recipe::matches(pattern, &candidate.path) && !matches!(candidate.kind, Kind::Directory)
        };
        let mut found: Vec<_> = self.found.iter().filter(hit).cloned().collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        if found.is_empty() {
            let wanted = file_name(Path::new(pattern));
            let same_name =
                |candidate: &&Candidate<'a>| file_name(Path::new(&candidate.path)) == wanted;
            let hint = self
                .found
                .iter()
                .find(same_name)
                .map(|candidate| format!("; there is `{}`", candidate.path))
                .unwrap_or_default();
            return Err(StageError::NoSuchFile {
                recipe: self.recipe.to_owned(),
                from: pattern.to_owned(),
                place: self.place.clone(),
                hint,
            });
        }
        Ok(found)
    }
}

fn binaries<'a>(package: &str, names: &[String], inputs: &Inputs) -> (String, Vec<Candidate<'a>>) {
    let program = |name: &String| {
        let path = inputs.programs.get(name)?;
        let kind = Kind::File(Content::File(path.clone()));
        Some(Candidate { path: name.clone(), mode: 0o755, kind, package: None })
    };
    let place = format!("the binaries of {package} ({})", names.join(", "));
    (place, names.iter().filter_map(program).collect())
}

fn package_candidates(package: &Package) -> Vec<Candidate<'_>> {
    let candidate = |entry: &keelson_sdk::Entry| {
        let kind = match &entry.kind {
            EntryKind::File { .. } => Kind::File(Content::File(package.dir.join(&entry.path))),
            EntryKind::Hardlink { target } => Kind::File(Content::File(package.dir.join(target))),
            EntryKind::Symlink { target } => Kind::Link(target.clone()),
            EntryKind::Directory => Kind::Directory,
            EntryKind::Node => return None,
        };
        Some(Candidate {
            path: entry.path.clone(),
            mode: entry.mode,
            kind,
            package: Some(&package.name),
        })
    };
    package.entries.iter().filter_map(candidate).collect()
}

/// Adds every file below a folder of the workspace at the path it has there. Files are 0644, or
/// 0755 where the owner may execute them; the recipe's `[[file]]` entries set other modes.
pub(super) fn add_folder(
    recipe: &Recipe,
    folder: &Path,
    staged: &mut Staged,
) -> Result<(), StageError> {
    let failed = |error| StageError::Folder { recipe: recipe.name.clone(), error };
    let mut unused: Vec<_> = recipe.files.iter().map(|file| file.from.as_str()).collect();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let kind = fs::symlink_metadata(&path).map_err(failed)?;
            let inside = path.strip_prefix(folder).expect("found below the folder");
            let inside = inside.to_str().ok_or_else(|| {
                failed(std::io::Error::other(format!("{} is not UTF-8", path.display())))
            })?;
            let node = if kind.is_dir() {
                folders.push(path);
                continue;
            } else if kind.is_symlink() {
                let target = fs::read_link(&path).map_err(failed)?;
                (0o777, Kind::Link(target.to_string_lossy().into_owned()))
            } else {
                let mode = if is_executable(&kind) { 0o755 } else { 0o644 };
                (mode, Kind::File(Content::File(path.clone())))
            };
            let set = recipe.files.iter().find(|file| recipe::matches(file.from.as_str(), inside));
            unused.retain(|from| !recipe::matches(from, inside));
            let mode = set.and_then(|file| file.mode).map_or(node.0, Mode::bits);
            staged.tree.insert(inside, Node::new(mode, &recipe.name, node.1))?;
        }
    }
    match unused.first() {
        None => Ok(()),
        Some(from) => Err(StageError::NoSuchFile {
            recipe: recipe.name.clone(),
            from: (*from).to_owned(),
            place: format!("folder {}", folder.display()),
            hint: String::new(),
        }),
    }
}

fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}
