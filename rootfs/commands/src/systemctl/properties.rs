//! The properties of a unit by their names on systemd's bus, as `show` prints them.

use std::fmt::Display;

use keelson_control::{CommandStatus, Exit, ResourceUse, ServiceStatus, Stamp, UnitStatus};

use crate::clock::Zone;

type Pairs = Vec<(String, String)>;

/// All of them: those of the type first, as systemctl has it.
pub fn of(unit: &UnitStatus, zone: Zone) -> Pairs {
    let mut pairs = Pairs::new();
    if let Some(service) = &unit.service {
        service_pairs(&mut pairs, service, zone);
    }
    special_pairs(&mut pairs, unit, zone);
    put(&mut pairs, "Result", &unit.result);
    pairs.extend(unit.properties.iter().map(|(name, value)| (name.clone(), value.clone())));
    put(&mut pairs, "Slice", unit.slice.as_deref().unwrap_or_default());
    put(&mut pairs, "ControlGroup", unit.cgroup.as_deref().unwrap_or_default());
    if let Some(used) = &unit.resources {
        resource_pairs(&mut pairs, used);
    }
    unit_pairs(&mut pairs, unit, zone);
    // What PID 1 gives by name stands before what is made here.
    let mut seen = std::collections::BTreeSet::new();
    pairs.retain(|(name, value)| {
        name == "ExecStart" && seen.insert((name.clone(), value.clone()))
            || seen.insert((name.clone(), String::new()))
    });
    pairs
}

fn put(pairs: &mut Pairs, name: &str, value: impl Display) {
    pairs.push((name.to_owned(), format!("{value}")));
}

fn put_bool(pairs: &mut Pairs, name: &str, value: bool) {
    put(pairs, name, if value { "yes" } else { "no" });
}

/// A moment, empty where it never was.
pub fn moment(micros: u64, zone: Zone) -> String {
    if micros == 0 { String::new() } else { zone.text(micros) }
}

fn put_stamp(pairs: &mut Pairs, name: &str, stamp: Stamp, zone: Zone) {
    put(pairs, name, moment(stamp.real, zone));
    put(pairs, &format!("{name}Monotonic"), stamp.mono);
}

fn service_pairs(pairs: &mut Pairs, service: &ServiceStatus, zone: Zone) {
    put(pairs, "Type", &service.kind);
    put(pairs, "NotifyAccess", &service.notify_access);
    put(pairs, "WatchdogUSec", service.watchdog);
    put_stamp(pairs, "WatchdogTimestamp", service.watchdog_at, zone);
    put(pairs, "FileDescriptorStoreMax", service.fd_store_max);
    put(pairs, "NFileDescriptorStore", service.fd_store);
    put(pairs, "MainPID", service.main_pid);
    put(pairs, "ControlPID", service.control_pid);
    put(pairs, "StatusText", service.status_text.as_deref().unwrap_or_default());
    put(pairs, "StatusErrno", service.status_errno);
    put(pairs, "NRestarts", service.restarts);
    put_stamp(pairs, "ExecMainStartTimestamp", service.exec_main_start, zone);
    put_stamp(pairs, "ExecMainExitTimestamp", service.exec_main_exit, zone);
    put(pairs, "ExecMainPID", service.exec_main_pid);
    put(pairs, "ExecMainCode", code_number(service.exec_main_code));
    put(pairs, "ExecMainStatus", service.exec_main_status);
    for command in &service.commands {
        put(pairs, &command.directive, command_text(command, zone));
    }
}

/// `si_code` of sigaction(2).
fn code_number(code: Option<Exit>) -> u8 {
    match code {
        None => 0,
        Some(Exit::Exited) => 1,
        Some(Exit::Killed) => 2,
        Some(Exit::Dumped) => 3,
    }
}

fn command_text(command: &CommandStatus, zone: Zone) -> String {
    let at = |stamp: Stamp| if stamp.real == 0 { "n/a".to_owned() } else { zone.text(stamp.real) };
    let ignore = if command.ignore_failure { "yes" } else { "no" };
    let code = command.code.map_or("(null)", Exit::as_str);
    let (path, words) = (&command.path, command.arguments.join(" "));
    let (start, stop) = (at(command.started), at(command.ended));
    let (pid, status) = (command.pid, command.status);
    format!(
        "{{ path={path} ; argv[]={words} ; ignore_errors={ignore} ; start_time=[{start}] ; stop_time=[{stop}] ; \
         pid={pid} ; code={code} ; status={status}/0 }}"
    )
}

fn special_pairs(pairs: &mut Pairs, unit: &UnitStatus, zone: Zone) {
    if let Some(socket) = &unit.socket {
        for listen in &socket.listen {
            put(pairs, "Listen", format!("{} ({})", listen.address, listen.kind));
        }
        put_bool(pairs, "Accept", socket.accept);
        put(pairs, "NAccepted", socket.accepted);
        put(pairs, "NConnections", socket.connections);
        put(pairs, "NRefused", socket.refused);
    }
    if let Some(timer) = &unit.timer {
        for (directive, value) in &timer.specifications {
            let group =
                if directive == "OnCalendar" { "TimersCalendar" } else { "TimersMonotonic" };
            put(pairs, group, format!("{{ {directive}={value} }}"));
        }
        put(pairs, "NextElapseUSecRealtime", moment(timer.next_real, zone));
        put(pairs, "NextElapseUSecMonotonic", crate::clock::span(timer.next_mono, 1));
        put(pairs, "LastTriggerUSec", moment(timer.last.real, zone));
        put(pairs, "LastTriggerUSecMonotonic", timer.last.mono);
        put_bool(pairs, "Persistent", timer.persistent);
    }
    if let Some(path) = &unit.path {
        for (directive, value) in &path.watches {
            put(pairs, "Paths", format!("{value} ({directive})"));
        }
    }
    if let Some(mount) = &unit.mount {
        put(pairs, "Where", &mount.place);
        put(pairs, "What", &mount.what);
        put(pairs, "Options", &mount.options);
        put(pairs, "ControlPID", mount.control_pid);
    }
}

fn resource_pairs(pairs: &mut Pairs, used: &ResourceUse) {
    let current = |value: Option<u64>| {
        value.map_or_else(|| "[not set]".to_owned(), |value| value.to_string())
    };
    let limit =
        |value: Option<u64>| value.map_or_else(|| "infinity".to_owned(), |value| value.to_string());
    put(pairs, "MemoryCurrent", current(used.memory));
    put(pairs, "MemoryPeak", current(used.memory_peak));
    put(pairs, "MemorySwapCurrent", current(used.swap));
    put(pairs, "MemorySwapPeak", current(used.swap_peak));
    put(pairs, "CPUUsageNSec", current(used.cpu.map(|micros| micros.saturating_mul(1000))));
    put(pairs, "TasksCurrent", current(used.tasks));
    put(pairs, "TasksMax", limit(used.tasks_max));
    put(pairs, "IOReadBytes", current(used.io_read));
    put(pairs, "IOWriteBytes", current(used.io_write));
    put(pairs, "MemoryMin", used.memory_min.unwrap_or(0));
    put(pairs, "MemoryLow", used.memory_low.unwrap_or(0));
    put(pairs, "MemoryHigh", limit(used.memory_high));
    put(pairs, "MemoryMax", limit(used.memory_max));
}

fn unit_pairs(pairs: &mut Pairs, unit: &UnitStatus, zone: Zone) {
    put(pairs, "Id", &unit.name);
    put(pairs, "Names", unit.names.join(" "));
    for (relation, units) in &unit.dependencies {
        put(pairs, relation, units.join(" "));
    }
    put(pairs, "Triggers", unit.triggers.join(" "));
    put(pairs, "TriggeredBy", unit.triggered_by.join(" "));
    put(pairs, "Documentation", unit.documentation.join(" "));
    put(pairs, "Description", &unit.description);
    put(pairs, "LoadState", unit.load);
    put(pairs, "LoadError", unit.load_error.as_deref().unwrap_or_default());
    put(pairs, "ActiveState", unit.active);
    put(pairs, "FreezerState", unit.frozen);
    put(pairs, "SubState", &unit.sub);
    put(pairs, "FragmentPath", unit.fragment.as_deref().unwrap_or_default());
    put(pairs, "DropInPaths", unit.drop_ins.join(" "));
    if let Some((state, preset)) = super::files::enabled_state(&unit.name) {
        put(pairs, "UnitFileState", state);
        put(
            pairs,
            "UnitFilePreset",
            preset.map_or("", |on| if on { "enabled" } else { "disabled" }),
        );
    }
    put_stamp(pairs, "StateChangeTimestamp", unit.state_change, zone);
    put_stamp(pairs, "InactiveExitTimestamp", unit.inactive_exit, zone);
    put_stamp(pairs, "ActiveEnterTimestamp", unit.active_enter, zone);
    put_stamp(pairs, "ActiveExitTimestamp", unit.active_exit, zone);
    put_stamp(pairs, "InactiveEnterTimestamp", unit.inactive_enter, zone);
    put_bool(pairs, "NeedDaemonReload", unit.need_reload);
    put(pairs, "Job", unit.job.map(|(id, _)| id.to_string()).unwrap_or_default());
    put_bool(pairs, "ConditionResult", unit.condition_result);
    put_bool(pairs, "AssertResult", unit.assert_result);
    put_stamp(pairs, "ConditionTimestamp", unit.condition_at, zone);
    put_stamp(pairs, "AssertTimestamp", unit.assert_at, zone);
    for condition in &unit.conditions {
        let held = condition.held.map_or("untested", |held| if held { "yes" } else { "failed" });
        put(
            pairs,
            "Conditions",
            format!("{{ {}={} ; {held} }}", condition.directive, condition.value),
        );
    }
    put(pairs, "InvocationID", unit.invocation.as_deref().unwrap_or_default());
}
