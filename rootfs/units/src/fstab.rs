//! `/etc/fstab` as mount, swap and automount units (fstab(5); systemd.mount(5), "FSTAB").

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{Relation, UnitName};
use crate::text::{Entry, Place, Remark};

mod generate;

pub use generate::units;

/// File systems that are mounted over the network.
const NETWORK: &[&str] = &[
    "afs",
    "ceph",
    "cifs",
    "davfs",
    "gfs",
    "gfs2",
    "glusterfs",
    "lustre",
    "ncp",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "pvfs2",
    "smb3",
    "smbfs",
    "sshfs",
    "9p",
];

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `fs_spec`
    pub what: String,
    /// `fs_file`
    pub mount_point: String,
    /// `fs_vfstype`
    pub fs_type: String,
    /// `fs_mntops`
    pub options: String,
    /// `fs_passno`: when it is checked; 0 is never.
    pub pass: u32,
    /// Where it stands.
    pub place: Place,
}

/// A unit made of a line.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    /// Its settings.
    pub entries: Vec<Entry>,
    /// Units that pull it in.
    pub pulled_by: Vec<(UnitName, Relation)>,
    /// Its device and how long that may take; none is for ever.
    pub device_timeout: Option<(UnitName, Option<Duration>)>,
}

/// Reads the lines; what is no line is a remark.
pub fn parse(text: &str, file: &Path, remarks: &mut Vec<Remark>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let raw = raw.trim();
        if raw.is_empty() || raw.starts_with('#') {
            continue;
        }
        let place = Place { file: file.to_owned(), line: index + 1 };
        let fields: Vec<String> = raw.split_whitespace().map(unescape).collect();
        let field = |at: usize, default: &str| {
            fields.get(at).cloned().unwrap_or_else(|| default.to_owned())
        };
        if fields.len() < 3 {
            let what =
                format!("`{raw}` has not the fields device, mount point and type; passed over");
            remarks.push(Remark { place, what });
            continue;
        }
        lines.push(Line {
            what: field(0, ""),
            mount_point: field(1, ""),
            fs_type: field(2, "auto"),
            options: field(3, "defaults"),
            pass: field(5, "0").parse().unwrap_or_default(),
            place,
        });
    }
    lines
}

/// Octal escapes, of which `\040` is the common one.
fn unescape(field: &str) -> String {
    crate::words::unescape(field).unwrap_or_else(|_| field.to_owned())
}

/// Whether an option is in a comma-separated list, with or without a value.
pub fn has_option(options: &str, name: &str) -> bool {
    option(options, name).is_some()
}

/// The value of the last option of that name; empty where it has none.
pub fn option<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    values(options, name).last()
}

/// The values of all options of that name.
pub fn values<'a>(options: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    options.split(',').filter_map(move |option| {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        (key.trim() == name).then_some(value)
    })
}

/// Whether a mount needs the network.
pub fn is_network(fs_type: &str, options: &str) -> bool {
    let base = fs_type.strip_prefix("fuse.").unwrap_or(fs_type);
    NETWORK.contains(&base) || has_option(options, "_netdev")
}

/// The device node of `/dev/sda1`, `UUID=...`, `LABEL=...`, `PARTUUID=...`, `PARTLABEL=...`; none of anything else.
pub fn device(what: &str) -> Option<PathBuf> {
    let folders = [
        ("UUID", "uuid"),
        ("LABEL", "label"),
        ("PARTUUID", "partuuid"),
        ("PARTLABEL", "partlabel"),
    ];
    if let Some((tag, text)) = what.split_once('=')
        && let Some((_, folder)) = folders.iter().find(|(name, _)| *name == tag)
    {
        let text = text.trim_matches('"');
        let lower = text.to_ascii_lowercase();
        let text = if folder.ends_with("uuid") { lower.as_str() } else { text };
        return Some(Path::new("/dev/disk").join(format!("by-{folder}")).join(encode(text)));
    }
    what.starts_with('/').then(|| PathBuf::from(what))
}

/// How labels stand in the names of links below /dev/disk: what is unusual as `\xNN`.
fn encode(text: &str) -> String {
    let one = |c: char| match c {
        c if c.is_ascii_alphanumeric() || "#+-.:=@_".contains(c) || !c.is_ascii() => c.to_string(),
        c => format!("\\x{:02x}", u32::from(c)),
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests;
