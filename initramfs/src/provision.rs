//! The first boot's provisioning: runs the provisioner of the verified `/usr` once.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use thiserror::Error;

use crate::console;
use crate::programs;
use crate::refuse::{Failure, doing};

const PROGRAM: &str = "/usr/lib/keelson/provision";
/// The file on ROOT that says provisioning is done. Changing it provisions installed systems again.
const MARKER: &str = "var/lib/keelson/provisioned";

/// Why the first boot does not go on.
#[derive(Debug, Error)]
pub(crate) enum ProvisionError {
    /// The provisioner could not be run, or the marker not be written.
    #[error("first boot: {0}")]
    Failed(#[from] Failure),
    /// The provisioner refused the configuration; what it printed was said.
    #[error("first boot: provisioning failed, see the lines `provision:` above ({0})")]
    Refused(Failure),
}

/// Whether ROOT below `root` still waits for its provisioning.
pub(crate) fn is_due(root: &str) -> bool {
    !Path::new(root).join(MARKER).exists()
}

/// Provisions `root` and remembers it. `platform` is what the command line names, if it does;
/// `config` is the file of a configuration that is taken instead of the platform's.
pub(crate) fn run(
    root: &str,
    platform: Option<&str>,
    config: Option<&str>,
) -> Result<(), ProvisionError> {
    console::step("first boot: provisioning");
    let named = platform.map(|name| format!("--platform={name}"));
    let config = config.map(|file| format!("--config={file}"));
    let words = named.as_deref().into_iter().chain(config.as_deref());
    let arguments: Vec<&str> = ["--root", root].into_iter().chain(words).collect();
    let ended = programs::run(PROGRAM, &arguments, &[])?;
    ended.success().map_err(ProvisionError::Refused)?;
    // What was provisioned is on the disk before the marker says so.
    rustix::fs::sync();
    let marker = Path::new(root).join(MARKER);
    mark(&marker).map_err(doing(format!("writing {}", marker.display())))?;
    console::step("first boot: provisioned");
    Ok(())
}

fn mark(marker: &Path) -> io::Result<()> {
    fs::write(marker, "")?;
    File::open(marker)?.sync_all()?;
    marker.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
