//! A TPM 2.0 in software, one process a machine.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keelson_sdk::Tools;
use thiserror::Error;

use crate::process::{Process, ProcessError, quiet};

/// How long the emulator may take to make its socket.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running emulator.
#[derive(Debug)]
pub(crate) struct TpmProcess {
    // Held for its Drop.
    _process: Process,
    /// The socket that QEMU connects to.
    pub(crate) socket: PathBuf,
}

/// Why there is no TPM.
#[derive(Debug, Error)]
pub enum TpmError {
    /// The emulator did not start.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The emulator is not among the tools.
    #[error(transparent)]
    Tools(#[from] keelson_sdk::ToolsError),
    /// The state folder could not be made.
    #[error("making the TPM's state folder: {0}")]
    State(#[from] std::io::Error),
    /// The emulator is not ready.
    #[error("swtpm made no socket: {0}")]
    Socket(String),
}

impl TpmProcess {
    /// Starts an emulator with its state in `state` and its socket in `run`.
    pub(crate) fn start(tools: &Tools, state: &Path, run: &Path) -> Result<Self, TpmError> {
        fs_err::create_dir_all(state)?;
        let socket = run.join("tpm");
        let mut command = tools.command("swtpm")?;
        command.args(["socket", "--tpm2", "--terminate", "--tpmstate"]);
        command.arg(format!("dir={}", state.display()));
        command.arg("--ctrl").arg(format!("type=unixio,path={}", socket.display()));
        let mut process = Process::start("swtpm", quiet(&mut command))?;
        let began = Instant::now();
        while !socket.exists() {
            if let Some(status) = process.wait(Duration::from_millis(10))? {
                return Err(TpmError::Socket(format!("it ended with {status}")));
            }
            if began.elapsed() > PATIENCE {
                return Err(TpmError::Socket(format!("within {} s", PATIENCE.as_secs())));
            }
        }
        Ok(Self { _process: process, socket })
    }
}
