//! Packages in the cache: one entry per `.deb`, named by its digest, with the package itself, its unpacked
//! tree and a manifest of what the tree should be.
//!
//! A `.deb` is hashed once, when it enters. Later its size and time must be those of that moment; the
//! files of the tree must have their size and the fixed time they were given. [`Store::verify`] reads all.

use std::collections::BTreeMap;
use std::fs::FileTimes;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cache::{Cache, Stamp, write_durable};
use crate::deb::{self, Control, DebError, Entry, EntryKind};
use crate::digest::Digest;
use crate::lock::Pin;
use crate::progress::Progress;

/// Raise this when the content of entries changes; older entries then count as damaged.
const SCHEMA: u32 = 1;

/// A package that is fetched, authenticated and unpacked.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name.
    pub name: String,
    /// Debian version.
    pub version: String,
    /// `amd64` or `all`.
    pub architecture: String,
    /// Digest of the `.deb`.
    pub sha256: Digest,
    /// Length of the `.deb`.
    pub size: u64,
    /// The unpacked tree. It belongs to the cache: read it, never write to it. Its own owners, modes
    /// and times mean nothing; those of the package are in `entries`.
    pub dir: PathBuf,
    /// Every file of the package, sorted by path.
    pub entries: Vec<Entry>,
    /// What the package says of itself.
    pub control: Control,
}

impl Package {
    /// The entry at a path such as `usr/bin/runc`.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .ok()
            .map(|place| &self.entries[place])
    }

    /// Where the package's copyright file is by Debian Policy 12.5, if this package has one itself.
    pub fn copyright(&self) -> Option<PathBuf> {
        let path = format!("usr/share/doc/{}/copyright", self.name);
        self.entry(&path).map(|_| self.dir.join(path))
    }
}

/// Why packages could not be put into the cache.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A package cannot be unpacked.
    #[error("unpacking {package}")]
    Unpack {
        /// Its name and version.
        package: String,
        /// Why.
        source: DebError,
    },
    /// What was fetched is not what is pinned.
    #[error(
        "{package} was fetched with SHA-256 {found}, but {expected} is pinned\n  the mirror or a proxy on the way gives other bytes: choose another mirror with --mirror URL, and do not trust this one"
    )]
    Digest {
        /// Its name and version.
        package: String,
        /// The pinned digest.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// apt ended well but a package did not come.
    #[error(
        "apt fetched no file for {0}: the mirror is being updated, or it must not be trusted; try again or choose another with --mirror URL"
    )]
    Absent(String),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    schema: u32,
    deb: Stamp,
    control: Control,
    entries: Vec<Entry>,
}

/// Pinned packages by digest, with their names.
pub(crate) type Pins = BTreeMap<Digest, (String, Pin)>;

/// The packages of the cache.
#[derive(Debug)]
pub(crate) struct Store<'a> {
    cache: &'a Cache,
}

impl<'a> Store<'a> {
    pub(crate) fn new(cache: &'a Cache) -> Self {
        Self { cache }
    }

    fn place(&self, sha256: &Digest) -> PathBuf {
        let name = sha256.to_string();
        self.cache.path("packages").join(&name[..2]).join(name)
    }

    /// The package of a pin; none if it is not in the cache, or damaged there.
    pub(crate) fn load(&self, name: &str, pin: &Pin) -> Option<Package> {
        let place = self.place(&pin.sha256);
        let manifest = manifest(&place, pin)?;
        let tree = place.join("tree");
        manifest
            .entries
            .iter()
            .all(|entry| looks_whole(&tree, entry))
            .then(|| package(name, pin, &place, manifest))
    }

    /// Whether a package is there and whole, every byte read. A damaged entry is removed.
    pub(crate) fn verify(&self, name: &str, pin: &Pin) -> io::Result<bool> {
        let place = self.place(&pin.sha256);
        let whole = match self.load(name, pin) {
            Some(package) => {
                file_digest(&place.join("package.deb"))? == pin.sha256 && tree_is_whole(&package)?
            }
            None => false,
        };
        if !whole {
            self.cache.remove(&place)?;
        }
        Ok(whole)
    }

    /// Mends entries whose `.deb` is whole though the tree is not; gives those that must be
    /// fetched, whose entries are removed.
    pub(crate) fn mend(&self, pins: Pins, progress: &Progress) -> Result<Pins, StoreError> {
        let mut fetch = Pins::new();
        for (sha256, (name, pin)) in pins {
            let place = self.place(&sha256);
            if !place.exists() {
                fetch.insert(sha256, (name, pin));
                continue;
            }
            progress
                .warn(format!("{name} {} in the cache is damaged; making it again", pin.version));
            let scratch = self.cache.scratch()?;
            let deb = scratch.path().join("kept.deb");
            let whole = fs::rename(place.join("package.deb"), &deb).is_ok()
                && file_digest(&deb)? == pin.sha256;
            self.cache.remove(&place)?;
            if whole {
                let entry = prepare(&name, &pin, &deb, scratch.path())?;
                self.cache.sync()?;
                Cache::publish(&entry, &place)?;
            } else {
                fetch.insert(sha256, (name, pin));
            }
        }
        Ok(fetch)
    }

    /// Puts the files of `folder` into the cache as the packages of these pins. Files are told by their
    /// digest; their names do not matter.
    pub(crate) fn add(
        &self,
        pins: &Pins,
        folder: &Path,
        progress: &Progress,
    ) -> Result<(), StoreError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        let found: Vec<(Digest, PathBuf)> = files
            .into_par_iter()
            .map(|path| Ok((file_digest(&path)?, path)))
            .collect::<io::Result<_>>()?;
        let meter = progress.items(format!("unpacking {} packages", pins.len()), pins.len() as u64);
        let scratch = self.cache.scratch()?;
        let ready: Vec<(PathBuf, PathBuf)> = pins
            .par_iter()
            .map(|(_, (name, pin))| {
                let Some((_, deb)) = found.iter().find(|(digest, _)| *digest == pin.sha256) else {
                    return Err(absent(name, pin, &found));
                };
                let entry = prepare(name, pin, deb, scratch.path())?;
                meter.add(1);
                Ok((entry, self.place(&pin.sha256)))
            })
            .collect::<Result<_, StoreError>>()?;
        self.cache.sync()?;
        for (entry, place) in ready {
            Cache::publish(&entry, &place)?;
        }
        Ok(())
    }
}

/// Makes the entry of a package whose digest has been checked, in a scratch folder.
fn prepare(name: &str, pin: &Pin, deb: &Path, scratch: &Path) -> Result<PathBuf, StoreError> {
    let entry = scratch.join(pin.sha256.to_string());
    let tree = entry.join("tree");
    fs::create_dir_all(&tree)?;
    let kept = entry.join("package.deb");
    // A mirror on file:// gives links to its own files: those are copied.
    if fs::symlink_metadata(deb)?.is_symlink() || fs::rename(deb, &kept).is_err() {
        fs::copy(deb, &kept)?;
    }
    let (control, entries) = deb::unpack(&kept, &tree).map_err(|source| StoreError::Unpack {
        package: format!("{name} {}", pin.version),
        source,
    })?;
    for unpacked in &entries {
        if matches!(unpacked.kind, EntryKind::File { .. }) {
            let file = fs::OpenOptions::new().write(true).open(tree.join(&unpacked.path))?;
            file.file().set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH))?;
        }
    }
    let manifest = Manifest {
        schema: SCHEMA,
        deb: Stamp::of(&kept).ok_or_else(|| StoreError::Absent(name.to_owned()))?,
        control,
        entries,
    };
    let text = serde_json::to_vec(&manifest).map_err(io::Error::from)?;
    write_durable(&entry.join("manifest.json"), &text)?;
    Ok(entry)
}

/// The manifest of an entry whose `.deb` is the one that was checked.
fn manifest(place: &Path, pin: &Pin) -> Option<Manifest> {
    let bytes = fs::read(place.join("manifest.json")).ok()?;
    let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
    let deb = Stamp::of(&place.join("package.deb"));
    (manifest.schema == SCHEMA && deb == Some(manifest.deb) && manifest.deb.size() == pin.size)
        .then_some(manifest)
}

fn package(name: &str, pin: &Pin, place: &Path, manifest: Manifest) -> Package {
    Package {
        name: name.to_owned(),
        version: pin.version.clone(),
        architecture: pin.architecture.clone(),
        sha256: pin.sha256,
        size: pin.size,
        dir: place.join("tree"),
        entries: manifest.entries,
        control: manifest.control,
    }
}

/// No file has the pinned digest: say which file is in its place, if one is.
fn absent(name: &str, pin: &Pin, found: &[(Digest, PathBuf)]) -> StoreError {
    let package = format!("{name} {}", pin.version);
    let start = format!("{name}_");
    let instead = found.iter().find(|(_, path)| {
        path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&start))
    });
    match instead {
        Some((digest, _)) => StoreError::Digest { package, expected: pin.sha256, found: *digest },
        None => StoreError::Absent(package),
    }
}

fn file_digest(path: &Path) -> io::Result<Digest> {
    Ok(Digest::of_reader(&mut fs::File::open(path)?)?.0)
}

/// What can be told of a file without reading it.
fn looks_whole(tree: &Path, entry: &Entry) -> bool {
    let metadata = fs::symlink_metadata(tree.join(&entry.path));
    match (&entry.kind, metadata) {
        (EntryKind::File { size, .. }, Ok(metadata)) => {
            metadata.is_file() && metadata.len() == *size && metadata.mtime() == 0
        }
        (EntryKind::Hardlink { .. }, Ok(metadata)) => metadata.is_file(),
        (EntryKind::Directory, Ok(metadata)) => metadata.is_dir(),
        (EntryKind::Symlink { .. }, Ok(metadata)) => metadata.is_symlink(),
        (EntryKind::Node, _) => true,
        (_, Err(_)) => false,
    }
}

fn tree_is_whole(package: &Package) -> io::Result<bool> {
    for entry in &package.entries {
        let path = package.dir.join(&entry.path);
        let same = match &entry.kind {
            EntryKind::File { sha256, .. } => file_digest(&path)? == *sha256,
            EntryKind::Symlink { target } => fs::read_link(&path)?.as_os_str() == target.as_str(),
            _ => true,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
