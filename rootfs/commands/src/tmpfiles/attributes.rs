//! `t`, `h`, `a`: extended attributes, file flags, access control lists.

use std::os::fd::OwnedFd;

use anyhow::{Context, Result, bail};
use rustix::fs::FileType;
use rustix::fs::{IFlags, OFlags, XattrFlags, fstat, ioctl_getflags, ioctl_setflags, setxattr};

use super::line::{Item, Kind};
use super::walk::file_type;
use super::{acl, make, own};
use crate::conf;

/// Sets what the line's argument says on a thing opened to look at.
pub fn set(fd: &OwnedFd, item: &Item) -> Result<()> {
    let text = item.text().context("the argument is no text")?;
    let kind = file_type(&fstat(fd)?);
    // Links have none of these.
    if kind == FileType::Symlink {
        return Ok(());
    }
    match item.kind {
        Kind::Attribute | Kind::AttributeAll => extended(fd, text),
        Kind::Acl | Kind::AclAll => acl::set(fd, text, item.plus, kind == FileType::Directory),
        _ if matches!(kind, FileType::Directory | FileType::RegularFile) => flags(fd, text),
        _ => Ok(()),
    }
}

/// `user.name=value` words.
fn extended(fd: &OwnedFd, text: &str) -> Result<()> {
    let (words, _) = conf::fields(text, usize::MAX)?;
    for word in words {
        let (name, value) =
            word.split_once('=').with_context(|| format!("'{word}' is not NAME=VALUE"))?;
        setxattr(own::through(fd).as_str(), name, value.as_bytes(), XattrFlags::empty())
            .with_context(|| format!("setting {name}"))?;
    }
    Ok(())
}

/// The letters of chattr(1).
const LETTERS: [(char, IFlags); 11] = [
    ('A', IFlags::NOATIME),
    ('S', IFlags::SYNC),
    ('D', IFlags::DIRSYNC),
    ('a', IFlags::APPEND),
    ('c', IFlags::COMPRESSED),
    ('d', IFlags::NODUMP),
    ('i', IFlags::IMMUTABLE),
    ('j', IFlags::JOURNALING),
    ('u', IFlags::UNRM),
    ('t', IFlags::NOTAIL),
    ('C', IFlags::NOCOW),
];

/// `+LETTERS`, `-LETTERS` or `=LETTERS`; without a sign they are added.
fn flags(fd: &OwnedFd, text: &str) -> Result<()> {
    let (sign, letters) = match text.chars().next() {
        Some(sign @ ('+' | '-' | '=')) => (sign, &text[1..]),
        _ => ('+', text),
    };
    let mut wanted = IFlags::empty();
    let mut known = IFlags::empty();
    for (letter, flag) in LETTERS {
        known |= flag;
        if letters.contains(letter) {
            wanted |= flag;
        }
    }
    if let Some(letter) =
        letters.chars().find(|letter| !LETTERS.iter().any(|(own, _)| own == letter))
    {
        bail!("'{letter}' is no file flag");
    }
    let open = make::reopen(fd, OFlags::RDONLY)?;
    let now = ioctl_getflags(&open).context("reading file flags")?;
    let next = match sign {
        '+' => now | wanted,
        '-' => now - wanted,
        _ => (now - known) | wanted,
    };
    if next != now {
        ioctl_setflags(&open, next).context("setting file flags")?;
    }
    Ok(())
}
