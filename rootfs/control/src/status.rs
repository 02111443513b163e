//! A unit in full: what `systemctl status` and `systemctl show` print.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::answer::{FrozenState, JobKind};
use crate::request::words;

pub use details::{
    CommandStatus, Exit, ListenStatus, MountStatus, PathStatus, ResourceUse, ServiceStatus,
    SocketStatus, TimerStatus,
};

mod details;

words! {
    /// Whether a unit's file was read (systemctl(1), `LOAD`).
    LoadState {
        /// It was.
        Loaded = "loaded",
        /// There is none.
        NotFound = "not-found",
        /// It lacks what it must have.
        BadSetting = "bad-setting",
        /// It cannot be read.
        Error = "error",
        /// It leads to another unit.
        Merged = "merged",
        /// It is a link to /dev/null.
        Masked = "masked",
        /// Not looked for yet.
        Stub = "stub",
    }
}

words! {
    /// Whether a unit is up (systemctl(1), `ACTIVE`).
    ActiveState {
        /// Up.
        Active = "active",
        /// Up, and reads its configuration anew.
        Reloading = "reloading",
        /// Down.
        Inactive = "inactive",
        /// Down, and it should not be.
        Failed = "failed",
        /// On its way up.
        Activating = "activating",
        /// On its way down.
        Deactivating = "deactivating",
        /// Its directories are being removed.
        Maintenance = "maintenance",
    }
}

/// A moment by both clocks, in microseconds; 0 is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Since 1970.
    pub real: u64,
    /// CLOCK_MONOTONIC.
    pub mono: u64,
}

/// A unit. Empty parts are left out on the wire and read as empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnitStatus {
    /// Its own name; where an alias was asked for, this is the unit's.
    pub name: String,
    /// All names, its own included.
    #[serde(default)]
    pub names: Vec<String>,
    /// `Description=`
    pub description: String,
    /// `Documentation=`
    #[serde(default)]
    pub documentation: Vec<String>,
    /// Whether its file was read.
    pub load: LoadState,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_error: Option<String>,
    /// Whether it is up.
    pub active: ActiveState,
    /// The same in the type's own words: `running`, `exited`, `dead`, `listening`, `elapsed`, ...
    pub sub: String,
    /// How it ended last (`Result=`): `success`, `exit-code`, `signal`, `timeout`, `start-limit-hit`, ...
    pub result: String,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fragment: Option<String>,
    /// The drop-ins, in the order applied.
    #[serde(default)]
    pub drop_ins: Vec<String>,
    /// Whether the files have changed since they were read.
    #[serde(default)]
    pub need_reload: bool,
    /// What was wrong in its files.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    /// The job on it: number and kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<(u32, JobKind)>,
    /// When its state last changed.
    #[serde(default)]
    pub state_change: Stamp,
    /// When it last left `inactive`.
    #[serde(default)]
    pub inactive_exit: Stamp,
    /// When it last came to `active`.
    #[serde(default)]
    pub active_enter: Stamp,
    /// When it last left `active`.
    #[serde(default)]
    pub active_exit: Stamp,
    /// When it last came to `inactive` or `failed`.
    #[serde(default)]
    pub inactive_enter: Stamp,
    /// When conditions were last looked at.
    #[serde(default)]
    pub condition_at: Stamp,
    /// Whether they held, as a whole.
    #[serde(default)]
    pub condition_result: bool,
    /// When assertions were last looked at.
    #[serde(default)]
    pub assert_at: Stamp,
    /// Whether they held, as a whole.
    #[serde(default)]
    pub assert_result: bool,
    /// Each condition and assertion.
    #[serde(default)]
    pub conditions: Vec<ConditionStatus>,
    /// The 128-bit number of this run, in 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation: Option<String>,
    /// How it stands to others; by the name of the directive and of its inverse (`Wants`, `WantedBy`, `After`, ...).
    #[serde(default)]
    pub dependencies: DependencyList,
    /// What it starts: a timer's service.
    #[serde(default)]
    pub triggers: Vec<String>,
    /// What starts it.
    #[serde(default)]
    pub triggered_by: Vec<String>,
    /// Its control group below the root of the hierarchy, `/system.slice/ssh.service`; none where it has none now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
    /// The slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<String>,
    /// What it uses; none where it has no control group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceUse>,
    /// Whether its processes are frozen.
    #[serde(default)]
    pub frozen: FrozenState,
    /// Further properties that `show` prints as they stand: `Type`, `Restart`, `RestartUSec`, `KillMode`, ...
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// Of a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Box<ServiceStatus>>,
    /// Of a socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<SocketStatus>,
    /// Of a timer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<TimerStatus>,
    /// Of a path unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathStatus>,
    /// Of a mount, an automount or a swap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<MountStatus>,
}

impl UnitStatus {
    /// A unit of which nothing is known but its name.
    pub fn new(name: &str, load: LoadState) -> Self {
        Self {
            name: name.to_owned(),
            names: vec![name.to_owned()],
            description: name.to_owned(),
            documentation: Vec::new(),
            load,
            load_error: None,
            active: ActiveState::Inactive,
            sub: "dead".to_owned(),
            result: "success".to_owned(),
            fragment: None,
            drop_ins: Vec::new(),
            need_reload: false,
            remarks: Vec::new(),
            job: None,
            state_change: Stamp::default(),
            inactive_exit: Stamp::default(),
            active_enter: Stamp::default(),
            active_exit: Stamp::default(),
            inactive_enter: Stamp::default(),
            condition_at: Stamp::default(),
            condition_result: false,
            assert_at: Stamp::default(),
            assert_result: false,
            conditions: Vec::new(),
            invocation: None,
            dependencies: DependencyList::new(),
            triggers: Vec::new(),
            triggered_by: Vec::new(),
            cgroup: None,
            slice: None,
            resources: None,
            frozen: FrozenState::Running,
            properties: BTreeMap::new(),
            service: None,
            socket: None,
            timer: None,
            path: None,
            mount: None,
        }
    }
}

/// Units by relation: the directive's name (`Requires`) or its inverse's (`RequiredBy`).
pub type DependencyList = BTreeMap<String, Vec<String>>;

/// What was wrong in a unit file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The file.
    pub file: String,
    /// Its line, from 1; 0 is the whole file.
    pub line: u32,
    /// In words.
    pub message: String,
}

/// A condition or assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionStatus {
    /// The directive: `ConditionPathExists`, `AssertUser`.
    pub directive: String,
    /// Its value with `|` and `!`.
    pub value: String,
    /// Whether it held when last looked at; none is not looked at.
    pub held: Option<bool>,
}
