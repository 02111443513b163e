//! `keelson-host-key`: the host's key for SSH, made on the first boot by `ssh-keygen`.
//!
//! The key is made beside its place and moved there when it is on the disk: after a loss of power the whole key is
//! there or none, and whoever has seen it finds it again.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use keelson_output::eprintln;

use crate::files;

const KEYGEN: &str = "/usr/bin/ssh-keygen";
/// `keelson-sshd-keygen.service` runs while this is missing.
const KEY: &str = "/etc/ssh/ssh_host_ed25519_key";

/// Runs it. Exit statuses: 0 the key is there, 1 it could not be made, 2 used wrongly.
pub fn run(arguments: &[OsString]) -> ExitCode {
    if !arguments.is_empty() {
        eprintln(format_args!("usage: keelson-host-key\n\nMakes {KEY}, if it is not there."));
        return ExitCode::from(2);
    }
    if Path::new(KEY).exists() {
        return ExitCode::SUCCESS;
    }
    match make(Command::new(KEYGEN), Path::new(KEY)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln(format_args!("keelson-host-key: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn make(mut keygen: Command, key: &Path) -> Result<()> {
    let fresh = files::beside(key);
    // What an interrupted boot left behind: ssh-keygen would ask whether to replace it.
    for left in [&fresh, &public(&fresh)] {
        files::remove(left).with_context(|| format!("removing {}", left.display()))?;
    }
    let name = keygen.get_program().to_owned();
    let status = keygen
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(&fresh)
        .status()
        .with_context(|| format!("running {}", name.display()))?;
    ensure!(status.success(), "{} failed ({status})", name.display());
    // The key itself comes last, since its being there says that all is done.
    for (from, to) in [(public(&fresh), public(key)), (fresh, key.to_owned())] {
        File::open(&from)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&from, &to))
            .with_context(|| format!("writing {}", to.display()))?;
    }
    let folder = key.parent().unwrap_or(Path::new("/"));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("writing {}", folder.display()))
}

/// Where `ssh-keygen` writes the public half.
fn public(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
