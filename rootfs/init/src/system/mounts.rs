//! Drives mounts and swaps. What the kernel says is mounted is mounted, whoever did it; what may hang is done by a child.

use std::path::{Path, PathBuf};
use std::time::Duration;

use keelson_activation::mount_table::{Change, Table};
use keelson_activation::mounts::{Task, can_be_checked};
use keelson_activation::swap_table;
use keelson_jobs::{Activity, UnitId};
use keelson_units::escape;
use keelson_units::model::{Body, Mount, UnitKind};
use rustix::process::{Pid, Signal, kill_process};

use super::System;
use crate::events::{Events, Source};
use crate::service::Exit;
use crate::unit::mount::Work;
use crate::unit::{MountRun, Run};
use crate::{clock, fork, log};

/// `TimeoutSec=` where it is not given.
const TIMEOUT: Duration = Duration::from_secs(90);

/// What the kernel has mounted and swaps to.
#[derive(Debug)]
pub(super) struct Tables {
    mounts: Table,
    swaps: Option<swap_table::Table>,
}

impl Tables {
    /// Opens both and waits for their changes. A kernel without swap has no table of it.
    pub(super) fn open(events: &mut Events) -> std::io::Result<Self> {
        let mounts = Table::open()?;
        events.add_change(Source::Mounts, &mounts)?;
        let swaps = swap_table::Table::open().ok();
        if let Some(swaps) = &swaps {
            events.add_change(Source::Swaps, swaps)?;
        }
        Ok(Self { mounts, swaps })
    }
}

impl System {
    /// Begins to follow what is mounted.
    pub fn follow_mounts(&mut self) {
        match Tables::open(&mut self.events) {
            Ok(tables) => self.mount_table = Some(tables),
            Err(error) => self.log.say(format_args!("following the mount table: {error}")),
        }
    }

    fn mount_mut(&mut self, id: UnitId) -> Option<&mut MountRun> {
        match self.unit_mut(id).map(|unit| &mut unit.run) {
            Some(Run::Mount(run) | Run::Swap(run)) => Some(run),
            _ => None,
        }
    }

    /// Whether something other than an automount point is mounted on a folder.
    pub(super) fn is_mount_point(&self, path: &Path) -> bool {
        self.mount_table.as_ref().is_some_and(|tables| tables.mounts.mounts().contains_key(path))
    }

    pub(super) fn is_mounted(&self, id: UnitId) -> bool {
        match self.unit(id).map(|unit| &unit.unit.body) {
            Some(Body::Mount(mount)) => self.is_mount_point(&mount.mount_point),
            _ => false,
        }
    }

    /// Whether a mount unit that no file describes is mounted all the same.
    pub(super) fn is_known_mount(&self, name: &keelson_units::model::UnitName) -> bool {
        let path = escape::unit_path(name).filter(|_| name.kind() == UnitKind::Mount);
        path.is_some_and(|path| self.is_mount_point(&path))
    }

    pub(super) fn is_swapped(&self, id: UnitId) -> bool {
        let swaps = self.mount_table.as_ref().and_then(|tables| tables.swaps.as_ref());
        match (self.unit(id).map(|unit| &unit.unit.body), swaps) {
            (Some(Body::Swap(swap)), Some(swaps)) => {
                let path = keelson_units::fstab::tagged_path(&swap.what)
                    .unwrap_or_else(|| PathBuf::from(&swap.what));
                let path = std::fs::canonicalize(&path).unwrap_or(path);
                swaps.swaps().iter().any(|entry| entry.path == path)
            }
            _ => false,
        }
    }

    fn is_up(&self, id: UnitId) -> bool {
        self.is_mounted(id) || self.is_swapped(id)
    }

    pub(super) fn start_mount(&mut self, id: UnitId) {
        if self.is_up(id) {
            return self.change(id, Activity::Active);
        }
        self.begin_work(id, Work::Mounting, Activity::Activating);
    }

    pub(super) fn stop_mount(&mut self, id: UnitId) {
        if !self.is_up(id) && self.mount_mut(id).is_none_or(|run| run.control.is_none()) {
            return self.change(id, Activity::Inactive);
        }
        self.begin_work(id, Work::Unmounting, Activity::Deactivating);
    }

    pub(super) fn remount(&mut self, id: UnitId) {
        self.begin_work(id, Work::Remounting, Activity::Reloading);
    }

    fn begin_work(&mut self, id: UnitId, work: Work, activity: Activity) {
        let Some(source) = self.unit(id).map(|unit| unit.unit.clone()) else { return };
        let (task, timeout) = match (&source.body, work) {
            (Body::Mount(mount), Work::Unmounting) => (Task::unmount(mount), mount.timeout),
            (Body::Mount(mount), Work::Remounting) => (Task::remount(mount), mount.timeout),
            (Body::Mount(mount), _) => (Task::mount(mount), mount.timeout),
            (Body::Swap(swap), Work::Unmounting) => (Task::swap_off(swap), swap.timeout),
            (Body::Swap(swap), _) => (Task::swap_on(swap), swap.timeout),
            _ => return,
        };
        let begun = fork::fork(&[], || task.run_as_process());
        // A check takes as long as the disk is large.
        let checks = work == Work::Mounting
            && matches!(&source.body, Body::Mount(mount) if mount.check && may_be_checked(mount));
        let timeout = timeout.or((!checks).then_some(TIMEOUT));
        let deadline = timeout.map(|timeout| clock::now().saturating_add(timeout));
        let Some(run) = self.mount_mut(id) else { return };
        if let Some((pid, _)) = run.control.take() {
            // What it was for is given up; it is reaped as an orphan.
            let _gone = kill_process(pid, Signal::KILL);
        }
        run.result = "success";
        match begun {
            Ok(forked) => {
                run.work = work;
                run.deadline = deadline;
                run.control = Some((forked.pid, forked.words));
                self.processes.insert(forked.pid, id);
                self.change(id, activity);
            }
            Err(error) => {
                run.result = "resources";
                self.tell(id, log::ERROR, format!("Failed to fork: {error}"));
                self.work_ended(id, false);
            }
        }
    }

    pub(super) fn mount_process_ended(&mut self, id: UnitId, pid: Pid, exit: Exit) {
        let Some(run) = self.mount_mut(id) else { return };
        let Some((_, words)) = run.control.take_if(|(own, _)| *own == pid) else { return };
        let words = fork::words(words);
        if !words.is_empty() {
            self.tell(id, log::ERROR, words);
        }
        let good = exit == Exit::Code(0);
        if !good && let Some(run) = self.mount_mut(id) {
            run.result = exit.outcome().as_str();
        }
        self.work_ended(id, good);
    }

    fn work_ended(&mut self, id: UnitId, good: bool) {
        let work = match self.mount_mut(id) {
            Some(run) => {
                run.deadline = None;
                std::mem::take(&mut run.work)
            }
            None => return,
        };
        // The kernel's word counts, and it may come later than the child's end.
        self.on_mounts();
        self.on_swaps();
        let up = self.is_up(id);
        let failed = self.mount_mut(id).is_some_and(|run| {
            if work == Work::Mounting && good && !up {
                run.result = "protocol";
            }
            run.result != "success"
        });
        match (work, up) {
            (Work::Remounting, true) => self.change_after_reload(id, Activity::Active, good),
            (_, true) => self.change(id, Activity::Active),
            (_, false) if failed => self.change(id, Activity::Failed),
            (_, false) => self.change(id, Activity::Inactive),
        }
        self.reschedule(id);
    }

    pub(super) fn mount_time(&mut self, id: UnitId) {
        let Some(run) = self.mount_mut(id) else { return };
        run.deadline = None;
        run.result = "timeout";
        if let Some((pid, _)) = run.control.take() {
            // A process that hangs in the kernel outlives its signal, and is given up.
            let _gone = kill_process(pid, Signal::KILL);
        }
        self.tell(id, log::WARNING, "Mounting or unmounting timed out. Giving up.");
        self.work_ended(id, false);
    }

    /// The mount table has changed.
    pub fn on_mounts(&mut self) {
        let Some(tables) = &mut self.mount_table else { return };
        for change in tables.mounts.update().unwrap_or_default() {
            match change {
                Change::Added(entry) => self.mount_changed(&entry.mount_point, true),
                Change::Removed(path) => self.mount_changed(&path, false),
                Change::Unserved(path) => self.automount_gone(&path),
                Change::Changed(_) => {}
            }
        }
    }

    fn mount_changed(&mut self, path: &Path, up: bool) {
        let Some(id) =
            escape::path_unit(path, UnitKind::Mount).and_then(|name| self.graph.id(&name))
        else {
            return;
        };
        self.load_one(id);
        self.follow_kernel(id, up);
    }

    /// The table of swaps has changed.
    pub fn on_swaps(&mut self) {
        let Some(swaps) = self.mount_table.as_mut().and_then(|tables| tables.swaps.as_mut()) else {
            return;
        };
        if !swaps.update().is_ok_and(|(added, gone)| !(added.is_empty() && gone.is_empty())) {
            return;
        }
        let units: Vec<UnitId> = self
            .all_units()
            .filter(|(_, unit)| matches!(unit.run, Run::Swap(_)))
            .map(|(id, _)| id)
            .collect();
        for id in units {
            let up = self.is_swapped(id);
            self.follow_kernel(id, up);
        }
    }

    /// Somebody else has mounted or unmounted it. What is being done by a child is left to its end.
    fn follow_kernel(&mut self, id: UnitId, up: bool) {
        let Some(run) = self.mount_mut(id) else { return };
        if run.work != Work::Rest {
            return;
        }
        run.result = "success";
        let activity = self.activity(id);
        if up && !activity.is_active() {
            self.change(id, Activity::Active);
        } else if !up && activity.is_active() {
            self.change(id, Activity::Inactive);
        }
    }
}

/// Whether there is a program that checks such a file system, as far as the type is known.
fn may_be_checked(mount: &Mount) -> bool {
    mount.fs_type.as_deref().is_none_or(|kind| kind == "auto" || can_be_checked(kind))
}
