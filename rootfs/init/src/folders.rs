//! Configuration kept in several folders, where a file hides those of the same name in earlier folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of several folders with an extension, sorted by name, a later folder hiding the same name.
pub fn files(folders: &[impl AsRef<Path>], extension: &str) -> Vec<PathBuf> {
    let mut found = BTreeMap::new();
    for folder in folders {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|own| own == extension) {
                found.insert(entry.file_name(), path);
            }
        }
    }
    found.into_values().collect()
}
