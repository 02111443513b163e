//! The checked configuration: the part of Ignition's specification 3 that is applied.

/// A whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `storage.directories`
    pub directories: Vec<Directory>,
    /// `storage.files`
    pub files: Vec<File>,
    /// `storage.links`
    pub links: Vec<Link>,
    /// `systemd.units`
    pub units: Vec<Unit>,
    /// `passwd.users`
    pub users: Vec<User>,
}

/// What files, directories and links have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it stands in the configuration, for messages.
    pub at: String,
    /// The absolute path on the host, checked by [`crate::decode`].
    pub path: String,
    /// The owner; none is root.
    pub user: Option<Owner>,
    /// The group; none is root.
    pub group: Option<Owner>,
    /// Whether something else at the path is replaced.
    pub overwrite: bool,
}

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// By number.
    Id(u32),
    /// By name, of the host's `/etc/passwd` or `/etc/group`.
    Name(String),
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Where and whose.
    pub node: Node,
    /// Its mode; the default is 0755, or that of a directory that is there.
    pub mode: Option<u32>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where and whose.
    pub node: Node,
    /// Its mode; the default is 0644, or that of a file that is there.
    pub mode: Option<u32>,
    /// What it holds, uncompressed and checked; none leaves a file that is there as it is.
    pub contents: Option<Vec<u8>>,
    /// What is appended, in this order.
    pub append: Vec<Vec<u8>>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where and whose.
    pub node: Node,
    /// What it leads to.
    pub target: String,
    /// Whether it is a hard link.
    pub hard: bool,
}

/// A unit of systemd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Where it stands in the configuration.
    pub at: String,
    /// Its name.
    pub name: String,
    /// Whether the links of its `[Install]` section are made or removed; none leaves them.
    pub enabled: Option<bool>,
    /// Whether it is linked to `/dev/null`.
    pub mask: bool,
    /// Its text.
    pub contents: Option<String>,
    /// Its drop-ins: file name and text.
    pub drop_ins: Vec<(String, String)>,
}

/// A user that is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Where it stands in the configuration.
    pub at: String,
    /// The name.
    pub name: String,
    /// Public keys for logging in.
    pub keys: Vec<String>,
    /// Hash of the password for logging in on a console, as crypt(5) has it.
    pub password: Option<String>,
}
