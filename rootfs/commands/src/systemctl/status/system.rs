//! `status` without a unit: the system as a whole.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use keelson_control::{Answer, ClientError, Request, SystemState};

use crate::ask;
use crate::clock;
use crate::screen::{Paint, Screen};
use crate::systemctl::processes;

/// Its text.
pub fn text(screen: &Screen) -> Result<String> {
    let Answer::Manager(manager) = ask::ask(&Request::ShowManager)? else {
        bail!(ClientError::Unexpected);
    };
    let paint = match manager.state {
        SystemState::Running => Paint::Green,
        SystemState::Degraded | SystemState::Maintenance => Paint::Red,
        _ => Paint::Yellow,
    };
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let since = manager.since.real;
    let mut out = String::new();
    let rows = [
        ("State", screen.paint(paint, manager.state.as_str())),
        ("Units", format!("{} loaded", manager.units)),
        ("Jobs", format!("{} queued", manager.jobs)),
        ("Failed", format!("{} units", manager.failed)),
        (
            "Since",
            format!("{}; {}", screen.zone.text(since), clock::relative(since, screen.now.real)),
        ),
        ("Version", manager.version.clone()),
        ("Tainted", manager.tainted.join(":")),
    ];
    // A string takes all that is written.
    let _infallible = writeln!(out, "{} {host}", screen.paint(paint, "●"));
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let _infallible = writeln!(out, "{label:>11}: {value}");
    }
    if let Some(mut group) = processes::read("/") {
        // Threads of the kernel are in the root group.
        group.processes.retain(|(_, command)| !command.starts_with('['));
        let _infallible = writeln!(out, "{:>11}: /", "CGroup");
        for line in group.lines() {
            screen.line(&mut out, &format!("{:13}{line}", ""));
        }
    }
    Ok(out)
}
