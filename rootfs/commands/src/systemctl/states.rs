//! `is-active`, `is-failed`, `is-system-running`.

use anyhow::{Result, bail};
use keelson_control::{ActiveState, Answer, ClientError, LoadState, Request, SystemState};
use keelson_units::model::UnitKind;

use super::options::Options;
use super::select;
use crate::{ask, screen};

/// Exit statuses: 0 one is active, 3 none is, 4 none is there.
pub fn is_active(words: &[String], options: &Options) -> Result<u8> {
    let units = states(words, options)?;
    let held = units
        .iter()
        .any(|(state, _)| matches!(state, ActiveState::Active | ActiveState::Reloading));
    let missing = units.iter().all(|(_, missing)| *missing);
    Ok(if held {
        0
    } else if missing {
        4
    } else {
        3
    })
}

/// Exit statuses: 0 one has failed, 1 none has. Without a word: whether the system is degraded.
pub fn is_failed(words: &[String], options: &Options) -> Result<u8> {
    if words.is_empty() {
        let state = system_state()?;
        println(state.as_str(), options);
        return Ok(u8::from(state != SystemState::Degraded));
    }
    let units = states(words, options)?;
    Ok(u8::from(!units.iter().any(|(state, _)| *state == ActiveState::Failed)))
}

fn states(words: &[String], options: &Options) -> Result<Vec<(ActiveState, bool)>> {
    if words.is_empty() {
        bail!("Too few arguments.");
    }
    let names = select::names(words, UnitKind::Service)?;
    let units = ask::statuses(&names)?;
    for unit in &units {
        println(unit.active.as_str(), options);
    }
    Ok(units.into_iter().map(|unit| (unit.active, unit.load == LoadState::NotFound)).collect())
}

/// Exit statuses: 0 running, 1 anything else.
pub fn is_system_running(options: &Options) -> Result<u8> {
    let mut state = system_state()?;
    // There is nothing to wait on but the jobs of the boot, of which PID 1 tells nobody; once a second is enough.
    while options.wait && matches!(state, SystemState::Initializing | SystemState::Starting) {
        std::thread::sleep(std::time::Duration::from_secs(1));
        state = system_state()?;
    }
    println(state.as_str(), options);
    Ok(u8::from(state != SystemState::Running))
}

fn system_state() -> Result<SystemState> {
    match ask::ask(&Request::ShowManager)? {
        Answer::Manager(manager) => Ok(manager.state),
        _ => bail!(ClientError::Unexpected),
    }
}

fn println(word: &str, options: &Options) {
    if !options.quiet {
        screen::print(&format!("{word}\n"));
    }
}
