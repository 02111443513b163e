//! Paths that match shell patterns; the patterns themselves are `keelson_units::glob`'s.

use std::fs;
use std::path::{Path, PathBuf};

pub use keelson_units::glob::{is_pattern, matches};

/// The paths below `root` that match an absolute pattern, sorted. A name that begins with a dot is matched by a dot only.
pub fn paths(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for folder in found {
            if is_pattern(part) {
                let below = root.join(folder.strip_prefix("/").unwrap_or(&folder));
                let entries = fs::read_dir(below).into_iter().flatten().flatten();
                let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
                let fitting = names.filter(|name| name.starts_with('.') == part.starts_with('.'));
                next.extend(
                    fitting.filter(|name| matches(part, name)).map(|name| folder.join(name)),
                );
            } else {
                next.push(folder.join(part));
            }
        }
        found = next;
    }
    found.retain(|path| {
        fs::symlink_metadata(root.join(path.strip_prefix("/").unwrap_or(path))).is_ok()
    });
    found.sort();
    found
}

#[cfg(test)]
mod tests;
