//! Setters of `[Service]` (systemd.service(5)).

use super::command::commands;
use super::value::{Mistake, Outcome, Table, Value, absolute, append, not_a, optional, put};
use crate::model::{
    ExitStatusSet, FdStorePreserve, NotifyAccess, OomPolicy, OpenFile, Restart, RestartMode,
    Service, StartTimeout, TimeoutMode, Type, UnitKind,
};
use crate::{exit_status, signal};

const TYPES: &[(&str, Type)] = &[
    ("simple", Type::Simple),
    ("exec", Type::Exec),
    ("forking", Type::Forking),
    ("oneshot", Type::Oneshot),
    ("notify", Type::Notify),
    ("notify-reload", Type::NotifyReload),
    ("idle", Type::Idle),
];

const RESTARTS: &[(&str, Restart)] = &[
    ("no", Restart::No),
    ("on-success", Restart::OnSuccess),
    ("on-failure", Restart::OnFailure),
    ("on-abnormal", Restart::OnAbnormal),
    ("on-watchdog", Restart::OnWatchdog),
    ("on-abort", Restart::OnAbort),
    ("always", Restart::Always),
];

const RESTART_MODES: &[(&str, RestartMode)] = &[
    ("normal", RestartMode::Normal),
    ("direct", RestartMode::Direct),
    ("debug", RestartMode::Debug),
];

const TIMEOUT_MODES: &[(&str, TimeoutMode)] = &[
    ("terminate", TimeoutMode::Terminate),
    ("abort", TimeoutMode::Abort),
    ("kill", TimeoutMode::Kill),
];

const ACCESSES: &[(&str, NotifyAccess)] = &[
    ("none", NotifyAccess::None),
    ("main", NotifyAccess::Main),
    ("exec", NotifyAccess::Exec),
    ("all", NotifyAccess::All),
];

const OOM_POLICIES: &[(&str, OomPolicy)] =
    &[("continue", OomPolicy::Continue), ("stop", OomPolicy::Stop), ("kill", OomPolicy::Kill)];

pub(crate) const SERVICE: Table<Service> = &[
    ("Type", kind),
    ("ExitType", |s, v| {
        let table = [("main", false), ("cgroup", true)];
        put(&mut s.exit_with_group, v.choice(&table, "main or cgroup"))
    }),
    ("ExecCondition", |s, v| commands(&mut s.condition, v)),
    ("ExecStartPre", |s, v| commands(&mut s.start_pre, v)),
    ("ExecStart", |s, v| commands(&mut s.start, v)),
    ("ExecStartPost", |s, v| commands(&mut s.start_post, v)),
    ("ExecReload", |s, v| commands(&mut s.reload, v)),
    ("ExecStop", |s, v| commands(&mut s.stop, v)),
    ("ExecStopPost", |s, v| commands(&mut s.stop_post, v)),
    ("RemainAfterExit", |s, v| put(&mut s.remain_after_exit, v.boolean())),
    ("GuessMainPID", |s, v| put(&mut s.guess_main_pid, v.boolean())),
    ("PIDFile", |s, v| {
        optional(&mut s.pid_file, v, |v| {
            let text = v.text()?;
            // A relative path is below /run; /var/run is its old name.
            let text = text.strip_prefix("/var/run/").unwrap_or(&text);
            absolute(&if text.starts_with('/') { text.to_owned() } else { format!("/run/{text}") })
        })
    }),
    ("Restart", |s, v| {
        put(&mut s.restart, v.choice(RESTARTS, "no, always, on-failure or another of Restart="))
    }),
    ("RestartMode", |s, v| {
        put(&mut s.restart_mode, v.choice(RESTART_MODES, "normal, direct or debug"))
    }),
    ("RestartSec", |s, v| put(&mut s.restart_delay, v.finite_span())),
    ("RestartSteps", |s, v| put(&mut s.restart_steps, v.number())),
    ("RestartMaxDelaySec", |s, v| put(&mut s.restart_max_delay, v.span())),
    ("RestartPreventExitStatus", |s, v| statuses(&mut s.restart_prevent, v)),
    ("RestartForceExitStatus", |s, v| statuses(&mut s.restart_force, v)),
    ("SuccessExitStatus", |s, v| statuses(&mut s.success, v)),
    ("TimeoutSec", |s, v| {
        put(&mut s.start_timeout, start_timeout(v))?;
        put(&mut s.stop_timeout, v.timeout())
    }),
    ("TimeoutStartSec", |s, v| put(&mut s.start_timeout, start_timeout(v))),
    ("TimeoutStopSec", |s, v| put(&mut s.stop_timeout, v.timeout())),
    ("TimeoutAbortSec", |s, v| {
        s.abort_timeout = if v.is_reset() { None } else { v.timeout()? };
        Ok(())
    }),
    ("TimeoutStartFailureMode", |s, v| {
        put(&mut s.start_timeout_mode, v.choice(TIMEOUT_MODES, "terminate, abort or kill"))
    }),
    ("TimeoutStopFailureMode", |s, v| {
        put(&mut s.stop_timeout_mode, v.choice(TIMEOUT_MODES, "terminate, abort or kill"))
    }),
    ("RuntimeMaxSec", |s, v| put(&mut s.runtime_max, v.timeout())),
    ("RuntimeRandomizedExtraSec", |s, v| put(&mut s.runtime_extra, v.finite_span())),
    ("WatchdogSec", |s, v| put(&mut s.watchdog, v.timeout())),
    ("NotifyAccess", |s, v| {
        optional(&mut s.notify_access, v, |v| v.choice(ACCESSES, "none, main, exec or all"))
    }),
    ("FileDescriptorStoreMax", |s, v| put(&mut s.fd_store_max, v.number())),
    ("FileDescriptorStorePreserve", |s, v| {
        s.fd_store_preserve = match v.raw {
            "restart" => FdStorePreserve::Restart,
            _ if v.boolean()? => FdStorePreserve::Yes,
            _ => FdStorePreserve::No,
        };
        Ok(())
    }),
    ("Sockets", |s, v| {
        let (names, outcome) = v.names();
        s.sockets.extend(names.into_iter().filter(|name| name.kind() == UnitKind::Socket));
        outcome
    }),
    ("NonBlocking", |s, v| put(&mut s.non_blocking, v.boolean())),
    ("RootDirectoryStartOnly", |s, v| put(&mut s.root_directory_start_only, v.boolean())),
    ("PermissionsStartOnly", |s, v| put(&mut s.permissions_start_only, v.boolean())),
    ("ReloadSignal", |s, v| put(&mut s.reload_signal, v.signal())),
    ("OOMPolicy", |s, v| put(&mut s.oom_policy, v.choice(OOM_POLICIES, "continue, stop or kill"))),
    ("OpenFile", |s, v| append(&mut s.open_files, v, |v| Ok(vec![open_file(v)?]))),
];

fn kind(service: &mut Service, value: &Value<'_>) -> Outcome {
    if value.raw == "dbus" {
        service.kind = Type::Simple;
        let reason = "there is no message bus to wait for; taken as simple";
        return Err(Mistake::Refused { value: "dbus".to_owned(), reason });
    }
    put(&mut service.kind, value.choice(TYPES, "simple, exec, forking, oneshot, notify or idle"))
}

fn start_timeout(value: &Value<'_>) -> Result<StartTimeout, Mistake> {
    Ok(value.timeout()?.map_or(StartTimeout::Never, StartTimeout::After))
}

/// Exit codes by number or name, and signals.
fn statuses(set: &mut ExitStatusSet, value: &Value<'_>) -> Outcome {
    if value.is_reset() {
        *set = ExitStatusSet::default();
        return Ok(());
    }
    for word in value.raw.split_whitespace() {
        let code = word.parse::<u8>().ok().or_else(|| exit_status::by_name(word));
        if let Some(code) = code {
            set.codes.insert(i32::from(code));
        } else if let Some(number) = signal::number(word).filter(|_| word.parse::<i32>().is_err()) {
            set.signals.insert(number);
        } else {
            return Err(not_a(word, "an exit status or a signal"));
        }
    }
    Ok(())
}

/// `PATH[:NAME[:OPTIONS]]`
fn open_file(value: &Value<'_>) -> Result<OpenFile, Mistake> {
    let text = value.text()?;
    let mut parts = text.splitn(3, ':');
    let path = absolute(parts.next().unwrap_or_default())?;
    let base = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let name = parts.next().filter(|name| !name.is_empty()).map_or(base, str::to_owned);
    let options: Vec<&str> = parts.next().unwrap_or_default().split(',').collect();
    let known = ["", "read-only", "append", "truncate", "graceful"];
    if let Some(option) = options.iter().find(|option| !known.contains(option)) {
        return Err(not_a(option, "read-only, append, truncate or graceful"));
    }
    let has = |option| options.contains(&option);
    let (read_only, append, truncate) = (has("read-only"), has("append"), has("truncate"));
    Ok(OpenFile { path, name, read_only, append, truncate, graceful: has("graceful") })
}
