//! `[Service]` (systemd.service(5)).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::{Command, ExecSettings, KillSettings, ResourceSettings, UnitName};

/// The `[Service]` section with what it shares with other types.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of its own")]
pub struct Service {
    /// `Type=`
    pub kind: Type,
    /// `ExitType=cgroup`: it has ended when its last process has.
    pub exit_with_group: bool,
    /// `ExecCondition=`
    pub condition: Vec<Command>,
    /// `ExecStartPre=`
    pub start_pre: Vec<Command>,
    /// `ExecStart=`
    pub start: Vec<Command>,
    /// `ExecStartPost=`
    pub start_post: Vec<Command>,
    /// `ExecReload=`
    pub reload: Vec<Command>,
    /// `ExecStop=`
    pub stop: Vec<Command>,
    /// `ExecStopPost=`
    pub stop_post: Vec<Command>,
    /// `RemainAfterExit=`
    pub remain_after_exit: bool,
    /// `GuessMainPID=`
    pub guess_main_pid: bool,
    /// `PIDFile=`, absolute.
    pub pid_file: Option<PathBuf>,
    /// `Restart=`
    pub restart: Restart,
    /// `RestartMode=`
    pub restart_mode: RestartMode,
    /// `RestartSec=`
    pub restart_delay: Duration,
    /// `RestartSteps=`: in so many steps the delay grows to `restart_max_delay`; 0 is never.
    pub restart_steps: u32,
    /// `RestartMaxDelaySec=`; none is no growth.
    pub restart_max_delay: Option<Duration>,
    /// `RestartPreventExitStatus=`
    pub restart_prevent: ExitStatusSet,
    /// `RestartForceExitStatus=`
    pub restart_force: ExitStatusSet,
    /// `SuccessExitStatus=`
    pub success: ExitStatusSet,
    /// `TimeoutStartSec=`
    pub start_timeout: StartTimeout,
    /// `TimeoutStopSec=`; none is for ever.
    pub stop_timeout: Option<Duration>,
    /// `TimeoutAbortSec=`; none takes `stop_timeout`.
    pub abort_timeout: Option<Duration>,
    /// `TimeoutStartFailureMode=`
    pub start_timeout_mode: TimeoutMode,
    /// `TimeoutStopFailureMode=`
    pub stop_timeout_mode: TimeoutMode,
    /// `RuntimeMaxSec=`; none is for ever.
    pub runtime_max: Option<Duration>,
    /// `RuntimeRandomizedExtraSec=`
    pub runtime_extra: Duration,
    /// `WatchdogSec=`; none is no watchdog.
    pub watchdog: Option<Duration>,
    /// `NotifyAccess=`; none where it was not given (then `main` for `notify` types, else `none`).
    pub notify_access: Option<NotifyAccess>,
    /// `FileDescriptorStoreMax=`
    pub fd_store_max: u32,
    /// `FileDescriptorStorePreserve=yes|restart`
    pub fd_store_preserve: FdStorePreserve,
    /// `Sockets=`
    pub sockets: BTreeSet<UnitName>,
    /// `NonBlocking=`
    pub non_blocking: bool,
    /// `RootDirectoryStartOnly=`
    pub root_directory_start_only: bool,
    /// `PermissionsStartOnly=`
    pub permissions_start_only: bool,
    /// `ReloadSignal=` of `notify-reload`.
    pub reload_signal: i32,
    /// `OOMPolicy=`
    pub oom_policy: OomPolicy,
    /// `OpenFile=`: path, name of the descriptor, options.
    pub open_files: Vec<OpenFile>,
    /// systemd.exec(5)
    pub exec: ExecSettings,
    /// systemd.kill(5)
    pub kill: KillSettings,
    /// systemd.resource-control(5)
    pub resources: ResourceSettings,
}

/// `OpenFile=`
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct OpenFile {
    /// What is opened.
    pub path: PathBuf,
    /// Its name in `LISTEN_FDNAMES`.
    pub name: String,
    /// `read-only`
    pub read_only: bool,
    /// `append`
    pub append: bool,
    /// `truncate`
    pub truncate: bool,
    /// `graceful`: passed over where it is missing.
    pub graceful: bool,
}

/// Exit codes and signal numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExitStatusSet {
    /// Exit codes.
    pub codes: BTreeSet<i32>,
    /// Signals.
    pub signals: BTreeSet<i32>,
}

/// `Type=`; `dbus` is refused by the parser and taken as `simple`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Started when the process was forked.
    Simple,
    /// Started when execve was done.
    Exec,
    /// Started when the command has ended and left a process behind.
    Forking,
    /// Started when the commands have ended.
    Oneshot,
    /// Started when the process says `READY=1`.
    Notify,
    /// As `notify`; reload is a signal, answered by `RELOADING=1` and `READY=1`.
    NotifyReload,
    /// As `simple`, after all other jobs or five seconds.
    Idle,
}

/// `Restart=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Never.
    No,
    /// After a clean exit.
    OnSuccess,
    /// After an unclean exit, a signal, a timeout or a watchdog.
    OnFailure,
    /// After a signal, a timeout or a watchdog.
    OnAbnormal,
    /// After a watchdog.
    OnWatchdog,
    /// After a signal.
    OnAbort,
    /// After any exit.
    Always,
}

/// `RestartMode=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartMode {
    /// Through `failed` and `inactive`, which `OnFailure=` and dependants see.
    Normal,
    /// Straight to the start.
    Direct,
    /// As `Direct`, with what debugging asks for.
    Debug,
}

/// `TimeoutStartSec=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTimeout {
    /// Not given: 90 seconds, and for ever for a oneshot.
    Default,
    /// So long.
    After(Duration),
    /// For ever.
    Never,
}

/// `TimeoutStartFailureMode=`, `TimeoutStopFailureMode=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutMode {
    /// SIGTERM, then SIGKILL.
    Terminate,
    /// The watchdog signal first.
    Abort,
    /// SIGKILL at once.
    Kill,
}

/// `NotifyAccess=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyAccess {
    /// Nobody.
    None,
    /// The main process.
    Main,
    /// It and the control processes.
    Exec,
    /// Every process of the control group.
    All,
}

/// `OOMPolicy=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OomPolicy {
    /// The rest goes on.
    Continue,
    /// The service is stopped.
    Stop,
    /// The kernel kills the whole group.
    Kill,
}

/// `FileDescriptorStorePreserve=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FdStorePreserve {
    /// Dropped when the service stops.
    No,
    /// Kept over a restart.
    Restart,
    /// Kept as long as the unit is loaded.
    Yes,
}

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

/// The defaults of systemd.service(5) and systemd-system.conf(5).
impl Default for Service {
    fn default() -> Self {
        Self {
            kind: Type::Simple,
            exit_with_group: false,
            condition: Vec::new(),
            start_pre: Vec::new(),
            start: Vec::new(),
            start_post: Vec::new(),
            reload: Vec::new(),
            stop: Vec::new(),
            stop_post: Vec::new(),
            remain_after_exit: false,
            guess_main_pid: true,
            pid_file: None,
            restart: Restart::No,
            restart_mode: RestartMode::Normal,
            restart_delay: Duration::from_millis(100),
            restart_steps: 0,
            restart_max_delay: None,
            restart_prevent: ExitStatusSet::default(),
            restart_force: ExitStatusSet::default(),
            success: ExitStatusSet::default(),
            start_timeout: StartTimeout::Default,
            stop_timeout: Some(Duration::from_secs(90)),
            abort_timeout: None,
            start_timeout_mode: TimeoutMode::Terminate,
            stop_timeout_mode: TimeoutMode::Terminate,
            runtime_max: None,
            runtime_extra: Duration::ZERO,
            watchdog: None,
            notify_access: None,
            fd_store_max: 0,
            fd_store_preserve: FdStorePreserve::Restart,
            sockets: BTreeSet::new(),
            non_blocking: false,
            root_directory_start_only: false,
            permissions_start_only: false,
            reload_signal: 1,
            oom_policy: OomPolicy::Stop,
            open_files: Vec::new(),
            exec: ExecSettings::default(),
            kill: KillSettings::default(),
            resources: ResourceSettings::default(),
        }
    }
}
