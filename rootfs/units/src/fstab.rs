//! `/etc/fstab` as mount, swap and automount units (fstab(5); systemd.mount(5), "FSTAB").

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{Relation, UnitName};
use crate::text::{Entry, Place, Remark};

mod generate;

pub use generate::units;

/// Options that ask for what is not done here.
const NOT_DONE: [&str; 2] = ["x-systemd.makefs", "x-systemd.growfs"];

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
    /// Whether it is checked before it is mounted.
    pub check: bool,
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
        let options = field(3, "defaults");
        for option in NOT_DONE.into_iter().filter(|option| has_option(&options, option)) {
            let what = format!("{option} is not done here; passed over");
            remarks.push(Remark { place: place.clone(), what });
        }
        lines.push(Line {
            what: field(0, ""),
            mount_point: field(1, ""),
            fs_type: field(2, "auto"),
            options,
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

/// The tags of fstab(5) and the folder of links for each.
const TAGS: [(&str, &str); 5] = [
    ("UUID=", "by-uuid"),
    ("LABEL=", "by-label"),
    ("PARTUUID=", "by-partuuid"),
    ("PARTLABEL=", "by-partlabel"),
    ("ID=", "by-id"),
];

/// The device node of `/dev/sda1` or of `UUID=...` and the like; none of anything else.
pub fn device(what: &str) -> Option<PathBuf> {
    tagged_path(what).or_else(|| what.starts_with('/').then(|| PathBuf::from(what)))
}

/// The path that `UUID=...` and the like will have in /dev/disk; none for another text. Quotes around a value go.
pub fn tagged_path(what: &str) -> Option<PathBuf> {
    let (tag, folder) = TAGS.iter().find(|(tag, _)| what.starts_with(tag))?;
    let value = what[tag.len()..].trim_matches('"');
    let value = if folder.ends_with("uuid") { known_case(value) } else { value.to_owned() };
    Some(Path::new("/dev/disk").join(folder).join(encode(&value)))
}

/// The links are in lower case where the value is a UUID in full; others (vfat's `1A2B-3C4D`) stay as they are.
fn known_case(value: &str) -> String {
    if value.len() == 36 { value.to_ascii_lowercase() } else { value.to_owned() }
}

/// A value as the name of a link: what is not plain is `\x` and two hexadecimal digits for each byte, as udev writes it.
pub fn encode(value: &str) -> String {
    let mut name = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_ascii_alphanumeric() || "#+-.:=@_".contains(c) || (!c.is_ascii() && !c.is_control())
        {
            name.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
                name.extend(['\\', 'x', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    name
}

#[cfg(test)]
mod tests;
