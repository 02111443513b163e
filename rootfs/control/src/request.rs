//! What a client asks of PID 1.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One request. Those marked "reads" are for everybody, the others for root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Reads: all units in memory, as [`crate::Answer::Units`]; those a client filters by pattern, type and state itself.
    ListUnits,
    /// Reads: the queue, as [`crate::Answer::Jobs`].
    ListJobs,
    /// Reads: these units in full, loading those that are not, as [`crate::Answer::Status`] in the order asked. A name
    /// without a file has the load state `not-found`. A client asks for at most 64 at once.
    Show {
        /// Full names, or aliases.
        units: Vec<String>,
    },
    /// Reads: the manager itself, as [`crate::Answer::Manager`].
    ShowManager,
    /// Reads: when what happened since the kernel's start, as [`crate::Answer::Timings`].
    Timings,
    /// Reads: the descriptors kept for a unit, as [`crate::Answer::FdStore`].
    FdStore {
        /// The unit.
        unit: String,
    },
    /// Puts a job on each unit; answered with [`crate::Answer::Outcomes`], one for each, in order.
    Change {
        /// What to do.
        verb: Verb,
        /// The units; for [`Verb::Isolate`] just one.
        units: Vec<String>,
        /// What happens to jobs that are there.
        mode: JobMode,
        /// When to answer.
        wait: Wait,
    },
    /// Writes a unit of this text below `/run/systemd/transient`, starts it, and removes it when it is over.
    StartTransient {
        /// The full name; it may not exist already.
        unit: String,
        /// The unit file.
        text: String,
        /// When to answer.
        wait: Wait,
        /// Remove it when it is over, also where it failed; that is else kept until its failure is reset.
        collect: bool,
    },
    /// Sends a signal; answered with [`crate::Answer::Done`].
    Kill {
        /// The unit.
        unit: String,
        /// Which of its processes.
        whom: Whom,
        /// The number.
        signal: i32,
        /// The value of a queued signal (sigqueue(3)).
        value: Option<i32>,
    },
    /// Forgets failures and start counts; none named is all.
    ResetFailed {
        /// The units.
        units: Vec<String>,
    },
    /// Reads all unit files again; changed resource settings are applied to what runs.
    DaemonReload,
    /// PID 1 executes itself anew and keeps its state.
    DaemonReexec,
    /// Ends the system.
    End {
        /// How.
        goal: Goal,
        /// How hastily.
        haste: Haste,
        /// At what time, in microseconds since 1970; none is now. A later one takes the place of an earlier one.
        when: Option<u64>,
        /// Told to those logged in and to the log.
        message: Option<String>,
        /// Whether terminals are told.
        wall: bool,
        /// The boot loader's or the kernel's argument of a reboot.
        argument: Option<String>,
    },
    /// Forgets a planned end.
    CancelEnd {
        /// Whether terminals are told.
        wall: bool,
    },
    /// Reads: the planned end, as [`crate::Answer::Scheduled`].
    ShowEnd,
    /// Cancels jobs; none named is all.
    Cancel {
        /// Their numbers.
        jobs: Vec<u32>,
    },
    /// Removes a stopped unit's own directories (systemctl(1), `clean`).
    Clean {
        /// The units.
        units: Vec<String>,
        /// Which; none named is cache, runtime and the fd store.
        what: Vec<CleanWhat>,
    },
    /// Freezes the processes of units.
    Freeze {
        /// The units.
        units: Vec<String>,
    },
    /// Thaws them.
    Thaw {
        /// The units.
        units: Vec<String>,
    },
    /// Reads: the environment every service gets, as [`crate::Answer::Environment`].
    ShowEnvironment,
    /// Sets variables in it, `NAME=VALUE` each.
    SetEnvironment {
        /// The assignments.
        assignments: Vec<String>,
    },
    /// Takes variables out of it, `NAME` or `NAME=VALUE` each.
    UnsetEnvironment {
        /// What to take out.
        names: Vec<String>,
    },
    /// Reads: the manager's log level, as [`crate::Answer::LogLevel`].
    LogLevel,
    /// Sets it.
    SetLogLevel {
        /// 0 to 7 (syslog(3)).
        level: u8,
    },
}

impl Request {
    /// Whether an ordinary user may ask this.
    pub fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::ListUnits
                | Self::ListJobs
                | Self::Show { .. }
                | Self::ShowManager
                | Self::Timings
                | Self::FdStore { .. }
                | Self::ShowEnd
                | Self::ShowEnvironment
                | Self::LogLevel
        )
    }

    /// Whether the answer may take as long as jobs take.
    pub fn waits(&self) -> bool {
        match self {
            Self::Change { wait, .. } | Self::StartTransient { wait, .. } => *wait != Wait::Queued,
            Self::Clean { .. } | Self::DaemonReload | Self::DaemonReexec => true,
            _ => false,
        }
    }
}

/// A word that is not one of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is none of {known}")]
pub struct UnknownWord {
    /// What was given.
    pub word: String,
    /// What there is, by comma.
    pub known: String,
}

/// An enumeration with one word for each value, the same on the wire, in print and in [`FromStr`].
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(word: &str) -> Result<Self, $crate::UnknownWord> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| $crate::UnknownWord {
                    word: word.to_owned(),
                    known: Self::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What is done to units (systemctl(1)).
    Verb {
        /// Up.
        Start = "start",
        /// Down.
        Stop = "stop",
        /// Down and up, or just up.
        Restart = "restart",
        /// Down and up where it is up.
        TryRestart = "try-restart",
        /// Its configuration anew.
        Reload = "reload",
        /// Reload where it can, else restart.
        ReloadOrRestart = "reload-or-restart",
        /// The same where it is up.
        TryReloadOrRestart = "try-reload-or-restart",
        /// Start it and stop all it does not need.
        Isolate = "isolate",
    }
}

words! {
    /// What a new job does to those there (systemctl(1), `--job-mode=`).
    #[derive(Default)]
    JobMode {
        /// Fails where a job of another sort is pending.
        Fail = "fail",
        /// Takes their place.
        #[default]
        Replace = "replace",
        /// And cannot be replaced itself.
        ReplaceIrreversibly = "replace-irreversibly",
        /// Stops all that is not needed.
        Isolate = "isolate",
        /// Cancels all others.
        Flush = "flush",
        /// No dependency counts.
        IgnoreDependencies = "ignore-dependencies",
        /// Only the order counts.
        IgnoreRequirements = "ignore-requirements",
    }
}

words! {
    /// When a change is answered.
    #[derive(Default)]
    Wait {
        /// As soon as the jobs are queued (`--no-block`).
        Queued = "queued",
        /// When the jobs have ended.
        #[default]
        Finished = "finished",
        /// When the units started have gone down again (`--wait`).
        Inactive = "inactive",
    }
}

words! {
    /// Which processes get a signal (systemctl(1), `--kill-whom=`).
    #[derive(Default)]
    Whom {
        /// The main process.
        Main = "main",
        /// The control process.
        Control = "control",
        /// All of the control group.
        #[default]
        All = "all",
        /// The whole control group at once, by the kernel; SIGKILL only.
        Cgroup = "cgroup",
    }
}

words! {
    /// How the system ends.
    Goal {
        /// Off.
        PowerOff = "poweroff",
        /// On again.
        Reboot = "reboot",
        /// Stopped with the power on.
        Halt = "halt",
        /// Into the kernel loaded by kexec.
        Kexec = "kexec",
    }
}

words! {
    /// How hastily it ends.
    #[derive(Default)]
    Haste {
        /// All units are stopped in order.
        #[default]
        Clean = "clean",
        /// All processes are killed, file systems unmounted (`--force`).
        Forced = "forced",
        /// At once, nothing is even synced (`--force --force`).
        Immediate = "immediate",
    }
}

words! {
    /// What `clean` removes.
    CleanWhat {
        /// `ConfigurationDirectory=`
        Configuration = "configuration",
        /// `RuntimeDirectory=`
        Runtime = "runtime",
        /// `StateDirectory=`
        State = "state",
        /// `CacheDirectory=`
        Cache = "cache",
        /// `LogsDirectory=`
        Logs = "logs",
        /// The descriptors kept.
        FdStore = "fdstore",
    }
}
