//! Does what was planned, one operation after the other; the first that fails ends it.
//!
//! Doing the same plan again gives the same result: an interrupted first boot starts over.

use std::io;

use crate::plan::Operation;
use crate::root::{Attributes, Present, Root};

/// What could not be done.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {path}: {source}")]
pub struct ApplyError {
    doing: &'static str,
    path: String,
    source: io::Error,
}

/// Does one operation, and says it in a line.
pub fn apply(operation: &Operation, root: &Root) -> Result<String, ApplyError> {
    let failed = |doing, path: &str| {
        let path = path.to_owned();
        move |source| ApplyError { doing, path, source }
    };
    match operation {
        Operation::Directory { path, mode, ids } => {
            let mode =
                mode.unwrap_or_else(|| root.attributes(path).map_or(0o755, |present| present.mode));
            root.make_directory(path, Attributes { mode, ids: *ids })
                .map_err(failed("making", path))?;
            Ok(format!("made {path} ({mode:04o})"))
        }
        Operation::File { path, mode, ids, contents, append } => {
            let present = root.look(path).map_err(failed("looking at", path))?;
            let mode = mode.unwrap_or_else(|| match present {
                Present::File(_) => root.attributes(path).map_or(0o644, |present| present.mode),
                _ => 0o644,
            });
            let bytes = joined(contents.as_deref(), append, present);
            root.write_file(path, &bytes, Attributes { mode, ids: *ids })
                .map_err(failed("writing", path))?;
            Ok(format!("wrote {path} ({} bytes, {mode:04o})", bytes.len()))
        }
        Operation::Link { path, target, hard: true, .. } => {
            root.make_hard_link(path, target).map_err(failed("linking", path))?;
            Ok(format!("linked {path} with {target}"))
        }
        Operation::Link { path, target, hard: false, ids } => {
            root.make_link(path, target, *ids).map_err(failed("linking", path))?;
            Ok(format!("linked {path} to {target}"))
        }
        Operation::Remove { path } => {
            root.remove(path).map_err(failed("removing", path))?;
            Ok(format!("removed {path}"))
        }
    }
}

/// The contents, or those that are there, with what is appended unless it is there already.
fn joined(contents: Option<&[u8]>, append: &[Vec<u8>], present: Present) -> Vec<u8> {
    let tail = append.concat();
    match (contents, present) {
        (Some(contents), _) => [contents, &tail].concat(),
        (None, Present::File(found)) if found.ends_with(&tail) => found,
        (None, Present::File(found)) => [found, tail].concat(),
        (None, _) => tail,
    }
}

#[cfg(test)]
mod tests;
