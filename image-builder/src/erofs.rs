//! `/usr` as an EROFS image, compressed by `mkfs.erofs` of the SDK from a tar stream.

use std::io::{BufWriter, Read};
use std::path::Path;
use std::process::Stdio;

use keelson_sdk::Tools;
use rustix::fs::Mode;
use thiserror::Error;
use uuid::Uuid;

use crate::board::{Feature, Usr};
use crate::tree::{Tree, TreeError};

/// Why an image could not be made or read.
#[derive(Debug, Error)]
pub enum ErofsError {
    /// The SDK does not have the tool.
    #[error(transparent)]
    Tool(#[from] keelson_sdk::ToolsError),
    /// The tool could not be started or waited for.
    #[error("running {tool}: {error}")]
    Run {
        /// Its name.
        tool: &'static str,
        /// Why.
        error: std::io::Error,
    },
    /// The tool does not say so itself.
    #[error(
        "the disk is full: {tool} could not write {path}\n  free some space, or name another folder with --out DIR",
        path = .path.display()
    )]
    DiskFull {
        /// Its name.
        tool: &'static str,
        /// What it wrote.
        path: std::path::PathBuf,
    },
    /// The tool failed.
    #[error("{tool} failed ({status}): {output}")]
    Failed {
        /// Its name.
        tool: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said.
        output: String,
    },
    /// The tree could not be streamed.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// Writes the image of a tree. Same tree, same bytes: every time stamp is 0, the UUID is given.
pub fn write(
    tools: &Tools,
    tree: &Tree,
    format: &Usr,
    uuid: Uuid,
    to: &Path,
) -> Result<(), ErofsError> {
    const TOOL: &str = "mkfs.erofs";
    let failed = |error| ErofsError::Run { tool: TOOL, error };
    let mut command = tools.command(TOOL)?;
    command.args(["--quiet", "-T0", "--tar=f"]).arg(format!("-U{uuid}"));
    if let Some(compression) = format.compression.mkfs_option() {
        command.arg(format!("-z{compression}")).arg(format!("-C{}", format.cluster_size.bytes()));
    }
    if !format.features.is_empty() {
        let names: Vec<_> = format.features.iter().copied().map(Feature::name).collect();
        command.arg(format!("-E{}", names.join(",")));
    }
    command.arg(to).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    // The tool gives the inode that holds the fragments the mode of a new file, which is the umask's choice.
    let callers = rustix::process::umask(Mode::from_raw_mode(0o022));
    let spawned = command.spawn();
    rustix::process::umask(callers);
    let mut child = spawned.map_err(failed)?;
    let stdin = child.stdin.take().expect("its standard input is a pipe");
    let mut stderr = child.stderr.take().expect("its standard error is a pipe");
    let listener = std::thread::spawn(move || {
        let mut said = String::new();
        // What cannot be read of its last words is not worth failing for.
        let _ = stderr.read_to_string(&mut said);
        said
    });
    let written = tree.write_tar(BufWriter::with_capacity(1 << 20, stdin));
    let status = child.wait().map_err(failed)?;
    let output = listener.join().unwrap_or_default();
    if !status.success() {
        if is_full(to) {
            return Err(ErofsError::DiskFull { tool: TOOL, path: to.to_owned() });
        }
        return Err(ErofsError::Failed { tool: TOOL, status, output: output.trim().to_owned() });
    }
    Ok(written?)
}

/// Whether the file system of a file that could not be written has less than 1 MiB left.
fn is_full(file: &Path) -> bool {
    let space = file.parent().and_then(|folder| rustix::fs::statvfs(folder).ok());
    space.is_some_and(|space| space.f_bavail.saturating_mul(space.f_frsize) < 1 << 20)
}

/// Extracts an image into a folder that must not exist yet.
pub fn extract(tools: &Tools, image: &Path, to: &Path) -> Result<(), ErofsError> {
    const TOOL: &str = "fsck.erofs";
    let output = tools
        .command(TOOL)?
        .arg(format!("--extract={}", to.display()))
        .args(["--no-preserve-owner", "--force"])
        .arg(image)
        .output()
        .map_err(|error| ErofsError::Run { tool: TOOL, error })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ErofsError::Failed { tool: TOOL, status: output.status, output: said })
}
