//! Two folders of the host, compared name by name in byte order: type, mode, link text, contents.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, FileType};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use super::contents;
use super::{DiffError, Difference, Property, Side};

/// The first difference of the folders `a` and `b`; paths in it begin with a slash.
pub(super) fn first_difference(
    partition: &str,
    a: &Path,
    b: &Path,
) -> Result<Option<Difference>, DiffError> {
    Walk { partition }.folder(a, b, "")
}

struct Walk<'a> {
    partition: &'a str,
}

impl Walk<'_> {
    fn folder(&self, a: &Path, b: &Path, path: &str) -> Result<Option<Difference>, DiffError> {
        let (in_a, in_b) = (names(a)?, names(b)?);
        for name in in_a.union(&in_b) {
            let path = format!("{path}/{}", name.display());
            let difference = match (in_a.contains(name), in_b.contains(name)) {
                (true, true) => self.entry(&a.join(name), &b.join(name), &path)?,
                (true, false) => Some(self.only_in(path, Side::A)),
                (false, _) => Some(self.only_in(path, Side::B)),
            };
            if difference.is_some() {
                return Ok(difference);
            }
        }
        Ok(None)
    }

    fn entry(&self, a: &Path, b: &Path, path: &str) -> Result<Option<Difference>, DiffError> {
        let (here, there) = (at(a, fs::symlink_metadata)?, at(b, fs::symlink_metadata)?);
        let file = |property, a: String, b: String| {
            let (partition, path) = (self.partition.to_owned(), path.to_owned());
            Difference::File { partition, path, property, a, b }
        };
        if here.file_type() != there.file_type() {
            let (a, b) = (kind(here.file_type()).to_owned(), kind(there.file_type()).to_owned());
            return Ok(Some(file(Property::Type, a, b)));
        }
        let mode =
            |metadata: &fs::Metadata| format!("{:04o}", metadata.permissions().mode() & 0o7777);
        if mode(&here) != mode(&there) {
            return Ok(Some(file(Property::Mode, mode(&here), mode(&there))));
        }
        if here.is_dir() {
            return self.folder(a, b, path);
        }
        if here.is_symlink() {
            let (a, b) = (at(a, fs::read_link)?, at(b, fs::read_link)?);
            let text = |link: &Path| link.display().to_string();
            return Ok((a != b).then(|| file(Property::Target, text(&a), text(&b))));
        }
        if !here.is_file() {
            return Ok(None);
        }
        let (left, right) = (at(a, File::open)?, at(b, File::open)?);
        let offset = contents::first_difference(left, right)
            .map_err(|source| DiffError::Io { path: a.to_owned(), source })?;
        Ok(offset.map(|offset| Difference::Contents {
            partition: self.partition.to_owned(),
            path: path.to_owned(),
            offset,
            a_bytes: here.len(),
            b_bytes: there.len(),
        }))
    }

    fn only_in(&self, path: String, side: Side) -> Difference {
        Difference::OnlyIn { partition: self.partition.to_owned(), path, side }
    }
}

fn names(folder: &Path) -> Result<BTreeSet<OsString>, DiffError> {
    let list = |folder: &Path| fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect();
    at(folder, list)
}

fn at<'a, T>(path: &'a Path, what: impl FnOnce(&'a Path) -> io::Result<T>) -> Result<T, DiffError> {
    what(path).map_err(|source| DiffError::Io { path: path.to_owned(), source })
}

fn kind(file_type: FileType) -> &'static str {
    match file_type {
        t if t.is_dir() => "folder",
        t if t.is_file() => "file",
        t if t.is_symlink() => "link",
        t if t.is_char_device() => "character device",
        t if t.is_block_device() => "block device",
        t if t.is_fifo() => "pipe",
        _ => "socket",
    }
}
