//! All units, their jobs, and what happens between them.
//!
//! Whatever comes from outside enters by one of the `on_...` methods, changes units at once, and leaves what follows from
//! that for others in a list ([`System::settle`]). So nothing recurses, and one round is bounded.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use keelson_execution::Child;
use keelson_execution::cgroup::Hierarchy;
use keelson_jobs::{Activity, Graph, JobId, JobKind, Queue, UnitId, queries};
use keelson_units::loader::Loader;
use keelson_units::model::{JobMode, UnitName};
use rustix::process::Pid;

use crate::command_line::CommandLine;
use crate::control::Server;
use crate::events::{Events, Token};
use crate::log::{self, Log};
use crate::settings::Settings;
use crate::unit::UnitRun;

mod announce;
pub mod answers;
mod automounts;
pub mod boot;
pub mod changes;
mod connections;
mod devices;
mod emergency;
mod end;
mod groups;
pub mod jobs;
mod load;
mod messages;
mod mounts;
mod paths;
mod processes;
mod services;
mod silent;
mod sockets;
mod spawn;
mod timers;

pub use boot::BootTimes;
pub use end::{End, Scheduled};

/// How much follows at once before events have their turn again. What has begun meanwhile holds descriptors, which every
/// new process gets copies of and closes.
const SHARE: usize = 256;

/// What is left to do.
#[derive(Clone, Debug)]
enum Todo {
    /// A job that follows from a change.
    Enqueue { unit: UnitId, kind: JobKind, mode: JobMode, why: &'static str },
    /// Look whether a unit, or what it needed, is still needed.
    LookForUnneeded(UnitId),
    /// Look whether a unit, or what it upholds, is down.
    LookForUpheld(UnitId),
    /// A unit that triggers this one is told of its change.
    TellTriggers(UnitId),
}

/// Everything.
#[derive(Debug)]
pub struct System {
    /// What PID 1 says.
    pub log: Log,
    /// What it waits for.
    pub events: Events,
    /// The relations of units.
    pub graph: Graph,
    /// The jobs.
    pub queue: Queue,
    /// The end, once it was asked for.
    pub end: Option<End>,
    /// An end that is to come.
    pub scheduled: Option<Scheduled>,
    /// Times of the boot.
    pub boot: BootTimes,
    /// The control socket's connections.
    pub server: Server,
    /// `system.conf`
    pub settings: Settings,
    /// The kernel command line.
    pub command_line: CommandLine,
    loader: Loader,
    units: Vec<Option<Box<UnitRun>>>,
    processes: HashMap<Pid, UnitId>,
    pending: HashMap<Pid, (Child, Token)>,
    silent: silent::Silent,
    hierarchy: Hierarchy,
    memory: Vec<groups::MemoryWatch>,
    next_memory: u64,
    deadlines: BTreeSet<(Duration, UnitId)>,
    job_deadlines: BTreeSet<(Duration, JobId)>,
    todo: VecDeque<Todo>,
    manager_environment: BTreeMap<String, String>,
    conditions: crate::conditions::Facts,
    mount_table: Option<mounts::Tables>,
    timers: timers::Clocks,
    jobs_ever: u64,
    random: Option<std::fs::File>,
    /// Descriptors of others that are to be closed ([`crate::fork::close`]).
    closing: Vec<OwnedFd>,
    /// When a message that was passed over was last told of.
    complained: Option<Duration>,
}

/// What is needed to begin.
#[derive(Debug)]
pub struct Beginning {
    /// What PID 1 says.
    pub log: Log,
    /// What it waits for.
    pub events: Events,
    /// `system.conf`
    pub settings: Settings,
    /// The kernel command line.
    pub command_line: CommandLine,
    /// Control groups.
    pub hierarchy: Hierarchy,
    /// Unit files.
    pub loader: Loader,
    /// What conditions are judged by.
    pub conditions: crate::conditions::Facts,
    /// The control socket.
    pub server: Server,
}

impl System {
    /// No units yet.
    pub fn new(beginning: Beginning) -> Self {
        let environment = beginning.settings.manager_environment.clone();
        Self {
            log: beginning.log,
            events: beginning.events,
            graph: Graph::default(),
            queue: Queue::default(),
            end: None,
            scheduled: None,
            boot: BootTimes::default(),
            server: beginning.server,
            settings: beginning.settings,
            command_line: beginning.command_line,
            loader: beginning.loader,
            units: Vec::new(),
            processes: HashMap::new(),
            pending: HashMap::new(),
            silent: silent::Silent::default(),
            hierarchy: beginning.hierarchy,
            memory: Vec::new(),
            next_memory: 0,
            deadlines: BTreeSet::new(),
            job_deadlines: BTreeSet::new(),
            todo: VecDeque::new(),
            manager_environment: environment.into_iter().collect(),
            conditions: beginning.conditions,
            mount_table: None,
            timers: timers::Clocks::default(),
            jobs_ever: 0,
            random: std::fs::File::open("/dev/urandom").ok(),
            closing: Vec::new(),
            complained: None,
        }
    }

    /// A unit that is loaded.
    pub fn unit(&self, id: UnitId) -> Option<&UnitRun> {
        self.units.get(id.index())?.as_deref()
    }

    fn unit_mut(&mut self, id: UnitId) -> Option<&mut UnitRun> {
        self.units.get_mut(id.index())?.as_deref_mut()
    }

    /// All units that are loaded.
    pub fn all_units(&self) -> impl Iterator<Item = (UnitId, &UnitRun)> {
        self.graph.units().filter_map(|id| Some((id, self.unit(id)?)))
    }

    /// Does what follows from what happened. True when there is more, and events should have their turn first.
    pub fn settle(&mut self) -> bool {
        for _ in 0..SHARE {
            if let Some(todo) = self.todo.pop_front() {
                self.follow(&todo);
            } else if let Some(job) = self.queue.take_ready(&self.graph) {
                self.run_job(&job);
            } else {
                self.rest();
                return false;
            }
        }
        true
    }

    /// Closes the descriptors of others that were given up since the last call.
    pub fn close_descriptors(&mut self) {
        self.closing.append(&mut self.server.closing);
        // The child is reaped as one of no unit.
        let _child = crate::fork::close(std::mem::take(&mut self.closing));
    }

    /// When [`Self::on_time`] is to be called at the latest, since boot.
    pub fn next_time(&self) -> Option<Duration> {
        let unit = self.deadlines.first().map(|(time, _)| *time);
        let job = self.job_deadlines.first().map(|(time, _)| *time);
        [unit, job, self.silent.due(), self.end_time()].into_iter().flatten().min()
    }

    /// Gives the time to all for whom it has come.
    pub fn on_time(&mut self, now: Duration) {
        self.look_at_silent(now);
        // Those of this round only: a time that is set anew and has come already waits for the next one.
        let due: Vec<(Duration, UnitId)> =
            self.deadlines.iter().copied().take_while(|(time, _)| *time <= now).collect();
        for (time, id) in due {
            if !self.deadlines.remove(&(time, id)) {
                continue;
            }
            if let Some(unit) = self.unit_mut(id) {
                unit.due = None;
            }
            self.unit_time(id);
            self.reschedule(id);
        }
        while let Some((time, job)) =
            self.job_deadlines.first().copied().filter(|(time, _)| *time <= now)
        {
            self.job_deadlines.remove(&(time, job));
            self.job_timed_out(job);
        }
        self.on_end_time(now);
    }

    fn unit_time(&mut self, id: UnitId) {
        use crate::unit::Run;
        match self.unit(id).map(|unit| &unit.run) {
            Some(Run::Service(_)) => self.service_event(id, crate::service::Event::Time),
            Some(Run::Socket(_)) => self.socket_time(id),
            Some(Run::Timer(_)) => self.timer_time(id),
            Some(Run::Mount(_) | Run::Swap(_)) => self.mount_time(id),
            Some(Run::Automount(_)) => self.automount_time(id),
            Some(Run::Path(_) | Run::Plain) | None => {}
        }
    }

    /// Puts a unit's next time into the list.
    fn reschedule(&mut self, id: UnitId) {
        use crate::unit::Run;
        let Some(unit) = self.unit_mut(id) else { return };
        let next = match &unit.run {
            Run::Service(run) => run.machine.next_time(),
            Run::Socket(run) => run.deadline,
            Run::Timer(run) => run.next,
            Run::Mount(run) | Run::Swap(run) => run.deadline,
            Run::Automount(run) => run.next_time(),
            Run::Path(_) | Run::Plain => None,
        };
        let old = std::mem::replace(&mut unit.due, next);
        if old != next {
            if let Some(old) = old {
                self.deadlines.remove(&(old, id));
            }
            self.deadlines.extend(next.map(|next| (next, id)));
        }
    }

    fn follow(&mut self, todo: &Todo) {
        match *todo {
            Todo::Enqueue { unit, kind, mode, why } => {
                if let Err(error) = self.enqueue(unit, kind, mode, false) {
                    self.tell(unit, log::WARNING, format!("{} ({why}): {error}", kind.name()));
                    // A connection that is not served is closed, and makes room for another one.
                    self.instance_ended(unit);
                }
            }
            Todo::LookForUnneeded(id) => {
                let mut units = queries::unneeded_after(&self.graph, &self.queue, id);
                if queries::unneeded(&self.graph, &self.queue, id) {
                    units.push(id);
                }
                for unit in units {
                    self.todo.push_back(Todo::Enqueue {
                        unit,
                        kind: JobKind::Stop,
                        mode: JobMode::Fail,
                        why: "no longer needed",
                    });
                }
            }
            Todo::LookForUpheld(id) => {
                if self.end.is_some() {
                    return;
                }
                for unit in queries::upheld(&self.graph, &self.queue, id) {
                    self.todo.push_back(Todo::Enqueue {
                        unit,
                        kind: JobKind::Start,
                        mode: JobMode::Fail,
                        why: "upheld",
                    });
                }
            }
            Todo::TellTriggers(id) => self.tell_triggers(id),
        }
    }

    /// The description, for people.
    fn description(&self, id: UnitId) -> Rc<str> {
        match self.unit(id) {
            Some(unit) => unit.unit.description.as_str().into(),
            None => self.graph.name(id).as_str().into(),
        }
    }

    fn name(&self, id: UnitId) -> UnitName {
        self.graph.name(id).clone()
    }

    /// A line about a unit for the log.
    fn tell(&mut self, id: UnitId, priority: u8, what: impl std::fmt::Display) {
        let invocation = self.unit(id).map(|unit| unit.invocation.clone()).unwrap_or_default();
        let name = self.name(id);
        self.log.unit(priority, name.as_str(), &invocation, what);
    }

    fn activity(&self, id: UnitId) -> Activity {
        self.graph.activity(id)
    }
}

#[cfg(test)]
mod tests;
