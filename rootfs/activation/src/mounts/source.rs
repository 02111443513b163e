//! `What=`: paths, and devices by what is on them.

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::MountError;
use crate::devices::{self, links::encode};

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

/// The tags of fstab(5) and the folder of links for each.
const TAGS: [(&str, &str); 5] = [
    ("UUID=", "by-uuid"),
    ("LABEL=", "by-label"),
    ("PARTUUID=", "by-partuuid"),
    ("PARTLABEL=", "by-partlabel"),
    ("ID=", "by-id"),
];

/// The path that `UUID=...` and the like will have in /dev/disk; none for another text. Quotes around a value go.
pub fn tagged_path(what: &str) -> Option<PathBuf> {
    let (tag, folder) = TAGS.iter().find(|(tag, _)| what.starts_with(tag))?;
    let value = what[tag.len()..].trim_matches('"');
    let value =
        if *tag == "UUID=" || *tag == "PARTUUID=" { known_case(value) } else { value.to_owned() };
    Some(Path::new("/dev/disk").join(folder).join(encode(&value)))
}

/// The links are in lower case where the value is a UUID in full; others (vfat's `1A2B-3C4D`) stay as they are.
fn known_case(value: &str) -> String {
    if value.len() == 36 { value.to_ascii_lowercase() } else { value.to_owned() }
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
