//! `keelson_VERSION.cfg`: what GRUB does to load one UKI.

use thiserror::Error;

use super::{LOADED, LOOP_DEVICE, PLATFORM_WORDS, Section};
use crate::cmdline::words;

/// Unit of GRUB's block lists.
const SECTOR: u64 = 512;

/// Why a UKI cannot be started on BIOS.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EntryError {
    /// GRUB reads whole sectors.
    #[error("section {name} begins at byte {offset}, which is no multiple of {SECTOR}")]
    Unaligned {
        /// The section.
        name: &'static str,
        /// Where it begins.
        offset: u64,
    },
    /// GRUB would hand the kernel another word.
    #[error("the kernel option `{word}` cannot be given on BIOS: GRUB changes {character:?}")]
    Word {
        /// The word.
        word: String,
        /// What it would change.
        character: char,
    },
}

/// The script that loads kernel and initramfs out of a UKI which is open as [`LOOP_DEVICE`], with the
/// words of its command line and those of the platform behind them; it sets [`LOADED`].
///
/// What follows a section up to the next sector are zeroes, which neither the kernel's loader nor the
/// reader of the initramfs minds.
pub fn entry(linux: Section, initrd: Section, cmdline: &str) -> Result<String, EntryError> {
    let blocks = |name, section: Section| {
        if !section.offset.is_multiple_of(SECTOR) {
            return Err(EntryError::Unaligned { name, offset: section.offset });
        }
        let (first, count) = (section.offset / SECTOR, section.bytes.div_ceil(SECTOR));
        Ok(format!("({LOOP_DEVICE}){first}+{count}"))
    };
    let (linux, initrd) = (blocks(".linux", linux)?, blocks(".initrd", initrd)?);
    let words = words(cmdline).iter().map(|word| quoted(word)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!(
        "if linux {linux} {} ${PLATFORM_WORDS}; then\n\
         \x20 if initrd {initrd}; then set {LOADED}=1; fi\n\
         fi\n",
        words.join(" ")
    ))
}

/// A word as GRUB's script has it. GRUB puts double quotes around a word with spaces by itself, and a
/// backslash before quotes and backslashes, which the kernel would take for part of the word.
fn quoted(word: &str) -> Result<String, EntryError> {
    let bare: String = word.chars().filter(|c| *c != '"').collect();
    match bare.chars().find(|c| matches!(c, '\'' | '\\') || c.is_control()) {
        Some(character) => Err(EntryError::Word { word: word.to_owned(), character }),
        None => Ok(format!("'{bare}'")),
    }
}

#[cfg(test)]
mod tests;
