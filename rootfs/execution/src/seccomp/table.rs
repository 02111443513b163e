//! The names of system calls and of systemd's sets of them.

use std::collections::BTreeSet;

/// Names and numbers, and the sets; both are data files.
const CALLS: &str = include_str!("calls.txt");
const SETS: &str = include_str!("sets.txt");

/// A system call's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// x86-64
    pub x86_64: Option<u32>,
    /// i386
    pub i386: Option<u32>,
    /// x32, without its bit.
    pub x32: Option<u32>,
}

/// All system calls with their numbers.
pub fn calls() -> impl Iterator<Item = (&'static str, Numbers)> {
    CALLS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.split(' ');
        let name = fields.next()?;
        let mut number = || fields.next().and_then(|field| field.parse().ok());
        Some((name, Numbers { x86_64: number(), i386: number(), x32: number() }))
    })
}

/// The members of a set, `@` included, as they are written: other sets may be among them.
pub fn set(name: &str) -> Option<Vec<&'static str>> {
    let mut lines = SETS.lines().skip_while(|line| *line != name);
    lines.next()?;
    Some(lines.map_while(|line| line.strip_prefix(' ')).collect())
}

/// The names of all sets.
pub fn sets() -> impl Iterator<Item = &'static str> {
    SETS.lines().filter(|line| line.starts_with('@'))
}

/// Adds a system call, or all of a set. Gives whether the name is known to systemd 257.
pub fn expand(name: &str, into: &mut BTreeSet<String>) -> bool {
    if !name.starts_with('@') {
        into.insert(name.to_owned());
        return set("@known").is_some_and(|known| known.contains(&name))
            || sets().filter_map(set).any(|members| members.contains(&name))
            || calls().any(|(call, _)| call == name);
    }
    let Some(members) = set(name) else { return false };
    for member in members {
        if into.contains(member) {
            continue;
        }
        if member.starts_with('@') {
            expand(member, into);
        } else {
            into.insert(member.to_owned());
        }
    }
    true
}
