//! Users and groups by the files below a root: `/etc/passwd` and `/etc/group`.

use std::path::Path;
use std::{fs, io};

use anyhow::{Context, Result};

/// The names and numbers of a root's users and groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Name, number, first group.
    users: Vec<(String, u32, u32)>,
    groups: Vec<(String, u32)>,
}

impl Accounts {
    /// Reads them; files that are not there have nobody in them. Bytes that are not UTF-8 hide no other line.
    pub fn read(root: &Path) -> Result<Self> {
        let text = |name: &str| {
            let path = root.join("etc").join(name);
            match fs::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
                read => read
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                    .with_context(|| format!("reading {}", path.display())),
            }
        };
        Ok(Self::parse(&text("passwd")?, &text("group")?))
    }

    /// Lines without three numbers and names are passed over.
    pub fn parse(passwd: &str, group: &str) -> Self {
        let user = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            Some((name, fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        let one = |line: &str| {
            let mut fields = line.split(':');
            Some((fields.next()?.to_owned(), fields.nth(1)?.parse().ok()?))
        };
        Self {
            users: passwd.lines().filter_map(user).collect(),
            groups: group.lines().filter_map(one).collect(),
        }
    }

    /// The number of a user, by name or number. `root` is always known.
    pub fn user(&self, name: &str) -> Option<u32> {
        let found = self.users.iter().find(|(own, ..)| own == name).map(|(_, uid, _)| *uid);
        found.or_else(|| name.parse().ok()).or_else(|| (name == "root").then_some(0))
    }

    /// The number of a group, by name or number. `root` is always known.
    pub fn group(&self, name: &str) -> Option<u32> {
        let found = self.groups.iter().find(|(own, _)| own == name).map(|(_, gid)| *gid);
        found.or_else(|| name.parse().ok()).or_else(|| (name == "root").then_some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_beside_a_line_that_is_not_utf_8_are_found() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(Accounts::read(root.path()).expect("nobody"), Accounts::default());
        let etc = root.path().join("etc");
        fs::create_dir_all(&etc).expect("made");
        fs::write(etc.join("passwd"), b"jo:x:1000:1000:J\xf6rg:/:\ncore:x:500:500:::\n")
            .expect("written");
        assert_eq!(Accounts::read(root.path()).expect("read").user("core"), Some(500));
        fs::create_dir_all(etc.join("group")).expect("made");
        assert!(Accounts::read(root.path()).is_err());
    }
}
