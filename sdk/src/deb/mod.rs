//! Unpacking a Debian binary package (deb(5)) as an ordinary user.
//!
//! Contents go below one folder; owners, modes and device nodes, which only root could make, are recorded
//! in the entries instead. Paths of the old layout (`/bin`, `/sbin`, `/lib*`) are moved below `usr/`.
//! A package is signed for by the archive, yet its paths are still checked: nothing is written outside.

mod tree;

use std::io::{self, Read};
use std::path::Path;

use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Path without a leading `/`, such as `usr/bin/runc`.
    pub path: String,
    /// Permission bits with setuid, setgid and sticky, as the package has them.
    pub mode: u32,
    /// Owner, as a number.
    pub uid: u64,
    /// Group, as a number.
    pub gid: u64,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A regular file; its bytes are in the tree.
    File {
        /// Length in bytes.
        size: u64,
        /// Digest of the bytes.
        sha256: Digest,
    },
    /// A folder.
    Directory,
    /// A symbolic link, with its text as in the package.
    Symlink {
        /// The link's text.
        target: String,
    },
    /// A second name of a file of the same package; the tree holds a hard link.
    Hardlink {
        /// Path of the first name, in the form of [`Entry::path`].
        target: String,
    },
    /// A device node or FIFO. The tree does not hold it.
    Node,
}

/// What a package says of itself in its control file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// `Package`.
    pub package: String,
    /// `Version`.
    pub version: String,
    /// `Architecture`.
    pub architecture: String,
    /// Source package: `Source` without its version, else the package's name.
    pub source: String,
    /// `Maintainer`.
    pub maintainer: String,
    /// `Homepage`, empty if there is none.
    pub homepage: String,
    /// First line of `Description`.
    pub description: String,
}

/// Why a package cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// Reading the package or writing the tree failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A member that every package has is not there.
    #[error("not a Debian package: it has no {0}")]
    Member(&'static str),
    /// The format is newer than 2.x.
    #[error("the package's format is {0:?}, only 2.x is known")]
    Format(String),
    /// The member is compressed in a way deb(5) does not list.
    #[error("the member {0} is compressed in an unknown way")]
    Compression(String),
    /// A path that leaves the tree or is not plain.
    #[error("the path {0:?} is refused: it leaves the folder it is unpacked in")]
    Traversal(String),
    /// A path below something that is not a folder.
    #[error("the path {path:?} is refused: {parent:?} is not a folder")]
    Parent {
        /// The path.
        path: String,
        /// The part of it that is a file or a link.
        parent: String,
    },
    /// Two files of one path.
    #[error("the path {0:?} is there twice")]
    Twice(String),
    /// A hard link to what is not there.
    #[error("the hard link {path:?} names {target:?}, which is no file of the package")]
    Link {
        /// The link.
        path: String,
        /// What it names.
        target: String,
    },
}

/// Unpacks the package at `deb` into the existing empty folder `tree`; gives its control fields and its entries by path.
pub(crate) fn unpack(deb: &Path, tree: &Path) -> Result<(Control, Vec<Entry>), DebError> {
    let mut archive = ar::Archive::new(io::BufReader::new(fs::File::open(deb)?));
    let mut control = None;
    let mut entries = None;
    let mut format = false;
    while let Some(member) = archive.next_entry() {
        let member = member?;
        let name =
            String::from_utf8_lossy(member.header().identifier()).trim_end_matches('/').to_owned();
        if name == "debian-binary" {
            let mut text = String::new();
            member.take(16).read_to_string(&mut text)?;
            if !text.starts_with("2.") {
                return Err(DebError::Format(text));
            }
            format = true;
        } else if name.starts_with("control.tar") {
            control = Some(read_control(decompress(&name, member)?)?);
        } else if name.starts_with("data.tar") {
            entries = Some(tree::write(decompress(&name, member)?, tree)?);
        }
    }
    if !format {
        return Err(DebError::Member("debian-binary"));
    }
    Ok((
        control.ok_or(DebError::Member("control.tar"))?,
        entries.ok_or(DebError::Member("data.tar"))?,
    ))
}

fn decompress<'a>(name: &str, member: impl Read + 'a) -> Result<Box<dyn Read + 'a>, DebError> {
    let extension = name.split_once(".tar").map_or("", |(_, extension)| extension);
    Ok(match extension {
        "" => Box::new(member),
        ".gz" => Box::new(flate2::read::MultiGzDecoder::new(member)),
        ".xz" => Box::new(liblzma::read::XzDecoder::new_multi_decoder(member)),
        ".zst" => Box::new(zstd::stream::read::Decoder::new(member)?),
        _ => return Err(DebError::Compression(name.to_owned())),
    })
}

fn read_control(reader: impl Read) -> Result<Control, DebError> {
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path_bytes().into_owned();
        if path == b"./control" || path == b"control" {
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            return Ok(parse_control(&text));
        }
    }
    Err(DebError::Member("control file"))
}

fn parse_control(text: &str) -> Control {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
            .unwrap_or_default()
    };
    let package = field("Package");
    let source = field("Source");
    Control {
        source: match source.split_whitespace().next() {
            Some(source) => source.to_owned(),
            None => package.clone(),
        },
        package,
        version: field("Version"),
        architecture: field("Architecture"),
        maintainer: field("Maintainer"),
        homepage: field("Homepage"),
        description: field("Description"),
    }
}

#[cfg(test)]
pub(crate) mod tests;
