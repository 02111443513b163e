//! Units come into memory, and are read again.

use std::rc::Rc;

use keelson_jobs::{Activity, Load, UnitId};
use keelson_units::loader::Loaded;
use keelson_units::model::{Body, StartTimeout, Type, Unit, UnitName};

use super::System;
use crate::settings::Settings;
use crate::unit::{Run, UnitRun};
use crate::{clock, log};

/// RLIMIT_NOFILE of Linux.
const NOFILE: u32 = 7;

impl System {
    /// A unit by name, loaded with all it refers to.
    pub fn find(&mut self, name: &UnitName) -> UnitId {
        let id = self.graph.intern(name);
        self.load_from(vec![id]);
        if self.graph.facts(id).load == Load::NotFound && self.look_again() {
            self.load_from(vec![id]);
        }
        self.graph.id(name).unwrap_or(id)
    }

    /// Has the files of units that were not found looked for once more, where some have come since.
    pub(super) fn look_again(&mut self) -> bool {
        let changed = self.loader.look_again();
        if changed {
            for id in self.graph.units() {
                if self.graph.facts(id).load == Load::NotFound {
                    self.graph.forget(id);
                }
            }
        }
        changed
    }

    /// Loads what is referred to and was not loaded yet.
    pub(super) fn load_all(&mut self) {
        let unknown = self.graph.take_unknown();
        self.load_from(unknown);
    }

    /// Loads these units and all they refer to.
    fn load_from(&mut self, mut units: Vec<UnitId>) {
        self.load_together(|system| {
            while !units.is_empty() {
                for id in units {
                    system.load_one(id);
                }
                units = system.graph.take_unknown();
            }
        });
    }

    /// Does what loads units: a template is read once for all of it.
    fn load_together(&mut self, load: impl FnOnce(&mut Self)) {
        let kept = self.loader.keep_templates(true);
        load(self);
        self.loader.keep_templates(kept);
    }

    /// Loads one unit, where it is not.
    pub(super) fn load_one(&mut self, id: UnitId) {
        if self.graph.facts(id).load != Load::Unknown {
            return;
        }
        let name = self.name(id);
        if self.command_line.mask.contains(&name) {
            return self.graph.set_load(id, Load::Masked);
        }
        match self.loader.load(&name) {
            Loaded::Unit(unit) => self.take_unit(&name, *unit),
            Loaded::Masked(_) => self.graph.set_load(id, Load::Masked),
            Loaded::Missing if self.is_known_mount(&name) => {
                let unit = self.loader.load_bare(&name);
                self.take_unit(&name, unit);
            }
            Loaded::Missing => self.graph.set_load(id, Load::NotFound),
        }
    }

    /// Reads a unit without taking it in.
    pub(super) fn read(&mut self, name: &UnitName) -> Loaded {
        let mut loaded = self.loader.load(name);
        if let Loaded::Unit(unit) = &mut loaded {
            apply_defaults(unit, &self.settings);
        }
        loaded
    }

    /// Takes in a unit that was read under a name.
    pub(super) fn take_unit(&mut self, asked: &UnitName, mut unit: Unit) {
        apply_defaults(&mut unit, &self.settings);
        let id = self.graph.set_unit(&unit);
        self.graph.add_alias(asked, id);
        for remark in &unit.remarks {
            self.log.unit(log::WARNING, unit.name.as_str(), "", remark);
        }
        if let Some(bad) = &unit.bad {
            self.log.unit(log::ERROR, unit.name.as_str(), "", bad);
        }
        if matches!(unit.name.as_str(), "-.mount" | "-.slice" | "init.scope" | "system.slice") {
            self.graph.set_perpetual(id, true);
        }
        let slot = self.slot(id);
        match slot {
            Some(run) if run.unit.name.kind() == unit.name.kind() => {
                run.unit = Rc::new(unit);
                run.loaded = clock::micros(clock::real());
            }
            slot => {
                let run = UnitRun::new(unit);
                *slot = Some(Box::new(run));
                self.came_into_memory(id);
            }
        }
    }

    fn slot(&mut self, id: UnitId) -> &mut Option<Box<UnitRun>> {
        if self.units.len() <= id.index() {
            self.units.resize_with(id.index() + 1, || None);
        }
        &mut self.units[id.index()]
    }

    /// What is up already without our doing is found to be so.
    fn came_into_memory(&mut self, id: UnitId) {
        let Some(unit) = self.unit(id) else { return };
        let up = match &unit.unit.body {
            Body::Slice(_) => matches!(unit.unit.name.as_str(), "-.slice" | "system.slice"),
            Body::Mount(_) => self.is_mounted(id),
            Body::Swap(_) => self.is_swapped(id),
            Body::Device => self.is_plugged(id),
            _ => false,
        };
        if up {
            if let Some(unit) = self.unit_mut(id) {
                unit.activity = Activity::Active;
                unit.times.change(Activity::Inactive, Activity::Active, clock::stamp());
            }
            self.graph.set_activity(id, Activity::Active);
        }
    }

    /// Reads all files again; what runs goes on running (`systemctl daemon-reload`).
    pub fn reload(&mut self) {
        self.log.note("reading all unit files again");
        self.loader.reload();
        // Those that are still on the disk are found there again.
        self.graph.forget_aliases();
        self.load_together(|system| {
            for id in system.graph.units() {
                match system.unit(id) {
                    None if system.graph.facts(id).load != Load::Merged => system.graph.forget(id),
                    Some(unit) if !unit.transient => system.reload_one(id),
                    _ => {}
                }
            }
            system.load_all();
        });
        self.tell_of_fstab();
        for id in self.graph.units() {
            if matches!(self.unit(id).map(|unit| &unit.run), Some(Run::Timer(_))) {
                self.timer_unit_changed(id);
                self.reschedule(id);
            }
        }
    }

    /// What is wrong in `/etc/fstab`, for the log.
    pub(super) fn tell_of_fstab(&mut self) {
        for remark in self.loader.fstab_remarks() {
            self.log.about(log::WARNING, "", "", &remark.to_string());
        }
    }

    fn reload_one(&mut self, id: UnitId) {
        let name = self.name(id);
        let resting = self.activity(id).is_inactive() && self.queue.job_of(id).is_none();
        match self.loader.load(&name) {
            Loaded::Unit(unit) if unit.name == name => {
                self.take_unit(&name, *unit);
                self.apply_resources(id);
            }
            Loaded::Masked(_) => self.graph.set_load(id, Load::Masked),
            // Its name is an alias now, which is followed where it is asked for.
            Loaded::Unit(_) if resting => {
                self.graph.forget(id);
                self.drop_unit(id);
            }
            Loaded::Missing if resting => {
                self.graph.set_load(id, Load::NotFound);
                self.drop_unit(id);
            }
            // It runs from a file that is gone, and is known until it stops.
            _ => {}
        }
    }

    /// Takes a unit out of memory.
    fn drop_unit(&mut self, id: UnitId) {
        self.release_group(id);
        let name = self.name(id);
        // It is there only if the unit was started.
        let _absent = std::fs::remove_file(format!("/run/systemd/units/invocation:{name}"));
        if let Some(unit) = self.slot(id).take()
            && let Some(due) = unit.due
        {
            self.deadlines.remove(&(due, id));
        }
    }

    /// An instance of an `Accept=` socket or of `systemd-run` is no more once it is down.
    pub(super) fn instance_ended(&mut self, id: UnitId) {
        let Some(unit) = self.unit(id) else { return };
        let collected = unit.activity == Activity::Failed && unit.collect && !unit.restarting;
        let ended =
            (unit.activity == Activity::Inactive || collected) && self.queue.job_of(id).is_none();
        let served = match &unit.run {
            Run::Service(run) => run.connection.as_ref().map(|(_, socket)| *socket),
            _ => None,
        };
        let down = unit.activity.is_inactive() && !unit.restarting;
        if let (true, Some(socket)) = (down, served) {
            let connection = self.service_mut(id).and_then(|run| run.connection.take());
            self.closing.extend(connection.map(|(descriptor, _)| descriptor));
            self.connection_ended(socket, id);
        }
        if ended && (served.is_some() || self.unit(id).is_some_and(|unit| unit.transient)) {
            self.graph.set_load(id, Load::NotFound);
            self.drop_unit(id);
        }
    }

    /// Makes a unit of a text that is in no file, and starts it (`systemd-run`).
    pub fn start_transient(
        &mut self,
        name: &UnitName,
        text: &str,
        collect: bool,
    ) -> Result<UnitId, String> {
        let id = self.graph.intern(name);
        self.load_one(id);
        if self.unit(id).is_some_and(|unit| !unit.activity.is_inactive() || !unit.transient) {
            return Err(format!("Unit {name} was already loaded or has a fragment file."));
        }
        let unit = self.loader.transient(name, text);
        self.take_unit(name, unit);
        if let Some(unit) = self.unit_mut(id) {
            (unit.transient, unit.collect) = (true, collect);
        }
        Ok(id)
    }
}

/// Puts the defaults of `system.conf` where a file says nothing.
fn apply_defaults(unit: &mut Unit, settings: &Settings) {
    let usual = Settings::usual();
    if unit.settings.start_limit_interval == usual.start_limit_interval {
        unit.settings.start_limit_interval = settings.start_limit_interval;
    }
    if unit.settings.start_limit_burst == usual.start_limit_burst {
        unit.settings.start_limit_burst = settings.start_limit_burst;
    }
    let tasks = settings.tasks_max.map(keelson_units::model::Amount::Of);
    let (exec, resources) = match &mut unit.body {
        Body::Service(service) => {
            if service.start_timeout == StartTimeout::Default && service.kind != Type::Oneshot {
                service.start_timeout = match settings.timeout_start {
                    Some(timeout) => StartTimeout::After(timeout),
                    None => StartTimeout::Never,
                };
            }
            if service.stop_timeout == usual.timeout_stop {
                service.stop_timeout = settings.timeout_stop;
            }
            if service.restart_delay == usual.restart_delay {
                service.restart_delay = settings.restart_delay;
            }
            (&mut service.exec, &mut service.resources)
        }
        Body::Socket(socket) => (&mut socket.exec, &mut socket.resources),
        Body::Mount(mount) => (&mut mount.exec, &mut mount.resources),
        Body::Swap(swap) => (&mut swap.exec, &mut swap.resources),
        _ => return,
    };
    let (soft, hard) = settings.limit_nofile;
    let finite = |limit: u64| (limit != u64::MAX).then_some(limit);
    exec.limits.entry(NOFILE).or_insert((finite(soft), finite(hard)));
    resources.tasks_max = resources.tasks_max.or(tasks);
}

#[cfg(test)]
mod tests;
