//! Specifiers: `%i` and its kin in the values of a unit (systemd.unit(5), "SPECIFIERS").

use std::path::Path;

use crate::escape;
use crate::facts::Facts;
use crate::model::UnitName;

/// Why a value cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecifierError {
    /// Not in the table.
    #[error("unknown specifier %{0}")]
    Unknown(char),
    /// Known, but this unit or host has no such value.
    #[error("specifier %{0} has no value here")]
    NoValue(char),
}

/// What the specifiers of a unit stand for.
#[derive(Clone, Copy, Debug)]
pub struct Specifiers<'a> {
    /// The unit.
    pub name: &'a UnitName,
    /// Its file.
    pub fragment: Option<&'a Path>,
    /// The host.
    pub facts: &'a Facts,
}

impl Specifiers<'_> {
    /// Fills in every specifier of `value`. A `%` before anything but a letter or a digit stands for itself.
    pub fn expand(&self, value: &str) -> Result<String, SpecifierError> {
        if !value.contains('%') {
            return Ok(value.to_owned());
        }
        let mut out = String::with_capacity(value.len());
        let mut chars = value.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('%') | None => out.push('%'),
                Some(letter) if letter.is_ascii_alphanumeric() => {
                    out.push_str(&self.value(letter)?);
                }
                Some(other) => out.extend(['%', other]),
            }
        }
        Ok(out)
    }

    fn value(&self, letter: char) -> Result<String, SpecifierError> {
        let none = SpecifierError::NoValue(letter);
        match letter {
            'a' | 'b' | 'H' | 'l' | 'm' | 'q' | 'v' => self.host(letter).ok_or(none),
            'A' => Ok(self.os_release("IMAGE_VERSION")),
            'B' => Ok(self.os_release("BUILD_ID")),
            'M' => Ok(self.os_release("IMAGE_ID")),
            'o' => Ok(self.os_release("ID")),
            'w' => Ok(self.os_release("VERSION_ID")),
            'W' => Ok(self.os_release("VARIANT_ID")),
            'C' => Ok("/var/cache".into()),
            'd' => Ok(format!("/run/credentials/{}", self.name)),
            'D' => Ok("/usr/share".into()),
            'E' => Ok("/etc".into()),
            'L' => Ok("/var/log".into()),
            'S' => Ok("/var/lib".into()),
            't' => Ok("/run".into()),
            'T' => Ok("/tmp".into()),
            'V' => Ok("/var/tmp".into()),
            'g' | 'u' => Ok("root".into()),
            'G' | 'U' => Ok("0".into()),
            'h' => Ok("/root".into()),
            's' => Ok("/bin/sh".into()),
            'f' | 'i' | 'I' | 'j' | 'J' | 'n' | 'N' | 'p' | 'P' => self.unit(letter).ok_or(none),
            'y' => shown(self.fragment).ok_or(none),
            'Y' => shown(self.fragment.and_then(Path::parent)).ok_or(none),
            other => Err(SpecifierError::Unknown(other)),
        }
    }

    fn unit(&self, letter: char) -> Option<String> {
        let (prefix, instance) = (self.name.prefix(), self.name.instance());
        let last = prefix.rsplit_once('-').map_or(prefix, |(_, last)| last);
        match letter {
            'f' => {
                escape::unescape_path(instance.filter(|text| !text.is_empty()).unwrap_or(prefix))
            }
            'i' => Some(instance.unwrap_or_default().to_owned()),
            'I' => escape::unescape(instance.unwrap_or_default()),
            'j' => Some(last.to_owned()),
            'J' => escape::unescape(last),
            'n' => Some(self.name.to_string()),
            'N' => Some(self.name.stem().to_owned()),
            'p' => Some(prefix.to_owned()),
            'P' => escape::unescape(prefix),
            _ => None,
        }
    }

    fn host(&self, letter: char) -> Option<String> {
        let facts = self.facts;
        let short = || facts.hostname.split('.').next().unwrap_or_default();
        let text = match letter {
            'a' => &facts.architecture,
            'b' => &facts.boot_id,
            'H' => &facts.hostname,
            'l' => short(),
            'm' => &facts.machine_id,
            'q' if facts.pretty_hostname.is_empty() => short(),
            'q' => &facts.pretty_hostname,
            'v' => &facts.kernel_release,
            _ => return None,
        };
        // An unset machine ID in a path would lead to its parent.
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn os_release(&self, field: &str) -> String {
        self.facts.os_release.get(field).cloned().unwrap_or_default()
    }
}

fn shown(path: Option<&Path>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

#[cfg(test)]
mod tests;
