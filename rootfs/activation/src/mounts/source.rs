//! `What=`: paths, and devices by what is on them.

use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;

use keelson_units::fstab::tagged_path;

use super::MountError;
use crate::devices;

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A block device.
    Device(PathBuf),
    /// A file.
    File(PathBuf),
    /// Any text: `tmpfs`, `server:/share`, a folder.
    Text(String),
}

/// Finds what is mounted. A tag is looked up among the links, then on all devices.
pub fn find_source(what: &str) -> Result<Source, MountError> {
    let missing = || MountError::NoSource(what.to_owned());
    let path = match tagged_path(what) {
        Some(link) if link.exists() => link,
        Some(link) => devices::find_by_link(&link).ok_or_else(missing)?,
        None if what.starts_with('/') => PathBuf::from(what),
        None => return Ok(Source::Text(what.to_owned())),
    };
    let Ok(found) = std::fs::metadata(&path) else {
        // Some file systems take a source that only looks like a path.
        return if what.starts_with("/dev/") {
            Err(missing())
        } else {
            Ok(Source::Text(what.to_owned()))
        };
    };
    Ok(match found.file_type() {
        kind if kind.is_block_device() => Source::Device(path),
        kind if kind.is_file() => Source::File(path),
        _ => Source::Text(path.to_string_lossy().into_owned()),
    })
}

impl Source {
    /// As mount(2) takes it.
    pub fn as_text(&self) -> String {
        match self {
            Self::Device(path) | Self::File(path) => path.to_string_lossy().into_owned(),
            Self::Text(text) => text.clone(),
        }
    }
}
