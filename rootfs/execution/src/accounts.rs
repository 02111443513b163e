//! Users and groups of `/etc/passwd` and `/etc/group` (passwd(5), group(5)), read anew for each start.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where users are.
const PASSWD: &str = "/etc/passwd";
/// Where groups are.
const GROUP: &str = "/etc/group";

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A file cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// The file.
        file: &'static str,
        /// Why.
        source: io::Error,
    },
    /// No such user.
    #[error("no user `{0}` in /etc/passwd")]
    User(String),
    /// No such group.
    #[error("no group `{0}` in /etc/group")]
    Group(String),
}

/// A line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of its own group.
    pub gid: u32,
    /// Its home.
    pub home: PathBuf,
    /// Its shell; empty is /bin/sh.
    pub shell: PathBuf,
}

/// The text of both files, looked at by the functions here.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    passwd: String,
    group: String,
}

impl Accounts {
    /// Reads both files. Bytes that are not UTF-8, as of a name in Latin-1, are replaced: they keep no other line from
    /// being found.
    pub fn read() -> Result<Self, AccountError> {
        Self::read_below(Path::new("/"))
    }

    fn read_below(root: &Path) -> Result<Self, AccountError> {
        let read = |file: &'static str| match fs::read(root.join(file.trim_start_matches('/'))) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(source) => Err(AccountError::Read { file, source }),
        };
        Ok(Self { passwd: read(PASSWD)?, group: read(GROUP)? })
    }

    /// Takes the text of both files.
    pub fn from_text(passwd: &str, group: &str) -> Self {
        Self { passwd: passwd.to_owned(), group: group.to_owned() }
    }

    /// A user by name or number. A number nobody has is a user without a name, home or shell.
    pub fn user(&self, name: &str) -> Result<User, AccountError> {
        let users = || self.passwd.lines().filter_map(user_of_line);
        let number = name.parse::<u32>().ok();
        let by_name = users().find(|user| user.name == name);
        by_name
            .or_else(|| number.and_then(|uid| users().find(|user| user.uid == uid)))
            .or_else(|| {
                number.map(|uid| User {
                    name: name.to_owned(),
                    uid,
                    gid: uid,
                    home: PathBuf::from("/"),
                    shell: PathBuf::from("/usr/sbin/nologin"),
                })
            })
            .ok_or_else(|| AccountError::User(name.to_owned()))
    }

    /// Whether a user or a group has this name.
    pub fn knows(&self, name: &str) -> bool {
        self.passwd.lines().filter_map(user_of_line).any(|user| user.name == name)
            || self.groups().any(|(group, ..)| group == name)
    }

    /// Whether a user or a group has this number.
    pub fn has_number(&self, number: u32) -> bool {
        self.passwd.lines().filter_map(user_of_line).any(|user| user.uid == number)
            || self.groups().any(|(_, gid, _)| gid == number)
    }

    /// The number of a group given by name or number.
    pub fn group(&self, name: &str) -> Result<u32, AccountError> {
        let by_name = self.groups().find(|(group, ..)| *group == name).map(|(_, gid, _)| gid);
        by_name.or_else(|| name.parse().ok()).ok_or_else(|| AccountError::Group(name.to_owned()))
    }

    /// The groups that have the user as a member.
    pub fn groups_of(&self, user: &str) -> Vec<u32> {
        let member = |members: &str| members.split(',').any(|member| member == user);
        self.groups().filter(|(_, _, members)| member(members)).map(|(_, gid, _)| gid).collect()
    }

    fn groups(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.group.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let gid = fields.nth(1)?.parse().ok()?;
            Some((name, gid, fields.next().unwrap_or("")))
        })
    }
}

/// A user by name or number.
pub fn find_user(name: &str) -> Result<User, AccountError> {
    Accounts::read()?.user(name)
}

/// The number of a group by name or number.
pub fn find_group(name: &str) -> Result<u32, AccountError> {
    Accounts::read()?.group(name)
}

fn user_of_line(line: &str) -> Option<User> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, _, home, rest @ ..] = &fields[..] else { return None };
    let shell = rest.first().copied().filter(|shell| !shell.is_empty()).unwrap_or("/bin/sh");
    Some(User {
        name: (*name).to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: PathBuf::from(home),
        shell: PathBuf::from(shell),
    })
}

#[cfg(test)]
mod tests;
