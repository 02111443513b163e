//! The files of accounts: `passwd`, `group`, `shadow`, `gshadow` (their pages in section 5).
//!
//! Lines are kept as they are, byte by byte, also those that are not understood or are not UTF-8 (a name in Latin-1 is
//! still found on old systems); only what is added or joined changes.

use std::collections::BTreeSet;

/// A line, without its newline.
type Line = Vec<u8>;

/// The four files as lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// passwd(5)
    pub passwd: Vec<Line>,
    /// group(5)
    pub group: Vec<Line>,
    /// shadow(5)
    pub shadow: Vec<Line>,
    /// gshadow(5)
    pub gshadow: Vec<Line>,
}

fn nth(line: &[u8], index: usize) -> Option<&str> {
    line.split(|byte| *byte == b':').nth(index).and_then(|field| str::from_utf8(field).ok())
}

fn number_of(lines: &[Line], name: &str) -> Option<u32> {
    lines.iter().find(|line| nth(line, 0) == Some(name)).and_then(|line| nth(line, 2)?.parse().ok())
}

impl Database {
    /// The number of a user.
    pub fn uid(&self, name: &str) -> Option<u32> {
        number_of(&self.passwd, name)
    }

    /// The number of a group.
    pub fn gid(&self, name: &str) -> Option<u32> {
        number_of(&self.group, name)
    }

    /// The name of a group's number.
    pub fn group_name(&self, gid: u32) -> Option<&str> {
        let gid = gid.to_string();
        self.group.iter().find(|line| nth(line, 2) == Some(&gid)).and_then(|line| nth(line, 0))
    }

    /// All numbers of users.
    pub fn uids(&self) -> BTreeSet<u32> {
        self.passwd.iter().filter_map(|line| nth(line, 2)?.parse().ok()).collect()
    }

    /// All numbers of groups.
    pub fn gids(&self) -> BTreeSet<u32> {
        self.group.iter().filter_map(|line| nth(line, 2)?.parse().ok()).collect()
    }

    /// Adds a group.
    pub fn add_group(&mut self, name: &str, gid: u32) {
        insert(&mut self.group, format!("{name}:x:{gid}:"));
        if !self.gshadow.iter().any(|line| nth(line, 0) == Some(name)) {
            insert(&mut self.gshadow, format!("{name}:!*::"));
        }
    }

    /// Adds a user, whose password is locked; `line` is its line of passwd(5).
    pub fn add_user(&mut self, name: &str, line: String, locked: bool, day: u64) {
        insert(&mut self.passwd, line);
        if !self.shadow.iter().any(|line| nth(line, 0) == Some(name)) {
            // An expiry on the second day of 1970 locks the account for every way in.
            let expiry = if locked { "1" } else { "" };
            let day = if day == 0 { String::new() } else { day.to_string() };
            insert(&mut self.shadow, format!("{name}:!*:{day}:::::{expiry}:"));
        }
    }

    /// Puts a user into a group; gives whether it was not in it.
    pub fn add_member(&mut self, user: &str, group: &str) -> bool {
        let joined = join(&mut self.group, user, group);
        join(&mut self.gshadow, user, group) || joined
    }
}

/// Adds a line, before those of the NIS service, which must be last.
fn insert(lines: &mut Vec<Line>, line: String) {
    let is_nis = |line: &Line| matches!(line.first(), Some(b'+' | b'-'));
    let at = lines.iter().position(is_nis).unwrap_or(lines.len());
    lines.insert(at, line.into_bytes());
}

/// Puts a user at the end of a group's fourth field.
fn join(lines: &mut [Line], user: &str, group: &str) -> bool {
    let Some(line) = lines.iter_mut().find(|line| nth(line, 0) == Some(group)) else {
        return false;
    };
    let mut fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    let Some(members) = fields.get(3).copied() else { return false };
    if members.split(|byte| *byte == b',').any(|member| member == user.as_bytes()) {
        return false;
    }
    let mut joined = members.to_vec();
    if !joined.is_empty() {
        joined.push(b',');
    }
    joined.extend(user.as_bytes());
    fields[3] = &joined;
    *line = fields.join(&b':');
    true
}
