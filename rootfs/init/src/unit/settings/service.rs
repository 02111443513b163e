//! The settings of `[Service]`: systemd.service(5), systemd.exec(5), systemd.kill(5), systemd.resource-control(5).

use std::path::PathBuf;
use std::time::Duration;

use super::{boolean, number, span, word_list};
use crate::restart::RestartOn;
use crate::unit::value::{self, Limit};
use crate::unit::words;
use crate::unit::{
    Command, EnvironmentFile, Input, KillMode, Output, Resource, Service, ServiceDirectory,
    StartTimeout, Type,
};

impl Service {
    /// Rules that need the whole section.
    pub(super) fn finish(&mut self) {
        // Modes may stand before the folders they are for.
        for directory in &mut self.directories {
            let mode =
                self.directory_modes.iter().find(|(base, _)| directory.path.starts_with(base));
            directory.mode = mode.map_or(directory.mode, |(_, mode)| *mode);
            directory.passing &= !self.keep_runtime;
        }
    }
}

/// Applies one setting.
pub(super) fn setting(service: &mut Service, key: &str, text: &str) -> Result<(), String> {
    let known = life(service, key, text)?
        || surroundings(service, key, text)?
        || resources(service, key, text)?;
    if known { Ok(()) } else { Err(format!("{key}= is not implemented")) }
}

/// What is run, when it counts as up, how it ends and whether it is started again. False for a key of other sort.
fn life(service: &mut Service, key: &str, text: &str) -> Result<bool, String> {
    match key {
        "ExecStartPre" => commands(&mut service.start_pre, text)?,
        "ExecStart" => commands(&mut service.start, text)?,
        "ExecStartPost" => commands(&mut service.start_post, text)?,
        "ExecStop" => commands(&mut service.stop, text)?,
        "ExecStopPost" => commands(&mut service.stop_post, text)?,
        "Type" => {
            service.kind = match text {
                "simple" | "exec" | "idle" => Type::Simple,
                "oneshot" => Type::Oneshot,
                "notify" | "notify-reload" => Type::Notify,
                "forking" => Type::Forking,
                _ => return Err(format!("Type={text} is not implemented; taken as simple")),
            }
        }
        "PIDFile" => service.pid_file = Some(below(text, "/run")),
        "RemainAfterExit" => service.remain_after_exit = boolean(text)?,
        "Restart" => {
            service.restart = RestartOn::parse(text)
                .ok_or_else(|| format!("Restart={text} is not implemented"))?;
        }
        "RestartSec" => service.restart_delay = span(text)?.unwrap_or(Duration::MAX),
        "RestartPreventExitStatus" => statuses(&mut service.restart_prevent, text)?,
        "SuccessExitStatus" => statuses(&mut service.success_status, text)?,
        "TimeoutSec" => {
            service.stop_timeout = timeout(text)?;
            service.start_timeout = start_timeout(service.stop_timeout);
        }
        "TimeoutStartSec" => service.start_timeout = start_timeout(timeout(text)?),
        "TimeoutStopSec" => service.stop_timeout = timeout(text)?,
        "StartLimitBurst" => service.start_limit.burst = number(text)?,
        "StartLimitInterval" => service.start_limit.interval = span(text)?.unwrap_or(Duration::MAX),
        "KillMode" => {
            service.kill_mode = match text {
                "control-group" => KillMode::ControlGroup,
                "mixed" => KillMode::Mixed,
                "process" => KillMode::Process,
                "none" => KillMode::None,
                _ => return Err(format!("KillMode={text} is unknown")),
            }
        }
        // A list of controllers delegates too; all that are there are turned on anyway.
        _ => return Ok(false),
    }
    Ok(true)
}

/// What processes find around them: environment, user, folders, streams. False for a key of other sort.
fn surroundings(service: &mut Service, key: &str, text: &str) -> Result<bool, String> {
    match key {
        "Environment" => environment(service, text)?,
        "EnvironmentFile" => {
            if text.is_empty() {
                service.environment_files.clear();
            } else {
                let (may_miss, path) =
                    text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
                service
                    .environment_files
                    .push(EnvironmentFile { path: PathBuf::from(path), may_miss });
            }
        }
        "WorkingDirectory" => {
            let path = text.strip_prefix('-').unwrap_or(text);
            service.working_directory =
                Some(PathBuf::from(if path == "~" { "/root" } else { path }));
        }
        "User" => service.user = (!text.is_empty()).then(|| text.to_owned()),
        "Group" => service.group = (!text.is_empty()).then(|| text.to_owned()),
        "UMask" => {
            service.umask =
                value::mode(text).ok_or_else(|| format!("`{text}` is not an octal mode"))?;
        }
        "StandardInput" => {
            service.input = match text {
                "null" => Input::Null,
                "tty" | "tty-force" | "tty-fail" => Input::Tty,
                _ => return Err(format!("StandardInput={text} is not implemented")),
            }
        }
        "StandardOutput" => {
            service.output = match text {
                "journal" | "syslog" | "kmsg" | "inherit" => Output::Log,
                "journal+console" | "syslog+console" | "kmsg+console" | "console" => {
                    Output::LogAndConsole
                }
                "tty" => Output::Tty,
                "null" => Output::Null,
                _ => {
                    return Err(format!(
                        "StandardOutput={text} is not implemented; the log takes it"
                    ));
                }
            }
        }
        "TTYPath" => service.tty = PathBuf::from(text),
        "RuntimeDirectoryMode"
        | "StateDirectoryMode"
        | "CacheDirectoryMode"
        | "LogsDirectoryMode" => {
            let mode = value::mode(text).ok_or_else(|| format!("`{text}` is not an octal mode"))?;
            service.directory_modes.insert(base_of(key.trim_end_matches("Mode")), mode);
        }
        "RuntimeDirectory" | "StateDirectory" | "CacheDirectory" | "LogsDirectory" => {
            directories(service, base_of(key), text)?;
        }
        "RuntimeDirectoryPreserve" => service.keep_runtime = text == "restart" || boolean(text)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// What processes may use. False for a key of other sort.
fn resources(service: &mut Service, key: &str, text: &str) -> Result<bool, String> {
    match key {
        "Delegate" => service.delegate = value::boolean(text).unwrap_or(!text.is_empty()),
        "OOMScoreAdjust" => service.oom_score_adjust = Some(number(text)?),
        "TasksMax" | "MemoryMax" | "MemoryHigh" | "MemoryLow" | "MemoryMin" | "MemorySwapMax"
        | "CPUWeight" => {
            let limit = Limit::parse(text).ok_or_else(|| format!("{key}={text} is not a limit"))?;
            service.cgroup_settings.insert(cgroup_file(key), limit.cgroup_text());
        }
        _ => match resource(key) {
            Some(resource) => {
                let (soft, hard) = text.split_once(':').unwrap_or((text, text));
                let limit =
                    |text| Limit::parse(text).ok_or_else(|| format!("{key}={text} is not a limit"));
                service.limits.push((resource, limit(soft)?, limit(hard)?));
            }
            None => return Ok(false),
        },
    }
    Ok(true)
}

fn commands(list: &mut Vec<Command>, text: &str) -> Result<(), String> {
    if text.is_empty() {
        list.clear();
        return Ok(());
    }
    let mut command =
        Command { words: Vec::new(), may_fail: false, own_argv0: false, privileged: false };
    let mut rest = text;
    loop {
        let Some(first) = rest.chars().next() else {
            return Err("a command line of prefixes only".to_owned());
        };
        match first {
            '-' => command.may_fail = true,
            '@' => command.own_argv0 = true,
            '+' | '!' => command.privileged = true,
            ':' => {}
            _ => break,
        }
        rest = &rest[first.len_utf8()..];
    }
    command.words = words::split(rest).map_err(|error| error.to_string())?;
    if command.words.is_empty() {
        return Err("an empty command line".to_owned());
    }
    list.push(command);
    Ok(())
}

fn environment(service: &mut Service, text: &str) -> Result<(), String> {
    if text.is_empty() {
        service.environment.clear();
    }
    for word in word_list(text)? {
        let (name, value) =
            word.split_once('=').ok_or_else(|| format!("`{word}` is no assignment"))?;
        service.environment.insert(name.to_owned(), value.to_owned());
    }
    Ok(())
}

fn directories(service: &mut Service, base: &str, text: &str) -> Result<(), String> {
    for word in word_list(text)? {
        let name = word.split_once(':').map_or(word.as_str(), |(name, _)| name);
        if name.starts_with('/') || name.split('/').any(|part| part == "..") {
            return Err(format!("`{name}` is not a path below {base}"));
        }
        service.directories.push(ServiceDirectory {
            path: PathBuf::from(base).join(name),
            mode: 0o755,
            passing: base == "/run",
        });
    }
    Ok(())
}

fn statuses(set: &mut std::collections::BTreeSet<i32>, text: &str) -> Result<(), String> {
    if text.is_empty() {
        set.clear();
    }
    for word in text.split_whitespace() {
        set.insert(number(word)?);
    }
    Ok(())
}

fn timeout(text: &str) -> Result<Option<Duration>, String> {
    // systemd.service(5): 0 and infinity both turn the timeout off.
    Ok(span(text)?.filter(|span| !span.is_zero()))
}

fn start_timeout(timeout: Option<Duration>) -> StartTimeout {
    timeout.map_or(StartTimeout::Never, StartTimeout::After)
}

fn below(text: &str, base: &str) -> PathBuf {
    PathBuf::from(base).join(text)
}

fn base_of(key: &str) -> &'static str {
    match key {
        "RuntimeDirectory" => "/run",
        "StateDirectory" => "/var/lib",
        "CacheDirectory" => "/var/cache",
        _ => "/var/log",
    }
}

fn cgroup_file(key: &str) -> &'static str {
    match key {
        "TasksMax" => "pids.max",
        "MemoryMax" => "memory.max",
        "MemoryHigh" => "memory.high",
        "MemoryLow" => "memory.low",
        "MemoryMin" => "memory.min",
        "MemorySwapMax" => "memory.swap.max",
        _ => "cpu.weight",
    }
}

fn resource(key: &str) -> Option<Resource> {
    Some(match key {
        "LimitNOFILE" => Resource::Nofile,
        "LimitNPROC" => Resource::Nproc,
        "LimitCORE" => Resource::Core,
        "LimitMEMLOCK" => Resource::Memlock,
        "LimitSTACK" => Resource::Stack,
        "LimitAS" => Resource::As,
        "LimitDATA" => Resource::Data,
        "LimitFSIZE" => Resource::Fsize,
        _ => return None,
    })
}
