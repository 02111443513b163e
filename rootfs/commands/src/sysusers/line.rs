//! One line of sysusers.d(5).

use anyhow::{Context, Result, bail};
use keelson_units::facts::Facts;

use crate::conf;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// `u`: a system user and the group of its name.
    User(User),
    /// `g`: a system group.
    Group {
        /// Its name.
        name: String,
        /// Its number.
        id: Id,
    },
    /// `m`: a user in a group.
    Member {
        /// The user.
        user: String,
        /// The group.
        group: String,
    },
    /// `r`: numbers to give out.
    Range(u32, u32),
}

/// A user to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub id: Id,
    /// Its first group, where that is not the one of its name: a number or a name.
    pub group: Option<String>,
    /// What it is.
    pub description: String,
    /// Its home.
    pub home: String,
    /// Its shell; none is `nologin`, or that of root.
    pub shell: Option<String>,
    /// `u!`: the account is locked, not only its password.
    pub locked: bool,
}

/// A number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// Given out by need.
    Any,
    /// This one.
    Fixed(u32),
    /// That of the owner of a file.
    OfFile(String),
}

/// Parses a line that is neither empty nor a comment.
pub fn parse(line: &str, facts: &Facts) -> Result<Line> {
    let (fields, rest) = conf::fields(line, 6)?;
    if !rest.is_empty() {
        bail!("too many fields");
    }
    let expanded = |index: usize| match fields.get(index).map(String::as_str) {
        None | Some("-" | "") => Ok(None),
        Some(text) => conf::expanded(text, facts).map(Some),
    };
    let kind = fields.first().map(String::as_str).unwrap_or_default();
    let name = expanded(1)?;
    let id = expanded(2)?;
    match kind {
        "u" | "u!" => {
            let (id, group) = user_id(id.as_deref())?;
            Ok(Line::User(User {
                name: valid(name.context("no name")?)?,
                id,
                group,
                description: field(expanded(3)?)?,
                home: expanded(4)?.map_or(Ok("/".to_owned()), |home| field(Some(home)))?,
                shell: expanded(5)?.map(|shell| field(Some(shell))).transpose()?,
                locked: kind == "u!",
            }))
        }
        "g" => Ok(Line::Group {
            name: valid(name.context("no name")?)?,
            id: single_id(id.as_deref())?,
        }),
        "m" => {
            let group = id.context("no group")?;
            Ok(Line::Member { user: valid(name.context("no name")?)?, group: valid(group)? })
        }
        "r" => range(&id.context("no range")?),
        _ => bail!("unknown line type '{kind}'"),
    }
}

/// `-`, `UID`, `/PATH`, `UID:GID`, `UID:GROUP`, `-:GROUP`.
fn user_id(text: Option<&str>) -> Result<(Id, Option<String>)> {
    let Some(text) = text else { return Ok((Id::Any, None)) };
    if text.starts_with('/') {
        return Ok((Id::OfFile(text.to_owned()), None));
    }
    match text.split_once(':') {
        Some((user, group)) => {
            let user = if user == "-" { None } else { Some(user) };
            Ok((single_id(user)?, Some(valid_or_number(group)?)))
        }
        None => Ok((single_id(Some(text))?, None)),
    }
}

fn single_id(text: Option<&str>) -> Result<Id> {
    match text {
        None => Ok(Id::Any),
        Some(path) if path.starts_with('/') => Ok(Id::OfFile(path.to_owned())),
        Some(number) => Ok(Id::Fixed(usable(number)?)),
    }
}

/// A number that a user may have: not that of "nobody of that number", in its 16 and its 32 bits.
fn usable(text: &str) -> Result<u32> {
    let number = text.parse().ok().filter(|number| *number != 0xffff && *number != u32::MAX);
    number.with_context(|| format!("'{text}' is no user or group number"))
}

fn valid_or_number(text: &str) -> Result<String> {
    if text.parse::<u32>().is_ok() {
        usable(text).map(|id| id.to_string())
    } else {
        valid(text.to_owned())
    }
}

/// A name as user names are: letters, digits, `_` and `-`, not beginning with a digit or `-`, at most 31 long.
fn valid(name: String) -> Result<String> {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if first && rest && name.len() <= 31 {
        Ok(name)
    } else {
        bail!("'{name}' is no user or group name")
    }
}

/// What may stand in a field of passwd(5).
fn field(text: Option<String>) -> Result<String> {
    let text = text.unwrap_or_default();
    if text.contains([':', '\n']) || text.chars().any(char::is_control) {
        bail!("'{text}' has a colon or a control character in it");
    }
    Ok(text)
}

fn range(text: &str) -> Result<Line> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (usable(first)?, usable(last)?);
    if first > last {
        bail!("'{text}' is no range");
    }
    Ok(Line::Range(first, last))
}

#[cfg(test)]
mod tests;
