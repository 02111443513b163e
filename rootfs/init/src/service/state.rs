//! The words of a service's state, as `systemctl` prints them.

use keelson_control::ActiveState;
use keelson_units::model::{Command, Service};

/// Where a service stands; the names are those of systemd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Down.
    Dead,
    /// `ExecCondition=`
    Condition,
    /// `ExecStartPre=`
    StartPre,
    /// `ExecStart=`, until it counts as started.
    Start,
    /// `ExecStartPost=`
    StartPost,
    /// Up.
    Running,
    /// Up without a process (`RemainAfterExit=`).
    Exited,
    /// `ExecReload=`
    Reload,
    /// A signal was sent to reload it.
    ReloadSignal,
    /// It said that it reloads.
    ReloadNotify,
    /// `ExecStop=`
    Stop,
    /// The watchdog's signal was sent.
    StopWatchdog,
    /// The signal to end was sent.
    StopSigterm,
    /// SIGKILL was sent.
    StopSigkill,
    /// `ExecStopPost=`
    StopPost,
    /// What is left was sent the watchdog's signal.
    FinalWatchdog,
    /// What is left was sent the signal to end.
    FinalSigterm,
    /// What is left was sent SIGKILL.
    FinalSigkill,
    /// Down after a failure.
    Failed,
    /// Down, and soon up again.
    AutoRestart,
    /// As `AutoRestart`, the job is queued.
    AutoRestartQueued,
}

impl State {
    /// The word of `systemctl`'s column SUB.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Condition => "condition",
            Self::StartPre => "start-pre",
            Self::Start => "start",
            Self::StartPost => "start-post",
            Self::Running => "running",
            Self::Exited => "exited",
            Self::Reload => "reload",
            Self::ReloadSignal => "reload-signal",
            Self::ReloadNotify => "reload-notify",
            Self::Stop => "stop",
            Self::StopWatchdog => "stop-watchdog",
            Self::StopSigterm => "stop-sigterm",
            Self::StopSigkill => "stop-sigkill",
            Self::StopPost => "stop-post",
            Self::FinalWatchdog => "final-watchdog",
            Self::FinalSigterm => "final-sigterm",
            Self::FinalSigkill => "final-sigkill",
            Self::Failed => "failed",
            Self::AutoRestart => "auto-restart",
            Self::AutoRestartQueued => "auto-restart-queued",
        }
    }

    /// The state common to all types of units. `idle`: the type is `idle`, whose start counts at once.
    pub fn active(self, idle: bool) -> ActiveState {
        match self {
            Self::Dead => ActiveState::Inactive,
            Self::StartPre | Self::Start | Self::StartPost if idle => ActiveState::Active,
            Self::Condition
            | Self::StartPre
            | Self::Start
            | Self::StartPost
            | Self::AutoRestart
            | Self::AutoRestartQueued => ActiveState::Activating,
            Self::Running | Self::Exited => ActiveState::Active,
            Self::Reload | Self::ReloadSignal | Self::ReloadNotify => ActiveState::Reloading,
            Self::Failed => ActiveState::Failed,
            _ => ActiveState::Deactivating,
        }
    }

    /// On the way down.
    pub fn is_stopping(self) -> bool {
        matches!(
            self,
            Self::Stop
                | Self::StopWatchdog
                | Self::StopSigterm
                | Self::StopSigkill
                | Self::StopPost
                | Self::FinalWatchdog
                | Self::FinalSigterm
                | Self::FinalSigkill
        )
    }

    /// Signals were sent and processes are expected to end.
    pub fn is_killing(self) -> bool {
        self.is_stopping() && !matches!(self, Self::Stop | Self::StopPost)
    }

    /// After `ExecStopPost=`.
    pub fn is_final(self) -> bool {
        matches!(self, Self::FinalWatchdog | Self::FinalSigterm | Self::FinalSigkill)
    }

    /// On the way up.
    pub fn is_starting(self) -> bool {
        matches!(self, Self::Condition | Self::StartPre | Self::Start | Self::StartPost)
    }

    /// Being reloaded.
    pub fn is_reloading(self) -> bool {
        matches!(self, Self::Reload | Self::ReloadSignal | Self::ReloadNotify)
    }
}

/// Which list of commands is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `ExecCondition=`
    Condition,
    /// `ExecStartPre=`
    StartPre,
    /// `ExecStart=`
    Start,
    /// `ExecStartPost=`
    StartPost,
    /// `ExecReload=`
    Reload,
    /// `ExecStop=`
    Stop,
    /// `ExecStopPost=`
    StopPost,
}

impl Phase {
    /// What a service has to run in it.
    pub fn commands(self, service: &Service) -> &[Command] {
        match self {
            Self::Condition => &service.condition,
            Self::StartPre => &service.start_pre,
            Self::Start => &service.start,
            Self::StartPost => &service.start_post,
            Self::Reload => &service.reload,
            Self::Stop => &service.stop,
            Self::StopPost => &service.stop_post,
        }
    }

    /// The directive.
    pub fn directive(self) -> &'static str {
        match self {
            Self::Condition => "ExecCondition",
            Self::StartPre => "ExecStartPre",
            Self::Start => "ExecStart",
            Self::StartPost => "ExecStartPost",
            Self::Reload => "ExecReload",
            Self::Stop => "ExecStop",
            Self::StopPost => "ExecStopPost",
        }
    }
}

/// What a process is to its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The service itself.
    Main,
    /// A step on the way.
    Control,
}

/// How a run went (systemd.exec(5), `$SERVICE_RESULT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Success,
    /// It lacked something of the manager's, a descriptor or a control group.
    Resources,
    /// It did not keep to its type.
    Protocol,
    /// It took too long.
    Timeout,
    /// A process exited with a status that is no success.
    ExitCode,
    /// A signal ended a process.
    Signal,
    /// As `Signal`, with a core dump.
    CoreDump,
    /// It did not say `WATCHDOG=1` in time.
    Watchdog,
    /// It was started too often.
    StartLimitHit,
    /// The kernel killed a process for want of memory.
    OomKill,
    /// `ExecCondition=` said no.
    ExecCondition,
}

impl Outcome {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Resources => "resources",
            Self::Protocol => "protocol",
            Self::Timeout => "timeout",
            Self::ExitCode => "exit-code",
            Self::Signal => "signal",
            Self::CoreDump => "core-dump",
            Self::Watchdog => "watchdog",
            Self::StartLimitHit => "start-limit-hit",
            Self::OomKill => "oom-kill",
            Self::ExecCondition => "exec-condition",
        }
    }
}
