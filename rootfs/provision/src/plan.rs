//! What will be written, in order, each thing checked against what the root holds already.

use std::collections::BTreeMap;

use crate::config::{Config, Node, Owner, User};
use crate::root::{Ids, Present, Root};
use crate::shadow;
use crate::units::{self, FOLDER, Install};

/// One thing to do. Paths are absolute, inside the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Make a directory, or change the one that is there.
    Directory {
        /// Where.
        path: String,
        /// None keeps the mode of one that is there.
        mode: Option<u32>,
        /// Whose.
        ids: Ids,
    },
    /// Write a file.
    File {
        /// Where.
        path: String,
        /// None keeps the mode of one that is there.
        mode: Option<u32>,
        /// Whose.
        ids: Ids,
        /// None keeps the contents of one that is there.
        contents: Option<Vec<u8>>,
        /// Appended, unless it ends so already.
        append: Vec<Vec<u8>>,
    },
    /// Make a link.
    Link {
        /// Where.
        path: String,
        /// What it leads to.
        target: String,
        /// Whether it is a hard one.
        hard: bool,
        /// Whose.
        ids: Ids,
    },
    /// Remove a link.
    Remove {
        /// Where.
        path: String,
    },
}

/// What is done for the whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In order.
    pub operations: Vec<Operation>,
    /// What is odd, by JSON path.
    pub warnings: Vec<(String, String)>,
    /// What is wrong, by JSON path; then nothing may be applied.
    pub errors: Vec<(String, String)>,
    /// The homes of the host's users.
    pub homes: BTreeMap<String, Ids>,
}

/// A user of the host's `/etc/passwd`.
#[derive(Clone, Debug)]
struct Account {
    ids: Ids,
    home: String,
}

struct Planner<'a> {
    root: &'a Root,
    users: BTreeMap<String, Account>,
    groups: BTreeMap<String, u32>,
    plan: Plan,
}

/// Plans a configuration for a root. Nothing is written.
pub fn plan(config: &Config, root: &Root) -> Plan {
    let read =
        |path: &str| String::from_utf8_lossy(&root.read(path).unwrap_or_default()).into_owned();
    let mut planner = Planner {
        root,
        users: accounts(&read("/etc/passwd")),
        groups: groups(&read("/etc/group")),
        plan: Plan::default(),
    };
    planner.plan.homes =
        planner.users.values().map(|account| (account.home.clone(), account.ids)).collect();
    planner.storage(config);
    planner.units(config);
    planner.keys(config);
    planner.passwords(config);
    planner.plan
}

fn accounts(passwd: &str) -> BTreeMap<String, Account> {
    let rows = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .filter(|fields| fields.len() >= 6);
    rows.filter_map(|fields| {
        let ids = (fields[2].parse().ok()?, fields[3].parse().ok()?);
        Some((fields[0].to_owned(), Account { ids, home: fields[5].to_owned() }))
    })
    .collect()
}

fn groups(group: &str) -> BTreeMap<String, u32> {
    let rows = group
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .filter(|fields| fields.len() >= 3);
    rows.filter_map(|fields| Some((fields[0].to_owned(), fields[2].parse().ok()?))).collect()
}

impl Planner<'_> {
    fn error(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.plan.errors.push((at.into(), what.into()));
    }

    fn storage(&mut self, config: &Config) {
        for directory in &config.directories {
            let ids = self.ids(&directory.node);
            match self.look(&directory.node) {
                Some(Present::Nothing | Present::Directory) | None => {}
                Some(_) => self.error(
                    &directory.node.at,
                    format!("{} is there and is no directory", directory.node.path),
                ),
            }
            self.plan.operations.push(Operation::Directory {
                path: directory.node.path.clone(),
                mode: directory.mode,
                ids,
            });
        }
        for file in &config.files {
            let ids = self.ids(&file.node);
            let present = self.look(&file.node);
            let in_the_way = match (&present, &file.contents) {
                (None | Some(Present::Nothing), _) | (Some(Present::File(_)), None) => false,
                (Some(Present::File(found)), Some(wanted)) => {
                    // Whole, as an earlier, interrupted run left it.
                    let whole = [wanted.as_slice(), &file.append.concat()].concat();
                    found != wanted && *found != whole && !file.node.overwrite
                }
                (Some(Present::Directory | Present::Other), _) => true,
                (Some(Present::Link(_)), _) => !file.node.overwrite,
            };
            if in_the_way {
                self.in_the_way(&file.node);
            }
            self.plan.operations.push(Operation::File {
                path: file.node.path.clone(),
                mode: file.mode,
                ids,
                contents: file.contents.clone(),
                append: file.append.clone(),
            });
        }
        for link in &config.links {
            let ids = self.ids(&link.node);
            match self.look(&link.node) {
                None | Some(Present::Nothing) => {}
                Some(Present::Link(target)) if target == link.target.as_bytes() && !link.hard => {}
                Some(Present::File(_) | Present::Link(_)) if link.node.overwrite => {}
                // A hard link of an earlier, interrupted run.
                Some(there @ Present::File(_))
                    if link.hard
                        && self.root.look(&link.target).is_ok_and(|same| same == there) => {}
                Some(_) => self.in_the_way(&link.node),
            }
            let (path, target) = (link.node.path.clone(), link.target.clone());
            self.plan.operations.push(Operation::Link { path, target, hard: link.hard, ids });
        }
    }

    fn in_the_way(&mut self, node: &Node) {
        let what = format!(
            "{} is there already and is something else; `\"overwrite\": true` replaces files and links",
            node.path
        );
        self.error(&node.at, what);
    }

    fn look(&mut self, node: &Node) -> Option<Present> {
        match self.root.look(&node.path) {
            Ok(present) => Some(present),
            Err(error) => {
                self.error(
                    format!("{}.path", node.at),
                    format!("looking at {}: {error}", node.path),
                );
                None
            }
        }
    }

    fn ids(&mut self, node: &Node) -> Ids {
        let mut unknown = Vec::new();
        let mut id = |owner: &Option<Owner>, key: &str, known: Option<u32>| match (owner, known) {
            (None, _) => 0,
            (Some(Owner::Id(id)), _) => *id,
            (Some(Owner::Name(_)), Some(id)) => id,
            (Some(Owner::Name(name)), None) => {
                unknown.push((
                    format!("{}.{key}", node.at),
                    format!("there is no {key} `{name}` on this host"),
                ));
                0
            }
        };
        let name = |owner: &Option<Owner>| match owner {
            Some(Owner::Name(name)) => name.clone(),
            _ => String::new(),
        };
        let user =
            id(&node.user, "user", self.users.get(&name(&node.user)).map(|account| account.ids.0));
        let group = id(&node.group, "group", self.groups.get(&name(&node.group)).copied());
        self.plan.errors.extend(unknown);
        (user, group)
    }

    fn units(&mut self, config: &Config) {
        for unit in &config.units {
            let path = format!("/{FOLDER}/{}", unit.name);
            let text_file = |path: String, text: &str| Operation::File {
                path,
                mode: Some(0o644),
                ids: (0, 0),
                contents: Some(text.as_bytes().to_vec()),
                append: Vec::new(),
            };
            if unit.mask {
                if unit.contents.is_some() {
                    self.plan.warnings.push((
                        unit.at.clone(),
                        "the unit is masked, its contents are not written".to_owned(),
                    ));
                }
                let target = "/dev/null".to_owned();
                self.plan.operations.push(Operation::Link {
                    path,
                    target,
                    hard: false,
                    ids: (0, 0),
                });
            } else if let Some(contents) =
                unit.contents.as_deref().filter(|contents| !contents.is_empty())
            {
                self.plan.operations.push(text_file(path, contents));
            }
            for (name, contents) in &unit.drop_ins {
                let path = format!("/{FOLDER}/{}.d/{name}", unit.name);
                self.plan.operations.push(text_file(path, contents));
            }
            if let Some(enabled) = unit.enabled.filter(|_| !unit.mask) {
                self.enable(&unit.name, &unit.at, enabled, unit.contents.as_deref(), config);
            }
        }
    }

    fn enable(
        &mut self,
        name: &str,
        at: &str,
        enabled: bool,
        contents: Option<&str>,
        config: &Config,
    ) {
        let file = units::file_name(name);
        let of_template = || {
            let other = config.units.iter().find(|unit| unit.name == file)?;
            other.contents.clone().map(|text| (format!("/{FOLDER}/{file}"), text))
        };
        let found = contents
            .filter(|contents| !contents.is_empty())
            .map(|text| (format!("/{FOLDER}/{file}"), text.to_owned()))
            .or_else(of_template)
            .or_else(|| self.unit_file(&file));
        let Some((path, text)) = found else {
            let known = "there is no such unit in the configuration or on the host";
            return if enabled {
                self.error(at, format!("`{name}` cannot be enabled: {known}"));
            } else {
                self.plan
                    .warnings
                    .push((at.to_owned(), format!("`{name}` is not disabled: {known}")));
            };
        };
        let links = Install::parse(&text).links(name);
        if links.is_empty() {
            self.plan.warnings.push((
                at.to_owned(),
                format!("`{name}` has no [Install] section; nothing starts it by itself"),
            ));
        }
        for link in links {
            let link = format!("/{FOLDER}/{link}");
            self.plan.operations.push(if enabled {
                Operation::Link { path: link, target: path.clone(), hard: false, ids: (0, 0) }
            } else {
                Operation::Remove { path: link }
            });
        }
    }

    fn unit_file(&self, file: &str) -> Option<(String, String)> {
        ["etc/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system"]
            .iter()
            .find_map(|folder| {
                let path = format!("/{folder}/{file}");
                self.root
                    .read(&path)
                    .ok()
                    .map(|bytes| (path, String::from_utf8_lossy(&bytes).into_owned()))
            })
    }

    fn keys(&mut self, config: &Config) {
        for user in &config.users {
            let Some(account) = self.users.get(&user.name).cloned() else {
                self.error(&user.at, format!("there is no user `{}` on this host, and users cannot be made by this release", user.name));
                continue;
            };
            if user.keys.is_empty() {
                continue;
            }
            let folder = format!("{}/.ssh", account.home.trim_end_matches('/'));
            let ids = account.ids;
            let text = user.keys.iter().fold(String::new(), |text, key| text + key + "\n");
            self.plan.operations.push(Operation::Directory {
                path: folder.clone(),
                mode: Some(0o700),
                ids,
            });
            self.plan.operations.push(Operation::File {
                path: format!("{folder}/authorized_keys"),
                mode: Some(0o600),
                ids,
                contents: None,
                append: vec![text.into_bytes()],
            });
        }
    }

    /// All passwords in one write of `/etc/shadow`.
    fn passwords(&mut self, config: &Config) {
        let hash = |user: &User| Some((user.name.clone(), user.password.clone()?));
        let passwords: Vec<_> = config.users.iter().filter_map(hash).collect();
        if !passwords.is_empty() {
            let before = self.root.read("/etc/shadow").unwrap_or_default();
            let before = String::from_utf8_lossy(&before).into_owned();
            let text = passwords
                .iter()
                .fold(before, |text, (user, hash)| shadow::with_password(&text, user, hash));
            self.plan.operations.push(Operation::File {
                path: "/etc/shadow".to_owned(),
                mode: Some(0o600),
                ids: (0, 0),
                contents: Some(text.into_bytes()),
                append: Vec::new(),
            });
        }
    }
}
