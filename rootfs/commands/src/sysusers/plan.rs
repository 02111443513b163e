//! What lines make of the files of accounts: pure.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::database::Database;
use super::line::{Id, Line, User};

/// Numbers given out where no line says which: those of system users.
const SYSTEM: (u32, u32) = (100, 999);

/// Who owns a file: user and group; none where it is not there.
pub type OwnerOf<'a> = &'a dyn Fn(&str) -> Option<(u32, u32)>;

/// What is known while lines are applied.
#[derive(Debug)]
struct Plan {
    database: Database,
    ranges: Vec<(u32, u32)>,
    day: u64,
    said: Vec<String>,
}

/// The files with all lines applied that can be.
#[derive(Debug)]
pub struct Planned {
    /// The files.
    pub database: Database,
    /// What was done, in words.
    pub said: Vec<String>,
    /// What could not be, in words.
    pub failed: Vec<String>,
}

/// Applies lines. `day` is today since 1970, 0 for a reproducible result. A line that fails keeps no other from its place.
///
/// Lines with fixed numbers come first, so that no number that is wanted is given away.
pub fn plan(database: Database, lines: &[Line], owner_of: OwnerOf<'_>, day: u64) -> Planned {
    let mut ranges: Vec<(u32, u32)> = lines
        .iter()
        .filter_map(|line| if let Line::Range(a, b) = line { Some((*a, *b)) } else { None })
        .collect();
    if ranges.is_empty() {
        ranges.push(SYSTEM);
    }
    let mut plan = Plan { database, ranges, day, said: Vec::new() };
    let mut failed = Vec::new();
    let lines = with_members(lines);
    for fixed in [true, false] {
        for line in lines.iter().filter(|line| is_fixed(line) == fixed) {
            if let Line::Group { name, id } = line {
                failed.extend(plan.group(name, id, owner_of).err());
            }
        }
        for line in lines.iter().filter(|line| is_fixed(line) == fixed) {
            if let Line::User(user) = line {
                failed.extend(plan.user(user, owner_of).err());
            }
        }
    }
    for line in &lines {
        // One that could not be made is no member.
        if let Line::Member { user, group } = line
            && plan.database.uid(user).is_some()
            && plan.database.add_member(user, group)
        {
            plan.said.push(format!("Adding user '{user}' to group '{group}'."));
        }
    }
    let failed = failed.iter().map(|error| format!("{error:#}")).collect();
    Planned { database: plan.database, said: plan.said, failed }
}

fn is_fixed(line: &Line) -> bool {
    !matches!(line, Line::User(User { id: Id::Any, .. }) | Line::Group { id: Id::Any, .. })
}

/// An `m` line makes its user and group where no line does. Of lines for the same name the first counts.
fn with_members(lines: &[Line]) -> Vec<Line> {
    let mut users = BTreeSet::new();
    let mut groups = BTreeSet::new();
    let mut all: Vec<Line> = Vec::new();
    for line in lines {
        match line {
            Line::User(user) if !users.insert(user.name.clone()) => {}
            Line::Group { name, .. } if !groups.insert(name.clone()) => {}
            line => all.push(line.clone()),
        }
    }
    for line in lines {
        let Line::Member { user, group } = line else { continue };
        if !groups.contains(group) && !users.contains(group) {
            groups.insert(group.clone());
            all.push(Line::Group { name: group.clone(), id: Id::Any });
        }
        if users.insert(user.clone()) {
            all.push(Line::User(User {
                name: user.clone(),
                id: Id::Any,
                group: None,
                description: String::new(),
                home: "/".to_owned(),
                shell: None,
                locked: false,
            }));
        }
    }
    all
}

impl Plan {
    fn group(&mut self, name: &str, id: &Id, owner_of: OwnerOf<'_>) -> Result<u32> {
        if let Some(gid) = self.database.gid(name) {
            return Ok(gid);
        }
        let taken = self.database.gids();
        let wanted = match id {
            Id::Any => None,
            Id::Fixed(gid) => Some(*gid),
            Id::OfFile(path) => owner_of(path).map(|(_, gid)| gid),
        };
        let gid = wanted
            .filter(|gid| !taken.contains(gid))
            .or_else(|| self.free(&taken, &self.database.uids()));
        let gid = gid.with_context(|| format!("no number is left for group '{name}'"))?;
        self.database.add_group(name, gid);
        self.said.push(format!("Creating group '{name}' with GID {gid}."));
        Ok(gid)
    }

    fn user(&mut self, user: &User, owner_of: OwnerOf<'_>) -> Result<()> {
        let name = &user.name;
        if self.database.uid(name).is_some() {
            return Ok(());
        }
        let owner = if let Id::OfFile(path) = &user.id { owner_of(path) } else { None };
        let own_group = self.database.gid(name);
        let taken = self.database.uids();
        let wanted = match user.id {
            Id::Fixed(uid) => Some(uid),
            Id::OfFile(_) => owner.map(|(uid, _)| uid),
            // A user gets the number of the group of its name where that is free.
            Id::Any => own_group.filter(|gid| *gid != 0),
        };
        let uid = wanted
            .filter(|uid| !taken.contains(uid))
            .or_else(|| self.free(&taken, &self.database.gids()));
        let uid = uid.with_context(|| format!("no number is left for user '{name}'"))?;
        let gid = match &user.group {
            Some(group) => self.named_group(group, name)?,
            None => self.group(name, &Id::Fixed(uid), owner_of)?,
        };
        let shell =
            user.shell.as_deref().unwrap_or(if uid == 0 { "/bin/sh" } else { "/usr/sbin/nologin" });
        let line = format!("{name}:x:{uid}:{gid}:{}:{}:{shell}", user.description, user.home);
        self.database.add_user(name, line, user.locked, self.day);
        let what = if user.description.is_empty() { "n/a" } else { &user.description };
        self.said.push(format!("Creating user '{name}' ({what}) with UID {uid} and GID {gid}."));
        Ok(())
    }

    /// A first group by name or number; it must be there.
    fn named_group(&self, group: &str, user: &str) -> Result<u32> {
        if let Some(gid) = self.database.gid(group) {
            return Ok(gid);
        }
        match group.parse() {
            Ok(gid) if self.database.group_name(gid).is_some() => Ok(gid),
            _ => bail!("user '{user}' wants the group '{group}', which is not there"),
        }
    }

    /// The highest number that is free for both a user and a group.
    fn free(&self, taken: &BTreeSet<u32>, also: &BTreeSet<u32>) -> Option<u32> {
        let all = self.ranges.iter().rev().flat_map(|(first, last)| (*first..=*last).rev());
        let usable =
            |id: &u32| *id != 0 && *id != 0xffff && !taken.contains(id) && !also.contains(id);
        all.into_iter().find(usable)
    }
}

#[cfg(test)]
mod tests;
