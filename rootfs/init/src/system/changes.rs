//! A unit's state has changed: times, its job, and what others make of it.

use keelson_jobs::{Activity, Edge, JobKind, Outcome, UnitId, queries};
use keelson_units::model::{JobMode, UnitKind};

use super::{System, Todo};
use crate::unit::Run;
use crate::{clock, log};

impl System {
    /// Records where a unit stands, and lists what follows.
    pub(super) fn change(&mut self, id: UnitId, to: Activity) {
        self.change_after_reload(id, to, true);
    }

    /// As [`Self::change`], after a reload that went well or not.
    pub(super) fn change_after_reload(&mut self, id: UnitId, to: Activity, reloaded: bool) {
        let Some(unit) = self.unit_mut(id) else { return };
        let from = std::mem::replace(&mut unit.activity, to);
        if from != to {
            unit.times.change(from, to, clock::stamp());
        }
        let restarting = unit.restarting;
        self.graph.set_activity(id, to);
        let (outcome, ended) = self.queue.observe(&self.graph, id, reloaded);
        for ended in &ended {
            self.job_ended(ended);
        }
        if from == to {
            return;
        }
        if matches!(outcome, Outcome::Unexpected) && !(restarting && self.is_direct(id)) {
            self.follow_unexpected(id, from);
        }
        if to.is_inactive() {
            self.went_down(id, from, to, restarting);
        }
        if to.is_active() && !from.is_active() {
            self.todo.push_back(Todo::LookForUpheld(id));
        }
        self.todo.push_back(Todo::TellTriggers(id));
    }

    /// `RestartMode=direct`: dependants are not told of a restart.
    fn is_direct(&self, id: UnitId) -> bool {
        use keelson_units::model::{Body, RestartMode};
        match self.unit(id).map(|unit| &unit.unit.body) {
            Some(Body::Service(service)) => service.restart_mode == RestartMode::Direct,
            _ => false,
        }
    }

    fn follow_unexpected(&mut self, id: UnitId, from: Activity) {
        for wish in queries::after_unexpected(&self.graph, id, from) {
            let mode = if wish.replace { JobMode::Replace } else { JobMode::Fail };
            self.todo.push_back(Todo::Enqueue {
                unit: wish.unit,
                kind: wish.kind,
                mode,
                why: "it follows another unit",
            });
        }
    }

    fn went_down(&mut self, id: UnitId, from: Activity, to: Activity, restarting: bool) {
        if restarting {
            // With `RestartMode=direct` it does not come here.
            return self.start_followers(id, from, to);
        }
        self.todo.push_back(Todo::LookForUnneeded(id));
        self.todo.push_back(Todo::LookForUpheld(id));
        let name = self.name(id);
        self.server.unit_down(name.as_str());
        self.start_followers(id, from, to);
        let Some(unit) = self.unit(id) else { return };
        let settings = unit.unit.settings.clone();
        if failed(from, to) {
            self.emergency(id, settings.failure_action, "it failed");
        } else if succeeded(from, to) {
            self.emergency(id, settings.success_action, "it succeeded");
        }
    }

    /// Starts what `OnFailure=` or `OnSuccess=` names.
    fn start_followers(&mut self, id: UnitId, from: Activity, to: Activity) {
        if failed(from, to) {
            self.on_failure(id);
        } else if succeeded(from, to) {
            let Some(unit) = self.unit(id) else { return };
            let mode = unit.unit.settings.on_success_job_mode;
            for other in self.edges(id, Edge::OnSuccess) {
                self.start_by(other, id, mode, "OnSuccess=");
            }
        }
    }

    /// Starts what `OnFailure=` names.
    pub(super) fn on_failure(&mut self, id: UnitId) {
        let Some(unit) = self.unit(id) else { return };
        let mode = unit.unit.settings.on_failure_job_mode;
        for other in self.edges(id, Edge::OnFailure) {
            self.start_by(other, id, mode, "OnFailure=");
        }
    }

    fn start_by(&mut self, other: UnitId, by: UnitId, mode: JobMode, why: &'static str) {
        let trigger = self.name(by).as_str().to_owned();
        self.load_one(other);
        if let Some(unit) = self.unit_mut(other) {
            unit.trigger = Some(trigger);
        }
        self.todo.push_back(Todo::Enqueue { unit: other, kind: JobKind::Start, mode, why });
    }

    /// The units in a relation to this one.
    pub(super) fn edges(&self, id: UnitId, edge: Edge) -> Vec<UnitId> {
        self.graph.edges(id, edge).collect()
    }

    /// A unit has changed that sockets, timers, paths or automount points start.
    pub(super) fn tell_triggers(&mut self, id: UnitId) {
        let mut others = self.edges(id, Edge::TriggeredBy);
        // An automount point is the mount's by its name: one that was masked while it is up has no edge.
        let name = self.graph.name(id);
        if name.kind() == UnitKind::Mount {
            let point = self.graph.id(&name.with_kind(UnitKind::Automount));
            others.extend(point.filter(|point| !others.contains(point)));
        }
        for other in others {
            match self.unit(other).map(|unit| &unit.run) {
                Some(Run::Socket(_)) => self.socket_service_changed(other, id),
                Some(Run::Timer(_)) => self.timer_unit_changed(other),
                Some(Run::Path(_)) => self.path_unit_changed(other),
                Some(Run::Automount(_)) => self.automount_mount_changed(other, id),
                _ => {}
            }
            self.reschedule(other);
        }
        self.instance_ended(id);
    }

    /// Whether all conditions hold; what does not is noted.
    pub(super) fn conditions_hold(&mut self, id: UnitId) -> bool {
        let Some(unit) = self.unit(id) else { return false };
        let source = unit.unit.clone();
        let held = self.conditions.each(&source.conditions);
        let result = crate::conditions::all(&source.conditions, &held);
        if let Some(unit) = self.unit_mut(id) {
            unit.checks.condition_at = clock::stamp();
            unit.checks.condition_result = result;
            unit.checks.held = held;
        }
        if !result {
            let text =
                format!("{} was skipped because of an unmet condition check.", self.called(id));
            let priority =
                if id_kind(self, id) == UnitKind::Target { log::DEBUG } else { log::INFO };
            self.tell_of(id, priority, &text);
        }
        result
    }

    /// Whether all assertions hold.
    pub(super) fn assertions_hold(&mut self, id: UnitId) -> bool {
        let Some(unit) = self.unit(id) else { return false };
        let source = unit.unit.clone();
        let held = self.conditions.each(&source.assertions);
        let result = crate::conditions::all(&source.assertions, &held);
        if let Some(unit) = self.unit_mut(id) {
            unit.checks.assert_at = clock::stamp();
            unit.checks.assert_result = result;
            unit.checks.held.extend(held);
        }
        if !result {
            self.tell(id, log::ERROR, "Starting requested but asserts failed.");
        }
        result
    }
}

fn failed(from: Activity, to: Activity) -> bool {
    to == Activity::Failed && from != Activity::Failed
}

fn succeeded(from: Activity, to: Activity) -> bool {
    to == Activity::Inactive && !from.is_inactive()
}

fn id_kind(system: &System, id: UnitId) -> UnitKind {
    system.graph.name(id).kind()
}
