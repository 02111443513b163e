//! `start`, `stop`, `restart`, `reload` and their kin, `isolate`.

use anyhow::{Result, bail};
use keelson_control::{
    ActiveState, Answer, ClientError, JobMode, JobOutcome, JobResult, Outcome, RefusalKind,
    Request, UnitStatus, Verb, Wait,
};
use keelson_output::eprintln;
use keelson_units::model::UnitKind;

use super::options::Options;
use super::select;
use crate::ask;

/// Runs it. Exit statuses: 0, 1 failed, 4 no permission, 5 no such unit.
pub fn run(verb: Verb, words: &[String], options: &Options) -> Result<u8> {
    if words.is_empty() {
        bail!("Too few arguments.");
    }
    let suffix = if verb == Verb::Isolate { UnitKind::Target } else { UnitKind::Service };
    let names = select::names(words, suffix)?;
    if verb == Verb::Isolate && names.len() != 1 {
        bail!("isolate takes one unit");
    }
    run_for(verb, &names, options)
}

/// The same with names that are whole.
pub fn run_for(verb: Verb, units: &[String], options: &Options) -> Result<u8> {
    if units.is_empty() {
        return Ok(0);
    }
    let mode = match (options.job_mode, verb) {
        (Some(mode), _) => mode,
        (None, Verb::Isolate) => JobMode::Isolate,
        (None, _) => JobMode::Replace,
    };
    let wait = match (options.no_block, options.wait) {
        (true, _) => Wait::Queued,
        (false, true) => Wait::Inactive,
        (false, false) => Wait::Finished,
    };
    let Answer::Outcomes(outcomes) =
        ask::ask(&Request::Change { verb, units: units.to_vec(), mode, wait })?
    else {
        bail!(ClientError::Unexpected);
    };
    let mut status = 0;
    for outcome in &outcomes {
        if let Outcome::Queued(job) = outcome.outcome {
            if options.show_transaction {
                eprintln(format_args!("Enqueued anchor job {job} {}/{verb}.", outcome.unit));
            }
            continue;
        }
        let unit = || {
            ask::statuses(std::slice::from_ref(&outcome.unit))
                .ok()
                .and_then(|mut units| units.pop())
        };
        if let Some((own, message)) = complaint(verb, outcome, unit) {
            status = status.max(own);
            if !options.quiet {
                eprintln(message);
            }
        }
    }
    if verb == Verb::Stop && !options.quiet && !options.no_block {
        warn_of_triggers(units);
    }
    if status == 0 && options.wait { Ok(ended_well(units)) } else { Ok(status) }
}

/// What is said of a job that did not do as it should, and the exit status.
fn complaint(
    verb: Verb,
    outcome: &JobOutcome,
    status: impl FnOnce() -> Option<UnitStatus>,
) -> Option<(u8, String)> {
    let unit = &outcome.unit;
    let result = match &outcome.outcome {
        Outcome::Queued(_) => return None,
        Outcome::Refused(refusal) => {
            let code = match refusal.kind {
                RefusalKind::AccessDenied => 4,
                RefusalKind::NoSuchUnit => 5,
                RefusalKind::LoadFailed => 6,
                _ => 1,
            };
            return Some((code, format!("Failed to {verb} {unit}: {}", ask::refused(refusal))));
        }
        Outcome::Finished(result) => result,
    };
    let message = match result {
        JobResult::Done | JobResult::Skipped => return None,
        JobResult::Canceled => format!("Job for {unit} canceled."),
        JobResult::Timeout => format!("Job for {unit} timed out."),
        JobResult::Dependency => {
            format!("A dependency job for {unit} failed. See 'journalctl -xe' for details.")
        }
        JobResult::Invalid => format!("{unit} is not active, cannot reload."),
        JobResult::Assert => format!("Assertion failed on job for {unit}."),
        JobResult::Unsupported => {
            format!("Operation on or unit type of {unit} not supported on this system.")
        }
        JobResult::Collected => format!("Queued job for {unit} was garbage collected."),
        JobResult::Once => {
            format!("Unit {unit} was started already once and can't be started again.")
        }
        JobResult::Failed => failure(unit, status().as_ref()),
    };
    Some((1, message))
}

fn failure(unit: &str, status: Option<&UnitStatus>) -> String {
    let result = status.map_or("", |status| status.result.as_str());
    let reason = match result {
        "resources" => "of unavailable resources or another system error",
        "protocol" => "the service did not take the steps required by its unit configuration",
        "timeout" => "a timeout was exceeded",
        "exit-code" => "the control process exited with error code",
        "signal" => "a fatal signal was delivered to the control process",
        "core-dump" => "a fatal signal was delivered causing the control process to dump core",
        "watchdog" => "the service failed to send watchdog ping",
        "start-limit-hit" => "start of the service was attempted too often",
        "oom-kill" => "of an out-of-memory (OOM) situation",
        _ => "",
    };
    let reason = if reason.is_empty() { String::new() } else { format!(" because {reason}") };
    let journal = if unit.ends_with(".service") {
        format!("See \"systemctl status {unit}\" and \"journalctl -xeu {unit}\" for details.")
    } else {
        "See \"journalctl -xe\" for details.".to_owned()
    };
    let again = if result == "start-limit-hit" {
        format!(
            "\nTo force a start use \"systemctl reset-failed {unit}\"\nfollowed by \"systemctl start {unit}\" again."
        )
    } else {
        String::new()
    };
    format!("Job for {unit} failed{reason}.\n{journal}{again}")
}

/// A unit that is stopped and whose socket still listens will be back soon.
fn warn_of_triggers(units: &[String]) {
    // A warning that cannot be given is no failure of the stop.
    for unit in ask::statuses(units).unwrap_or_default() {
        let triggers = ask::statuses(&unit.triggered_by).unwrap_or_default();
        let active: Vec<String> = triggers
            .into_iter()
            .filter(|unit| unit.active == ActiveState::Active)
            .map(|unit| unit.name)
            .collect();
        if !active.is_empty() {
            eprintln(format_args!(
                "Stopping '{}', but its triggering units are still active:\n{}",
                unit.name,
                active.join(", ")
            ));
        }
    }
}

/// Of `--wait`: 1 where a unit ended badly.
fn ended_well(units: &[String]) -> u8 {
    let ended = ask::statuses(units).unwrap_or_default();
    u8::from(ended.iter().any(|unit| unit.active == ActiveState::Failed))
}

#[cfg(test)]
mod tests;
