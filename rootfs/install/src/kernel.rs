//! An installation that nobody attends, as the kernel command line says.

use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use keelson_output::eprintln;

use crate::arguments::{self, Install, Target, Then};

/// How long the disk is waited for: controllers and USB take their time.
const PATIENCE: Duration = Duration::from_mins(1);

/// Installs, and does what is to follow. After a failure the machine stays up, so that somebody can look.
pub fn run(install: impl FnOnce(&Install) -> Result<()>) -> ExitCode {
    let wish = std::fs::read_to_string("/proc/cmdline").context("reading /proc/cmdline");
    let outcome = wish.and_then(|text| arguments::of_kernel(&text)).and_then(|(wish, then)| {
        wait_for(&wish);
        install(&wish)?;
        Ok(then)
    });
    match outcome {
        Ok(then) => {
            eprintln("keelson-install: done");
            follow(then)
        }
        Err(error) => {
            eprintln(format_args!("keelson-install: FAILED: {error:#}"));
            eprintln(
                "keelson-install: this system stays up; `journalctl -u keelson-install` shows all of it",
            );
            ExitCode::FAILURE
        }
    }
}

fn wait_for(install: &Install) {
    let began = Instant::now();
    let Target::Device(node) = &install.target else { return };
    while !node.exists() && began.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(200));
    }
}

fn follow(then: Then) -> ExitCode {
    let verb = match then {
        Then::Stay => return ExitCode::SUCCESS,
        Then::Reboot => "reboot",
        Then::PowerOff => "poweroff",
    };
    match Command::new("systemctl").arg(verb).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        other => {
            eprintln(format_args!("keelson-install: {verb} failed: {other:?}"));
            ExitCode::FAILURE
        }
    }
}
