//! Drives the state machines of services: does what they ask and gives back what came of it.

use std::collections::VecDeque;

use keelson_control::ActiveState;
use keelson_execution::directories::tree;
use keelson_execution::{Release, Released};
use keelson_jobs::{Activity, JobKind, UnitId};
use keelson_units::model::{Body, FdStorePreserve, JobMode, Service, Type};
use rustix::process::{Pid, kill_process};

use super::{System, Todo};
use crate::service::{Action, Event, Exit, State};
use crate::unit::{Run, ServiceRun, UnitRun};
use crate::{clock, fork, log, signals};

impl System {
    /// Gives a service an event and does all that it asks for.
    pub(super) fn service_event(&mut self, id: UnitId, event: Event) {
        let mut actions: VecDeque<Action> = self.take_event(id, event).into();
        while let Some(action) = actions.pop_front() {
            if let Some(answer) = self.act(id, action) {
                actions.extend(self.take_event(id, answer));
            }
        }
        self.reschedule(id);
    }

    fn take_event(&mut self, id: UnitId, event: Event) -> Vec<Action> {
        let now = clock::now();
        let stop_queued = self.stop_queued(id);
        let Some(unit) = self.unit_mut(id) else { return Vec::new() };
        let source = unit.unit.clone();
        match (&mut unit.run, &source.body) {
            (Run::Service(run), Body::Service(service)) => {
                run.machine.stop_queued = stop_queued;
                run.machine.take(service, now, event)
            }
            _ => Vec::new(),
        }
    }

    /// The service's parts, for a look or a change.
    pub(super) fn service_mut(&mut self, id: UnitId) -> Option<&mut ServiceRun> {
        match self.unit_mut(id).map(|unit| &mut unit.run) {
            Some(Run::Service(run)) => Some(run),
            _ => None,
        }
    }

    /// What its file says.
    pub(super) fn service_settings(&self, id: UnitId) -> Option<&Service> {
        match self.unit(id).map(|unit| &unit.unit.body) {
            Some(Body::Service(service)) => Some(service),
            _ => None,
        }
    }

    fn act(&mut self, id: UnitId, action: Action) -> Option<Event> {
        match action {
            Action::Spawn { role, phase, index } => {
                return Some(self.spawn_for(id, role, phase, index));
            }
            Action::Signal { processes, group, number, hangup, wait_for_group } => {
                let any = self.signal(id, &processes, group, number, hangup);
                return Some(Event::Signalled(any.0 || (wait_for_group && any.1)));
            }
            Action::Send(pid, number) => send(pid, number),
            Action::FindMain => {
                let found = self.find_main(id);
                if let Some(pid) = found {
                    self.processes.insert(pid, id);
                    if let Some(run) = self.service_mut(id)
                        && run.machine.main != found
                    {
                        run.main = Some((pid, clock::stamp(), keelson_control::Stamp::default()));
                    }
                }
                return Some(Event::Found(found));
            }
            Action::RemovePidFile => {
                if let Some(path) =
                    self.service_settings(id).and_then(|service| service.pid_file.clone())
                {
                    // The service removes it itself where it ends well.
                    let _gone = std::fs::remove_file(path);
                }
            }
            Action::Changed { to, .. } => self.service_changed(id, to),
            Action::Restart => self.queue_restart(id),
            Action::Release { restarting } => self.release(id, restarting),
            Action::Say { priority, text } => self.tell(id, priority, text),
            Action::Reloaded(good) => {
                if self.activity(id) == Activity::Active {
                    self.change_after_reload(id, Activity::Active, good);
                } else if let Some(unit) = self.unit_mut(id) {
                    // The change to active that follows ends the job.
                    unit.reloaded = good;
                }
            }
        }
        None
    }

    fn service_changed(&mut self, id: UnitId, to: State) {
        let idle = self.service_settings(id).is_some_and(|service| service.kind == Type::Idle);
        let reloaded =
            self.unit_mut(id).is_none_or(|unit| std::mem::replace(&mut unit.reloaded, true));
        self.change_after_reload(id, activity(to.active(idle)), reloaded);
    }

    fn queue_restart(&mut self, id: UnitId) {
        if self.stop_queued(id) || self.end.is_some() {
            return;
        }
        self.todo.push_back(Todo::Enqueue {
            unit: id,
            kind: JobKind::Restart,
            mode: JobMode::Replace,
            why: "automatic restart",
        });
    }

    pub(super) fn stop_queued(&self, id: UnitId) -> bool {
        self.queue.job_of(id).is_some_and(|job| job.kind == JobKind::Stop)
    }

    /// A service is down: what it held is freed.
    pub(super) fn release(&mut self, id: UnitId, restarting: bool) {
        let job = self.queue.job_of(id).map(|job| job.kind);
        let again = restarting || matches!(job, Some(JobKind::Restart | JobKind::Start));
        let name = self.name(id);
        let Some(unit) = self.unit_mut(id) else { return };
        unit.restarting = restarting;
        let source = unit.unit.clone();
        let (Run::Service(run), Body::Service(service)) = (&mut unit.run, &source.body) else {
            return;
        };
        let why = if again { Release::Restarting } else { Release::Stopped };
        let runtime = std::mem::take(&mut run.runtime);
        let others = self.all_units().filter_map(|(_, unit)| match &unit.run {
            Run::Service(run) => Some(&run.runtime),
            _ => None,
        });
        let released =
            keelson_execution::release(name.as_str(), &service.exec, runtime, others, why);
        let kept = match service.fd_store_preserve {
            FdStorePreserve::Yes => true,
            FdStorePreserve::Restart => again,
            FdStorePreserve::No => false,
        };
        if !kept {
            self.drop_store(id, None);
        }
        if !restarting && let Some(run) = self.service_mut(id) {
            // The connection's number is needed until the socket was told.
            run.connection_environment.clear();
        }
        self.finish_release(id, released);
        let stale = |unit: &UnitRun| unit.group.as_ref().is_some_and(|grouped| grouped.stale);
        if !again || self.unit(id).is_some_and(stale) {
            self.release_group(id);
        }
    }

    /// Tells what did not work, and has a child remove what is left: a service may have left any amount.
    pub(super) fn finish_release(&mut self, id: UnitId, released: Released) {
        for problem in released.problems {
            self.tell(id, log::WARNING, problem);
        }
        if released.rubbish.is_empty() {
            return;
        }
        // The child is reaped as one of no unit.
        let removal = fork::fork(&[], || {
            for path in &released.rubbish {
                if let Err(error) = tree::remove(path) {
                    let line = format!("<4>keelson: removing {}: {error}", path.display());
                    // There is nobody else to tell.
                    let _lost = std::fs::write("/dev/kmsg", line);
                }
            }
            0
        });
        if let Err(error) = removal {
            self.tell(id, log::WARNING, format!("removing its folders: {error}"));
        }
    }

    /// Whether a process is still the one that a service knows by this number: a child of ours that is not reaped, or one
    /// of its group. The end of others (`MAINPID=`, `PIDFile=`) is told to nobody, and their numbers are given out anew.
    fn is_still(&self, id: UnitId, pid: Pid) -> bool {
        if !self.hierarchy.is_present() {
            return true;
        }
        let own = self.processes.get(&pid) == Some(&id) && is_our_child(pid);
        own || self.hierarchy.unit_of(pid).as_deref() == Some(self.graph.name(id).as_str())
    }

    /// Once the group of a service is empty: processes whose end was not seen have ended.
    pub(super) fn forget_strangers(&mut self, id: UnitId) {
        let Some(run) = self.service_mut(id) else { return };
        let known: Vec<Pid> = run.machine.main.into_iter().chain(run.machine.control).collect();
        for pid in known {
            if self.is_still(id, pid) {
                continue;
            }
            if self.processes.get(&pid) == Some(&id) {
                self.processes.remove(&pid);
            }
            self.service_event(id, Event::Exited(pid, Exit::Code(0)));
        }
    }

    /// Signals processes, and the others of the group. Gives whether one of the processes was there, and one of the group.
    pub(super) fn signal(
        &mut self,
        id: UnitId,
        processes: &[Pid],
        group: bool,
        number: i32,
        hangup: bool,
    ) -> (bool, bool) {
        let mut signals = vec![number];
        if hangup {
            signals.push(libc::SIGHUP);
        }
        if !matches!(number, libc::SIGKILL | libc::SIGCONT) {
            // What is stopped could not act on it.
            signals.push(libc::SIGCONT);
        }
        let mut any = false;
        for pid in processes.iter().filter(|pid| self.is_still(id, **pid)) {
            for number in &signals {
                any |=
                    signals::of(*number).is_some_and(|signal| kill_process(*pid, signal).is_ok());
            }
        }
        let grouped =
            self.unit(id).and_then(|unit| unit.group.as_ref()).map(|grouped| grouped.group.clone());
        let Some(all) = grouped.filter(|_| group) else { return (any, false) };
        if number == libc::SIGKILL
            && let Err(error) = all.kill()
        {
            self.tell(id, log::WARNING, error);
        }
        let others: Vec<Pid> =
            all.processes().into_iter().filter(|pid| !processes.contains(pid)).collect();
        for pid in &others {
            for number in &signals {
                // A process that has gone meanwhile needs no signal.
                let _gone = signals::of(*number).map(|signal| kill_process(*pid, signal));
            }
        }
        (any, !others.is_empty())
    }

    /// The main process of a forking service: of its PID file, or the only one that is a child of ours.
    fn find_main(&self, id: UnitId) -> Option<Pid> {
        let service = self.service_settings(id)?;
        let name = self.graph.name(id).as_str();
        let own = |pid: &Pid| {
            !self.hierarchy.is_present() || self.hierarchy.unit_of(*pid).as_deref() == Some(name)
        };
        if let Some(path) = &service.pid_file {
            let text = read_bounded(path)?;
            let pid = text.trim().parse().ok().filter(|pid| *pid > 1).and_then(Pid::from_raw)?;
            let lives = std::path::Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists();
            return (lives && own(&pid)).then_some(pid);
        }
        if !service.guess_main_pid {
            return None;
        }
        let group = self.unit(id)?.group.as_ref()?;
        let mut children = group.group.processes().into_iter().filter(|pid| is_our_child(*pid));
        let first = children.next()?;
        children.next().is_none().then_some(first)
    }

    /// Nothing is left to do: idle services may go on.
    pub(super) fn rest(&mut self) {
        if !self.queue.is_empty() {
            return;
        }
        let waiting: Vec<UnitId> = self
            .deadlines
            .iter()
            .map(|(_, id)| *id)
            .filter(|id| matches!(self.unit(*id).map(|unit| &unit.run), Some(Run::Service(run)) if run.machine.waits_for_idle()))
            .collect();
        for id in waiting {
            self.service_event(id, Event::Idle);
        }
        self.on_quiet();
    }
}

/// The state of all types of units, in the words of the graph.
fn activity(state: ActiveState) -> Activity {
    match state {
        ActiveState::Active => Activity::Active,
        ActiveState::Reloading => Activity::Reloading,
        ActiveState::Inactive | ActiveState::Maintenance => Activity::Inactive,
        ActiveState::Failed => Activity::Failed,
        ActiveState::Activating => Activity::Activating,
        ActiveState::Deactivating => Activity::Deactivating,
    }
}

fn send(pid: Pid, number: i32) {
    // A process that has gone meanwhile needs no signal.
    let _gone = signals::of(number).map(|signal| kill_process(pid, signal));
}

/// The text of a small file that a service wrote; it may be anything.
fn read_bounded(path: &std::path::Path) -> Option<String> {
    use std::io::Read;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;
    let options = |flags| {
        let mut options = std::fs::OpenOptions::new();
        options.read(true).custom_flags(flags).clone()
    };
    // First without opening it in earnest: to open a device may start it.
    let place = options(libc::O_PATH).open(path).ok()?;
    place.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let link = format!("/proc/self/fd/{}", place.as_raw_fd());
    let file = options(libc::O_NONBLOCK | libc::O_NOCTTY).open(link).ok()?;
    let mut text = String::new();
    file.take(64).read_to_string(&mut text).ok()?;
    Some(text)
}

fn is_our_child(pid: Pid) -> bool {
    let text =
        std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    // The name in parentheses may hold anything; state and parent follow the last one.
    let after = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let parent = after.split_whitespace().nth(1).and_then(|word| word.parse::<u32>().ok());
    parent == Some(std::process::id())
}
