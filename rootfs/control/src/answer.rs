//! What PID 1 answers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::request::{Goal, words};
use crate::status::{ActiveState, LoadState, Stamp, UnitStatus};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is done, and there is nothing to tell.
    Done,
    /// It is not done; for requests that name many units, the first that failed stops the rest.
    Refused(Refusal),
    /// One line for each unit in memory, in no order.
    Units(Vec<UnitLine>),
    /// The queue.
    Jobs(Vec<Job>),
    /// Units in full.
    Status(Vec<UnitStatus>),
    /// What became of each unit's job.
    Outcomes(Vec<JobOutcome>),
    /// The manager.
    Manager(Box<ManagerStatus>),
    /// When what happened.
    Timings(Box<Timings>),
    /// Descriptors kept for a unit.
    FdStore(Vec<StoredDescriptor>),
    /// `NAME=VALUE` each.
    Environment(Vec<String>),
    /// 0 to 7.
    LogLevel(u8),
    /// The planned end.
    Scheduled(Option<Schedule>),
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The sort, which gives the exit status.
    pub kind: RefusalKind,
    /// In words, without the unit's name in front: `Unit foo.service not found.`
    pub message: String,
}

words! {
    /// The sorts of refusal.
    RefusalKind {
        /// The peer is not root.
        AccessDenied = "access-denied",
        /// No such unit.
        NoSuchUnit = "no-such-unit",
        /// The unit is masked.
        Masked = "masked",
        /// The unit's file is bad.
        LoadFailed = "load-failed",
        /// The unit is not up where it would have to be: kill, freeze, reload.
        NotActive = "not-active",
        /// The unit's type has no such verb: reload a target.
        NotApplicable = "not-applicable",
        /// `RefuseManualStart=`, `RefuseManualStop=`, no `AllowIsolate=`.
        Manual = "manual",
        /// The transaction is against jobs that are there.
        Conflict = "conflict",
        /// The transaction has a cycle in its order, or contradicts itself.
        Cycle = "cycle",
        /// The request cannot be understood, or is of another version.
        BadRequest = "bad-request",
        /// PID 1 cannot do this at all.
        NotSupported = "not-supported",
        /// The system is going down.
        ShuttingDown = "shutting-down",
        /// The operation itself failed.
        Failed = "failed",
    }
}

/// A unit in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnitLine {
    /// Its name.
    pub name: String,
    /// Whether its file was read.
    pub load: LoadState,
    /// Whether it is up.
    pub active: ActiveState,
    /// The same in the type's own words.
    pub sub: String,
    /// `Description=`
    pub description: String,
    /// The job on it: number and kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<(u32, JobKind)>,
    /// The unit that this name leads to, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub following: Option<String>,
}

words! {
    /// What a job does.
    JobKind {
        /// Starts.
        Start = "start",
        /// Looks whether it is up.
        VerifyActive = "verify-active",
        /// Stops.
        Stop = "stop",
        /// Reloads.
        Reload = "reload",
        /// Stops, then starts.
        Restart = "restart",
        /// Nothing; it waits.
        Nop = "nop",
    }
}

words! {
    /// How a job ended.
    JobResult {
        /// As it should.
        Done = "done",
        /// Somebody cancelled it, or another took its place.
        Canceled = "canceled",
        /// `JobTimeoutSec=` passed.
        Timeout = "timeout",
        /// The unit failed.
        Failed = "failed",
        /// A unit it needs failed.
        Dependency = "dependency",
        /// There was nothing to do: not up, or a condition did not hold.
        Skipped = "skipped",
        /// A job that this type cannot do.
        Invalid = "invalid",
        /// An assertion did not hold.
        Assert = "assert",
        /// The type is not supported here.
        Unsupported = "unsupported",
        /// The unit was unloaded.
        Collected = "collected",
        /// A oneshot that may run once only.
        Once = "once",
    }
}

/// A job in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: u32,
    /// The unit.
    pub unit: String,
    /// What it does.
    pub kind: JobKind,
    /// Whether it has begun; else it waits for others.
    pub running: bool,
}

/// What became of one unit of a [`crate::Request::Change`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobOutcome {
    /// The unit, by its own name.
    pub unit: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// See [`JobOutcome`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The job waits or runs; its number.
    Queued(u32),
    /// The job has ended.
    Finished(JobResult),
    /// There is no job.
    Refused(Refusal),
}

words! {
    /// The state of the whole system (systemctl(1), `is-system-running`).
    SystemState {
        /// Before basic.target.
        Initializing = "initializing",
        /// The boot's jobs run.
        Starting = "starting",
        /// All is well.
        Running = "running",
        /// A unit has failed.
        Degraded = "degraded",
        /// rescue or emergency.
        Maintenance = "maintenance",
        /// Going down.
        Stopping = "stopping",
    }
}

words! {
    /// Whether a unit's processes are frozen.
    #[derive(Default)]
    FrozenState {
        /// They run.
        #[default]
        Running = "running",
        /// They are being frozen.
        Freezing = "freezing",
        /// They are frozen.
        Frozen = "frozen",
        /// They are being thawed.
        Thawing = "thawing",
    }
}

/// PID 1 itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ManagerStatus {
    /// The version of PID 1.
    pub version: String,
    /// How the system is.
    pub state: SystemState,
    /// Units in memory.
    pub units: usize,
    /// Jobs in the queue.
    pub jobs: usize,
    /// Jobs since boot.
    pub jobs_total: u64,
    /// Units that failed.
    pub failed: usize,
    /// When userspace began.
    pub since: Stamp,
    /// Bytes of memory that PID 1 itself has resident.
    pub resident: u64,
    /// What a purist would complain about (systemctl(1), `Tainted:`), such as `var-run-bad`.
    #[serde(default)]
    pub tainted: Vec<String>,
    /// 0 to 7.
    pub log_level: u8,
    /// The unit the boot went for.
    pub default_target: String,
    /// Whether the watchdog device is kicked, and how long it waits, in microseconds; 0 is not.
    #[serde(default)]
    pub watchdog: u64,
}

/// When what happened. All times are microseconds of CLOCK_MONOTONIC; 0 is never, or unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Timings {
    /// How long the firmware took before it started the loader (from the `LoaderTimeInitUSec` EFI variable).
    pub firmware: u64,
    /// How long the loader took.
    pub loader: u64,
    /// When the initramfs began; 0 where there was none.
    pub initramfs: u64,
    /// When PID 1 of the host began.
    pub userspace: u64,
    /// When it had read all unit files first.
    pub units_loaded: u64,
    /// When the boot's jobs were all done; 0 while they are not.
    pub finished: u64,
    /// When userspace began, in microseconds since 1970.
    pub userspace_realtime: u64,
    /// Every unit that was ever up or tried to be.
    pub units: Vec<UnitTiming>,
}

/// The times of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct UnitTiming {
    /// Its name.
    pub name: String,
    /// When its start began.
    pub activating: u64,
    /// When it was up.
    pub activated: u64,
    /// When its stop began.
    pub deactivating: u64,
    /// When it was down.
    pub deactivated: u64,
    /// The units of its `After=`, for the critical chain.
    pub after: Vec<String>,
}

/// A descriptor kept for a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDescriptor {
    /// `FDNAME=`
    pub name: String,
    /// `socket`, `file`, `pipe`, ...
    pub kind: String,
    /// Inode number.
    pub inode: u64,
    /// Flags as in /proc/PID/fdinfo: `ro`, `wo`, `rw`.
    pub access: String,
    /// What the kernel's link says: a path or `socket:[1234]`.
    pub path: String,
}

/// A planned end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// How.
    pub goal: Goal,
    /// Microseconds since 1970.
    pub when: u64,
}
