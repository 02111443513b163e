//! What can go wrong with a machine.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::machine::Ending;
use crate::process::ProcessError;
use crate::qmp::QmpError;
use crate::tpm::TpmError;

/// Why a machine did not do what was expected of it.
#[derive(Debug, Error)]
pub enum MachineError {
    /// A file of the run could not be made.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// QEMU is not among the tools.
    #[error(transparent)]
    Tools(#[from] keelson_sdk::ToolsError),
    /// QEMU could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// QEMU could not be controlled.
    #[error(transparent)]
    Qmp(#[from] QmpError),
    /// There is no TPM.
    #[error(transparent)]
    Tpm(#[from] TpmError),
    /// The overlay could not be made.
    #[error("making an overlay over {}: {reason}", base.display())]
    Overlay {
        /// The image.
        base: PathBuf,
        /// Words of qemu-img.
        reason: String,
    },
    /// A line did not appear.
    #[error("{name}: `{pattern}` did not appear within {seconds} s{log}")]
    Pattern {
        /// Name of the machine.
        name: String,
        /// What was waited for.
        pattern: String,
        /// How long.
        seconds: u64,
        /// The console.
        log: Log,
    },
    /// The machine ended before a line appeared.
    #[error("{name}: the machine ended before `{pattern}` appeared{log}")]
    Ended {
        /// Name of the machine.
        name: String,
        /// What was waited for.
        pattern: String,
        /// The console.
        log: Log,
    },
    /// The machine did not end.
    #[error("{name}: the machine still ran after {seconds} s{log}")]
    Runs {
        /// Name of the machine.
        name: String,
        /// How long was waited.
        seconds: u64,
        /// The console.
        log: Log,
    },
    /// The machine ended in another way.
    #[error("{name}: the machine ended with {found:?}, expected {expected:?}{log}")]
    Ending {
        /// Name of the machine.
        name: String,
        /// How it ended.
        found: Ending,
        /// How it should have.
        expected: Ending,
        /// The console.
        log: Log,
    },
    /// The console has lines that no healthy boot has.
    #[error("{name}: the console shows\n{problems}{log}")]
    Console {
        /// Name of the machine.
        name: String,
        /// The lines.
        problems: String,
        /// The console.
        log: Log,
    },
    /// A port is not forwarded.
    #[error("{name}: port {port} is not forwarded")]
    Port {
        /// Name of the machine.
        name: String,
        /// The guest's port.
        port: u16,
    },
}

/// Where a console's log is, and its last lines.
#[derive(Debug, Clone)]
pub struct Log {
    /// The file; none where the console is the terminal.
    pub path: Option<PathBuf>,
    /// The last lines.
    pub tail: String,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "\n--- end of {}:\n{}", path.display(), self.tail),
            None => Ok(()),
        }
    }
}
