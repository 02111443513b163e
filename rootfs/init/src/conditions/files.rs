//! Conditions on files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};

/// Whether any path matches; `*`, `?` and `[...]` stand within a part of the path.
pub(super) fn glob_exists(pattern: &str) -> bool {
    let mut found = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let plain = !part.contains(['*', '?', '[']);
        found = found
            .iter()
            .flat_map(|folder| {
                if plain {
                    return vec![folder.join(part)];
                }
                let entries = fs::read_dir(folder).into_iter().flatten().flatten();
                let names = entries.filter(|entry| {
                    let name = entry.file_name();
                    let name = name.to_string_lossy();
                    (part.starts_with('.') || !name.starts_with('.')) && matches(part, &name)
                });
                names.map(|entry| entry.path()).collect()
            })
            .filter(|path| path.symlink_metadata().is_ok())
            .collect();
    }
    !found.is_empty()
}

/// fnmatch(3) without flags, without a path's slashes.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
        } else if let Some(length) = one(&pattern[p.min(pattern.len())..], text[t]) {
            p += length;
            t += 1;
        } else if let Some((at, from)) = star {
            p = at + 1;
            t = from + 1;
            star = Some((at, t));
        } else {
            return false;
        }
    }
    pattern[p.min(pattern.len())..].iter().all(|c| *c == '*')
}

/// The length of the first element of a pattern, where it matches the character.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => {
            let end = 2 + pattern.get(2..)?.iter().position(|c| *c == ']')?;
            let inner = &pattern[1..end];
            let (negated, inner) = match inner.first() {
                Some('!' | '^') => (true, &inner[1..]),
                _ => (false, inner),
            };
            let mut held = false;
            let mut at = 0;
            while at < inner.len() {
                if let (Some('-'), Some(last)) = (inner.get(at + 1), inner.get(at + 2)) {
                    held |= (inner[at]..=*last).contains(&c);
                    at += 3;
                } else {
                    held |= inner[at] == c;
                    at += 1;
                }
            }
            (held != negated).then_some(end + 1)
        }
        literal => (*literal == c).then_some(1),
    }
}

pub(super) fn is_mount_point(path: &Path) -> bool {
    let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    crate::mounts::parse(&table).iter().any(|mount| mount.target == path)
}

pub(super) fn is_writable(path: &Path) -> bool {
    statvfs(path).is_ok_and(|facts| !facts.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Whether the file system stands on dm-crypt.
pub(super) fn is_encrypted(path: &Path) -> bool {
    let Ok(facts) = fs::metadata(path) else { return false };
    let device = facts.dev();
    let number = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let uuid = fs::read_to_string(format!("/sys/dev/block/{number}/dm/uuid"));
    uuid.is_ok_and(|uuid| uuid.starts_with("CRYPT-"))
}

pub(super) fn has_entries(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

pub(super) fn has_content(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0)
}

pub(super) fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Whether `/usr` is newer than the mark of the last update in `/etc` or `/var`.
pub(super) fn needs_update(path: &Path) -> bool {
    if !is_writable(path) {
        return false;
    }
    let usr = fs::metadata("/usr").and_then(|usr| usr.modified());
    let mark = fs::metadata(path.join(".updated")).and_then(|mark| mark.modified());
    match (usr, mark) {
        (Ok(usr), Ok(mark)) => usr > mark,
        _ => true,
    }
}

pub(super) fn has_credential(name: &str) -> bool {
    let folders = ["/run/credentials/@system", "/run/credentials/@encrypted"];
    let plain = !name.is_empty() && !name.contains('/') && name != "..";
    plain && folders.iter().any(|folder| Path::new(folder).join(name).exists())
}
