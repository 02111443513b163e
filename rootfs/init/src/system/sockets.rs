//! Drives socket units: opens, waits, starts the service, takes connections.

use std::time::Duration;

use keelson_activation::limits::Limit;
use keelson_activation::sockets;
use keelson_execution::{Invocation, spawn};
use keelson_jobs::{Activity, JobKind, Load, UnitId};
use keelson_units::model::{Body, JobMode, Socket, UnitKind, UnitName};
use rustix::process::Pid;

use super::System;
use crate::events::Source;
use crate::service::Exit;
use crate::unit::Run;
use crate::unit::socket::State;
use crate::{clock, log, signals};

/// `TimeoutSec=` where it is not given.
const TIMEOUT: Duration = Duration::from_secs(90);

impl System {
    pub(super) fn socket_settings(&self, id: UnitId) -> Option<&Socket> {
        match self.unit(id).map(|unit| &unit.unit.body) {
            Some(Body::Socket(socket)) => Some(socket),
            _ => None,
        }
    }

    pub(super) fn socket_mut(&mut self, id: UnitId) -> Option<&mut crate::unit::SocketRun> {
        match self.unit_mut(id).map(|unit| &mut unit.run) {
            Some(Run::Socket(run)) => Some(run),
            _ => None,
        }
    }

    /// Why a socket may not be started now: its service must be there, and not have begun without it, for it may listen
    /// by itself where the socket would.
    pub(super) fn refuses_socket(&mut self, id: UnitId) -> Option<String> {
        let name = self.service_of(id)?;
        let service = self.find(&name);
        if self.graph.facts(service).load != Load::Loaded {
            return Some(format!("Socket service {name} not loaded, refusing."));
        }
        let rests = self.activity(service).is_inactive() || self.waits_to_restart(service);
        (!rests).then(|| format!("Socket service {name} already active, refusing."))
    }

    pub(super) fn start_socket(&mut self, id: UnitId) {
        let Some(limit) = self.socket_settings(id).map(Limit::trigger_of_socket) else { return };
        if let Some(run) = self.socket_mut(id) {
            run.result = "success";
            run.limit = Some(limit);
        }
        self.change(id, Activity::Activating);
        self.enter_step(id, State::StartPre);
    }

    pub(super) fn stop_socket(&mut self, id: UnitId) {
        let Some(run) = self.socket_mut(id) else { return };
        if let Some(pid) = run.control.take() {
            // It ends as an orphan; what it was for is given up.
            let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        self.change(id, Activity::Deactivating);
        self.enter_step(id, State::StopPre);
    }

    /// Enters a state, and passes through those that have no command.
    fn enter_step(&mut self, id: UnitId, state: State) {
        let Some(socket) = self.socket_settings(id) else { return };
        let empty = state.commands(socket).is_empty();
        let timeout = socket.timeout.unwrap_or(TIMEOUT);
        let Some(run) = self.socket_mut(id) else { return };
        run.state = state;
        run.deadline = None;
        if !empty {
            run.index = 0;
            run.deadline = Some(clock::now().saturating_add(timeout));
            return self.run_step(id);
        }
        self.step_done(id);
    }

    fn run_step(&mut self, id: UnitId) {
        let Some(source) = self.unit(id).map(|unit| unit.unit.clone()) else { return };
        let Body::Socket(socket) = &source.body else { return };
        self.join_group(id);
        let group =
            self.unit(id).and_then(|unit| unit.group.as_ref()).map(|grouped| grouped.group.clone());
        let Some(run) = self.socket_mut(id) else { return };
        let mut runtime = std::mem::take(&mut run.runtime);
        let Some(command) = run.state.commands(socket).get(run.index) else { return };
        let mut invocation = Invocation::new(source.name.as_str(), command, &socket.exec);
        invocation.group = group.as_deref();
        invocation.control = true;
        let outcome = spawn(&invocation, &mut runtime);
        let Some(run) = self.socket_mut(id) else { return };
        run.runtime = runtime;
        match outcome {
            Ok(child) => {
                run.control = Some(child.pid);
                self.processes.insert(child.pid, id);
            }
            Err(error) => {
                self.tell(id, log::ERROR, format!("Failed to start: {error}"));
                self.step_failed(id, "resources");
            }
        }
    }

    pub(super) fn socket_process_ended(&mut self, id: UnitId, pid: Pid, exit: Exit) {
        let Some(source) = self.unit(id).map(|unit| unit.unit.clone()) else { return };
        let Body::Socket(socket) = &source.body else { return };
        let Some(run) = self.socket_mut(id) else { return };
        if run.control != Some(pid) {
            return;
        }
        run.control = None;
        let commands = run.state.commands(socket);
        let good = exit == Exit::Code(0)
            || commands.get(run.index).is_some_and(|command| command.may_fail);
        run.index += 1;
        let more = run.index < commands.len();
        if !good {
            let result = exit.outcome().as_str();
            self.tell(id, log::NOTICE, format!("Control process exited, {}", exit.describe()));
            self.step_failed(id, result);
        } else if more {
            self.run_step(id);
        } else {
            self.step_done(id);
        }
        self.reschedule(id);
    }

    fn step_done(&mut self, id: UnitId) {
        match self.socket_mut(id).map(|run| run.state) {
            Some(State::StartPre) => match self.open_socket(id) {
                Ok(()) => self.enter_step(id, State::StartPost),
                Err(error) => {
                    self.tell(id, log::ERROR, error);
                    self.step_failed(id, "resources");
                }
            },
            Some(State::StartPost) => self.listen(id),
            Some(State::StopPre) => {
                self.close_socket(id);
                self.enter_step(id, State::StopPost);
            }
            Some(State::StopPost) => self.socket_down(id),
            _ => {}
        }
    }

    fn step_failed(&mut self, id: UnitId, result: &'static str) {
        let Some(run) = self.socket_mut(id) else { return };
        if run.result == "success" {
            run.result = result;
        }
        if run.state == State::StopPost {
            return self.socket_down(id);
        }
        self.close_socket(id);
        self.enter_step(id, State::StopPost);
    }

    fn socket_down(&mut self, id: UnitId) {
        let Some(run) = self.socket_mut(id) else { return };
        let failed = run.result != "success";
        run.state = if failed { State::Failed } else { State::Dead };
        run.deadline = None;
        if failed {
            let text = format!("Failed with result '{}'.", run.result);
            self.tell(id, log::WARNING, text);
        }
        self.release_group(id);
        self.change(id, if failed { Activity::Failed } else { Activity::Inactive });
    }

    fn open_socket(&mut self, id: UnitId) -> Result<(), sockets::OpenError> {
        let Some(source) = self.unit(id).map(|unit| unit.unit.clone()) else { return Ok(()) };
        let Body::Socket(socket) = &source.body else { return Ok(()) };
        let mut warnings = Vec::new();
        let listening = sockets::open(&source.name, socket, &mut warnings)?;
        if let Some(run) = self.socket_mut(id) {
            run.polls = vec![Limit::poll_of_socket(socket); listening.len()];
            run.listening = listening.into_iter().map(|one| (one, None)).collect();
        }
        self.warn_all(id, warnings);
        Ok(())
    }

    fn close_socket(&mut self, id: UnitId) {
        self.unwatch(id);
        let Some(source) = self.unit(id).map(|unit| unit.unit.clone()) else { return };
        let Body::Socket(socket) = &source.body else { return };
        let Some(run) = self.socket_mut(id) else { return };
        let listening =
            std::mem::take(&mut run.listening).into_iter().map(|(one, _)| one).collect();
        let mut warnings = Vec::new();
        sockets::close(socket, listening, &mut warnings);
        self.warn_all(id, warnings);
    }

    fn warn_all(&mut self, id: UnitId, warnings: Vec<String>) {
        for warning in warnings {
            self.tell(id, log::WARNING, warning);
        }
    }

    /// Waits for somebody to come.
    fn listen(&mut self, id: UnitId) {
        if self.activity_of_service(id).is_some_and(|activity| !activity.is_inactive()) {
            return self.socket_runs(id);
        }
        let flush = self.socket_settings(id).is_some_and(|socket| socket.flush_pending);
        let Some(run) = self.socket_mut(id) else { return };
        run.state = State::Listening;
        run.deadline = None;
        if flush {
            for (one, _) in &run.listening {
                sockets::flush(std::slice::from_ref(one));
            }
        }
        self.watch(id);
        self.change(id, Activity::Active);
    }

    fn watch(&mut self, id: UnitId) {
        let Some(Run::Socket(run)) =
            self.units.get_mut(id.index()).and_then(Option::as_mut).map(|unit| &mut unit.run)
        else {
            return;
        };
        let mut problem = None;
        for (index, (one, token)) in run.listening.iter_mut().enumerate() {
            if token.is_none() {
                match self.events.add(Source::Listening(id, index), &one.descriptor) {
                    Ok(new) => *token = Some(new),
                    Err(error) => problem = Some(error),
                }
            }
        }
        if let Some(error) = problem {
            self.tell(id, log::WARNING, format!("waiting on a socket: {error}"));
        }
    }

    pub(super) fn unwatch(&mut self, id: UnitId) {
        let Some(Run::Socket(run)) =
            self.units.get_mut(id.index()).and_then(Option::as_mut).map(|unit| &mut unit.run)
        else {
            return;
        };
        for (one, token) in &mut run.listening {
            if let Some(token) = token.take() {
                self.events.remove(token, &one.descriptor);
            }
        }
    }

    fn socket_runs(&mut self, id: UnitId) {
        self.unwatch(id);
        if let Some(run) = self.socket_mut(id) {
            run.state = State::Running;
            run.deadline = None;
        }
        self.change(id, Activity::Active);
    }

    /// The service of a socket without `Accept=`.
    fn service_of(&self, id: UnitId) -> Option<UnitName> {
        let socket = self.socket_settings(id).filter(|socket| !socket.accept)?;
        Some(
            socket
                .service
                .clone()
                .unwrap_or_else(|| self.graph.name(id).with_kind(UnitKind::Service)),
        )
    }

    fn activity_of_service(&self, id: UnitId) -> Option<Activity> {
        Some(self.activity(self.graph.id(&self.service_of(id)?)?))
    }

    /// Somebody has come.
    pub fn on_listening(&mut self, id: UnitId, index: usize) {
        let Some(Run::Socket(run)) = self.unit(id).map(|unit| &unit.run) else { return };
        if run.state != State::Listening || self.end.is_some() {
            return self.unwatch(id);
        }
        // The service may be going down together with it. Whoever has come is sent away, for until the socket is closed
        // they would be heard again and again.
        if self.stop_queued(id) {
            if !self.poll_is_full(id, index, clock::now())
                && let Some(Run::Socket(run)) = self.unit(id).map(|unit| &unit.run)
                && let Some((one, _)) = run.listening.get(index)
            {
                sockets::flush(std::slice::from_ref(one));
            }
            return;
        }
        let Some(socket) = self.socket_settings(id) else { return };
        let takes =
            run.listening.get(index).is_some_and(|(one, _)| sockets::accepts(socket, &one.listen));
        if takes {
            return self.take_connections(id, index);
        }
        let now = clock::now();
        if self.poll_is_full(id, index, now) {
            return;
        }
        let within = self.hit_limits(id, index, now);
        if !within {
            self.tell(id, log::WARNING, "Trigger limit hit, refusing further activation.");
            return self.fail_socket(id, "trigger-limit-hit");
        }
        let Some(name) = self.service_of(id) else { return };
        let service = self.find(&name);
        self.socket_runs(id);
        if let Err(error) = self.enqueue(service, JobKind::Start, JobMode::Replace, false) {
            self.tell(id, log::WARNING, format!("Failed to queue service startup job: {error}"));
            self.fail_socket(id, "resources");
        }
    }

    pub(super) fn fail_socket(&mut self, id: UnitId, result: &'static str) {
        if let Some(run) = self.socket_mut(id) {
            run.result = result;
        }
        self.stop_socket(id);
        self.reschedule(id);
    }

    /// The service of a socket has changed.
    pub(super) fn socket_service_changed(&mut self, id: UnitId, service: UnitId) {
        let own = self.service_of(id).and_then(|name| self.graph.id(&name));
        if own != Some(service) {
            return;
        }
        let Some(Run::Socket(run)) = self.unit(id).map(|unit| &unit.run) else { return };
        let state = run.state;
        let Some(unit) = self.unit(service) else { return };
        let (activity, restarting, limited) = (unit.activity, unit.restarting, unit.limit_hit);
        let queued = self.queue.job_of(service).is_some();
        match state {
            State::Running if activity.is_inactive() && limited => {
                self.fail_socket(id, "service-start-limit-hit");
            }
            State::Running if activity.is_inactive() && !restarting && !queued => self.listen(id),
            State::Listening if activity.is_active_or_activating() => self.socket_runs(id),
            _ => {}
        }
    }

    /// A step has taken too long, or a pause is over.
    pub(super) fn socket_time(&mut self, id: UnitId) {
        let Some(run) = self.socket_mut(id) else { return };
        run.deadline = None;
        match run.state {
            State::Listening => self.watch(id),
            State::StartPre | State::StartPost | State::StopPre | State::StopPost => {
                if let (Some(pid), Some(kill)) = (run.control.take(), signals::of(libc::SIGKILL)) {
                    // One that has gone meanwhile is reaped as an orphan.
                    let _gone = rustix::process::kill_process(pid, kill);
                }
                self.tell(id, log::WARNING, "A command timed out.");
                self.step_failed(id, "timeout");
            }
            _ => {}
        }
    }
}
