//! Users and groups by the files below a root: `/etc/passwd` and `/etc/group`.

use std::fs;
use std::path::Path;

/// The names and numbers of a root's users and groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Name, number, first group.
    users: Vec<(String, u32, u32)>,
    groups: Vec<(String, u32)>,
}

impl Accounts {
    /// Reads them; files that are not there have nobody in them.
    pub fn read(root: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(root.join("etc").join(name)).unwrap_or_default();
        Self::parse(&text("passwd"), &text("group"))
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
