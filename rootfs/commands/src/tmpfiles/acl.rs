//! `a`: POSIX access control lists, as the kernel keeps them in an extended attribute (acl(5), linux/posix_acl_xattr.h).

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use anyhow::{Context, Result, bail};
use rustix::fs::{XattrFlags, fstat, getxattr, setxattr};

use super::own;
use crate::accounts::Accounts;

/// The version of the attribute's form.
const VERSION: u32 = 2;
const NOBODY: u32 = u32::MAX;

/// Who an entry is for; in the order the kernel wants them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The owner.
    UserObject,
    /// A user.
    User(u32),
    /// The group.
    GroupObject,
    /// A group.
    Group(u32),
    /// The most for all but the owner and others.
    Mask,
    /// Everybody else.
    Other,
}

/// `X`: execution for folders, and for what somebody may execute already.
const WHERE_EXECUTABLE: u16 = 8;

/// Entries with their three bits, and `WHERE_EXECUTABLE` until it is known what they are set on.
pub type List = BTreeMap<Who, u16>;

/// Sets the entries of a text on a thing; without `add` they are all there are.
pub fn set(fd: &OwnedFd, text: &str, add: bool, is_folder: bool) -> Result<()> {
    let (access, default) = parse(text, &Accounts::default())?;
    let mode = fstat(fd)?.st_mode;
    let executable = is_folder || mode & 0o111 != 0;
    let (access, default) = (settled(access, executable), settled(default, executable));
    if !access.is_empty() {
        put(fd, "system.posix_acl_access", &access, add, mode)?;
    }
    if !default.is_empty() && is_folder {
        put(fd, "system.posix_acl_default", &default, add, mode)?;
    }
    Ok(())
}

/// The entries with their `X` decided.
fn settled(list: List, executable: bool) -> List {
    let settle = |bits: u16| bits & 7 | u16::from(bits & WHERE_EXECUTABLE != 0 && executable);
    list.into_iter().map(|(who, bits)| (who, settle(bits))).collect()
}

fn put(fd: &OwnedFd, name: &str, entries: &List, add: bool, mode: u32) -> Result<()> {
    let mut bytes = vec![0_u8; 4096];
    let now = match getxattr(own::through(fd).as_str(), name, &mut bytes[..]) {
        Ok(length) if add => decode(&bytes[..length]),
        _ => List::new(),
    };
    let list = completed(now, entries, mode);
    setxattr(own::through(fd).as_str(), name, &encode(&list), XattrFlags::empty())
        .with_context(|| format!("setting {name}"))
}

/// The same text with numbers for names, so that it means the same whatever root it is set below.
pub fn numbered(text: &str, accounts: &Accounts) -> Result<String> {
    let (access, default) = parse(text, accounts)?;
    let entry = |prefix: &str, who: &Who, bits: u16| {
        let (tag, id) = match who {
            Who::UserObject => ("u", String::new()),
            Who::User(id) => ("u", id.to_string()),
            Who::GroupObject => ("g", String::new()),
            Who::Group(id) => ("g", id.to_string()),
            Who::Mask => ("m", String::new()),
            Who::Other => ("o", String::new()),
        };
        let letters: String = [(4, 'r'), (2, 'w'), (1, 'x'), (WHERE_EXECUTABLE, 'X')]
            .into_iter()
            .filter(|(bit, _)| *bit != WHERE_EXECUTABLE || bits & bit != 0)
            .map(|(bit, letter)| if bits & bit == 0 { '-' } else { letter })
            .collect();
        format!("{prefix}{tag}:{id}:{letters}")
    };
    let own = access.iter().map(|(who, bits)| entry("", who, *bits));
    let inherited = default.iter().map(|(who, bits)| entry("d:", who, *bits));
    Ok(own.chain(inherited).collect::<Vec<_>>().join(","))
}

/// `u:core:rwx,d:g:adm:rX,m::rx`: entries for the thing itself and for what is made below it.
pub fn parse(text: &str, accounts: &Accounts) -> Result<(List, List)> {
    let (mut access, mut default) = (List::new(), List::new());
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (list, rest) = match entry.strip_prefix("default:").or_else(|| entry.strip_prefix("d:"))
        {
            Some(rest) => (&mut default, rest),
            None => (&mut access, entry),
        };
        let fields: Vec<&str> = rest.split(':').collect();
        let (tag, name, bits) = match fields[..] {
            [tag, name, bits] => (tag, name, bits),
            [tag @ ("m" | "mask" | "o" | "other"), bits] => (tag, "", bits),
            _ => bail!("'{entry}' is no entry of an access control list"),
        };
        let who = match (tag, name) {
            ("u" | "user", "") => Who::UserObject,
            ("u" | "user", name) => Who::User(
                accounts.user(name).with_context(|| format!("there is no user '{name}'"))?,
            ),
            ("g" | "group", "") => Who::GroupObject,
            ("g" | "group", name) => Who::Group(
                accounts.group(name).with_context(|| format!("there is no group '{name}'"))?,
            ),
            ("m" | "mask", _) => Who::Mask,
            ("o" | "other", _) => Who::Other,
            _ => bail!("'{entry}' is no entry of an access control list"),
        };
        let mut value = 0;
        for letter in bits.chars() {
            value |= match letter {
                'r' => 4,
                'w' => 2,
                'x' => 1,
                'X' => WHERE_EXECUTABLE,
                '-' => 0,
                _ => bail!("'{bits}' is not of r, w and x"),
            };
        }
        list.insert(who, value);
    }
    Ok((access, default))
}

/// A list with the entries that every list must have, from the mode; the mask covers all it is for.
fn completed(now: List, entries: &List, mode: u32) -> List {
    let mut list = now;
    list.extend(entries.iter().map(|(who, bits)| (*who, *bits)));
    let bits = |shift: u32| u16::try_from(mode >> shift & 7).unwrap_or(0);
    list.entry(Who::UserObject).or_insert(bits(6));
    list.entry(Who::GroupObject).or_insert(bits(3));
    list.entry(Who::Other).or_insert(bits(0));
    let named = |who: &Who| matches!(who, Who::User(_) | Who::Group(_));
    if list.keys().any(named) && !entries.contains_key(&Who::Mask) {
        let union = list.iter().filter(|(who, _)| named(who) || **who == Who::GroupObject);
        let mask = union.fold(0, |mask, (_, bits)| mask | bits);
        list.insert(Who::Mask, mask);
    }
    list
}

fn encode(list: &List) -> Vec<u8> {
    let mut bytes = VERSION.to_le_bytes().to_vec();
    for (who, bits) in list {
        let (tag, id): (u16, u32) = match who {
            Who::UserObject => (1, NOBODY),
            Who::User(id) => (2, *id),
            Who::GroupObject => (4, NOBODY),
            Who::Group(id) => (8, *id),
            Who::Mask => (16, NOBODY),
            Who::Other => (32, NOBODY),
        };
        bytes.extend(tag.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> List {
    let entry = |chunk: &[u8]| {
        let tag = u16::from_le_bytes([chunk[0], chunk[1]]);
        let bits = u16::from_le_bytes([chunk[2], chunk[3]]);
        let id = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
        let who = match tag {
            1 => Who::UserObject,
            2 => Who::User(id),
            4 => Who::GroupObject,
            8 => Who::Group(id),
            16 => Who::Mask,
            32 => Who::Other,
            _ => return None,
        };
        Some((who, bits))
    };
    bytes.get(4..).unwrap_or_default().chunks_exact(8).filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_completed_and_come_back_as_they_went() {
        let accounts = Accounts::parse("core:x:1000:1000:::\n", "adm:x:4:\n");
        let (access, default) = parse("u:core:rw, g:adm:r-x,d:u::rwx", &accounts).expect("a list");
        assert_eq!(access, List::from([(Who::User(1000), 6), (Who::Group(4), 5)]));
        assert_eq!(default, List::from([(Who::UserObject, 7)]));
        let text = numbered("u:core:rw,g:adm:rx,m::r,d:o::-", &accounts).expect("a list");
        assert_eq!(text, "u:1000:rw-,g:4:r-x,m::r--,d:o::---");
        let list = completed(List::new(), &access, 0o640);
        assert_eq!((list[&Who::UserObject], list[&Who::GroupObject], list[&Who::Other]), (6, 4, 0));
        assert_eq!(list[&Who::Mask], 7);
        assert_eq!(decode(&encode(&list)), list);
        let (access, default) = parse("u:core:rwX,d:u:core:rX", &accounts).expect("a list");
        assert_eq!(numbered("u:core:rwX", &accounts).expect("a list"), "u:1000:rw-X");
        assert_eq!(parse("u:1000:rw-X", &accounts).expect("a list").0, access);
        assert_eq!(settled(access.clone(), false)[&Who::User(1000)], 6);
        assert_eq!(settled(access, true)[&Who::User(1000)], 7);
        assert_eq!(settled(default, true)[&Who::User(1000)], 5);
        for wrong in ["u:core", "u:ghost:r", "x::r", "u::q"] {
            assert!(parse(wrong, &accounts).is_err(), "{wrong}");
        }
    }
}
