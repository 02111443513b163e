//! Control groups of units: made at the start, listened to, removed at the end.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use keelson_execution::cgroup::{CgroupError, Group, MemoryEvents, implied};
use keelson_execution::owner;
use keelson_jobs::UnitId;
use keelson_units::model::{Body, Delegate, OomPolicy, ResourceSettings, Unit};

use super::System;
use crate::events::{Source, Token};
use crate::log;
use crate::service::{Event, State};
use crate::unit::{Grouped, Run, UnitRun};

/// `memory.events` of a folder of groups, or of one group.
#[derive(Debug)]
pub struct MemoryWatch {
    number: u64,
    place: PathBuf,
    events: MemoryEvents,
    token: Token,
    /// Processes that were killed, as far as was looked.
    kills: u64,
}

/// The settings of a unit's group, with what those of its processes imply.
pub(super) fn resources(unit: &Unit) -> Option<Cow<'_, ResourceSettings>> {
    let own = crate::unit::resources(unit)?;
    let exec = crate::unit::exec(unit);
    Some(exec.map_or(Cow::Borrowed(own), |exec| implied(own, exec)))
}

impl System {
    /// Makes the group of a unit, where it has none yet. Without one the unit runs all the same.
    pub(super) fn join_group(&mut self, id: UnitId) {
        let Some(unit) = self.unit(id).filter(|unit| unit.group.is_none()) else { return };
        let source = unit.unit.clone();
        let Some(resources) = resources(&source) else { return };
        let resources = resources.as_ref();
        let group = match self.hierarchy.create(&source.name, resources) {
            Ok(Some(group)) => group,
            Ok(None) => return,
            Err(error) => return self.tell(id, log::WARNING, error),
        };
        let mut problems = group.set_up(resources);
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
        let watched = matches!(&source.body, Body::Service(service) if service.oom_policy != OomPolicy::Continue);
        let kills = if watched { self.watch_memory(&group) } else { None };
        let is_new = group.is_new();
        if let Some(unit) = self.unit_mut(id) {
            let (group, applied) = (Rc::new(group), source);
            unit.group = Some(Grouped { group, applied, stale: false, events: None, kills });
        }
        // Processes of an earlier run may be in it, of which no end is told.
        if !is_new {
            self.watch_group(id);
        }
    }

    /// Listens to when the last process of a service's group has gone. Most groups are never listened to: while a service
    /// runs its main process, its group is not empty. Gives whether one is left in it.
    fn watch_group(&mut self, id: UnitId) -> bool {
        let Some(unit) = self.unit(id).filter(|unit| matches!(unit.run, Run::Service(_))) else {
            return true;
        };
        let Some(grouped) = unit.group.as_ref().filter(|grouped| grouped.events.is_none()) else {
            return true;
        };
        let Ok(events) = grouped.group.events() else { return true };
        let Ok(token) = self.events.add_change(Source::Group(id), &events) else { return true };
        let populated = events.populated();
        if let Some(grouped) = self.unit_mut(id).and_then(|unit| unit.group.as_mut()) {
            grouped.events = Some((events, token));
        }
        populated
    }

    /// Has kills for want of memory told: the kernel counts those of all groups of a slice in the slice, and one
    /// descriptor there serves them all. Gives how many the group itself has had.
    fn watch_memory(&mut self, group: &Group) -> Option<u64> {
        // The root has no such file: its groups are listened to one by one.
        let places = [group.path().parent(), Some(group.path())];
        let known = |place: &Path| self.memory.iter().any(|watch| watch.place == place);
        if !places.into_iter().flatten().any(known) {
            let opened = places.into_iter().flatten().find_map(|place| {
                let events = MemoryEvents::open(place).ok()?;
                Some((place.to_owned(), events))
            });
            let (place, events) = opened?;
            let number = self.next_memory;
            let token = self.events.add_change(Source::Memory(number), &events).ok()?;
            self.next_memory += 1;
            let kills = events.oom_kills();
            self.memory.push(MemoryWatch { number, place, events, token, kills });
        }
        // A new group has had none.
        Some(if group.is_new() { 0 } else { group.oom_kills() })
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

    /// Applies settings that were changed, as far as a group with processes in it takes them: another slice, delegation
    /// and a looser policy wait for the next start.
    pub(super) fn apply_resources(&mut self, id: UnitId) {
        let Some(unit) = self.unit(id) else { return };
        let source = unit.unit.clone();
        let Some(grouped) = &unit.group else { return };
        let (group, applied) = (grouped.group.clone(), grouped.applied.clone());
        let (Some(before), Some(after)) = (resources(&applied), resources(&source)) else {
            return;
        };
        let (before, after) = (before.as_ref(), after.as_ref());
        if before == after {
            return;
        }
        self.hierarchy.turn_on(&group, after);
        let problems = group.apply(before, after);
        self.tell_problems(id, problems);
        let is_for_new_group = before.slice != after.slice
            || before.delegate != after.delegate
            || before.delegate_subgroup != after.delegate_subgroup
            || !after.has_policies_of(before);
        if let Some(grouped) = self.unit_mut(id).and_then(|unit| unit.group.as_mut()) {
            grouped.applied = source;
            grouped.stale |= is_for_new_group;
        }
    }

    /// Removes the group of a unit that is down; one that still has processes stays.
    pub(super) fn release_group(&mut self, id: UnitId) {
        let Some(grouped) = self.unit_mut(id).and_then(|unit| unit.group.take()) else { return };
        if let Some((events, token)) = &grouped.events {
            self.events.remove(*token, events);
        }
        grouped.group.remove();
        let path = grouped.group.path();
        for watch in self.memory.extract_if(.., |watch| watch.place == path && !path.exists()) {
            self.events.remove(watch.token, &watch.events);
        }
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
                | Run::Automount(_)
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
        let empty = || unit.group.as_ref().is_none_or(|grouped| grouped.group.is_empty());
        // From here on the others are waited for; they may have ended between the two looks.
        if (empty() || !self.watch_group(id)) && waits {
            self.group_is_empty(id);
        }
    }

    /// `memory.events` of a slice has changed: its groups are looked at until all new kills are found.
    pub fn on_memory(&mut self, number: u64) {
        let Some(watch) = self.memory.iter_mut().find(|watch| watch.number == number) else {
            return;
        };
        let kills = watch.events.oom_kills();
        let mut more = kills.saturating_sub(std::mem::replace(&mut watch.kills, kills));
        if more == 0 {
            return;
        }
        let place = watch.place.clone();
        let within = |unit: &UnitRun| {
            let grouped = unit.group.as_ref().filter(|grouped| grouped.kills.is_some());
            grouped.is_some_and(|grouped| {
                let path = grouped.group.path();
                path == place || path.parent() == Some(&place)
            })
        };
        let units: Vec<UnitId> =
            self.all_units().filter(|(_, unit)| within(unit)).map(|(id, _)| id).collect();
        for id in units {
            more = more.saturating_sub(self.look_at_memory(id));
            if more == 0 {
                return;
            }
        }
    }

    /// Looks whether processes of a unit were killed for want of memory since the last look, and how many.
    pub(super) fn look_at_memory(&mut self, id: UnitId) -> u64 {
        let Some(unit) = self.unit_mut(id) else { return 0 };
        let Some(grouped) = unit.group.as_mut() else { return 0 };
        let Some(known) = &mut grouped.kills else { return 0 };
        let kills = grouped.group.oom_kills();
        let more = kills.saturating_sub(std::mem::replace(known, kills));
        if more > 0 && matches!(unit.run, Run::Service(_)) {
            self.service_event(id, Event::OutOfMemory);
        }
        more
    }
}
