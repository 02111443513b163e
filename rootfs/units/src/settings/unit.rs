//! Setters of `[Unit]` (systemd.unit(5)); conditions are in `condition`.

use super::value::{Mistake, Outcome, Table, Value, absolute, append, not_a, optional, put};
use crate::model::{EmergencyAction, JobMode, Relation, Unit};

const ACTIONS: &[(&str, EmergencyAction)] = &[
    ("none", EmergencyAction::None),
    ("reboot", EmergencyAction::Reboot),
    ("reboot-force", EmergencyAction::RebootForce),
    ("reboot-immediate", EmergencyAction::RebootImmediate),
    ("poweroff", EmergencyAction::Poweroff),
    ("poweroff-force", EmergencyAction::PoweroffForce),
    ("poweroff-immediate", EmergencyAction::PoweroffImmediate),
    ("exit", EmergencyAction::Exit),
    ("exit-force", EmergencyAction::ExitForce),
    ("halt", EmergencyAction::Halt),
    ("halt-force", EmergencyAction::HaltForce),
    ("halt-immediate", EmergencyAction::HaltImmediate),
    // A new kernel by kexec and a new userland in place are reboots of the whole machine here.
    ("kexec", EmergencyAction::Reboot),
    ("kexec-force", EmergencyAction::RebootForce),
    ("soft-reboot", EmergencyAction::Reboot),
    ("soft-reboot-force", EmergencyAction::RebootForce),
];

/// The words of `--job-mode=` (systemctl(1)).
pub const JOB_MODES: &[(&str, JobMode)] = &[
    ("fail", JobMode::Fail),
    ("replace", JobMode::Replace),
    ("replace-irreversibly", JobMode::ReplaceIrreversibly),
    ("isolate", JobMode::Isolate),
    ("flush", JobMode::Flush),
    ("ignore-dependencies", JobMode::IgnoreDependencies),
    ("ignore-requirements", JobMode::IgnoreRequirements),
];

pub(crate) const UNIT: Table<Unit> = &[
    ("Description", |u, v| put(&mut u.description, v.text())),
    ("Documentation", |u, v| append(&mut u.documentation, v, Value::words)),
    ("Requires", |u, v| relate(u, v, Relation::Requires)),
    ("RequiresOverridable", |u, v| relate(u, v, Relation::Requires)),
    ("Requisite", |u, v| relate(u, v, Relation::Requisite)),
    ("RequisiteOverridable", |u, v| relate(u, v, Relation::Requisite)),
    ("Wants", |u, v| relate(u, v, Relation::Wants)),
    ("BindsTo", |u, v| relate(u, v, Relation::BindsTo)),
    ("BindTo", |u, v| relate(u, v, Relation::BindsTo)),
    ("Upholds", |u, v| relate(u, v, Relation::Upholds)),
    ("Conflicts", |u, v| relate(u, v, Relation::Conflicts)),
    ("Before", |u, v| relate(u, v, Relation::Before)),
    ("After", |u, v| relate(u, v, Relation::After)),
    ("OnSuccess", |u, v| relate(u, v, Relation::OnSuccess)),
    ("OnFailure", |u, v| relate(u, v, Relation::OnFailure)),
    ("PropagatesReloadTo", |u, v| relate(u, v, Relation::PropagatesReloadTo)),
    ("PropagateReloadTo", |u, v| relate(u, v, Relation::PropagatesReloadTo)),
    ("ReloadPropagatedFrom", |u, v| relate(u, v, Relation::ReloadPropagatedFrom)),
    ("PropagateReloadFrom", |u, v| relate(u, v, Relation::ReloadPropagatedFrom)),
    ("PropagatesStopTo", |u, v| relate(u, v, Relation::PropagatesStopTo)),
    ("StopPropagatedFrom", |u, v| relate(u, v, Relation::StopPropagatedFrom)),
    ("PartOf", |u, v| relate(u, v, Relation::PartOf)),
    ("JoinsNamespaceOf", |u, v| relate(u, v, Relation::JoinsNamespaceOf)),
    ("RequiresMountsFor", |u, v| mounts_for(u, v, true)),
    ("WantsMountsFor", |u, v| mounts_for(u, v, false)),
    ("StopWhenUnneeded", |u, v| put(&mut u.settings.stop_when_unneeded, v.boolean())),
    ("RefuseManualStart", |u, v| put(&mut u.settings.refuse_manual_start, v.boolean())),
    ("RefuseManualStop", |u, v| put(&mut u.settings.refuse_manual_stop, v.boolean())),
    ("AllowIsolate", |u, v| put(&mut u.settings.allow_isolate, v.boolean())),
    ("DefaultDependencies", |u, v| put(&mut u.settings.default_dependencies, v.boolean())),
    ("SurviveFinalKillSignal", |u, v| put(&mut u.settings.survive_final_kill, v.boolean())),
    ("OnSuccessJobMode", |u, v| put(&mut u.settings.on_success_job_mode, job_mode(v))),
    ("OnFailureJobMode", |u, v| put(&mut u.settings.on_failure_job_mode, job_mode(v))),
    ("OnFailureIsolate", |u, v| {
        let mode = if v.boolean()? { JobMode::Isolate } else { JobMode::Replace };
        u.settings.on_failure_job_mode = mode;
        Ok(())
    }),
    ("IgnoreOnIsolate", |u, v| put(&mut u.settings.ignore_on_isolate, v.boolean())),
    ("JobTimeoutSec", |u, v| put(&mut u.settings.job_timeout, v.timeout())),
    ("JobRunningTimeoutSec", |u, v| {
        // For ever is said, too: a device would have a default.
        u.settings.job_running_timeout = Some(v.timeout()?.unwrap_or_default());
        Ok(())
    }),
    ("JobTimeoutAction", |u, v| put(&mut u.settings.job_timeout_action, action(v))),
    ("JobTimeoutRebootArgument", reboot_argument),
    ("StartLimitIntervalSec", start_limit_interval),
    ("StartLimitInterval", start_limit_interval),
    ("StartLimitBurst", start_limit_burst),
    ("StartLimitAction", start_limit_action),
    ("FailureAction", failure_action),
    ("SuccessAction", |u, v| put(&mut u.settings.success_action, action(v))),
    ("RebootArgument", reboot_argument),
];

/// Settings of `[Unit]` that once stood in `[Service]` and are still taken from there.
pub(crate) const MOVED_FROM_SERVICE: Table<Unit> = &[
    ("StartLimitInterval", start_limit_interval),
    ("StartLimitBurst", start_limit_burst),
    ("StartLimitAction", start_limit_action),
    ("FailureAction", failure_action),
    ("RebootArgument", reboot_argument),
];

fn start_limit_interval(unit: &mut Unit, value: &Value<'_>) -> Outcome {
    put(&mut unit.settings.start_limit_interval, value.finite_span())
}

fn start_limit_burst(unit: &mut Unit, value: &Value<'_>) -> Outcome {
    put(&mut unit.settings.start_limit_burst, value.number())
}

fn start_limit_action(unit: &mut Unit, value: &Value<'_>) -> Outcome {
    put(&mut unit.settings.start_limit_action, action(value))
}

fn failure_action(unit: &mut Unit, value: &Value<'_>) -> Outcome {
    put(&mut unit.settings.failure_action, action(value))
}

fn reboot_argument(unit: &mut Unit, value: &Value<'_>) -> Outcome {
    optional(&mut unit.settings.reboot_argument, value, Value::text)
}

fn action(value: &Value<'_>) -> Result<EmergencyAction, Mistake> {
    value.choice(ACTIONS, "none, reboot, poweroff, exit, halt or one of them with -force")
}

fn job_mode(value: &Value<'_>) -> Result<JobMode, Mistake> {
    value.choice(JOB_MODES, "a job mode such as replace")
}

/// Relations add up; an empty value changes nothing (systemd.unit(5), "drop-ins").
fn relate(unit: &mut Unit, value: &Value<'_>, relation: Relation) -> Outcome {
    let (names, outcome) = value.names();
    for name in names {
        unit.dependencies.add(relation, name);
    }
    outcome
}

fn mounts_for(unit: &mut Unit, value: &Value<'_>, required: bool) -> Outcome {
    for word in value.words()? {
        let path = absolute(&word).map_err(|_| not_a(&word, "an absolute path"))?;
        *unit.settings.mounts_for.entry(path).or_default() |= required;
    }
    Ok(())
}
