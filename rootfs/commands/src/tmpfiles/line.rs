//! One line of tmpfiles.d(5).

use std::path::{Component, Path};

use anyhow::{Context, Result, bail};
use keelson_units::facts::Facts;

use super::acl;
use super::age::Age;
use crate::accounts::Accounts;
use crate::conf;

/// What a line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `f`, with `+` (or `F`) truncated.
    File,
    /// `w`, with `+` appended.
    Write,
    /// `d`, and `v`, `q`, `Q`, which are folders where the file system has no subvolumes.
    Directory,
    /// `D`: emptied by `--remove`.
    EmptiedDirectory,
    /// `e`: adjusted, never made.
    AdjustDirectory,
    /// `p`
    Fifo,
    /// `L`
    Link,
    /// `L?`: only where its target is there.
    LinkIfTarget,
    /// `c`
    CharDevice,
    /// `b`
    BlockDevice,
    /// `C`
    Copy,
    /// `x`: kept from cleaning, with all below.
    Keep,
    /// `X`: kept from cleaning, what is below is not.
    KeepAlone,
    /// `r`
    Remove,
    /// `R`
    RemoveAll,
    /// `z`, `m`
    Adjust,
    /// `Z`
    AdjustAll,
    /// `t`
    Attribute,
    /// `T`
    AttributeAll,
    /// `h`
    Flags,
    /// `H`
    FlagsAll,
    /// `a`
    Acl,
    /// `A`
    AclAll,
}

const KINDS: [(char, Kind); 27] = [
    ('f', Kind::File),
    ('F', Kind::File),
    ('w', Kind::Write),
    ('d', Kind::Directory),
    ('v', Kind::Directory),
    ('q', Kind::Directory),
    ('Q', Kind::Directory),
    ('D', Kind::EmptiedDirectory),
    ('e', Kind::AdjustDirectory),
    ('p', Kind::Fifo),
    ('L', Kind::Link),
    ('c', Kind::CharDevice),
    ('b', Kind::BlockDevice),
    ('C', Kind::Copy),
    ('x', Kind::Keep),
    ('X', Kind::KeepAlone),
    ('r', Kind::Remove),
    ('R', Kind::RemoveAll),
    ('z', Kind::Adjust),
    ('m', Kind::Adjust),
    ('Z', Kind::AdjustAll),
    ('t', Kind::Attribute),
    ('T', Kind::AttributeAll),
    ('h', Kind::Flags),
    ('H', Kind::FlagsAll),
    ('a', Kind::Acl),
    ('A', Kind::AclAll),
];

impl Kind {
    /// Whether the path is a pattern for what is there, rather than the name of something to make.
    pub fn is_pattern(self) -> bool {
        !matches!(
            self,
            Self::File
                | Self::Directory
                | Self::EmptiedDirectory
                | Self::Fifo
                | Self::Link
                | Self::LinkIfTarget
                | Self::CharDevice
                | Self::BlockDevice
                | Self::Copy
        )
    }

    /// Whether it goes for all below the path.
    pub fn is_recursive(self) -> bool {
        matches!(self, Self::AdjustAll | Self::AttributeAll | Self::FlagsAll | Self::AclAll)
    }
}

/// An owner or a mode: `:` in front sets it only on what is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The number.
    pub value: u32,
    /// `:`
    pub only_new: bool,
    /// `~` of a mode: bits are taken away that make no sense on what is there.
    pub masked: bool,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of the line")]
pub struct Item {
    /// What it does.
    pub kind: Kind,
    /// `+`
    pub plus: bool,
    /// `!`
    pub boot_only: bool,
    /// `-`
    pub may_fail: bool,
    /// `=`
    pub replaces: bool,
    /// `$`
    pub purged: bool,
    /// An absolute path without `.` and `..`.
    pub path: String,
    /// The mode.
    pub mode: Option<Setting>,
    /// The user's number.
    pub user: Option<Setting>,
    /// The group's number.
    pub group: Option<Setting>,
    /// When what is below is old.
    pub age: Option<Age>,
    /// The argument, escapes and specifiers filled in.
    pub argument: Option<Vec<u8>>,
}

impl Item {
    /// The argument as text; what is no UTF-8 is nothing that a path or a number could be.
    pub fn text(&self) -> Option<&str> {
        self.argument.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }
}

/// Parses a line that is neither empty nor a comment.
pub fn parse(line: &str, facts: &Facts, accounts: &Accounts) -> Result<Item> {
    let (fields, rest) = conf::fields(line, 6)?;
    let given = |index: usize| {
        fields.get(index).map(String::as_str).filter(|field| *field != "-" && !field.is_empty())
    };
    let word = given(0).context("no type")?;
    let mut letters = word.chars();
    let letter = letters.next().context("no type")?;
    let found = KINDS.iter().find(|(own, _)| *own == letter).map(|(_, kind)| *kind);
    let mut kind = found.with_context(|| format!("unknown line type '{word}'"))?;
    let marks: Vec<char> = letters.collect();
    if let Some(mark) = marks.iter().find(|mark| !"+!-=~^$?".contains(**mark)) {
        bail!("unknown modifier '{mark}' in '{word}'");
    }
    if marks.contains(&'?') {
        if kind != Kind::Link {
            bail!("modifier '?' is for L alone");
        }
        kind = Kind::LinkIfTarget;
    }
    let has = |mark: char| marks.contains(&mark);
    let path = path(&conf::expanded(given(1).context("no path")?, facts)?)?;
    let raw = if rest == "-" || rest.is_empty() { None } else { Some(rest) };
    let argument = raw.map(|raw| argument(raw, &marks, facts)).transpose()?;
    check_argument(kind, argument.as_deref())?;
    let argument = match (kind, argument) {
        (Kind::Acl | Kind::AclAll, Some(bytes)) => {
            let text = String::from_utf8(bytes).context("the list is no text")?;
            Some(acl::numbered(&text, accounts)?.into_bytes())
        }
        (_, argument) => argument,
    };
    Ok(Item {
        kind,
        plus: has('+') || letter == 'F',
        boot_only: has('!'),
        may_fail: has('-'),
        replaces: has('='),
        purged: has('$'),
        path,
        mode: given(2).map(mode).transpose()?,
        user: given(3)
            .map(|name| owner(name, facts, "user", |name| accounts.user(name)))
            .transpose()?,
        group: given(4)
            .map(|name| owner(name, facts, "group", |name| accounts.group(name)))
            .transpose()?,
        age: given(5).map(str::parse).transpose()?,
        argument,
    })
}

fn path(text: &str) -> Result<String> {
    let path = Path::new(text);
    if !path.is_absolute() {
        bail!("'{text}' is not an absolute path");
    }
    if path.components().any(|part| part == Component::ParentDir) {
        bail!("'{text}' has '..' in it");
    }
    let clean: std::path::PathBuf = path.components().collect();
    Ok(clean.to_string_lossy().into_owned())
}

fn mode(text: &str) -> Result<Setting> {
    let digits = text.trim_start_matches(['~', ':']);
    let marks = &text[..text.len() - digits.len()];
    let value =
        keelson_units::value::mode(digits).with_context(|| format!("'{text}' is no mode"))?;
    Ok(Setting { value, only_new: marks.contains(':'), masked: marks.contains('~') })
}

fn owner(
    text: &str,
    facts: &Facts,
    what: &str,
    find: impl Fn(&str) -> Option<u32>,
) -> Result<Setting> {
    let name = conf::expanded(text.trim_start_matches(':'), facts)?;
    let value = find(&name).with_context(|| format!("there is no {what} '{name}'"))?;
    Ok(Setting { value, only_new: text.starts_with(':'), masked: false })
}

fn argument(raw: &str, marks: &[char], facts: &Facts) -> Result<Vec<u8>> {
    if marks.contains(&'^') {
        return super::credential(raw);
    }
    let bytes = if marks.contains(&'~') {
        super::base64::decode(raw).with_context(|| format!("'{raw}' is no Base64"))?
    } else {
        let text = conf::expanded(raw, facts)?;
        conf::unescaped_bytes(&text)?
    };
    Ok(bytes)
}

fn check_argument(kind: Kind, argument: Option<&[u8]>) -> Result<()> {
    let wanted = matches!(
        kind,
        Kind::Write
            | Kind::CharDevice
            | Kind::BlockDevice
            | Kind::Attribute
            | Kind::AttributeAll
            | Kind::Flags
            | Kind::FlagsAll
            | Kind::Acl
            | Kind::AclAll
    );
    if wanted && argument.is_none() {
        bail!("the line needs an argument");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
