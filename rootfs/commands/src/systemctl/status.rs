//! `status`: units for people, with their processes and last log lines.

use std::collections::BTreeMap;

use anyhow::Result;
use keelson_control::{ActiveState, LoadState, UnitStatus};
use keelson_output::eprintln;
use keelson_units::model::{UnitKind, UnitName};

use super::options::{Options, Output};
use super::processes::{self, Group};
use super::{files, select};
use crate::ask;
use crate::screen::{self, Screen};

mod process_lines;
mod system;
mod unit_lines;

/// Log lines below a unit where nothing else is said.
const LOG_LINES: usize = 10;

/// What a unit's status prints that is not PID 1's to know.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// `enabled`, `static`, ... and what the presets say.
    pub enabled: Option<(String, Option<bool>)>,
    /// Its processes.
    pub group: Option<Group>,
    /// The programs of its main and control process.
    pub programs: BTreeMap<u32, String>,
    /// The states of units that it triggers or is triggered by.
    pub states: BTreeMap<String, ActiveState>,
    /// The last lines of its log.
    pub log: Vec<String>,
}

/// Runs it. Exit statuses: 0 all are active, 3 one is not, 4 one is not there.
pub fn run(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    if words.is_empty() && options.states.is_empty() && options.types.is_empty() && !options.all {
        screen::print(&system::text(screen)?);
        return Ok(0);
    }
    let names = if words.is_empty() {
        let units = ask::units()?;
        units
            .into_iter()
            .filter(|unit| select::shown(unit, &[], options))
            .map(|unit| unit.name)
            .collect()
    } else {
        select::names(&with_processes(words), UnitKind::Service)?
    };
    let units = ask::statuses(&names)?;
    let mut out = String::new();
    let mut status = 0;
    let mut changed = Vec::new();
    for unit in &units {
        if unit.load == LoadState::NotFound && unit.active == ActiveState::Inactive {
            eprintln(format_args!("Unit {} could not be found.", unit.name));
            status = status.max(4);
            continue;
        }
        if !matches!(unit.active, ActiveState::Active | ActiveState::Reloading) {
            status = status.max(3);
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out += &text(unit, &surroundings(unit, options), screen);
        changed.extend(unit.need_reload.then_some(unit.name.as_str()));
    }
    screen::print(&out);
    for name in changed {
        eprintln(format_args!(
            "Warning: The unit file, source configuration file or drop-ins of {name} changed on disk. \
             Run 'systemctl daemon-reload' to reload units."
        ));
    }
    Ok(status)
}

/// Process numbers become the names of their units.
fn with_processes(words: &[String]) -> Vec<String> {
    let unit_of = |word: &String| {
        let pid: u32 = word.parse().ok()?;
        let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        let path = text.lines().find_map(|line| line.strip_prefix("0::"))?.to_owned();
        path.split('/').rev().find(|part| part.parse::<UnitName>().is_ok()).map(str::to_owned)
    };
    words.iter().map(|word| unit_of(word).unwrap_or_else(|| word.clone())).collect()
}

fn surroundings(unit: &UnitStatus, options: &Options) -> Surroundings {
    let others: Vec<String> = unit.triggers.iter().chain(&unit.triggered_by).cloned().collect();
    // Marks of other units are an adornment; where they cannot be had, they are hollow.
    let states = ask::statuses(&others).unwrap_or_default();
    let pids: Vec<u32> =
        unit.service.iter().flat_map(|service| [service.main_pid, service.control_pid]).collect();
    let lines = options.lines.unwrap_or(LOG_LINES);
    let quiet = lines == 0 || options.output != Output::Text && unit.invocation.is_none();
    let log = if quiet {
        Vec::new()
    } else {
        keelson_journal::tail::unit_lines(&unit.name, unit.invocation.as_deref(), lines)
    };
    Surroundings {
        enabled: unit.fragment.as_ref().and_then(|_| files::enabled_state(&unit.name)),
        group: unit.cgroup.as_deref().and_then(processes::read),
        programs: pids
            .into_iter()
            .filter_map(|pid| Some((pid, processes::program(pid)?)))
            .collect(),
        states: states.into_iter().map(|status| (status.name, status.active)).collect(),
        log,
    }
}

/// The text of one unit.
pub fn text(unit: &UnitStatus, around: &Surroundings, screen: &Screen) -> String {
    let mut out = String::new();
    let mark = screen.paint(unit_lines::paint(unit.active), unit_lines::mark(unit.active));
    put!(out, "{mark} {}", unit.name);
    if unit.description != unit.name {
        put!(out, " - {}", unit.description);
    }
    out.push('\n');
    for (row, lines) in
        unit_lines::rows(unit, around, screen).into_iter().chain(process_lines::rows(unit, around))
    {
        for (index, line) in lines.iter().enumerate() {
            let label = if index == 0 { format!("{row}:") } else { " ".to_owned() };
            let text = format!("{label:>12} {line}");
            // What has colours is short, and a warning ends in what to do; the rest is cut.
            let whole = line.contains('\x1b') || row == "Warning";
            out += &if whole { text } else { screen.cut(&text) };
            out.push('\n');
        }
    }
    if !around.log.is_empty() {
        out.push('\n');
        for line in &around.log {
            screen.line(&mut out, line);
        }
    }
    out
}

#[cfg(test)]
mod tests;
