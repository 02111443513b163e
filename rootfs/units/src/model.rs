//! A unit as its files describe it: checked values, no text left to parse.
//!
//! One file per section of systemd's manual: `exec` for systemd.exec(5), `kill`, `resources`, and one for each type of
//! unit. Values are those of the files; what runs is kept elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

pub use condition::{Condition, Test};
pub use exec::ExecSettings;
pub use kill::{KillMode, KillSettings};
pub use mount::{Automount, Mount, Swap};
pub use name::{NameError, UnitKind, UnitName};
pub use path::{PathCondition, PathUnit, Watch};
pub use resources::{Amount, Delegate, DevicePolicy, ResourceSettings, Weight};
pub use service::{
    ExitStatusSet, FdStorePreserve, NotifyAccess, OomPolicy, OpenFile, Restart, RestartMode,
    Service, StartTimeout, TimeoutMode, Type,
};
pub use socket::{Listen, Socket, SocketAddress};
pub use timer::{Timer, Trigger};
pub use values::{
    BindMount, CallFilter, Command, Credential, DirectoryKind, EnvironmentFile, FilterStep, Input,
    LimitPair, NamespacePath, Output, Protect, Restriction, ServiceDirectory,
};

use crate::text::Remark;

mod condition;
mod exec;
mod kill;
mod mount;
mod name;
mod path;
mod resources;
mod service;
mod socket;
mod timer;
mod values;

/// A unit: what it is and how it stands to others.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its own name, instance filled in: `ssh.service`, `getty@tty1.service`.
    pub name: UnitName,
    /// Other names that lead to it.
    pub aliases: BTreeSet<UnitName>,
    /// The file it was read from; none for a unit that has none (a target only named, a device, a slice).
    pub fragment: Option<PathBuf>,
    /// Its drop-ins, in the order applied.
    pub drop_ins: Vec<PathBuf>,
    /// `Description=`, or the name.
    pub description: String,
    /// `Documentation=`
    pub documentation: Vec<String>,
    /// How it stands to other units, implicit and default dependencies included.
    pub dependencies: Dependencies,
    /// `Condition...=`: all must hold, or the start is skipped.
    pub conditions: Vec<Condition>,
    /// `Assert...=`: all must hold, or the start fails.
    pub assertions: Vec<Condition>,
    /// The rest of `[Unit]`.
    pub settings: UnitSettings,
    /// `[Install]`
    pub install: Install,
    /// What was wrong in its files, by file and line; the directive alone was passed over.
    pub remarks: Vec<Remark>,
    /// Why the unit cannot be started at all (a service without `ExecStart=`, say), with file and line.
    pub bad: Option<Remark>,
    /// What it does.
    pub body: Body,
}

/// What a unit does, by type.
#[derive(Clone, Debug)]
pub enum Body {
    /// `[Service]`
    Service(Box<Service>),
    /// `[Socket]`
    Socket(Box<Socket>),
    /// `[Timer]`
    Timer(Box<Timer>),
    /// `[Path]`
    Path(Box<PathUnit>),
    /// `[Mount]`
    Mount(Box<Mount>),
    /// `[Automount]`
    Automount(Box<Automount>),
    /// `[Swap]`
    Swap(Box<Swap>),
    /// `[Slice]`
    Slice(Box<ResourceSettings>),
    /// A group and an ordering point.
    Target,
    /// A device node; it is up when the kernel has it.
    Device,
}

/// How one unit stands to another (systemd.unit(5), "[Unit] SECTION OPTIONS").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Started along with it.
    Wants,
    /// Started along with it, and it stops when that stops; its start fails where that fails and `After=` is set.
    Requires,
    /// Must be up already.
    Requisite,
    /// As `Requires=`, and it stops whenever that goes inactive.
    BindsTo,
    /// Stopped and restarted with it.
    PartOf,
    /// Restarted whenever it is down.
    Upholds,
    /// Never up together.
    Conflicts,
    /// This one is started first.
    Before,
    /// That one is started first.
    After,
    /// Started when this one fails.
    OnFailure,
    /// Started when this one succeeds.
    OnSuccess,
    /// That one is started by this one: a socket's or a timer's service.
    Triggers,
    /// Reload is passed on to it.
    PropagatesReloadTo,
    /// Reload comes from it.
    ReloadPropagatedFrom,
    /// Stop is passed on to it.
    PropagatesStopTo,
    /// Stop comes from it.
    StopPropagatedFrom,
    /// Shares its network or IPC namespace.
    JoinsNamespaceOf,
}

/// The relations of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependencies(pub BTreeMap<Relation, BTreeSet<UnitName>>);

impl Dependencies {
    /// The units in this relation.
    pub fn of(&self, relation: Relation) -> impl Iterator<Item = &UnitName> {
        self.0.get(&relation).into_iter().flatten()
    }

    /// Adds one.
    pub fn add(&mut self, relation: Relation, name: UnitName) {
        self.0.entry(relation).or_default().insert(name);
    }

    /// Whether the unit is in this relation.
    pub fn has(&self, relation: Relation, name: &UnitName) -> bool {
        self.0.get(&relation).is_some_and(|names| names.contains(name))
    }
}

/// The single settings of `[Unit]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of its own")]
pub struct UnitSettings {
    /// `DefaultDependencies=`
    pub default_dependencies: bool,
    /// `RefuseManualStart=`
    pub refuse_manual_start: bool,
    /// `RefuseManualStop=`
    pub refuse_manual_stop: bool,
    /// `AllowIsolate=`
    pub allow_isolate: bool,
    /// `IgnoreOnIsolate=`
    pub ignore_on_isolate: bool,
    /// `StopWhenUnneeded=`
    pub stop_when_unneeded: bool,
    /// `SurviveFinalKillSignal=`
    pub survive_final_kill: bool,
    /// `StartLimitBurst=`; 0 is no limit.
    pub start_limit_burst: u32,
    /// `StartLimitIntervalSec=`; 0 is no limit.
    pub start_limit_interval: Duration,
    /// `StartLimitAction=`
    pub start_limit_action: EmergencyAction,
    /// `FailureAction=`
    pub failure_action: EmergencyAction,
    /// `SuccessAction=`
    pub success_action: EmergencyAction,
    /// `JobTimeoutSec=`; none is for ever.
    pub job_timeout: Option<Duration>,
    /// `JobRunningTimeoutSec=`: as `job_timeout`, counted from when the job runs; none and zero are for ever.
    pub job_running_timeout: Option<Duration>,
    /// `JobTimeoutAction=`
    pub job_timeout_action: EmergencyAction,
    /// `OnFailureJobMode=`
    pub on_failure_job_mode: JobMode,
    /// `OnSuccessJobMode=`
    pub on_success_job_mode: JobMode,
    /// `RebootArgument=`
    pub reboot_argument: Option<String>,
    /// `RequiresMountsFor=` and `WantsMountsFor=`: absolute paths, with whether they are required.
    pub mounts_for: BTreeMap<PathBuf, bool>,
}

/// The defaults of systemd.unit(5) and systemd-system.conf(5).
impl Default for UnitSettings {
    fn default() -> Self {
        Self {
            default_dependencies: true,
            refuse_manual_start: false,
            refuse_manual_stop: false,
            allow_isolate: false,
            ignore_on_isolate: false,
            stop_when_unneeded: false,
            survive_final_kill: false,
            start_limit_burst: 5,
            start_limit_interval: Duration::from_secs(10),
            start_limit_action: EmergencyAction::None,
            failure_action: EmergencyAction::None,
            success_action: EmergencyAction::None,
            job_timeout: None,
            job_running_timeout: None,
            job_timeout_action: EmergencyAction::None,
            on_failure_job_mode: JobMode::Replace,
            on_success_job_mode: JobMode::Fail,
            reboot_argument: None,
            mounts_for: BTreeMap::new(),
        }
    }
}

/// What the system does when a unit fails, succeeds or takes too long (systemd.unit(5), `FailureAction=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmergencyAction {
    /// Nothing.
    #[default]
    None,
    /// A clean reboot.
    Reboot,
    /// A reboot that waits for nothing.
    RebootForce,
    /// A reboot without even syncing.
    RebootImmediate,
    /// A clean power off.
    Poweroff,
    /// A power off that waits for nothing.
    PoweroffForce,
    /// A power off without even syncing.
    PoweroffImmediate,
    /// A clean end of the manager, which on a host is a power off.
    Exit,
    /// As `Exit`, at once.
    ExitForce,
    /// A clean halt.
    Halt,
    /// A halt that waits for nothing.
    HaltForce,
    /// A halt without even syncing.
    HaltImmediate,
}

/// What a new job does with those that are there (systemctl(1), `--job-mode=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobMode {
    /// Fails where a job of another sort is pending.
    Fail,
    /// Takes the place of jobs of another sort.
    #[default]
    Replace,
    /// As `Replace`, and cannot be replaced itself.
    ReplaceIrreversibly,
    /// Stops every unit that is not needed.
    Isolate,
    /// Cancels all other jobs.
    Flush,
    /// Ignores all dependencies.
    IgnoreDependencies,
    /// Ignores requirements, keeps the order.
    IgnoreRequirements,
}

/// `[Install]` (systemd.unit(5)); specifiers are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Install {
    /// `Alias=`
    pub aliases: Vec<UnitName>,
    /// `WantedBy=`
    pub wanted_by: Vec<UnitName>,
    /// `RequiredBy=`
    pub required_by: Vec<UnitName>,
    /// `UpheldBy=`
    pub upheld_by: Vec<UnitName>,
    /// `Also=`
    pub also: Vec<UnitName>,
    /// `DefaultInstance=`
    pub default_instance: Option<String>,
}

impl Install {
    /// Whether there is anything to enable.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
