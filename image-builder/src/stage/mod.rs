//! Plan and unpacked inputs -> the tree of `/usr`, the kernel and the modules of the initramfs.
//!
//! Recipes take only the files they list; the libraries those need come by the closure of
//! `DT_NEEDED`, and nothing else does.

mod closure;
mod kernel;
mod select;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use keelson_sdk::Package;
use thiserror::Error;

use crate::elf::{self, ElfError};
use crate::plan::{BuildFile, Plan};
use crate::recipe::{Exports, Mode, Recipe, Source};
use crate::tree::{Dangling, Kind, Node, Tree, TreeError};
use keelson_disk::content::{Content, ContentError};

pub use kernel::{InitramfsModule, Kernel};

/// What the recipes of a plan take their files from.
#[derive(Debug)]
pub struct Inputs {
    /// Unpacked Debian packages: those of the recipes and those that hold libraries.
    pub packages: Vec<Package>,
    /// Compiled programs by the name of the binary.
    pub programs: BTreeMap<String, PathBuf>,
    /// Folder that `files` sources are relative to.
    pub workspace: PathBuf,
}

/// Everything that goes into an image.
#[derive(Debug)]
pub struct Staged {
    /// `/usr`.
    pub tree: Tree,
    /// Kernel and modules.
    pub kernel: Kernel,
    /// Files that the builder needs, whether they are in `/usr` or not, by recipe and name.
    build_files: BTreeMap<(String, String), Content>,
    /// Names of the Debian packages that gave at least one file.
    pub packages: BTreeSet<String>,
}

/// Why a tree could not be made.
#[derive(Debug, Error)]
pub enum StageError {
    /// A mistake that a line of a recipe makes.
    #[error("{place}: {error}")]
    At {
        /// File, line and column of the entry.
        place: String,
        /// What is wrong with it.
        error: Box<StageError>,
    },
    /// A path could not be added.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A listed file is not there.
    #[error("recipe `{recipe}`: `{from}` is not in {place}{hint}")]
    NoSuchFile {
        /// Name of the recipe.
        recipe: String,
        /// What it lists.
        from: String,
        /// Where it was looked for.
        place: String,
        /// A similar path, as in `; did you mean ...`.
        hint: String,
    },
    /// No input has a library that a program needs.
    #[error(
        "/{path} (recipe `{recipe}`) needs {library}, which is in none of the packages: \
         add the package that has it to the recipe"
    )]
    MissingLibrary {
        /// The library.
        library: String,
        /// The program.
        path: String,
        /// Who brought the program.
        recipe: String,
    },
    /// Links lead nowhere.
    #[error("links in /usr lead nowhere:{}", list(.0))]
    Dangling(Vec<Dangling>),
    /// An ELF file is damaged.
    #[error("/{path}: {error}")]
    Elf {
        /// The file.
        path: String,
        /// What is wrong.
        error: ElfError,
    },
    /// A file of an input could not be read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// A folder of an input could not be read.
    #[error("reading a folder of recipe `{recipe}`: {error}")]
    Folder {
        /// Name of the recipe.
        recipe: String,
        /// Why.
        error: std::io::Error,
    },
    /// No package has a kernel.
    #[error(
        "none of the packages has /boot/vmlinuz-*: does the kernel recipe name the right package?"
    )]
    NoKernel,
    /// A module is listed that the kernel has compiled in.
    #[error(
        "recipe `{recipe}`: module `{module}` is built into the kernel: remove it from the list"
    )]
    BuiltIn {
        /// Name of the recipe.
        recipe: String,
        /// The module.
        module: String,
    },
    /// A module needs another that the kernel package does not have.
    #[error("module `{by}` needs module `{needed}`, which the kernel package does not have")]
    MissingModule {
        /// What is missing.
        needed: String,
        /// Who needs it.
        by: String,
    },
}

fn list(dangling: &[Dangling]) -> String {
    let line = |link: &Dangling| {
        format!("\n  /{} -> {} (recipe `{}`)", link.path, link.target, link.origin)
    };
    dangling.iter().map(line).collect()
}

impl StageError {
    /// The same with the place of the entry that it is about, where there is one.
    fn located(self, recipe: &Recipe) -> Self {
        let entry = match (&self, &recipe.source) {
            (Self::NoSuchFile { from, .. }, _) => from,
            (Self::BuiltIn { module, .. }, _) => module,
            (Self::Folder { .. }, Source::Files(source)) => &source.folder,
            _ => return self,
        };
        Self::At { place: recipe.origin.place_of(entry), error: Box::new(self) }
    }
}

impl Staged {
    /// A file that the builder needs, as the plan names it.
    pub fn build_file(&self, file: &BuildFile) -> Result<&Content, StageError> {
        self.build_files.get(&(file.recipe.clone(), file.path.clone())).ok_or_else(|| {
            StageError::NoSuchFile {
                recipe: file.recipe.clone(),
                from: file.path.clone(),
                place: "the files that the recipe lists".to_owned(),
                hint: String::new(),
            }
        })
    }
}

/// A file that the builder needs, as the plan names it, without staging the rest.
pub fn build_file(plan: &Plan, inputs: &Inputs, file: &BuildFile) -> Result<Content, StageError> {
    let recipe = plan.components.iter().find(|recipe| recipe.name == file.recipe);
    let recipe = recipe.expect("the plan's files are of its recipes");
    let found = select::Candidates::of(recipe, inputs).matching(&file.path)?;
    let content = found.into_iter().find_map(|candidate| match candidate.kind {
        Kind::File(content) => Some(content),
        _ => None,
    });
    content.ok_or_else(|| StageError::NoSuchFile {
        recipe: file.recipe.clone(),
        from: file.path.clone(),
        place: "the files of its source".to_owned(),
        hint: String::new(),
    })
}

/// Makes the tree of a plan. Fails on a missing file or library and on a link that leads nowhere.
pub fn stage(plan: &Plan, inputs: &Inputs) -> Result<Staged, StageError> {
    let mut staged = Staged {
        tree: Tree::default(),
        kernel: kernel::find(inputs)?,
        build_files: BTreeMap::new(),
        packages: BTreeSet::new(),
    };
    for recipe in &plan.components {
        add_recipe(plan, recipe, inputs, &mut staged).map_err(|error| error.located(recipe))?;
    }
    let os_release = Kind::File(Content::Bytes(plan.os_release.clone().into_bytes()));
    staged.tree.insert("usr/lib/os-release", Node::new(0o644, "board", os_release))?;
    closure::add_libraries(&mut staged, &inputs.packages)?;
    match staged.tree.dangling_links() {
        dangling if dangling.is_empty() => Ok(staged),
        dangling => Err(StageError::Dangling(dangling)),
    }
}

fn add_recipe(
    plan: &Plan,
    recipe: &Recipe,
    inputs: &Inputs,
    staged: &mut Staged,
) -> Result<(), StageError> {
    let name = &recipe.name;
    match &recipe.source {
        Source::Kernel(source) => kernel::add_modules(name, source, inputs, staged)?,
        Source::Files(source) => {
            select::add_folder(recipe, &inputs.workspace.join(&source.folder), staged)?;
        }
        Source::Workspace(_) | Source::Crate(_) | Source::Debian(_) => {}
    }
    let source = select::Candidates::of(recipe, inputs);
    for directory in &recipe.directories {
        let node = Node::new(directory.mode.bits(), name, Kind::Directory);
        staged.tree.insert(directory.path.as_str(), node)?;
    }
    if !matches!(recipe.source, Source::Files(_)) {
        for file in &recipe.files {
            for found in source.matching(file.from.as_str())? {
                let mode = file.mode.map_or(found.mode, Mode::bits);
                let to = file.destination(&found.path);
                let kind = match (found.kind, file.exports) {
                    (Kind::File(content), Exports::Drop) => without_exports(&to, &content)?,
                    (kind, _) => kind,
                };
                staged.tree.insert(&to, Node::new(mode, name, kind))?;
                staged.packages.extend(found.package.map(str::to_owned));
            }
        }
    }
    for bundle in &recipe.bundles {
        let mut bytes = Vec::new();
        for found in source.matching(bundle.from.as_str())? {
            if let Kind::File(content) = &found.kind {
                bytes.extend(content.read()?);
            }
            staged.packages.extend(found.package.map(str::to_owned));
        }
        let mode = bundle.mode.map_or(0o644, Mode::bits);
        let node = Node::new(mode, name, Kind::File(Content::Bytes(bytes)));
        staged.tree.insert(bundle.to.as_str(), node)?;
    }
    for link in &recipe.links {
        let node = Node::new(0o777, name, Kind::Link(link.to.clone()));
        staged.tree.insert(link.path.as_str(), node)?;
    }
    let boot = [&plan.boot.loader, &plan.boot.stub, &plan.boot.init];
    let own = boot.into_iter().filter(|file| file.recipe == *name).map(|file| &file.path);
    for path in recipe.build_only.iter().chain(own) {
        for found in source.matching(path)? {
            if let Kind::File(content) = found.kind {
                staged.build_files.insert((name.clone(), path.clone()), content);
            }
            staged.packages.extend(found.package.map(str::to_owned));
        }
    }
    Ok(())
}

/// A program without the names that it exports.
fn without_exports(path: &str, content: &Content) -> Result<Kind, StageError> {
    let bytes = elf::exports::drop(content.read()?)
        .map_err(|error| StageError::Elf { path: path.to_owned(), error })?;
    Ok(Kind::File(Content::Bytes(bytes)))
}

/// The file of a package at `path` (relative, merged layout), symbolic links of packages followed.
fn package_file<'a>(packages: &'a [Package], path: &str) -> Option<(&'a Package, PathBuf)> {
    let mut path = path.to_owned();
    for _ in 0..8 {
        let (package, entry) = packages.iter().find_map(|package| {
            package.entries.iter().find(|entry| entry.path == path).map(|entry| (package, entry))
        })?;
        match &entry.kind {
            keelson_sdk::EntryKind::File { .. } => return Some((package, package.dir.join(&path))),
            keelson_sdk::EntryKind::Hardlink { target } => path.clone_from(target),
            keelson_sdk::EntryKind::Symlink { target } => {
                path = merged(crate::tree::join(&path, target));
            }
            keelson_sdk::EntryKind::Directory | keelson_sdk::EntryKind::Node => return None,
        }
    }
    None
}

/// `/bin`, `/sbin`, `/lib` and `/lib64` are links into `/usr`.
fn merged(path: String) -> String {
    match path.split('/').next() {
        Some("bin" | "sbin" | "lib" | "lib64") => format!("usr/{path}"),
        _ => path,
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
