//! Control groups of units: made at the start, listened to, removed at the end.

use std::rc::Rc;

use keelson_execution::cgroup::CgroupError;
use keelson_execution::owner;
use keelson_jobs::UnitId;
use keelson_units::model::{Body, Delegate, OomPolicy};

use super::System;
use crate::events::Source;
use crate::log;
use crate::service::{Event, State};
use crate::unit::{Grouped, Run, UnitRun};

impl System {
    /// Makes the group of a unit, where it has none yet. Without one the unit runs all the same.
    pub(super) fn join_group(&mut self, id: UnitId) {
        let Some(unit) = self.unit(id).filter(|unit| unit.group.is_none()) else { return };
        let source = unit.unit.clone();
        let Some(resources) = crate::unit::resources(&source) else { return };
        let group = match self.hierarchy.create(&source.name, resources) {
            Ok(Some(group)) => group,
            Ok(None) => return,
            Err(error) => return self.tell(id, log::WARNING, error),
        };
        let mut problems = group.apply(resources);
        if resources.delegate != Delegate::No {
            let exec = self.unit(id).and_then(UnitRun::exec).filter(|exec| !exec.dynamic_user);
            let owner = exec.map(|exec| owner(exec, source.name.as_str()));
            // A user that is not there fails the start itself, with words.
            let (uid, gid) = owner.and_then(Result::ok).unwrap_or((0, 0));
            problems.extend(group.delegate(resources, uid, gid));
        }
        let kill_whole =
            matches!(&source.body, Body::Service(service) if service.oom_policy == OomPolicy::Kill);
        if kill_whole {
            problems.extend(group.oom_group(true).err());
        }
        self.tell_problems(id, problems);
        let events = group.events().ok().and_then(|events| {
            let token = self.events.add_change(Source::Group(id), &events).ok()?;
            Some((events, token))
        });
        let watched = matches!(&source.body, Body::Service(service) if service.oom_policy != OomPolicy::Continue);
        let memory = Some(&group).filter(|_| watched).and_then(|group| {
            let memory = group.memory_events().ok()?;
            let token = self.events.add_change(Source::Memory(id), &memory).ok()?;
            // A new group has had none.
            let kills = if group.is_new() { 0 } else { memory.oom_kills() };
            Some((memory, token, kills))
        });
        if let Some(unit) = self.unit_mut(id) {
            unit.group = Some(Grouped { group: Rc::new(group), events, memory });
        }
    }

    fn tell_problems(&mut self, id: UnitId, problems: Vec<CgroupError>) {
        for problem in problems {
            self.tell(id, log::WARNING, problem);
        }
    }

    /// A slice that is started has its limits at once.
    pub(super) fn make_slice(&mut self, id: UnitId) {
        self.join_group(id);
    }

    /// Applies settings that were changed.
    pub(super) fn apply_resources(&mut self, id: UnitId) {
        let Some(unit) = self.unit(id) else { return };
        let (Some(grouped), Some(resources)) = (&unit.group, unit.resources()) else { return };
        let problems = grouped.group.apply(resources);
        self.tell_problems(id, problems);
    }

    /// Removes the group of a unit that is down; one that still has processes stays.
    pub(super) fn release_group(&mut self, id: UnitId) {
        let Some(grouped) = self.unit_mut(id).and_then(|unit| unit.group.take()) else { return };
        if let Some((events, token)) = &grouped.events {
            self.events.remove(*token, events);
        }
        if let Some((memory, token, _)) = &grouped.memory {
            self.events.remove(*token, memory);
        }
        grouped.group.remove();
    }

    /// `cgroup.events` of a unit has changed.
    pub fn on_group(&mut self, id: UnitId) {
        let Some(unit) = self.unit_mut(id) else { return };
        let Some((events, _)) = unit.group.as_mut().and_then(|grouped| grouped.events.as_mut())
        else {
            return;
        };
        if !events.populated() {
            self.group_is_empty(id);
        }
    }

    fn group_is_empty(&mut self, id: UnitId) {
        match self.unit(id).map(|unit| &unit.run) {
            Some(Run::Service(_)) => {
                self.forget_strangers(id);
                self.service_event(id, Event::GroupEmpty);
            }
            Some(
                Run::Socket(_)
                | Run::Mount(_)
                | Run::Swap(_)
                | Run::Timer(_)
                | Run::Path(_)
                | Run::Plain,
            )
            | None => {}
        }
    }

    /// After a process has gone: where the last one is waited for, the group is looked at.
    pub(super) fn look_at_group(&mut self, id: UnitId) {
        let Some(unit) = self.unit(id) else { return };
        let Run::Service(run) = &unit.run else { return };
        let waits = run.machine.state.is_killing()
            || matches!(run.machine.state, State::Running | State::Start);
        let empty = unit.group.as_ref().is_none_or(|grouped| grouped.group.is_empty());
        if waits && empty {
            self.group_is_empty(id);
        }
    }

    /// `memory.events` of a unit has changed, or a process of it was killed.
    pub fn on_memory(&mut self, id: UnitId) {
        let Some(unit) = self.unit_mut(id) else { return };
        let Some((memory, _, known)) =
            unit.group.as_mut().and_then(|grouped| grouped.memory.as_mut())
        else {
            return;
        };
        let kills = memory.oom_kills();
        let more = kills > std::mem::replace(known, kills);
        if more && matches!(unit.run, Run::Service(_)) {
            self.service_event(id, Event::OutOfMemory);
        }
    }
}
