//! How a process ended, and whether that is well.

use keelson_units::model::{Service, Type};
use rustix::process::WaitStatus;

use super::Outcome;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with a status.
    Code(i32),
    /// By a signal, and whether memory was dumped.
    Signal(i32, bool),
}

impl Exit {
    /// From what wait(2) gives. Nothing else than an end is expected of it.
    pub fn of(status: WaitStatus) -> Self {
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal, status.as_raw() & 0x80 != 0),
            (None, None) => Self::Code(255),
        }
    }

    /// The word of `$EXIT_CODE`: `exited`, `killed` or `dumped`.
    pub fn how(self) -> &'static str {
        match self {
            Self::Code(_) => "exited",
            Self::Signal(_, false) => "killed",
            Self::Signal(_, true) => "dumped",
        }
    }

    /// The status or the number of the signal.
    pub fn number(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(number, _) => number,
        }
    }

    /// `$EXIT_STATUS`: the status, or the name of the signal.
    pub fn status(self) -> String {
        match self {
            Self::Code(code) => code.to_string(),
            Self::Signal(number, _) => signal_name(number),
        }
    }

    /// `code=exited, status=203/EXEC`, as the log has it.
    pub fn describe(self) -> String {
        let name = match self {
            Self::Code(code) => keelson_execution::exit_status_name(code).map(str::to_owned),
            Self::Signal(number, _) => Some(signal_name(number)),
        };
        match name {
            Some(name) => format!("code={}, status={}/{name}", self.how(), self.number()),
            None => format!("code={}, status={}/n/a", self.how(), self.number()),
        }
    }

    /// Whether it counts as success: 0, `SuccessExitStatus=`, and for a main process of a daemon the signals to end.
    pub fn is_success(self, service: &Service, daemon: bool) -> bool {
        match self {
            Self::Code(code) => code == 0 || service.success.codes.contains(&code),
            Self::Signal(number, _) => {
                let asked = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM, libc::SIGPIPE];
                let polite = daemon && service.kind != Type::Oneshot && asked.contains(&number);
                polite || service.success.signals.contains(&number)
            }
        }
    }

    /// The outcome that an end which is no success has.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Code(_) => Outcome::ExitCode,
            Self::Signal(_, false) => Outcome::Signal,
            Self::Signal(_, true) => Outcome::CoreDump,
        }
    }
}

/// `TERM`; a real-time signal or an unknown one by its number.
fn signal_name(number: i32) -> String {
    let name = keelson_units::signal::name(number).unwrap_or_else(|| number.to_string());
    name.strip_prefix("SIG").map_or(name.clone(), str::to_owned)
}
