//! Starts the processes of services.

use std::os::fd::AsFd;

use keelson_execution::{Invocation, PassedFd, Progress, spawn};
use keelson_jobs::{Edge, UnitId};
use keelson_units::model::{
    Body, Delegate, ExecSettings, Input, NotifyAccess, Output, Service, Type,
};

use super::System;
use crate::events::Source;
use crate::service::{Event, Phase, Role};
use crate::unit::{Run, ServiceRun};
use crate::{clock, log, notify};

impl System {
    /// Starts a process of a service, and gives the answer to its machine.
    pub(super) fn spawn_for(
        &mut self,
        id: UnitId,
        role: Role,
        phase: Phase,
        index: usize,
    ) -> Event {
        let Some(source) = self.unit(id).map(|unit| unit.unit.clone()) else {
            return Event::NotSpawned(1);
        };
        let Body::Service(service) = &source.body else { return Event::NotSpawned(1) };
        let Some(command) = phase.commands(service).get(index) else { return Event::NotSpawned(1) };
        self.join_group(id);
        self.join_namespaces(id);
        let name = self.name(id);
        let environment = self.environment(id, service, phase);
        let manager: Vec<(String, String)> = self
            .manager_environment
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let invocation_id = self.unit(id).map(|unit| unit.invocation.clone()).unwrap_or_default();
        let Some(run) = self.service_mut(id) else { return Event::NotSpawned(1) };
        let mut runtime = std::mem::take(&mut run.runtime);
        let group =
            self.unit(id).and_then(|unit| unit.group.as_ref()).map(|grouped| grouped.group.clone());
        let is_main = phase == Phase::Start;
        let delegated = service.resources.delegate != Delegate::No;
        let subgroup = match &service.resources.delegate_subgroup {
            Some(subgroup) if is_main => Some(subgroup.as_str()),
            _ if delegated && !is_main => Some(".control"),
            _ => None,
        };
        // A step on the way gets them too where one of its streams is a socket.
        let gets_sockets = is_main || has_socket_stream(&service.exec);
        let sockets = if gets_sockets { self.sockets_of(id, service) } else { Vec::new() };
        let mut descriptors = Vec::new();
        for socket in &sockets {
            if let Some(Run::Socket(run)) = self.unit(*socket).map(|unit| &unit.run) {
                let open = run.listening.iter();
                descriptors.extend(
                    open.map(|(one, _)| PassedFd { fd: one.descriptor.as_fd(), name: &one.name }),
                );
            }
        }
        let mut connection = None;
        if let Some(Run::Service(run)) = self.unit(id).map(|unit| &unit.run) {
            connection = run.connection.as_ref().map(|(descriptor, _)| descriptor.as_fd());
            if is_main {
                descriptors.extend(connection.map(|fd| PassedFd { fd, name: "connection" }));
                let stored = run.store.iter();
                descriptors.extend(
                    stored.map(|one| PassedFd { fd: one.descriptor.as_fd(), name: &one.name }),
                );
            }
        }
        // A service on a single socket may have it as its standard input.
        let connection = connection.or_else(|| descriptors.first().map(|first| first.fd));
        let mut invocation = Invocation::new(name.as_str(), command, &service.exec);
        invocation.group = group.as_deref();
        invocation.subgroup = subgroup;
        invocation.invocation_id = Some(&invocation_id);
        invocation.environment = &environment;
        invocation.manager_environment = &manager;
        invocation.watchdog = is_main && service.watchdog.is_some();
        invocation.descriptors = &descriptors;
        invocation.connection = connection;
        invocation.non_blocking = service.non_blocking;
        invocation.permissions_start_only = service.permissions_start_only && !is_main;
        invocation.root_start_only = service.root_directory_start_only && !is_main;
        invocation.control = role == Role::Control && !is_main;
        invocation.awaited = is_main && service.kind == Type::Exec;
        let outcome = spawn(&invocation, &mut runtime);
        drop(descriptors);
        if let Some(run) = self.service_mut(id) {
            run.runtime = runtime;
        }
        match outcome {
            Ok(child) => self.spawned(id, role, phase, index, child),
            Err(error) => {
                self.tell(id, log::ERROR, format!("Failed to start: {error}"));
                Event::NotSpawned(error.stage.status())
            }
        }
    }

    fn spawned(
        &mut self,
        id: UnitId,
        role: Role,
        phase: Phase,
        index: usize,
        mut child: keelson_execution::Child,
    ) -> Event {
        let pid = child.pid;
        for remark in std::mem::take(&mut child.remarks) {
            self.tell(id, log::WARNING, remark);
        }
        self.processes.insert(pid, id);
        let now = clock::stamp();
        if let Some(run) = self.service_mut(id) {
            run.remember(phase, index, pid, now);
            if role == Role::Main {
                run.main = Some((pid, now, keelson_control::Stamp::default()));
            }
        }
        let executed = matches!(child.progress, Progress::Executed);
        match &child.progress {
            Progress::Executed => {}
            Progress::Failed(failure) => {
                let text = failure.to_string();
                self.tell(id, log::ERROR, text);
            }
            Progress::Pending(pending) => match pending.pipe() {
                Some(pipe) => match self.events.add(Source::Pending(pid.as_raw_nonzero()), pipe) {
                    Ok(token) => {
                        self.pending.insert(pid, (child, token));
                    }
                    Err(error) => self.tell(id, log::WARNING, format!("watching a start: {error}")),
                },
                None => self.silent.add(child, clock::now()),
            },
        }
        Event::Spawned { pid, executed }
    }

    /// The sockets whose descriptors a service gets: `Sockets=` and those that trigger it.
    fn sockets_of(&self, id: UnitId, service: &Service) -> Vec<UnitId> {
        let mut sockets: Vec<UnitId> =
            service.sockets.iter().filter_map(|name| self.graph.id(name)).collect();
        for other in self.graph.edges(id, Edge::TriggeredBy) {
            if !sockets.contains(&other) {
                sockets.push(other);
            }
        }
        sockets
    }

    /// `JoinsNamespaceOf=`: the namespaces of the first such unit that has some.
    fn join_namespaces(&mut self, id: UnitId) {
        for other in self.edges(id, Edge::JoinsNamespaceOf) {
            let Some(theirs) = self.service_mut(other).map(|run| std::mem::take(&mut run.runtime))
            else {
                continue;
            };
            if let Some(run) = self.service_mut(id) {
                run.runtime.join(&theirs);
            }
            if let Some(run) = self.service_mut(other) {
                run.runtime = theirs;
            }
        }
    }

    /// What PID 1 knows and a process may want to (systemd.exec(5), "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES").
    fn environment(&self, id: UnitId, service: &Service, phase: Phase) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = self.settings.environment.clone();
        all.extend(
            self.manager_environment.iter().map(|(key, value)| (key.clone(), value.clone())),
        );
        let mut set = |key: &str, value: String| all.push((key.to_owned(), value));
        let Some(Run::Service(run)) = self.unit(id).map(|unit| &unit.run) else { return all };
        let access = ServiceRun::notify_access(service);
        let speaks = match access {
            NotifyAccess::None => false,
            NotifyAccess::Main => phase == Phase::Start,
            NotifyAccess::Exec | NotifyAccess::All => true,
        };
        if speaks {
            set("NOTIFY_SOCKET", notify::SOCKET.to_owned());
        }
        let machine = &run.machine;
        if phase == Phase::Start {
            if let Some(interval) = machine.watchdog_interval() {
                set("WATCHDOG_USEC", clock::micros(interval).to_string());
            }
            if service.fd_store_max > 0 {
                set("FDSTORE", service.fd_store_max.to_string());
            }
        } else if let Some(main) = machine.main {
            set("MAINPID", main.as_raw_nonzero().to_string());
        }
        if let Some(path) = &service.pid_file {
            set("PIDFILE", path.display().to_string());
        }
        if matches!(phase, Phase::Stop | Phase::StopPost) {
            set("SERVICE_RESULT", machine.outcome.as_str().to_owned());
            if let Some(exit) = machine.main_exit {
                set("EXIT_CODE", exit.how().to_owned());
                set("EXIT_STATUS", exit.status());
            }
        }
        all.extend(run.connection_environment.iter().cloned());
        all.extend(self.trigger_environment(id));
        if let Some(grouped) = self.unit(id).and_then(|unit| unit.group.as_ref()) {
            all.extend(grouped.group.pressure_environment(&service.resources));
        }
        all
    }

    /// `TRIGGER_UNIT` of timers and paths, `MONITOR_...` of `OnFailure=` and `OnSuccess=`.
    fn trigger_environment(&self, id: UnitId) -> Vec<(String, String)> {
        let Some(trigger) = self.unit(id).and_then(|unit| unit.trigger.clone()) else {
            return Vec::new();
        };
        if trigger.ends_with(".timer") || trigger.ends_with(".path") {
            return vec![("TRIGGER_UNIT".to_owned(), trigger)];
        }
        let other =
            trigger.parse().ok().and_then(|name| self.graph.id(&name)).and_then(|id| self.unit(id));
        let mut all = Vec::new();
        if let Some(other) = other {
            all.push(("MONITOR_SERVICE_RESULT".to_owned(), other.result().to_owned()));
            if let Run::Service(run) = &other.run
                && let Some(exit) = run.machine.main_exit
            {
                all.push(("MONITOR_EXIT_CODE".to_owned(), exit.how().to_owned()));
                all.push(("MONITOR_EXIT_STATUS".to_owned(), exit.status()));
            }
            all.push(("MONITOR_INVOCATION_ID".to_owned(), other.invocation.clone()));
        }
        all.push(("MONITOR_UNIT".to_owned(), trigger));
        all
    }

    /// A new invocation: 128 random bits, told to the log by a link (systemd.exec(5), `$INVOCATION_ID`).
    pub(super) fn new_invocation(&mut self, id: UnitId) {
        use std::fmt::Write;
        use std::io::Read;
        let mut bytes = [0_u8; 16];
        let drawn =
            self.random.as_mut().is_some_and(|random| random.read_exact(&mut bytes).is_ok());
        if !drawn {
            bytes = u128::from(clock::micros(clock::real())).to_be_bytes();
        }
        let mut text = String::with_capacity(32);
        for byte in bytes {
            // Writing to a string cannot fail.
            let _written = write!(text, "{byte:02x}");
        }
        let name = self.name(id);
        let Some(unit) = self.unit_mut(id) else { return };
        unit.invocation.clone_from(&text);
        if let Some(exec) = unit.exec() {
            link(&format!("invocation:{name}"), &text);
            log_links(name.as_str(), exec);
        }
    }
}

/// What the log service is told of a unit, as systemd does it.
fn log_links(name: &str, exec: &ExecSettings) {
    let facts = [
        ("log-level-max", exec.log_level_max.map(|level| level.to_string())),
        (
            "log-rate-limit-interval",
            exec.log_rate_interval.map(|time| clock::micros(time).to_string()),
        ),
        ("log-rate-limit-burst", exec.log_rate_burst.map(|burst| burst.to_string())),
    ];
    for (key, value) in facts {
        if let Some(value) = value {
            link(&format!("{key}:{name}"), &value);
        }
    }
}

fn has_socket_stream(exec: &ExecSettings) -> bool {
    exec.input == Input::Socket
        || [&exec.output, &exec.error].into_iter().flatten().any(|one| *one == Output::Socket)
}

fn link(name: &str, target: &str) {
    use std::os::unix::fs::symlink;
    let path = format!("/run/systemd/units/{name}");
    if symlink(target, &path).is_err() {
        let _absent = std::fs::remove_file(&path);
        // Without it the log lacks the invocation of some lines, which is no reason not to start.
        let _lost = symlink(target, &path);
    }
}
