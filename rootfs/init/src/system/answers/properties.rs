//! Further properties of `systemctl show`, as text.

use std::time::Duration;

use keelson_control::UnitStatus;
use keelson_units::model::{
    Body, ExecSettings, KillMode, KillSettings, OomPolicy, Restart, Service,
};

use crate::unit::UnitRun;

/// Fills in the properties of a unit.
pub(super) fn fill(status: &mut UnitStatus, unit: &UnitRun) {
    let source = &unit.unit;
    let mut set = |name: &str, value: String| {
        status.properties.insert(name.to_owned(), value);
    };
    let settings = &source.settings;
    set("DefaultDependencies", truth(settings.default_dependencies));
    set("RefuseManualStart", truth(settings.refuse_manual_start));
    set("RefuseManualStop", truth(settings.refuse_manual_stop));
    set("AllowIsolate", truth(settings.allow_isolate));
    set("StopWhenUnneeded", truth(settings.stop_when_unneeded));
    set("StartLimitBurst", settings.start_limit_burst.to_string());
    set("StartLimitIntervalUSec", span(Some(settings.start_limit_interval)));
    set("JobTimeoutUSec", span(settings.job_timeout));
    set("Transient", truth(unit.transient));
    set("CanStart", truth(source.bad.is_none()));
    set(
        "CanReload",
        truth(matches!(&source.body, Body::Service(service) if !service.reload.is_empty())),
    );
    if let Some(exec) = unit.exec() {
        exec_properties(exec, &mut set);
    }
    match &source.body {
        Body::Service(service) => service_properties(service, &mut set),
        Body::Socket(socket) => kill_properties(&socket.kill, &mut set),
        Body::Mount(mount) => kill_properties(&mount.kill, &mut set),
        Body::Swap(swap) => kill_properties(&swap.kill, &mut set),
        Body::Automount(automount) => {
            let mode = automount.directory_mode.unwrap_or(0o755);
            set("DirectoryMode", format!("{mode:04o}"));
            set("ExtraOptions", automount.extra_options.clone());
            set("TimeoutIdleUSec", span(automount.idle_timeout));
        }
        _ => {}
    }
}

fn service_properties(service: &Service, set: &mut impl FnMut(&str, String)) {
    let restart = match service.restart {
        Restart::No => "no",
        Restart::OnSuccess => "on-success",
        Restart::OnFailure => "on-failure",
        Restart::OnAbnormal => "on-abnormal",
        Restart::OnWatchdog => "on-watchdog",
        Restart::OnAbort => "on-abort",
        Restart::Always => "always",
    };
    let policy = match service.oom_policy {
        OomPolicy::Continue => "continue",
        OomPolicy::Stop => "stop",
        OomPolicy::Kill => "kill",
    };
    set("Restart", restart.to_owned());
    set("RestartUSec", span(Some(service.restart_delay)));
    set("TimeoutStartUSec", span(service.start_timeout()));
    set("TimeoutStopUSec", span(service.stop_timeout));
    set("RuntimeMaxUSec", span(service.runtime_max));
    set("RemainAfterExit", truth(service.remain_after_exit));
    set("GuessMainPID", truth(service.guess_main_pid));
    set("OOMPolicy", policy.to_owned());
    if let Some(path) = &service.pid_file {
        set("PIDFile", path.display().to_string());
    }
    kill_properties(&service.kill, set);
}

fn kill_properties(kill: &KillSettings, set: &mut impl FnMut(&str, String)) {
    let mode = match kill.mode {
        KillMode::ControlGroup => "control-group",
        KillMode::Mixed => "mixed",
        KillMode::Process => "process",
        KillMode::None => "none",
    };
    set("KillMode", mode.to_owned());
    set("KillSignal", kill.signal.to_string());
    set("FinalKillSignal", kill.final_signal.to_string());
    set("WatchdogSignal", kill.watchdog_signal.to_string());
    set("SendSIGKILL", truth(kill.send_kill));
    set("SendSIGHUP", truth(kill.send_hup));
}

fn exec_properties(exec: &ExecSettings, set: &mut impl FnMut(&str, String)) {
    set("User", exec.user.clone().unwrap_or_default());
    set("Group", exec.group.clone().unwrap_or_default());
    set("DynamicUser", truth(exec.dynamic_user));
    set("NoNewPrivileges", truth(exec.no_new_privileges));
    set("PrivateDevices", truth(exec.private_devices));
    set("PrivateNetwork", truth(exec.private_network));
    set("UMask", format!("{:04o}", exec.umask.unwrap_or(0o022)));
    let environment: Vec<String> =
        exec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    set("Environment", environment.join(" "));
    let folder = exec.working_directory.as_ref();
    set("WorkingDirectory", folder.map(|folder| folder.display().to_string()).unwrap_or_default());
    set("OOMScoreAdjust", exec.oom_score_adjust.unwrap_or(0).to_string());
    set("Nice", exec.nice.unwrap_or(0).to_string());
}

fn truth(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

fn span(time: Option<Duration>) -> String {
    time.map_or_else(|| "infinity".to_owned(), crate::clock::span)
}
