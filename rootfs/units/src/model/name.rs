//! Names of units (systemd.unit(5), "DESCRIPTION"; unit_name_is_valid of systemd).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The longest name.
const LONGEST: usize = 255;

/// A unit's full name with its suffix, `foo@bar.service`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitName(Arc<str>);

/// Why a text is no unit name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No or an unknown suffix.
    #[error("`{0}` does not end in the type of a unit, such as .service")]
    Suffix(String),
    /// A character that names may not have.
    #[error("`{0}` has a character that unit names may not have")]
    Character(String),
    /// Empty before the suffix, or too long.
    #[error("`{0}` is empty or longer than 255 characters")]
    Length(String),
}

/// The type of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitKind {
    /// `.service`
    Service,
    /// `.socket`
    Socket,
    /// `.target`
    Target,
    /// `.device`
    Device,
    /// `.mount`
    Mount,
    /// `.automount`
    Automount,
    /// `.swap`
    Swap,
    /// `.timer`
    Timer,
    /// `.path`
    Path,
    /// `.slice`
    Slice,
    /// `.scope`
    Scope,
}

impl UnitKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Service,
        Self::Socket,
        Self::Target,
        Self::Device,
        Self::Mount,
        Self::Automount,
        Self::Swap,
        Self::Timer,
        Self::Path,
        Self::Slice,
        Self::Scope,
    ];

    /// The suffix without its dot.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Socket => "socket",
            Self::Target => "target",
            Self::Device => "device",
            Self::Mount => "mount",
            Self::Automount => "automount",
            Self::Swap => "swap",
            Self::Timer => "timer",
            Self::Path => "path",
            Self::Slice => "slice",
            Self::Scope => "scope",
        }
    }

    /// The section that is this type's own; targets, devices and scopes have none here.
    pub fn section(self) -> Option<&'static str> {
        Some(match self {
            Self::Service => "Service",
            Self::Socket => "Socket",
            Self::Mount => "Mount",
            Self::Automount => "Automount",
            Self::Swap => "Swap",
            Self::Timer => "Timer",
            Self::Path => "Path",
            Self::Slice => "Slice",
            Self::Scope => "Scope",
            Self::Target | Self::Device => return None,
        })
    }
}

impl UnitName {
    /// The type.
    pub fn kind(&self) -> UnitKind {
        let suffix = self.0.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        let kind = UnitKind::ALL.into_iter().find(|kind| kind.suffix() == suffix);
        kind.expect("a name is only made with a known suffix")
    }

    /// The name without its suffix: `foo@bar`.
    pub fn stem(&self) -> &str {
        self.0.rsplit_once('.').map_or(&self.0, |(stem, _)| stem)
    }

    /// What stands before the `@`, or the stem: `foo`.
    pub fn prefix(&self) -> &str {
        self.stem().split_once('@').map_or(self.stem(), |(prefix, _)| prefix)
    }

    /// What stands after the `@`: `bar`. Empty for a template, none where there is no `@`.
    pub fn instance(&self) -> Option<&str> {
        self.stem().split_once('@').map(|(_, instance)| instance)
    }

    /// Whether it is a template, `foo@.service`, which cannot run itself.
    pub fn is_template(&self) -> bool {
        self.instance() == Some("")
    }

    /// The template of an instance: `foo@.service`.
    pub fn template(&self) -> Option<Self> {
        let instance = self.instance().filter(|instance| !instance.is_empty())?;
        let _ = instance;
        Some(Self(format!("{}@.{}", self.prefix(), self.kind().suffix()).into()))
    }

    /// The instance of a template: `foo@.service` and `bar` give `foo@bar.service`.
    pub fn with_instance(&self, instance: &str) -> Result<Self, NameError> {
        format!("{}@{instance}.{}", self.prefix(), self.kind().suffix()).parse()
    }

    /// The same stem with another suffix: the socket of a service.
    #[must_use]
    pub fn with_kind(&self, kind: UnitKind) -> Self {
        Self(format!("{}.{}", self.stem(), kind.suffix()).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UnitName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let Some((stem, suffix)) = text.rsplit_once('.') else {
            return Err(NameError::Suffix(text.to_owned()));
        };
        if !UnitKind::ALL.iter().any(|kind| kind.suffix() == suffix) {
            return Err(NameError::Suffix(text.to_owned()));
        }
        if stem.is_empty() || stem.starts_with('@') || text.len() > LONGEST {
            return Err(NameError::Length(text.to_owned()));
        }
        if !stem.chars().all(|c| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c)) {
            return Err(NameError::Character(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
