//! Time zones from the files of the system (tzfile(5), localtime(5)).

use std::path::{Component, Path, PathBuf};

use jiff::tz::TimeZone;

use super::ZoneName;
use crate::loader::resolve_link;

/// Where zones are read from. Files are read at each use, so a new time zone of the host counts at once.
#[derive(Clone, Debug)]
pub struct Zones {
    root: PathBuf,
}

impl Zones {
    /// The zones of the system below `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The local zone; UTC where none is set.
    pub fn local(&self) -> TimeZone {
        let link = self.root.join("etc/localtime");
        let file = resolve_link(&self.root, &link).unwrap_or(link);
        read("localtime", &file).unwrap_or(TimeZone::UTC)
    }

    /// A zone of the IANA database; none where there is no such file.
    pub fn named(&self, name: &str) -> Option<TimeZone> {
        let path = Path::new(name);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        let file = self.root.join("usr/share/zoneinfo").join(path);
        if inside { read(name, &file) } else { None }
    }

    pub(super) fn get(&self, name: &ZoneName) -> Option<TimeZone> {
        match name {
            ZoneName::Local => Some(self.local()),
            ZoneName::Utc => Some(TimeZone::UTC),
            ZoneName::Named(name) => self.named(name),
        }
    }
}

fn read(name: &str, file: &Path) -> Option<TimeZone> {
    let bytes = std::fs::read(file).ok()?;
    TimeZone::tzif(name, &bytes).ok()
}
