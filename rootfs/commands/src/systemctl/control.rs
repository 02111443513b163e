//! The verbs that are one request each: `kill`, `clean`, `freeze`, `reset-failed`, `daemon-reload`, the environment.

use anyhow::{Context, Result, bail};
use keelson_control::{Answer, ClientError, Request};
use keelson_output::eprintln;
use keelson_units::model::UnitKind;

use super::options::Options;
use super::select;
use crate::ask::{ask, ask_done};
use crate::screen;

/// Runs it, or says that there is no such verb.
pub fn run(verb: &str, words: &[String], options: &Options) -> Result<u8> {
    let units = || some(select::names(words, UnitKind::Service)?);
    match verb {
        "kill" => return kill(&units()?, options),
        "reset-failed" => {
            ask_done(&Request::ResetFailed { units: select::names(words, UnitKind::Service)? })?;
        }
        "daemon-reload" => ask_done(&Request::DaemonReload)?,
        "daemon-reexec" => ask_done(&Request::DaemonReexec)?,
        "clean" => ask_done(&Request::Clean { units: units()?, what: options.what.clone() })?,
        "freeze" => ask_done(&Request::Freeze { units: units()? })?,
        "thaw" => ask_done(&Request::Thaw { units: units()? })?,
        "cancel" => {
            let jobs = words
                .iter()
                .map(|word| word.parse().with_context(|| format!("`{word}` is no job")));
            ask_done(&Request::Cancel { jobs: jobs.collect::<Result<_>>()? })?;
        }
        "show-environment" => return show_environment(),
        "set-environment" => {
            ask_done(&Request::SetEnvironment { assignments: some(words.to_vec())? })?;
        }
        "unset-environment" => {
            ask_done(&Request::UnsetEnvironment { names: some(words.to_vec())? })?;
        }
        "import-environment" => {
            ask_done(&Request::SetEnvironment { assignments: imported(&some(words.to_vec())?) })?;
        }
        "log-level" => return log_level(words),
        "fdstore" => return fd_store(words),
        _ => bail!("Unknown command verb '{verb}'{}", nearest(verb)),
    }
    Ok(0)
}

fn some(words: Vec<String>) -> Result<Vec<String>> {
    if words.is_empty() {
        bail!("Too few arguments.");
    }
    Ok(words)
}

fn kill(units: &[String], options: &Options) -> Result<u8> {
    let word = options.signal.as_deref().unwrap_or("SIGTERM");
    let Some(signal) = signal(word) else {
        bail!("Failed to parse signal string \"{word}\".");
    };
    let mut status = 0;
    for unit in units {
        let whom = options.whom.unwrap_or_default();
        let request = Request::Kill { unit: unit.clone(), whom, signal, value: options.kill_value };
        if let Err(error) = ask_done(&request) {
            eprintln(format_args!("Failed to kill unit {unit}: {error:#}"));
            status = 1;
        }
    }
    Ok(status)
}

fn signal(word: &str) -> Option<i32> {
    if word == "0" {
        return Some(0);
    }
    keelson_units::signal::number(word)
}

fn show_environment() -> Result<u8> {
    let Answer::Environment(lines) = ask(&Request::ShowEnvironment)? else {
        bail!(ClientError::Unexpected);
    };
    for line in lines {
        screen::print(&format!("{line}\n"));
    }
    Ok(0)
}

fn imported(names: &[String]) -> Vec<String> {
    let value = |name: &String| std::env::var(name).ok().map(|value| format!("{name}={value}"));
    names.iter().filter_map(value).collect()
}

/// The names of levels (syslog(3)), from 0.
const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

fn log_level(words: &[String]) -> Result<u8> {
    if let Some(word) = words.first() {
        let known = LEVELS
            .iter()
            .position(|level| level == word)
            .and_then(|level| u8::try_from(level).ok());
        let level = known.or_else(|| word.parse().ok().filter(|level| *level < 8));
        let level = level.with_context(|| format!("`{word}` is none of {}", LEVELS.join(", ")))?;
        ask_done(&Request::SetLogLevel { level })?;
        return Ok(0);
    }
    let Answer::LogLevel(level) = ask(&Request::LogLevel)? else {
        bail!(ClientError::Unexpected);
    };
    screen::print(&format!("{}\n", LEVELS[usize::from(level.min(7))]));
    Ok(0)
}

fn fd_store(words: &[String]) -> Result<u8> {
    for unit in some(select::names(words, UnitKind::Service)?)? {
        let Answer::FdStore(kept) = ask(&Request::FdStore { unit })? else {
            bail!(ClientError::Unexpected);
        };
        for one in kept {
            let line = [one.name, one.kind, one.inode.to_string(), one.access, one.path];
            screen::print(&(line.join(" ") + "\n"));
        }
    }
    Ok(0)
}

/// Every verb, for hints.
const VERBS: &[&str] = &[
    "list-units",
    "list-unit-files",
    "list-timers",
    "list-sockets",
    "list-paths",
    "list-automounts",
    "list-jobs",
    "list-dependencies",
    "status",
    "show",
    "cat",
    "edit",
    "help",
    "is-active",
    "is-failed",
    "is-enabled",
    "is-system-running",
    "get-default",
    "set-default",
    "enable",
    "disable",
    "reenable",
    "mask",
    "unmask",
    "link",
    "revert",
    "preset",
    "preset-all",
    "set-property",
    "start",
    "stop",
    "restart",
    "try-restart",
    "reload",
    "reload-or-restart",
    "isolate",
    "kill",
    "clean",
    "freeze",
    "thaw",
    "reset-failed",
    "daemon-reload",
    "daemon-reexec",
    "show-environment",
    "set-environment",
    "unset-environment",
    "poweroff",
    "reboot",
    "halt",
    "kexec",
    "default",
    "rescue",
    "emergency",
    "log-level",
    "cancel",
];

fn nearest(verb: &str) -> String {
    let near = VERBS.iter().find(|known| known.starts_with(verb) || differ_by_a_slip(known, verb));
    near.map_or_else(|| ".".to_owned(), |known| format!(", did you mean '{known}'?"))
}

/// Whether the two differ by one letter put in, left out or changed, or by two neighbours that changed places.
fn differ_by_a_slip(a: &str, b: &str) -> bool {
    let front = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let back = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    let longest = a.len().max(b.len());
    let pair = |word: &str| word.as_bytes().get(front..front + 2).map(|two| [two[0], two[1]]);
    let swapped = pair(a).map(|[first, second]| [second, first]) == pair(b);
    a.len().abs_diff(b.len()) <= 1
        && (front + back + 1 >= longest
            || a.len() == b.len() && front + back + 2 == longest && swapped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_verb_is_told_with_the_one_that_was_meant() {
        for (typed, meant) in [
            ("strat", ", did you mean 'start'?"),
            ("stat", ", did you mean 'status'?"),
            ("restrt", ", did you mean 'restart'?"),
            ("isolade", ", did you mean 'isolate'?"),
            ("frobnicate", "."),
        ] {
            assert_eq!(nearest(typed), meant, "{typed}");
        }
    }
}
