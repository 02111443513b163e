//! `[Path]` (systemd.path(5)).

use std::path::PathBuf;
use std::time::Duration;

use super::UnitName;

/// The `[Path]` section.
#[derive(Clone, Debug, Default)]
pub struct PathUnit {
    /// What is watched, in the order of the file.
    pub watches: Vec<Watch>,
    /// `Unit=`; none is the service of the same name.
    pub unit: Option<UnitName>,
    /// `MakeDirectory=`
    pub make_directory: bool,
    /// `DirectoryMode=`, none is 0755.
    pub directory_mode: Option<u32>,
    /// `TriggerLimitIntervalSec=`; none is 2 s.
    pub trigger_limit_interval: Option<Duration>,
    /// `TriggerLimitBurst=`; none is 200.
    pub trigger_limit_burst: Option<u32>,
}

/// One watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// What must happen.
    pub condition: PathCondition,
    /// Where; a glob for `PathExistsGlob=`.
    pub path: PathBuf,
}

/// What must happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathCondition {
    /// `PathExists=`
    Exists,
    /// `PathExistsGlob=`
    ExistsGlob,
    /// `PathChanged=`: a file was closed after writing.
    Changed,
    /// `PathModified=`: or was written to.
    Modified,
    /// `DirectoryNotEmpty=`
    DirectoryNotEmpty,
}
