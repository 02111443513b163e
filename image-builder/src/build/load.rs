//! Reads the manifests of a board: its own text, the recipes and the lock.

use std::path::{Path, PathBuf};

use fs_err as fs;
use keelson_format::version::Version;
use keelson_sdk::{Lock, LockError};
use thiserror::Error;

use crate::board::Board;
use crate::manifest::ManifestError;
use crate::plan::{self, Plan};
use crate::recipe::{self, Recipe};

/// A board with everything that its build is decided by.
#[derive(Debug)]
pub struct Manifests {
    /// The resolved plan.
    pub plan: Plan,
    /// The pinned Debian packages.
    pub lock: Lock,
    /// Where the lock is.
    pub lock_path: PathBuf,
}

/// Why manifests could not be read.
#[derive(Debug, Error)]
pub enum LoadError {
    /// There is no such board.
    #[error("there is no board `{name}`: boards/ has {known}; or give the path of a .toml file")]
    NoBoard {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A mistake in a board or recipe.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A mistake in a lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file could not be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Folder of the boards in the workspace.
const BOARDS: &str = "boards";
/// Folder of the recipes in the workspace.
const RECIPES: &str = "rootfs/packages";

/// Reads a board, by its name in `boards/` or by the path of its file, with the workspace's recipes
/// and those of `extra` folders.
pub fn load(
    workspace: &Path,
    board: &str,
    extra: &[PathBuf],
    version: &Version,
) -> Result<Manifests, LoadError> {
    let path = board_path(workspace, board)?;
    let parsed = Board::parse(&shown(workspace, &path), &fs::read_to_string(&path)?)?;
    let mut recipes = Vec::new();
    for folder in std::iter::once(&workspace.join(RECIPES)).chain(extra) {
        for file in toml_files(folder)? {
            recipes.push(Recipe::parse(&shown(workspace, &file), &fs::read_to_string(&file)?)?);
        }
    }
    let plan = plan::resolve(&parsed, &recipe::by_name(recipes)?, version)?;
    let lock_path = path.with_extension("lock");
    let lock = match fs::read_to_string(&lock_path) {
        Ok(text) => Lock::parse(&text, &shown(workspace, &lock_path))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Lock::empty(keelson_sdk::SUITE)
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Manifests { plan, lock, lock_path })
}

fn board_path(workspace: &Path, board: &str) -> Result<PathBuf, LoadError> {
    let is_path = board.contains('/')
        || Path::new(board).extension().is_some_and(|extension| extension == "toml");
    if is_path {
        return Ok(PathBuf::from(board));
    }
    let path = workspace.join(BOARDS).join(format!("{board}.toml"));
    if path.is_file() {
        return Ok(path);
    }
    let names = toml_files(&workspace.join(BOARDS))?;
    let names = names.iter().filter_map(|path| path.file_stem()?.to_str());
    let known = names.collect::<Vec<_>>().join(", ");
    Err(LoadError::NoBoard { name: board.to_owned(), known })
}

/// The `.toml` files of a folder in the order of their names.
fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A path as messages show it: relative to the workspace where it is in it.
fn shown(workspace: &Path, path: &Path) -> String {
    path.strip_prefix(workspace).unwrap_or(path).display().to_string()
}
