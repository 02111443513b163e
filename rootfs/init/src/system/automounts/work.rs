//! What an automount point needs done that may hang: it is mounted, taken away and asked for idleness by children.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use keelson_activation::automounts::{self, Packet, Point};
use keelson_jobs::{Activity, Load, UnitId};
use keelson_output::eprintln;
use keelson_units::escape;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use crate::events::Source;
use crate::service::Exit;
use crate::system::System;
use crate::unit::automount::Work;
use crate::{clock, fork, log};

/// How long mounting or taking away may last: both are a moment's work unless something hangs.
const TIMEOUT: Duration = Duration::from_secs(90);

impl System {
    pub(in crate::system) fn start_automount(&mut self, id: UnitId) {
        let Some(automount) = self.automount_settings(id).cloned() else { return };
        if let Some(run) = self.automount_mut(id) {
            run.result = "success";
        }
        let mount = self.mount_of(id);
        let place = automount.mount_point.display();
        if self.graph.facts(mount).load != Load::Loaded {
            let mount = self.name(mount);
            let text = format!("Refusing to start, unit {mount} to trigger not loaded.");
            return self.refuse_automount(id, &text);
        }
        self.on_mounts();
        if self.is_mount_point(&automount.mount_point) {
            let text = format!("Path {place} is already a mount point, refusing start.");
            return self.refuse_automount(id, &text);
        }
        let begun = automounts::pipe().and_then(|(reader, writer)| {
            let writer = writer.as_fd();
            let attach = || status(automounts::attach(&automount, writer));
            Ok((Work::Attaching(reader), fork::fork(&[writer], attach)?))
        });
        match begun {
            Ok((work, forked)) => self.begin_automount_work(id, work, forked, Activity::Activating),
            Err(error) => self.refuse_automount(id, &format!("Failed to fork: {error}")),
        }
    }

    fn refuse_automount(&mut self, id: UnitId, why: &str) {
        self.tell(id, log::ERROR, why);
        if let Some(run) = self.automount_mut(id) {
            run.result = "resources";
        }
        self.automount_down(id);
    }

    fn begin_automount_work(
        &mut self,
        id: UnitId,
        work: Work,
        forked: fork::Forked,
        activity: Activity,
    ) {
        let Some(run) = self.automount_mut(id) else { return };
        run.work = work;
        run.deadline = Some(clock::now().saturating_add(TIMEOUT));
        run.control = Some((forked.pid, forked.words));
        self.processes.insert(forked.pid, id);
        self.change(id, activity);
    }

    pub(in crate::system) fn stop_automount(&mut self, id: UnitId) {
        self.close_point(id);
        if let Some(run) = self.automount_mut(id)
            && run.control.is_some()
        {
            run.work = Work::GivenUp;
            run.deadline = Some(clock::now().saturating_add(TIMEOUT));
            return self.change(id, Activity::Deactivating);
        }
        self.detach_point(id);
    }

    fn detach_point(&mut self, id: UnitId) {
        // Not the settings' path: they may have been read again since, and be wrong.
        let Some(path) = escape::unit_path(&self.name(id)) else { return };
        match fork::fork(&[], || status(automounts::detach(&path))) {
            Ok(forked) => {
                self.begin_automount_work(id, Work::Detaching, forked, Activity::Deactivating);
            }
            Err(error) => {
                self.tell(id, log::ERROR, format!("Failed to fork: {error}"));
                self.automount_failed_with(id, "resources");
                self.automount_down(id);
            }
        }
    }

    /// The unit ends by itself, for a reason.
    pub(super) fn fail_automount(&mut self, id: UnitId, result: &'static str) {
        self.automount_failed_with(id, result);
        self.stop_automount(id);
    }

    fn automount_failed_with(&mut self, id: UnitId, result: &'static str) {
        if let Some(run) = self.automount_mut(id)
            && run.result == "success"
        {
            run.result = result;
        }
    }

    /// Those who are held up get an error, also who was not heard yet, and nobody is held up any more.
    fn close_point(&mut self, id: UnitId) {
        let Some(run) = self.automount_mut(id) else { return };
        run.running = false;
        run.next_expiry = None;
        // What they are for is given up. The one that mounts or unmounts is waited for, the other reaped as an orphan.
        for (pid, _) in run.control.iter().chain(&run.expiry.take()) {
            let _gone = kill_process(*pid, Signal::KILL);
        }
        while let Some(Ok(Some(packet))) = self.point(id).map(Point::receive) {
            let (Packet::Missing { token, .. } | Packet::Expire { token }) = packet;
            if let Some(run) = self.automount_mut(id) {
                run.held.insert(token);
            }
        }
        self.answer_held(id, Err(Errno::HOSTDOWN));
        self.answer_expiring(id, Err(Errno::HOSTDOWN));
        let Some((point, token)) = self.automount_mut(id).and_then(|run| run.point.take()) else {
            return;
        };
        if let Err(error) = point.let_go() {
            self.tell(id, log::ERROR, format!("Failed to give up the automount point: {error}"));
        }
        self.events.remove(token, &point);
    }

    pub(in crate::system) fn automount_process_ended(&mut self, id: UnitId, pid: Pid, exit: Exit) {
        let Some(run) = self.automount_mut(id) else { return };
        if let Some((_, words)) = run.expiry.take_if(|(own, _)| *own == pid) {
            let words = fork::words(words);
            if exit != Exit::Code(0) {
                let text = format!("Failed to expire automount, ignoring: {words}");
                self.tell(id, log::WARNING, text);
            }
            return;
        }
        let Some((_, words)) = run.control.take_if(|(own, _)| *own == pid) else { return };
        run.deadline = None;
        let work = std::mem::take(&mut run.work);
        if matches!(work, Work::GivenUp) {
            return self.detach_point(id);
        }
        let words = fork::words(words);
        if !words.is_empty() {
            self.tell(id, log::ERROR, words);
        }
        if exit != Exit::Code(0) {
            self.automount_failed_with(id, "resources");
        }
        match work {
            Work::Attaching(pipe) if exit == Exit::Code(0) => self.serve_automount(id, pipe),
            _ => self.automount_down(id),
        }
    }

    /// It is mounted, and is served from now on.
    fn serve_automount(&mut self, id: UnitId, pipe: OwnedFd) {
        let Some(automount) = self.automount_settings(id) else { return };
        let point = Point::open(&automount.mount_point, pipe, automount.idle_timeout);
        let served = point.and_then(|point| {
            let token = self.events.add(Source::Automount(id), &point)?;
            Ok((point, token))
        });
        match served {
            Ok(served) => {
                if let Some(run) = self.automount_mut(id) {
                    run.point = Some(served);
                }
                self.change(id, Activity::Active);
            }
            Err(error) => {
                self.tell(id, log::ERROR, format!("Failed to serve the automount point: {error}"));
                self.fail_automount(id, "resources");
            }
        }
    }

    fn automount_down(&mut self, id: UnitId) {
        let Some(run) = self.automount_mut(id) else { return };
        run.work = Work::Rest;
        run.deadline = None;
        let failed = run.result != "success";
        if failed {
            let text = format!("Failed with result '{}'.", run.result);
            self.tell(id, log::WARNING, text);
        }
        self.change(id, if failed { Activity::Failed } else { Activity::Inactive });
    }

    /// Has it looked for whether the mount is idle, from time to time.
    pub(super) fn look_for_idleness(&mut self, id: UnitId) {
        let idle = self.automount_settings(id).and_then(|automount| automount.idle_timeout);
        // The kernel notes a use only when it is asked, so it is asked more often than the mount may rest.
        let period = idle
            .filter(|idle| !idle.is_zero() && *idle != Duration::MAX)
            .map(|idle| (idle / 3).max(Duration::from_secs(1)));
        let next = period.map(|period| clock::now().saturating_add(period));
        if let Some(run) = self.automount_mut(id) {
            run.next_expiry = next;
        }
    }

    pub(in crate::system) fn automount_time(&mut self, id: UnitId) {
        let now = clock::now();
        let Some(run) = self.automount_mut(id) else { return };
        if run.deadline.is_some_and(|deadline| deadline <= now) {
            self.tell(id, log::WARNING, "Mounting or unmounting timed out. Giving up.");
            return self.automount_timed_out(id);
        }
        if run.next_expiry.is_some_and(|next| next <= now) {
            let busy = run.expiry.is_some();
            self.look_for_idleness(id);
            if !busy {
                self.begin_expiry(id);
            }
        }
    }

    fn automount_timed_out(&mut self, id: UnitId) {
        self.automount_failed_with(id, "timeout");
        let Some(run) = self.automount_mut(id) else { return };
        if matches!(run.work, Work::Attaching(_)) {
            return self.stop_automount(id);
        }
        if let Some((pid, _)) = run.control.take() {
            // A process that hangs in the kernel outlives its signal, and is given up.
            let _gone = kill_process(pid, Signal::KILL);
        }
        self.automount_down(id);
    }

    fn begin_expiry(&mut self, id: UnitId) {
        let Some(point) = self.point(id) else { return };
        let folder = point.folder();
        let begun = fork::fork(&[folder], || status(automounts::expire(folder)));
        match begun {
            Ok(forked) => {
                self.processes.insert(forked.pid, id);
                if let Some(run) = self.automount_mut(id) {
                    run.expiry = Some((forked.pid, forked.words));
                }
            }
            Err(error) => self.tell(id, log::WARNING, format!("Failed to fork: {error}")),
        }
    }
}

/// The exit status of a child whose whole life this was; standard error has the reason.
fn status<E: std::fmt::Display>(outcome: Result<(), E>) -> i32 {
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            eprintln(&error);
            1
        }
    }
}
