//! swapon(2) and swapoff(2).

use std::path::PathBuf;

use super::MountError;
use super::source::{Source, find_source};
use crate::sys;

/// Flags of swapon(2).
const PREFER: i32 = 0x8000;
const PRIORITY: i32 = 0x7fff;
const DISCARD: i32 = 0x1_0000;
const DISCARD_ONCE: i32 = 0x2_0000;
const DISCARD_PAGES: i32 = 0x4_0000;

/// Swaps to a device or file.
pub(super) fn on(what: &str, priority: Option<i32>, options: &str) -> Result<(), MountError> {
    let path = path(what)?;
    let flags = flags(priority, options);
    sys::swap_on(&path, flags).map_err(|error| MountError::Swap("swapping to", path, error))
}

/// Ends that.
pub(super) fn off(what: &str) -> Result<(), MountError> {
    let path = path(what)?;
    sys::swap_off(&path).map_err(|error| MountError::Swap("swapping back from", path, error))
}

fn path(what: &str) -> Result<PathBuf, MountError> {
    match find_source(what)? {
        Source::Device(path) | Source::File(path) => Ok(path),
        Source::Text(text) => Err(MountError::NoSource(text)),
    }
}

/// `Priority=` and the words of `Options=` of swapon(8): `pri=`, `discard`, `discard=once`, `discard=pages`.
pub(super) fn flags(priority: Option<i32>, options: &str) -> i32 {
    let mut flags = 0;
    let mut wanted = priority;
    for word in options.split(',').map(str::trim) {
        match word.split_once('=') {
            Some(("pri", value)) => wanted = wanted.or_else(|| value.parse().ok()),
            Some(("discard", "once")) => flags |= DISCARD | DISCARD_ONCE,
            Some(("discard", "pages")) => flags |= DISCARD | DISCARD_PAGES,
            None if word == "discard" => flags |= DISCARD | DISCARD_ONCE | DISCARD_PAGES,
            _ => {}
        }
    }
    match wanted {
        Some(priority) if priority >= 0 => flags | PREFER | (priority.min(PRIORITY)),
        _ => flags,
    }
}
