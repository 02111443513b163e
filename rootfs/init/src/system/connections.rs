//! Connections to sockets with `Accept=yes`: each is taken and given to an instance of the service. And how often
//! anybody may come to any socket.

use std::time::Duration;

use keelson_activation::sockets;
use keelson_jobs::{JobKind, UnitId};
use keelson_units::model::{JobMode, UnitName};

use super::{System, Todo};
use crate::unit::Run;
use crate::{clock, log};

/// Connections that are taken before others have their turn.
const SHARE: usize = 16;
/// The pause after a failure to take one, such as a lack of descriptors.
const PAUSE: Duration = Duration::from_secs(1);
/// `MaxConnections=` where it is not given.
const CONNECTIONS: usize = 64;

impl System {
    pub(super) fn take_connections(&mut self, id: UnitId, index: usize) {
        for _ in 0..SHARE {
            let now = clock::now();
            if self.poll_is_full(id, index, now) {
                return;
            }
            let Some(run) = self.socket_mut(id) else { return };
            let Some((listening, _)) = run.listening.get(index) else { return };
            match sockets::accept(listening) {
                Ok(Some(connection)) => {
                    if !self.hit_limits(id, index, now) {
                        self.tell(
                            id,
                            log::WARNING,
                            "Trigger limit hit, refusing further activation.",
                        );
                        return self.fail_socket(id, "trigger-limit-hit");
                    }
                    self.serve(id, connection);
                }
                Ok(None) => return,
                Err(error) => {
                    run.deadline = Some(now.saturating_add(PAUSE));
                    self.tell(id, log::WARNING, format!("Failed to accept socket: {error}"));
                    self.unwatch(id);
                    return self.reschedule(id);
                }
            }
        }
    }

    /// Whether a descriptor was heard too often of late (`PollLimitBurst=`): it rests until that is over, so that those
    /// who come too often, who may be anybody, slow themselves and not the socket down.
    pub(super) fn poll_is_full(&mut self, id: UnitId, index: usize, now: Duration) -> bool {
        let Some(Run::Socket(run)) =
            self.units.get_mut(id.index()).and_then(Option::as_mut).map(|unit| &mut unit.run)
        else {
            return false;
        };
        let Some(until) = run.polls.get(index).and_then(|poll| poll.resumes(now)) else {
            return false;
        };
        run.deadline = Some(run.deadline.map_or(until, |sooner| sooner.min(until)));
        if let Some((one, token)) = run.listening.get_mut(index)
            && let Some(token) = token.take()
        {
            self.events.remove(token, &one.descriptor);
        }
        self.reschedule(id);
        true
    }

    /// Counts that somebody has come. False where that is once too often for the socket (`TriggerLimitBurst=`).
    pub(super) fn hit_limits(&mut self, id: UnitId, index: usize, now: Duration) -> bool {
        let Some(run) = self.socket_mut(id) else { return false };
        if let Some(poll) = run.polls.get_mut(index) {
            // Whether it is full is asked before the next one.
            poll.hit(now);
        }
        run.limit.as_mut().is_none_or(|limit| limit.hit(now))
    }

    fn serve(&mut self, id: UnitId, connection: sockets::Connection) {
        let Some(socket) = self.socket_settings(id) else { return };
        let most = socket
            .max_connections
            .map_or(CONNECTIONS, |most| usize::try_from(most).unwrap_or(CONNECTIONS));
        let per_source = socket.max_connections_per_source.filter(|most| *most > 0);
        let prefix = socket
            .service
            .as_ref()
            .map_or_else(|| self.graph.name(id).stem().to_owned(), |name| name.prefix().to_owned());
        let Some(run) = self.socket_mut(id) else { return };
        let source = connection.source();
        let same =
            run.connections.values().filter(|other| source.is_some() && **other == source).count();
        let crowded =
            per_source.is_some_and(|most| same >= usize::try_from(most).unwrap_or(usize::MAX));
        if run.connections.len() >= most || crowded {
            run.refused += 1;
            let text = format!(
                "Too many incoming connections ({}), dropping connection.",
                run.connections.len()
            );
            return self.tell(id, log::WARNING, text);
        }
        let number = run.accepted;
        run.accepted += 1;
        let instance = connection.instance(number);
        let name = format!("{prefix}@{instance}.service").parse::<UnitName>();
        let Ok(name) = name else {
            return self.tell(
                id,
                log::WARNING,
                format!("`{prefix}@{instance}.service` is no unit name"),
            );
        };
        let service = self.find(&name);
        let environment = connection.environment();
        let Some(run) = self.service_mut(service) else {
            return self.tell(
                id,
                log::WARNING,
                format!("{name} cannot be loaded; dropping connection."),
            );
        };
        run.connection = Some((connection.descriptor, id));
        run.connection_environment =
            environment.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        if let Some(run) = self.socket_mut(id) {
            run.connections.insert(service, source);
        }
        self.todo.push_back(Todo::Enqueue {
            unit: service,
            kind: JobKind::Start,
            mode: JobMode::Fail,
            why: "a connection",
        });
    }

    /// The service of a connection is down.
    pub(super) fn connection_ended(&mut self, id: UnitId, service: UnitId) {
        if let Some(run) = self.socket_mut(id) {
            run.connections.remove(&service);
        }
    }
}
