//! Drives automount points: waits for the first access, has the mount unit started or stopped, and answers the kernel.

use std::path::Path;

use keelson_activation::automounts::{Packet, Point};
use keelson_jobs::{Activity, JobKind, UnitId};
use keelson_units::escape;
use keelson_units::model::{Automount, Body, JobMode, UnitKind};
use rustix::io::Errno;

use super::System;
use crate::log;
use crate::unit::{AutomountRun, Run};

mod work;

/// Packets that are taken before others have their turn.
const PACKETS: usize = 64;

impl System {
    fn automount_settings(&self, id: UnitId) -> Option<&Automount> {
        match self.unit(id).map(|unit| &unit.unit.body) {
            Some(Body::Automount(automount)) => Some(automount),
            _ => None,
        }
    }

    fn automount_mut(&mut self, id: UnitId) -> Option<&mut AutomountRun> {
        match self.unit_mut(id).map(|unit| &mut unit.run) {
            Some(Run::Automount(run)) => Some(run),
            _ => None,
        }
    }

    /// The unit that is mounted on it.
    fn mount_of(&mut self, id: UnitId) -> UnitId {
        let name = self.graph.name(id).with_kind(UnitKind::Mount);
        self.find(&name)
    }

    fn point(&self, id: UnitId) -> Option<&Point> {
        match self.unit(id).map(|unit| &unit.run) {
            Some(Run::Automount(run)) => run.point.as_ref().map(|(point, _)| point),
            _ => None,
        }
    }

    /// The kernel asks for something.
    pub fn on_automount(&mut self, id: UnitId) {
        for _ in 0..PACKETS {
            let Some(point) = self.point(id) else { break };
            match point.receive() {
                Ok(None) => break,
                Ok(Some(Packet::Missing { token, process })) => {
                    self.mount_is_missing(id, token, process);
                }
                Ok(Some(Packet::Expire { token })) => self.mount_is_idle(id, token),
                Err(error) => {
                    self.tell(
                        id,
                        log::ERROR,
                        format!("Failed to read automount requests: {error}"),
                    );
                    self.fail_automount(id, "resources");
                }
            }
        }
        self.reschedule(id);
    }

    /// Somebody waits for the mount.
    fn mount_is_missing(&mut self, id: UnitId, token: u32, process: u32) {
        let comm = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        let place = self.place_of(id);
        let text =
            format!("Got automount request for {place}, triggered by {process} ({})", comm.trim());
        self.tell(id, log::INFO, text);
        let Some(run) = self.automount_mut(id) else { return };
        run.held.insert(token);
        let stops = [JobKind::Stop, JobKind::Restart, JobKind::TryRestart];
        if self.queue.job_of(id).is_some_and(|job| stops.contains(&job.kind)) {
            let text =
                format!("Suppressing automount request on {place} since unit stop is scheduled.");
            self.tell(id, log::DEBUG, text);
            return self.answer_held(id, Err(Errno::HOSTDOWN));
        }
        // It may have been mounted since the question was asked, or the automount point be gone.
        self.on_mounts();
        if self.point(id).is_none() {
            return;
        }
        let mount = self.mount_of(id);
        if self.is_mounted(mount) && self.queue.job_of(mount).is_none() {
            return self.mount_is_there(id);
        }
        match self.enqueue(mount, JobKind::Start, JobMode::Replace, false) {
            Ok(_) => {
                if let Some(run) = self.automount_mut(id) {
                    run.running = true;
                }
            }
            Err(error) => {
                self.tell(id, log::WARNING, format!("Failed to queue mount startup job: {error}"));
                self.fail_automount(id, "resources");
            }
        }
    }

    /// The mount has rested for the time that is set.
    fn mount_is_idle(&mut self, id: UnitId, token: u32) {
        let text = format!("Got direct umount request on {}", self.place_of(id));
        self.tell(id, log::DEBUG, text);
        let Some(run) = self.automount_mut(id) else { return };
        run.expiring.insert(token);
        run.next_expiry = None;
        self.on_mounts();
        if self.point(id).is_none() {
            return;
        }
        let mount = self.mount_of(id);
        if !self.is_mounted(mount) {
            return self.answer_expiring(id, Ok(()));
        }
        if let Err(error) = self.enqueue(mount, JobKind::Stop, JobMode::Replace, false) {
            self.tell(id, log::WARNING, format!("Failed to queue umount job: {error}"));
            self.answer_expiring(id, Err(Errno::NODEV));
            self.look_for_idleness(id);
        }
    }

    /// What is mounted on it has changed.
    pub(super) fn automount_mount_changed(&mut self, id: UnitId, mount: UnitId) {
        let Some(unit) = self.unit(mount) else { return };
        let (activity, limited) = (unit.activity, unit.limit_hit);
        if self.point(id).is_none() {
            return;
        }
        if limited {
            return self.fail_automount(id, "mount-start-limit-hit");
        }
        // The job decides.
        if self.queue.job_of(mount).is_some() {
            return;
        }
        match activity {
            Activity::Active | Activity::Reloading => self.mount_is_there(id),
            Activity::Inactive | Activity::Failed => {
                self.answer_expiring(id, Ok(()));
                self.answer_held(id, Err(Errno::NODEV));
                if let Some(run) = self.automount_mut(id) {
                    run.running = false;
                    run.next_expiry = None;
                }
            }
            _ => {}
        }
    }

    fn mount_is_there(&mut self, id: UnitId) {
        self.answer_held(id, Ok(()));
        self.answer_expiring(id, Err(Errno::NODEV));
        if let Some(run) = self.automount_mut(id) {
            run.running = true;
        }
        self.look_for_idleness(id);
    }

    /// It is no mount any more, whoever took it away.
    pub(super) fn automount_gone(&mut self, path: &Path) {
        let name = escape::path_unit(path, UnitKind::Automount);
        let Some(id) = name.and_then(|name| self.graph.id(&name)) else { return };
        if self.point(id).is_some() {
            self.tell(id, log::ERROR, "The automount point was unmounted by somebody else.");
            self.fail_automount(id, "unmounted");
            self.reschedule(id);
        }
    }

    fn answer_held(&mut self, id: UnitId, outcome: Result<(), Errno>) {
        let tokens = self.automount_mut(id).map(|run| std::mem::take(&mut run.held));
        self.answer_tokens(id, tokens.into_iter().flatten(), outcome);
    }

    fn answer_expiring(&mut self, id: UnitId, outcome: Result<(), Errno>) {
        let tokens = self.automount_mut(id).map(|run| std::mem::take(&mut run.expiring));
        self.answer_tokens(id, tokens.into_iter().flatten(), outcome);
    }

    fn answer_tokens(
        &mut self,
        id: UnitId,
        tokens: impl Iterator<Item = u32>,
        outcome: Result<(), Errno>,
    ) {
        for token in tokens {
            let Some(point) = self.point(id) else { return };
            if let Err(error) = point.answer(token, outcome) {
                self.tell(
                    id,
                    log::ERROR,
                    format!("Failed to answer an automount request: {error}"),
                );
            }
        }
    }

    fn place_of(&self, id: UnitId) -> String {
        let settings = self.automount_settings(id);
        settings.map_or_else(String::new, |one| one.mount_point.display().to_string())
    }
}
