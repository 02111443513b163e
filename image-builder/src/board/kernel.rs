//! The kernel options of a board: which are the board's to set.

use keelson_format::cmdline::Debug;

use super::raw::RawKernel;
use super::{BoardError, Kernel};
use crate::manifest::{Checker, Span};

const BUILDER: &str = "the builder sets it";
const INITRAMFS: &str =
    "the initramfs decides what is mounted and started, and reads no such option";

/// Options that would contradict the sealed image, and who decides instead.
const RESERVED: [(&str, &str); 13] = [
    ("usrhash", BUILDER),
    ("init", INITRAMFS),
    ("rdinit", INITRAMFS),
    ("initrd", INITRAMFS),
    ("noinitrd", INITRAMFS),
    ("root", INITRAMFS),
    ("rootfstype", INITRAMFS),
    ("rootflags", INITRAMFS),
    ("roothash", INITRAMFS),
    ("mount.usr", INITRAMFS),
    ("ro", INITRAMFS),
    ("rw", INITRAMFS),
    ("--", INITRAMFS),
];

pub(super) fn check(c: &mut Checker, raw: RawKernel, debug: Debug) -> (Kernel, Span) {
    let Some(list) = raw.command_line else {
        return (Kernel { command_line: Vec::new() }, 0..0);
    };
    let span = list.span();
    // An option may stand twice (`console=`), a list may be empty.
    let mut command_line = Vec::new();
    for word in list.into_inner() {
        if let Some(error) =
            word_mistake(word.get_ref()).or_else(|| reserved(word.get_ref(), debug))
        {
            c.note(word.span(), error);
        }
        command_line.push(word.into_inner());
    }
    (Kernel { command_line }, span)
}

fn word_mistake(word: &str) -> Option<BoardError> {
    let mut quoted = false;
    let mut space = false;
    for character in word.chars() {
        quoted ^= character == '"';
        space |= character == ' ' && !quoted;
    }
    let reason = match word {
        "" => "it is empty",
        _ if !word.chars().all(|c| c == ' ' || c.is_ascii_graphic()) => "use printable ASCII",
        _ if space => "it has a space outside double quotes",
        _ if quoted => "a double quote is not closed",
        _ => return None,
    };
    Some(BoardError::Word { word: word.escape_debug().to_string(), reason })
}

fn reserved(word: &str, debug: Debug) -> Option<BoardError> {
    let name = word.split('=').next().unwrap_or(word);
    // The kernel takes `-` and `_` for the same, and strips quotes around a whole word.
    let name = name.trim_matches('"');
    let reason = match RESERVED.iter().find(|(reserved, _)| *reserved == name) {
        Some((_, reason)) => reason,
        None if word == "keelson.debug" && debug == Debug::Off => {
            "`debug` in [boot] is `off`, so the image would not obey it"
        }
        None if word == "keelson.debug" => return None,
        None if name.starts_with("keelson.") => BUILDER,
        None => return None,
    };
    Some(BoardError::Reserved { option: name.to_owned(), reason })
}
