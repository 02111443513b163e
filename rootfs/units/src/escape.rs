//! Escaping of strings and paths in unit names (systemd.unit(5), "STRING ESCAPING FOR INCLUSION IN UNIT NAMES").

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use crate::model::{UnitKind, UnitName};

/// Escapes a string: `/` becomes `-`, all but letters, digits, `:`, `_` and `.` become `\xNN`.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'/' => out.push('-'),
            b'.' if at == 0 => push_hex(&mut out, byte),
            b':' | b'_' | b'.' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => push_hex(&mut out, byte),
        }
    }
    out
}

/// Undoes [`escape`]; none where the text has an escape that is none, or gives no UTF-8.
pub fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'-' => out.push(b'/'),
            b'\\' => {
                let digits = after.strip_prefix(b"x")?.get(..2)?;
                let digits = std::str::from_utf8(digits).ok()?;
                out.push(u8::from_str_radix(digits, 16).ok().filter(|byte| *byte != 0)?);
                rest = &after[3..];
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

/// Escapes a path as `systemd-escape --path` does: no slashes at its ends, the root is `-`. None where it is no UTF-8
/// or has a `..`, which cannot be part of a name.
pub fn escape_path(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(if parts.is_empty() { "-".to_owned() } else { escape(&parts.join("/")) })
}

/// Undoes [`escape_path`]; the result starts with a slash. None where that is no normalised path.
pub fn unescape_path(text: &str) -> Option<String> {
    if text == "-" {
        return Some("/".to_owned());
    }
    let path = unescape(text)?;
    let normal = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    normal.then(|| format!("/{path}"))
}

/// The unit of a path: `/dev/sda1` gives `dev-sda1.device`.
pub fn path_unit(path: &Path, kind: UnitKind) -> Option<UnitName> {
    format!("{}.{}", escape_path(path)?, kind.suffix()).parse().ok()
}

/// The path of a mount, swap, automount or device unit.
pub fn unit_path(name: &UnitName) -> Option<PathBuf> {
    unescape_path(name.stem()).map(PathBuf::from)
}

fn push_hex(out: &mut String, byte: u8) {
    write!(out, "\\x{byte:02x}").expect("a string takes all that is written");
}

#[cfg(test)]
mod tests;
