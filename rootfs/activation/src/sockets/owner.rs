//! Names of users and groups to numbers, from /etc/passwd and /etc/group.

use std::io;

use rustix::fs::{Gid, Uid};

/// The owner of nodes; none leaves the manager's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub user: Option<Uid>,
    /// The group.
    pub group: Option<Gid>,
}

/// Why an owner is not known.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// No such user.
    #[error("user `{0}` does not exist")]
    User(String),
    /// No such group.
    #[error("group `{0}` does not exist")]
    Group(String),
    /// The list could not be read.
    #[error("reading {0} failed: {1}")]
    Read(&'static str, io::Error),
}

impl Owner {
    /// The owner of these names or numbers. A user alone brings the user's own group.
    pub fn of(user: Option<&str>, group: Option<&str>) -> Result<Self, OwnerError> {
        let mut owner = Self::default();
        if let Some(name) = user {
            let (id, own_group) = match find("/etc/passwd", name)? {
                Some(line) => (field(&line, 2), field(&line, 3)),
                None => (name.parse().ok(), None),
            };
            let id = id.ok_or_else(|| OwnerError::User(name.to_owned()))?;
            owner = Self { user: Some(Uid::from_raw(id)), group: own_group.map(Gid::from_raw) };
        }
        if let Some(name) = group {
            let id = find("/etc/group", name)?
                .and_then(|line| field(&line, 2))
                .or_else(|| name.parse().ok());
            owner.group =
                Some(Gid::from_raw(id.ok_or_else(|| OwnerError::Group(name.to_owned()))?));
        }
        Ok(owner)
    }

    /// Whether nothing is to be changed.
    pub fn is_own(self) -> bool {
        self == Self::default()
    }
}

/// The line of this name.
fn find(path: &'static str, name: &str) -> Result<Option<String>, OwnerError> {
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OwnerError::Read(path, error)),
    };
    Ok(text.lines().find(|line| line.split(':').next() == Some(name)).map(str::to_owned))
}

fn field(line: &str, at: usize) -> Option<u32> {
    line.split(':').nth(at)?.parse().ok()
}
