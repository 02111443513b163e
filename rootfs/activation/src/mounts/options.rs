//! `Options=` of a mount, as mount(8) reads them: flags of the kernel, words for others, and the file system's own.

use std::path::PathBuf;

/// What kind of mount the options ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A file system.
    #[default]
    New,
    /// A folder or file that is mounted elsewhere.
    Bind,
    /// And what is mounted below.
    RecursiveBind,
    /// A mount that is moved.
    Move,
}

/// The options of a mount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What is asked for.
    pub kind: Kind,
    /// Only other options for what is mounted; with `Kind::Bind`, for that mount and not for the file system.
    pub remount: bool,
    /// `MS_` flags of mount(2).
    pub flags: u64,
    /// How mounts spread, applied one after the other: `MS_SHARED` and kin.
    pub propagation: Vec<u64>,
    /// `loop`: by a loop device, of this name if given.
    pub loop_device: Option<Option<PathBuf>>,
    /// `offset=` of the loop device, bytes.
    pub offset: u64,
    /// `sizelimit=` of the loop device, bytes; 0 is the whole file.
    pub size_limit: u64,
    /// The file system's own, comma-separated.
    pub data: String,
}

/// A word, the flag it is about, and whether it sets it.
const FLAGS: &[(&str, u64, bool)] = &[
    ("ro", libc::MS_RDONLY, true),
    ("rw", libc::MS_RDONLY, false),
    ("nosuid", libc::MS_NOSUID, true),
    ("suid", libc::MS_NOSUID, false),
    ("nodev", libc::MS_NODEV, true),
    ("dev", libc::MS_NODEV, false),
    ("noexec", libc::MS_NOEXEC, true),
    ("exec", libc::MS_NOEXEC, false),
    ("sync", libc::MS_SYNCHRONOUS, true),
    ("async", libc::MS_SYNCHRONOUS, false),
    ("dirsync", libc::MS_DIRSYNC, true),
    ("mand", libc::MS_MANDLOCK, true),
    ("nomand", libc::MS_MANDLOCK, false),
    ("noatime", libc::MS_NOATIME, true),
    ("atime", libc::MS_NOATIME, false),
    ("nodiratime", libc::MS_NODIRATIME, true),
    ("diratime", libc::MS_NODIRATIME, false),
    ("relatime", libc::MS_RELATIME, true),
    ("norelatime", libc::MS_RELATIME, false),
    ("strictatime", libc::MS_STRICTATIME, true),
    ("nostrictatime", libc::MS_STRICTATIME, false),
    ("lazytime", libc::MS_LAZYTIME, true),
    ("nolazytime", libc::MS_LAZYTIME, false),
    ("iversion", libc::MS_I_VERSION, true),
    ("noiversion", libc::MS_I_VERSION, false),
    ("silent", libc::MS_SILENT, true),
    ("loud", libc::MS_SILENT, false),
    ("nosymfollow", NOSYMFOLLOW, true),
    ("symfollow", NOSYMFOLLOW, false),
];

/// `MS_NOSYMFOLLOW` of linux/mount.h.
const NOSYMFOLLOW: u64 = 256;

const PROPAGATION: &[(&str, u64)] = &[
    ("shared", libc::MS_SHARED),
    ("slave", libc::MS_SLAVE),
    ("private", libc::MS_PRIVATE),
    ("unbindable", libc::MS_UNBINDABLE),
    ("rshared", libc::MS_SHARED | libc::MS_REC),
    ("rslave", libc::MS_SLAVE | libc::MS_REC),
    ("rprivate", libc::MS_PRIVATE | libc::MS_REC),
    ("runbindable", libc::MS_UNBINDABLE | libc::MS_REC),
];

/// Words for fstab(5), mount(8) and systemd, which mean nothing here.
const FOR_OTHERS: &[&str] = &[
    "defaults",
    "auto",
    "noauto",
    "nofail",
    "fail",
    "user",
    "nouser",
    "users",
    "nousers",
    "owner",
    "noowner",
    "group",
    "nogroup",
    "_netdev",
    "_rnetdev",
    "bootwait",
    "nobootwait",
];

impl Options {
    /// Reads a comma-separated list. It never fails: what is not known is the file system's own. Commas within double
    /// quotes are part of a value.
    pub fn parse(text: &str) -> Self {
        let mut options = Self::default();
        let mut data: Vec<&str> = Vec::new();
        for word in words(text) {
            if !options.take(word) {
                data.push(word);
            }
        }
        options.data = data.join(",");
        options
    }

    /// Takes a word that is not the file system's.
    fn take(&mut self, word: &str) -> bool {
        let (key, value) =
            word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
        if let Some(&(_, flag, set)) = FLAGS.iter().find(|(name, ..)| *name == word) {
            self.flags = if set { self.flags | flag } else { self.flags & !flag };
            return true;
        }
        if let Some(&(_, flags)) = PROPAGATION.iter().find(|(name, _)| *name == word) {
            self.propagation.push(flags);
            return true;
        }
        match (key, value) {
            ("bind", None) => self.kind = Kind::Bind,
            ("rbind", None) => self.kind = Kind::RecursiveBind,
            ("move", None) => self.kind = Kind::Move,
            ("remount", None) => self.remount = true,
            ("loop", value) => self.loop_device = Some(value.map(PathBuf::from)),
            ("offset", Some(value)) if number(value).is_some() => {
                self.offset = number(value).unwrap_or_default();
            }
            ("sizelimit", Some(value)) if number(value).is_some() => {
                self.size_limit = number(value).unwrap_or_default();
            }
            ("comment", _) => {}
            _ => {
                return FOR_OTHERS.contains(&word)
                    || key.starts_with("x-")
                    || key.starts_with("X-");
            }
        }
        true
    }

    /// Whether a folder or file is mounted, not a file system.
    pub fn is_bind(&self) -> bool {
        matches!(self.kind, Kind::Bind | Kind::RecursiveBind)
    }
}

/// The words of a list; quotes hold commas.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let at_comma = move |c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    };
    text.split(at_comma).map(str::trim).filter(|word| !word.is_empty())
}

/// A number of bytes with a binary suffix.
fn number(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].chars().next().map(|c| c.to_ascii_uppercase()) {
        None => 1,
        Some('K') => 1 << 10,
        Some('M') => 1 << 20,
        Some('G') => 1 << 30,
        Some('T') => 1 << 40,
        Some(_) => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// Whether an option is in the list: `nofail`, `_netdev`.
pub fn has(text: &str, option: &str) -> bool {
    words(text).any(|word| word == option)
}
