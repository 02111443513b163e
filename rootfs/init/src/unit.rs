//! Units as the supervisor sees them: a checked model of the systemd unit files it reads.
//!
//! `unit/text.rs` gives lines, `unit/settings.rs` gives them a meaning, `unit/load.rs` finds the files.
//! Services and targets are units of this first form; the other types are read by nobody yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::restart::{RestartOn, StartLimit};
use value::Limit;
use words::Word;

pub mod load;
pub mod settings;
pub mod text;
pub mod value;
pub mod words;

/// A unit: what it is and how it stands to others.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The full name, `ssh.service`.
    pub name: String,
    /// `Description=`, or the name.
    pub description: String,
    /// Units that are started along with it.
    pub wants: BTreeSet<String>,
    /// Units without which it is not started.
    pub requires: BTreeSet<String>,
    /// Units it is started after, where both are started.
    pub after: BTreeSet<String>,
    /// Units it is started before, where both are started.
    pub before: BTreeSet<String>,
    /// All must hold, or it is skipped.
    pub conditions: Vec<Condition>,
    /// What it does.
    pub kind: Kind,
}

/// What a unit does.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A group and an ordering point.
    Target,
    /// A process or several.
    Service(Box<Service>),
}

/// A `Condition...=` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What is looked at.
    pub test: Test,
    /// `!`: it must not hold.
    pub negated: bool,
    /// `|`: one of all such lines is enough.
    pub trigger: bool,
}

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `ConditionPathExists=`
    PathExists(PathBuf),
    /// `ConditionPathIsDirectory=`
    PathIsDirectory(PathBuf),
    /// `ConditionPathIsSymbolicLink=`
    PathIsSymbolicLink(PathBuf),
    /// `ConditionPathIsReadWrite=`
    PathIsReadWrite(PathBuf),
    /// `ConditionFileNotEmpty=`
    FileNotEmpty(PathBuf),
    /// `ConditionFileIsExecutable=`
    FileIsExecutable(PathBuf),
    /// `ConditionDirectoryNotEmpty=`
    DirectoryNotEmpty(PathBuf),
    /// `ConditionFirstBoot=`
    FirstBoot(bool),
}

/// `Type=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Started when the process runs. `exec` is the same here: spawning waits for execve.
    Simple,
    /// Started when the commands have ended.
    Oneshot,
    /// Started when the process says `READY=1`.
    Notify,
    /// Started when the command has ended and left a process behind.
    Forking,
}

/// `KillMode=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillMode {
    /// Every process of the control group gets the signals.
    ControlGroup,
    /// The main process gets SIGTERM, all get SIGKILL.
    Mixed,
    /// Only the main process.
    Process,
    /// Nobody.
    None,
}

/// Where standard input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// `/dev/null`
    Null,
    /// The terminal of `TTYPath=`, which becomes the controlling one.
    Tty,
}

/// Where standard output and error go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The log.
    Log,
    /// The log and the console.
    LogAndConsole,
    /// The terminal of `TTYPath=`.
    Tty,
    /// Nowhere.
    Null,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments, variables not yet put in.
    pub words: Vec<Word>,
    /// `-`: failure is no failure.
    pub may_fail: bool,
    /// `@`: the second word is `argv[0]`.
    pub own_argv0: bool,
    /// `+`, `!`, `!!`: runs as root whatever `User=` says.
    pub privileged: bool,
}

/// A file of `EnvironmentFile=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentFile {
    /// Where it is.
    pub path: PathBuf,
    /// `-`: it may be missing.
    pub may_miss: bool,
}

/// A folder that is made before a service starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDirectory {
    /// Its absolute path.
    pub path: PathBuf,
    /// Its mode.
    pub mode: u32,
    /// Removed when the service stops.
    pub passing: bool,
}

/// `TimeoutStartSec=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTimeout {
    /// Not given: 90 seconds, and for ever for a oneshot (systemd.service(5)).
    Default,
    /// So long.
    After(Duration),
    /// For ever.
    Never,
}

/// The `[Service]` section.
#[derive(Clone, Debug)]
pub struct Service {
    /// `Type=`
    pub kind: Type,
    /// `ExecStartPre=`
    pub start_pre: Vec<Command>,
    /// `ExecStart=`
    pub start: Vec<Command>,
    /// `ExecStartPost=`
    pub start_post: Vec<Command>,
    /// `ExecStop=`
    pub stop: Vec<Command>,
    /// `ExecStopPost=`
    pub stop_post: Vec<Command>,
    /// `RemainAfterExit=`
    pub remain_after_exit: bool,
    /// `PIDFile=` of a forking service.
    pub pid_file: Option<PathBuf>,
    /// `Restart=`
    pub restart: RestartOn,
    /// `RestartSec=`
    pub restart_delay: Duration,
    /// `StartLimitBurst=` in `StartLimitIntervalSec=`
    pub start_limit: StartLimit,
    /// `RestartPreventExitStatus=`
    pub restart_prevent: BTreeSet<i32>,
    /// `SuccessExitStatus=`
    pub success_status: BTreeSet<i32>,
    /// `TimeoutStartSec=`
    pub start_timeout: StartTimeout,
    /// `TimeoutStopSec=`; none is for ever.
    pub stop_timeout: Option<Duration>,
    /// `Environment=`
    pub environment: BTreeMap<String, String>,
    /// `EnvironmentFile=`
    pub environment_files: Vec<EnvironmentFile>,
    /// `WorkingDirectory=`
    pub working_directory: Option<PathBuf>,
    /// `User=`
    pub user: Option<String>,
    /// `Group=`
    pub group: Option<String>,
    /// `UMask=`
    pub umask: u32,
    /// `KillMode=`
    pub kill_mode: KillMode,
    /// `Delegate=`: the service manages the groups below its own.
    pub delegate: bool,
    /// `LimitNOFILE=` and the like, with soft and hard limit.
    pub limits: Vec<(Resource, Limit, Limit)>,
    /// `TasksMax=`, `MemoryMax=` and the like: file of the control group and its text.
    pub cgroup_settings: BTreeMap<&'static str, String>,
    /// `OOMScoreAdjust=`
    pub oom_score_adjust: Option<i32>,
    /// `StandardInput=`
    pub input: Input,
    /// `StandardOutput=`
    pub output: Output,
    /// `TTYPath=`
    pub tty: PathBuf,
    /// `RuntimeDirectory=`, `StateDirectory=` and the like.
    pub directories: Vec<ServiceDirectory>,
    /// `RuntimeDirectoryMode=` and the like, by the folder they are about.
    pub directory_modes: BTreeMap<&'static str, u32>,
    /// `RuntimeDirectoryPreserve=`
    pub keep_runtime: bool,
}

/// The resources that can be limited.
pub use rustix::process::Resource;

impl Service {
    /// How long a start may take; none is for ever.
    pub fn start_timeout(&self) -> Option<Duration> {
        match (self.start_timeout, self.kind) {
            (StartTimeout::After(timeout), _) => Some(timeout),
            (StartTimeout::Never, _) | (StartTimeout::Default, Type::Oneshot) => None,
            (StartTimeout::Default, _) => Some(Duration::from_secs(90)),
        }
    }
}

impl Default for Service {
    /// The defaults of systemd.service(5), systemd.exec(5) and systemd-system.conf(5).
    fn default() -> Self {
        Self {
            kind: Type::Simple,
            start_pre: Vec::new(),
            start: Vec::new(),
            start_post: Vec::new(),
            stop: Vec::new(),
            stop_post: Vec::new(),
            remain_after_exit: false,
            pid_file: None,
            restart: RestartOn::No,
            restart_delay: Duration::from_millis(100),
            start_limit: StartLimit { burst: 5, interval: Duration::from_secs(10) },
            restart_prevent: BTreeSet::new(),
            success_status: BTreeSet::new(),
            start_timeout: StartTimeout::Default,
            stop_timeout: Some(Duration::from_secs(90)),
            environment: BTreeMap::new(),
            environment_files: Vec::new(),
            working_directory: None,
            user: None,
            group: None,
            umask: 0o022,
            kill_mode: KillMode::ControlGroup,
            delegate: false,
            limits: Vec::new(),
            cgroup_settings: BTreeMap::new(),
            oom_score_adjust: None,
            input: Input::Null,
            output: Output::Log,
            tty: PathBuf::from("/dev/console"),
            directories: Vec::new(),
            directory_modes: BTreeMap::new(),
            keep_runtime: false,
        }
    }
}
