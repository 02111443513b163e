//! Long names and the short names they need (sections 6 and 7).

use std::collections::{HashMap, HashSet};

/// A short name: eight bytes and three, padded with spaces.
pub(super) type Short = [u8; 11];

/// UTF-16 units in one long-name record.
pub(super) const UNITS_PER_RECORD: usize = 13;

const MAX_UNITS: usize = 255;

/// What is wrong with a name, if something is.
pub(super) fn fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if matches!(name, "." | "..") {
        Some("it names a folder already there")
    } else if name.chars().any(|c| c.is_control() || "\"*/:<>?\\|".contains(c)) {
        Some("it has a control character or one of \"*/:<>?\\|")
    } else if name.ends_with(['.', ' ']) {
        Some("it ends in a dot or a space, which is dropped on reading")
    } else if name.starts_with(' ') {
        Some("it begins with a space, which is dropped on reading")
    } else if name.encode_utf16().count() > MAX_UNITS {
        Some("it is longer than 255 UTF-16 units")
    } else {
        None
    }
}

/// The form in which names are compared.
pub(super) fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_uppercase).collect()
}

/// Short names for all names of one folder, in their order, each once.
///
/// A name that is a short name but for its case keeps it; the others get a tail `~1`, `~2` ...
pub(super) fn shorts(names: &[&str]) -> Vec<Short> {
    let own: Vec<Option<Short>> = names.iter().map(|name| as_short(name)).collect();
    let mut used: HashSet<Short> = own.iter().flatten().copied().collect();
    // The number to try first for names that get the same first short name.
    let mut next: HashMap<Short, u32> = HashMap::new();
    let mut tailed = |name: &str| {
        let number = next.entry(with_tail(name, 1)).or_insert(1);
        loop {
            let short = with_tail(name, *number);
            *number += 1;
            if used.insert(short) {
                return short;
            }
        }
    };
    names.iter().zip(own).map(|(name, own)| own.unwrap_or_else(|| tailed(name))).collect()
}

/// Whether the name needs long-name records beside its short name.
pub(super) fn needs_long(name: &str, short: &Short) -> bool {
    display(short) != name
}

/// A short name as text: `NAME.EXT`.
pub(super) fn display(short: &Short) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches(' ').to_owned();
    let (base, extension) = (text(&short[..8]), text(&short[8..]));
    if extension.is_empty() { base } else { format!("{base}.{extension}") }
}

/// The checksum of a short name that ties its long-name records to it (section 7.2).
pub(super) fn checksum(short: &Short) -> u8 {
    short.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

/// The short name that the name is but for its case, if it is one.
fn as_short(name: &str) -> Option<Short> {
    let (base, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let fits = (1..=8).contains(&base.len())
        && extension.len() <= 3
        && (extension.is_empty() != name.contains('.'));
    (fits && base.chars().chain(extension.chars()).all(allowed)).then(|| join(base, extension))
}

/// A short name made from a name that is none: legal characters of it, and a tail.
fn with_tail(name: &str, number: u32) -> Short {
    let (base, extension) =
        name.rsplit_once('.').filter(|(base, _)| !base.is_empty()).unwrap_or((name, ""));
    let legal = |text: &str, most: usize| -> String {
        let kept = text.chars().filter(|c| !matches!(c, ' ' | '.'));
        kept.map(|c| if allowed(c) { c } else { '_' }).take(most).collect()
    };
    let tail = format!("~{number}");
    join(&(legal(base, 8 - tail.len()) + &tail), &legal(extension, 3))
}

fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'()-@^_`{}~".contains(c)
}

/// `base` and `extension` are ASCII and short enough.
fn join(base: &str, extension: &str) -> Short {
    let mut short = [b' '; 11];
    short[..base.len()].copy_from_slice(base.to_ascii_uppercase().as_bytes());
    short[8..8 + extension.len()].copy_from_slice(extension.to_ascii_uppercase().as_bytes());
    short
}
