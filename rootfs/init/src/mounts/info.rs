//! The text of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountPoint {
    /// Where it is.
    pub target: PathBuf,
    /// The type of the file system.
    pub kind: String,
    /// What is mounted, as the kernel names it.
    pub source: String,
    /// Whether the mount or its file system is read-only.
    pub read_only: bool,
}

/// Parses the whole file, in its order: older mounts first. Lines of another form are passed over.
pub fn parse(text: &[u8]) -> Vec<MountPoint> {
    text.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<MountPoint> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    // The optional fields end with a lone hyphen.
    let hyphen = 6 + fields.get(6..)?.iter().position(|field| *field == b"-")?;
    let read_only =
        |options: &[u8]| options.split(|byte| *byte == b',').any(|option| option == b"ro");
    Some(MountPoint {
        target: PathBuf::from(OsString::from_vec(unescape(fields[4]))),
        kind: String::from_utf8_lossy(fields.get(hyphen + 1)?).into_owned(),
        source: String::from_utf8_lossy(&unescape(fields.get(hyphen + 2)?)).into_owned(),
        read_only: read_only(fields[5])
            || fields.get(hyphen + 3).is_some_and(|options| read_only(options)),
    })
}

/// Undoes the octal escapes of space, tab, newline and backslash.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut at = 0;
    while at < field.len() {
        let escaped = field
            .get(at + 1..at + 4)
            .filter(|_| field[at] == b'\\')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        out.push(escaped.unwrap_or(field[at]));
        at += if escaped.is_some() { 4 } else { 1 };
    }
    out
}
