//! Drives path units: watches, and starts the unit when something happens.

use keelson_activation::limits::Limit;
use keelson_activation::paths::{Watcher, make_directories};
use keelson_jobs::{Activity, JobKind, UnitId};
use keelson_units::model::{Body, JobMode, PathUnit, UnitKind};

use super::{System, Todo};
use crate::events::Source;
use crate::unit::{PathRun, Run};
use crate::{clock, log};

impl System {
    fn path_settings(&self, id: UnitId) -> Option<&PathUnit> {
        match self.unit(id).map(|unit| &unit.unit.body) {
            Some(Body::Path(path)) => Some(path),
            _ => None,
        }
    }

    fn path_mut(&mut self, id: UnitId) -> Option<&mut PathRun> {
        match self.unit_mut(id).map(|unit| &mut unit.run) {
            Some(Run::Path(run)) => Some(run),
            _ => None,
        }
    }

    pub(super) fn start_path(&mut self, id: UnitId) {
        let Some(path) = self.path_settings(id).cloned() else { return };
        if path.make_directory
            && let Err(error) = make_directories(&path)
        {
            self.tell(id, log::WARNING, format!("making its folders: {error}"));
        }
        if let Some(run) = self.path_mut(id) {
            run.result = "success";
            run.limit = Some(Limit::trigger_of_path(&path));
        }
        self.watch_path(id);
    }

    pub(super) fn stop_path(&mut self, id: UnitId) {
        self.unwatch_path(id);
        let failed = self.path_mut(id).is_some_and(|run| run.result != "success");
        self.change(id, if failed { Activity::Failed } else { Activity::Inactive });
    }

    fn unwatch_path(&mut self, id: UnitId) {
        if let Some((watcher, token)) = self.path_mut(id).and_then(|run| run.watcher.take()) {
            self.events.remove(token, &watcher);
        }
    }

    /// Watches anew; what is there already counts.
    fn watch_path(&mut self, id: UnitId) {
        self.unwatch_path(id);
        let Some(path) = self.path_settings(id) else { return };
        let watcher = Watcher::new(path).and_then(|watcher| {
            let token = self.events.add(Source::Path(id), &watcher)?;
            Ok((watcher, token))
        });
        match watcher {
            Ok((watcher, token)) => {
                let there = watcher.check();
                if let Some(run) = self.path_mut(id) {
                    run.watcher = Some((watcher, token));
                }
                self.change(id, Activity::Active);
                if there {
                    self.trigger_path(id);
                }
            }
            Err(error) => {
                self.tell(id, log::ERROR, format!("watching: {error}"));
                self.fail_path(id, "resources");
            }
        }
    }

    fn fail_path(&mut self, id: UnitId, result: &'static str) {
        if let Some(run) = self.path_mut(id) {
            run.result = result;
        }
        self.stop_path(id);
    }

    /// Something has happened to what it watches.
    pub fn on_path(&mut self, id: UnitId) {
        let Some((watcher, _)) = self.path_mut(id).and_then(|run| run.watcher.as_mut()) else {
            return;
        };
        match watcher.on_event() {
            Ok(true) => self.trigger_path(id),
            Ok(false) => {}
            Err(error) => {
                self.tell(id, log::ERROR, format!("watching: {error}"));
                self.fail_path(id, "resources");
            }
        }
    }

    fn trigger_path(&mut self, id: UnitId) {
        // What it starts may be going down together with it.
        if self.end.is_some() || self.stop_queued(id) {
            return;
        }
        let now = clock::now();
        let within =
            self.path_mut(id).and_then(|run| run.limit.as_mut()).is_none_or(|limit| limit.hit(now));
        if !within {
            self.tell(id, log::WARNING, "Trigger limit hit, refusing further activation.");
            return self.fail_path(id, "trigger-limit-hit");
        }
        let Some(other) = self.watched(id) else { return };
        let trigger = self.name(id).as_str().to_owned();
        self.unwatch_path(id);
        if let Some(unit) = self.unit_mut(other) {
            unit.trigger = Some(trigger);
        }
        match self.enqueue(other, JobKind::Start, JobMode::Replace, false) {
            Ok(_) => self.todo.push_back(Todo::TellTriggers(other)),
            Err(error) => {
                self.tell(id, log::WARNING, format!("Failed to queue unit startup job: {error}"));
                self.fail_path(id, "resources");
            }
        }
    }

    /// The unit a path starts.
    fn watched(&mut self, id: UnitId) -> Option<UnitId> {
        let path = self.path_settings(id)?;
        let name =
            path.unit.clone().unwrap_or_else(|| self.graph.name(id).with_kind(UnitKind::Service));
        Some(self.find(&name))
    }

    /// What it starts has changed.
    pub(super) fn path_unit_changed(&mut self, id: UnitId) {
        let waits = self.path_mut(id).is_some_and(|run| run.watcher.is_some());
        if !self.activity(id).is_active() || waits {
            return;
        }
        let Some(other) = self.watched(id) else { return };
        let limited = self.unit(other).is_some_and(|unit| unit.limit_hit);
        let restarting = self.unit(other).is_some_and(|unit| unit.restarting);
        if self.activity(other).is_inactive() && self.queue.job_of(other).is_none() && !restarting {
            if limited {
                self.fail_path(id, "unit-start-limit-hit");
            } else {
                self.watch_path(id);
            }
        }
    }
}
