//! Why a boot was refused, and what happens then.

use std::io;
use std::thread::sleep;
use std::time::Duration;

use keelson_format::cmdline::CmdlineError;
use keelson_kernel_modules::OpenError;
use rustix::system::{RebootCommand, reboot};
use thiserror::Error;

use crate::console::{self, Level};
use crate::find::FindError;
use crate::netboot::NetbootError;
use crate::provision::ProvisionError;
use crate::root::RootError;
use crate::usr::UsrError;

/// A system call that failed, and what it was for.
#[derive(Debug, Error)]
#[error("{doing}: {source}")]
pub(crate) struct Failure {
    doing: String,
    source: io::Error,
}

/// Makes the error of a system call a [`Failure`]: `.map_err(doing("mounting /proc"))`.
pub(crate) fn doing<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Failure {
    move |error| Failure { doing: what.into(), source: error.into() }
}

/// Why this machine does not boot this `/usr`.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    /// The command line lacks what the builder puts there.
    #[error(transparent)]
    Cmdline(#[from] CmdlineError),
    /// The kernel's file systems are not to be had.
    #[error("{0}")]
    Mount(Failure),
    /// The initramfs does not hold the module index of this kernel.
    #[error(transparent)]
    Modules(#[from] OpenError),
    /// The initramfs does not hold release keys.
    #[error("/etc/keelson/release-keys of the initramfs: {0}")]
    Keys(String),
    /// The partitions of this `/usr` are not there.
    #[error(transparent)]
    Find(#[from] FindError),
    /// What a network loader brought along is no `/usr`.
    #[error(transparent)]
    Netboot(#[from] NetbootError),
    /// `/usr` is not what was signed.
    #[error(transparent)]
    Usr(#[from] UsrError),
    /// ROOT cannot be made or mounted.
    #[error(transparent)]
    Root(#[from] RootError),
    /// `/etc` cannot be put together.
    #[error("{0}")]
    Etc(Failure),
    /// The first boot's provisioning failed.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The new root cannot be switched to.
    #[error("{0}")]
    Switch(Failure),
}

/// What a refusal ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Restart after so many seconds: the loader counts the boot as failed and falls back.
    Restart(u64),
    /// Stay, so that someone can look.
    Stay,
}

/// Seconds that a refusal stays on the console, unless `panic=` says otherwise.
const SHOWN: u64 = 10;

impl Policy {
    /// The policy of a command line: `keelson.debug` stays where the image allows it; `panic=N` is
    /// obeyed as the kernel does it, but a refusal never hangs with `panic=0`.
    pub(crate) fn of(cmdline: &str, debug_allowed: bool) -> Self {
        let words = cmdline.split_whitespace();
        if debug_allowed && words.clone().any(|word| word == "keelson.debug") {
            return Self::Stay;
        }
        match words.rev().find_map(|word| word.strip_prefix("panic=")?.parse::<i64>().ok()) {
            None | Some(0) => Self::Restart(SHOWN),
            Some(seconds) => Self::Restart(u64::try_from(seconds).unwrap_or(0)),
        }
    }
}

/// Says why the boot is refused and does what the policy says.
pub(crate) fn act(what: &str, policy: Policy) -> ! {
    console::say(Level::Critical, format_args!("REFUSED: {what}"));
    match policy {
        Policy::Restart(seconds) => {
            console::say(
                Level::Critical,
                format_args!("restarting in {seconds} s so that the loader can fall back"),
            );
            sleep(Duration::from_secs(seconds));
        }
        Policy::Stay => loop {
            console::say(Level::Critical, "keelson.debug: staying here instead of restarting");
            sleep(Duration::from_mins(1));
        },
    }
    rustix::fs::sync();
    loop {
        if let Err(errno) = reboot(RebootCommand::Restart) {
            console::say(Level::Critical, format_args!("restarting: {errno}"));
        }
        sleep(Duration::from_secs(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_restarts_unless_debugging_is_asked_for_and_allowed() {
        for (cmdline, allowed, policy) in [
            ("quiet", true, Policy::Restart(10)),
            ("keelson.debug", false, Policy::Restart(10)),
            ("keelson.debug", true, Policy::Stay),
            ("panic=30", false, Policy::Restart(30)),
            ("panic=30 panic=-1", false, Policy::Restart(0)),
            ("panic=0", false, Policy::Restart(10)),
        ] {
            assert_eq!(Policy::of(cmdline, allowed), policy, "{cmdline}");
        }
    }
}
