//! The initramfs archive: cpio in the "newc" form, compressed so that the kernel takes it.
//!
//! The form is the one of the kernel's `Documentation/driver-api/early-userspace/buffer-format.rst`.
//! Inode numbers count up from 1; owner, group and times are zero; there are no hard links. So the
//! archive depends on the entries and their order alone.

use std::collections::HashSet;
use std::io::{self, Write};

use zstd::zstd_safe::CParameter;

use keelson_disk::content::{Content, ContentError};

/// The largest window of the compressed archive as a power of two: 8 MiB. The kernel refuses windows
/// above 128 MiB, and takes the memory of one at the moment it has least.
const WINDOW_LOG: u32 = 23;

const MAGIC: &str = "070701";
const TRAILER: &str = "TRAILER!!!";
const TYPE_DIRECTORY: u32 = 0o040_000;
const TYPE_FILE: u32 = 0o100_000;
const TYPE_LINK: u32 = 0o120_000;
const TYPE_CHAR_DEVICE: u32 = 0o020_000;
/// The longest name the kernel takes, the closing zero included (`PATH_MAX`).
const NAME_BYTES: usize = 4096;

/// One member of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path without a leading slash: `usr/bin/x`.
    pub path: String,
    /// The permission bits.
    pub mode: u32,
    /// What it is.
    pub node: Node,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link with this text.
    Link(String),
    /// A character device.
    CharDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}

/// Why no archive was written.
#[derive(Debug, thiserror::Error)]
pub enum CpioError {
    /// The path is empty, absolute, too long, holds a zero, or has a component that is empty, `.` or `..`.
    #[error("{path:?} is no path for an initramfs")]
    Path {
        /// The path.
        path: String,
    },
    /// Permission bits above 07777.
    #[error("{path}: {mode:o} is no mode")]
    Mode {
        /// The path.
        path: String,
        /// The mode.
        mode: u32,
    },
    /// The same path twice.
    #[error("{path} is listed twice")]
    Duplicate {
        /// The path.
        path: String,
    },
    /// The folder of a member was not listed before it; the kernel would leave the member out.
    #[error("{path} is listed, and its folder is not listed before it")]
    Parent {
        /// The path.
        path: String,
    },
    /// A file of 4 GiB or more, which the form has no room for.
    #[error("{path}: {bytes} bytes do not fit in a cpio member")]
    TooLarge {
        /// The path.
        path: String,
        /// Its length.
        bytes: u64,
    },
    /// A file of the host could not be read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Writing the archive failed.
    #[error("writing an initramfs: {0}")]
    Write(#[from] io::Error),
}

/// Writes the archive. Every folder must stand before what is in it.
pub fn write(mut out: impl Write, entries: &[Entry]) -> Result<(), CpioError> {
    check(entries)?;
    for (entry, inode) in entries.iter().zip(1..) {
        member(&mut out, entry, inode)?;
    }
    out.write_all(&header(TRAILER, &Head { links: 1, ..Head::default() }))?;
    Ok(())
}

/// The archive as one Zstandard frame with a checksum, zeroes after it up to a multiple of 4, so that
/// another archive may follow. `level` is Zstandard's; 19 for what ships.
pub fn compressed(entries: &[Entry], level: i32) -> Result<Vec<u8>, CpioError> {
    let mut encoder = zstd::Encoder::new(Vec::new(), level)?;
    encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
    encoder.include_checksum(true)?;
    write(&mut encoder, entries)?;
    let mut bytes = encoder.finish()?;
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    Ok(bytes)
}

/// The fields of a header that are not always zero.
#[derive(Default)]
struct Head {
    inode: u32,
    mode: u32,
    links: u32,
    bytes: u32,
    major: u32,
    minor: u32,
}

fn check(entries: &[Entry]) -> Result<(), CpioError> {
    let mut seen = HashSet::new();
    let mut folders = HashSet::from([""]);
    for Entry { path, mode, node } in entries {
        let well_formed = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !well_formed || path.len() >= NAME_BYTES || path.contains('\0') || path == TRAILER {
            return Err(CpioError::Path { path: path.clone() });
        }
        if *mode > 0o7777 {
            return Err(CpioError::Mode { path: path.clone(), mode: *mode });
        }
        if !seen.insert(path.as_str()) {
            return Err(CpioError::Duplicate { path: path.clone() });
        }
        if !folders.contains(path.rsplit_once('/').map_or("", |(folder, _)| folder)) {
            return Err(CpioError::Parent { path: path.clone() });
        }
        if *node == Node::Directory {
            folders.insert(path);
        }
    }
    Ok(())
}

fn member(out: &mut impl Write, entry: &Entry, inode: u32) -> Result<(), CpioError> {
    let mut head = Head { inode, mode: entry.mode, links: 1, ..Head::default() };
    match &entry.node {
        Node::Directory => {
            head.mode |= TYPE_DIRECTORY;
            head.links = 2;
            out.write_all(&header(&entry.path, &head))?;
        }
        Node::CharDevice { major, minor } => {
            head.mode |= TYPE_CHAR_DEVICE;
            (head.major, head.minor) = (*major, *minor);
            out.write_all(&header(&entry.path, &head))?;
        }
        Node::Link(text) => {
            head.mode |= TYPE_LINK;
            head.bytes = length(entry, text.len() as u64)?;
            out.write_all(&header(&entry.path, &head))?;
            out.write_all(text.as_bytes())?;
            pad(out, head.bytes)?;
        }
        Node::File(content) => {
            let bytes = content.bytes()?;
            head.mode |= TYPE_FILE;
            head.bytes = length(entry, bytes)?;
            out.write_all(&header(&entry.path, &head))?;
            content.for_each_piece(bytes, 1 << 16, |piece| {
                Ok::<_, CpioError>(out.write_all(piece)?)
            })?;
            pad(out, head.bytes)?;
        }
    }
    Ok(())
}

/// Header and name, zeroes after them up to a multiple of 4.
fn header(name: &str, head: &Head) -> Vec<u8> {
    let name_bytes = u32::try_from(name.len() + 1).expect("names are below 4096 bytes");
    let fields = [
        head.inode, head.mode, 0, 0, head.links, 0, head.bytes, 0, 0, head.major, head.minor,
        name_bytes, 0,
    ];
    let mut bytes = MAGIC.as_bytes().to_vec();
    bytes.extend(fields.iter().flat_map(|field| format!("{field:08x}").into_bytes()));
    bytes.extend(name.as_bytes());
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn pad(out: &mut impl Write, bytes: u32) -> io::Result<()> {
    out.write_all(&[0; 3][..(bytes.next_multiple_of(4) - bytes) as usize])
}

fn length(entry: &Entry, bytes: u64) -> Result<u32, CpioError> {
    u32::try_from(bytes)
        .ok()
        .filter(|bytes| *bytes <= u32::MAX - 3)
        .ok_or_else(|| CpioError::TooLarge { path: entry.path.clone(), bytes })
}

#[cfg(test)]
mod tests;
