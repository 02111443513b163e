//! All units at run time: starts what is due, in order; gives events to services; says when the boot is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, WaitStatus};

use crate::cgroup::Hierarchy;
use crate::graph::{self, Order};
use crate::log::Log;
use crate::notify::Message;
use crate::output::OutputPipe;
use crate::service::{Context, ServiceRun, Started, State};
use crate::shutdown::Goal;
use crate::unit::load::Loader;
use crate::unit::{Kind, Unit};
use crate::{clock, conditions};

pub mod commands;

/// The unit a boot starts.
pub const DEFAULT_TARGET: &str = "multi-user.target";
/// What must not fail for a boot to count as good.
pub const COMPLETE_TARGET: &str = "boot-complete.target";
/// What a good boot starts at its end.
const BLESS: &str = "keelson-bless.service";
/// Units of this program that every boot starts.
const OWN: &[&str] = &["keelson-modules-load.service", "keelson-coldplug.service"];
/// Written when the boot is complete.
pub const COMPLETE_FILE: &str = "/run/keelson/boot-complete";

/// The end that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// What for.
    pub goal: Goal,
    /// When, since boot.
    pub begun: Duration,
}

/// All units.
#[derive(Debug)]
pub struct Supervisor {
    /// The log.
    pub log: Log,
    /// The output of the services.
    pub outputs: Vec<OutputPipe>,
    /// The end, once it was asked for.
    pub end: Option<End>,
    loader: Loader,
    units: BTreeMap<String, Unit>,
    aliases: BTreeMap<String, String>,
    order: Order,
    services: BTreeMap<String, ServiceRun>,
    targets: BTreeSet<String>,
    queue: BTreeSet<String>,
    cgroups: Hierarchy,
    first_boot: bool,
    complete: bool,
    remarks_said: usize,
}

impl Supervisor {
    /// No units yet.
    pub fn new(log: Log, cgroups: Hierarchy, first_boot: bool) -> Self {
        Self {
            log,
            outputs: Vec::new(),
            end: None,
            loader: Loader::new(Path::new("/")),
            units: BTreeMap::new(),
            aliases: BTreeMap::new(),
            order: Order::default(),
            services: BTreeMap::new(),
            targets: BTreeSet::new(),
            queue: BTreeSet::new(),
            cgroups,
            first_boot,
            complete: false,
            remarks_said: 0,
        }
    }

    /// Loads what a boot starts, and queues it.
    pub fn boot(&mut self) {
        let mut names = vec![DEFAULT_TARGET, COMPLETE_TARGET];
        names.extend(OWN);
        self.load(&names);
        self.queue = self.units.keys().cloned().collect();
    }

    /// Loads units with what they need; those that are known stay as they are.
    fn load(&mut self, names: &[&str]) {
        let (units, aliases) = self.loader.load_closure(names);
        for (name, unit) in units {
            if let (Kind::Service(config), false) = (&unit.kind, self.services.contains_key(&name))
            {
                self.services.insert(name.clone(), ServiceRun::new(&name, (**config).clone()));
            }
            self.units.entry(name).or_insert(unit);
        }
        self.aliases.extend(aliases);
        self.order = graph::order(&self.units, &self.aliases);
        for remark in &self.loader.remarks[self.remarks_said..] {
            self.log.note(remark);
        }
        self.remarks_said = self.loader.remarks.len();
        for edge in &self.order.broken {
            self.log.say(format_args!(
                "ordering cycle: {} is not started after {}",
                edge.unit, edge.after
            ));
        }
    }

    /// Whether `pid` belongs to a service: gives the message to it.
    pub fn on_message(&mut self, sender: Pid, message: Message) {
        let by_group = self.cgroups.service_of(sender);
        let owner = self
            .services
            .values()
            .find(|service| service.owns(sender) || by_group.as_ref() == Some(&service.name))
            .map(|service| service.name.clone());
        match owner {
            Some(name) => self.with(&name, |service, context| service.on_message(message, context)),
            None => self.log.note(format_args!(
                "a notification of process {} belongs to no service; passed over",
                sender.as_raw_nonzero()
            )),
        }
    }

    /// Gives the end of a process to its service; others are orphans and only reaped.
    pub fn on_exit(&mut self, pid: Pid, status: WaitStatus) {
        let owner = self
            .services
            .values()
            .find(|service| service.owns(pid))
            .map(|service| service.name.clone());
        if let Some(name) = owner {
            self.with(&name, |service, context| service.on_exit(pid, status, context));
        }
    }

    /// Reads what services wrote, on the pipes with these indexes.
    pub fn read_outputs(&mut self, ready: impl Fn(usize) -> bool) {
        let mut index = 0;
        let (log, services) = (&mut self.log, &mut self.services);
        self.outputs.retain_mut(|pipe| {
            index += 1;
            if !ready(index - 1) {
                return true;
            }
            let (unit, console) = (pipe.unit.clone(), pipe.console);
            pipe.read(|line| {
                log.output(&unit, line, console);
                if let (false, Some(service)) = (console, services.get_mut(&unit)) {
                    service.remember(line);
                }
            })
        });
    }

    /// When [`Self::tick`] is to be called at the latest, since boot.
    pub fn next_time(&self) -> Option<Duration> {
        self.services.values().filter_map(ServiceRun::next_time).min()
    }

    /// Does all that is due. True when the end was asked for and every service is down.
    pub fn tick(&mut self) -> bool {
        let now = clock::now();
        let due: Vec<String> = self
            .services
            .values()
            .filter(|service| {
                matches!(service.state, State::Stopping(_))
                    || service.next_time().is_some_and(|time| time <= now)
            })
            .map(|service| service.name.clone())
            .collect();
        for name in due {
            self.with(&name, ServiceRun::on_time);
        }
        if self.end.is_some() {
            return self.stop_all();
        }
        while self.start_due() {}
        if !self.complete
            && self.queue.is_empty()
            && self.services.values().all(ServiceRun::is_settled)
        {
            self.on_complete();
        }
        false
    }

    /// Asks for the end. A second call changes the goal only.
    pub fn begin_end(&mut self, goal: Goal) {
        let begun = self.end.map_or_else(clock::now, |end| end.begun);
        if self.end.is_none() {
            self.log.say(format_args!("{} was asked for; stopping services", goal.command()));
        }
        self.end = Some(End { goal, begun });
        self.queue.clear();
    }

    /// Starts the first unit of the queue that waits for nothing. False when there is none.
    fn start_due(&mut self) -> bool {
        let free = self.order.sequence.iter().find(|name| {
            self.queue.contains(*name)
                && self.order.waits[*name].iter().all(|other| self.is_past(other))
        });
        let Some(name) = free.cloned() else { return false };
        self.queue.remove(&name);
        let unit = &self.units[&name];
        let lacking = unit.requires.iter().find(|needed| !self.is_up(needed)).cloned();
        let skipped = !conditions::hold(&unit.conditions, self.first_boot);
        if !self.services.contains_key(&name) {
            self.targets.insert(name);
            return true;
        }
        self.with(&name, |service, context| match lacking {
            Some(needed) => {
                service.refuse(&format!("it requires {needed}, which is not up"), context);
            }
            None if skipped => {
                context
                    .log
                    .note(format_args!("{} is skipped: a condition does not hold", service.name));
                service.skip();
            }
            None => service.start(context),
        });
        true
    }

    /// Whether what is ordered after `name` may start: it has come up or failed, or keeps failing.
    fn is_past(&self, name: &str) -> bool {
        let past =
            |service: &ServiceRun| service.started != Started::Pending || service.is_settled();
        !self.queue.contains(name) && self.services.get(name).is_none_or(past)
    }

    /// Whether a required unit has come up and has not failed since. Of the types that are not implemented only a
    /// socket would be missed: mounts, devices and slices are there or nothing would run.
    fn is_up(&self, name: &str) -> bool {
        let name = self.aliases.get(name).map_or(name, String::as_str);
        match self.services.get(name) {
            Some(service) => {
                let failed = matches!(service.state, State::Failed | State::Restarting(_));
                service.started == Started::Yes && !failed
            }
            None => !crate::unit::settings::is_service(name) && !name.ends_with(".socket"),
        }
    }

    /// Stops what nothing that is active was started after. True when nothing is active.
    fn stop_all(&mut self) -> bool {
        let waiting = |service: &&ServiceRun| matches!(service.state, State::Restarting(_));
        for name in self.names(waiting) {
            self.with(&name, ServiceRun::stop);
        }
        loop {
            let active = self.names(|service| service.is_active());
            let held: BTreeSet<String> =
                active.iter().flat_map(|name| self.all_waits(name)).collect();
            for name in &active {
                let stopping = matches!(self.services[name].state, State::Stopping(_));
                if !held.contains(name) && !stopping {
                    self.with(name, ServiceRun::stop);
                }
            }
            // What had no process is down at once, and what it was started after is next.
            let left = self.names(|service| service.is_active()).len();
            if left == 0 || left == active.len() {
                return left == 0;
            }
        }
    }

    fn names(&self, wanted: impl Fn(&&ServiceRun) -> bool) -> Vec<String> {
        self.services.values().filter(wanted).map(|service| service.name.clone()).collect()
    }

    /// Everything a unit was started after, by way of others too.
    fn all_waits(&self, name: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            for other in self.order.waits.get(&name).into_iter().flatten() {
                if all.insert(other.clone()) {
                    open.push(other.clone());
                }
            }
        }
        all
    }

    fn on_complete(&mut self) {
        self.complete = true;
        let failed =
            |service: &&ServiceRun| matches!(service.state, State::Failed | State::Restarting(_));
        let failures: Vec<String> =
            self.services.values().filter(failed).map(|service| service.name.clone()).collect();
        let time = clock::now().as_secs_f64();
        self.log
            .say(format_args!("boot complete in {time:.3} s (kernel), {} failed", failures.len()));
        let text = format!("seconds={time:.3}\nfailed={}\n", failures.join(" "));
        if let Err(error) = std::fs::write(COMPLETE_FILE, text) {
            self.log.say(format_args!("writing {COMPLETE_FILE}: {error}"));
        }
        let needed =
            self.units.get(COMPLETE_TARGET).map(|unit| unit.wants.iter().chain(&unit.requires));
        let missing = needed.into_iter().flatten().find(|name| !self.is_up(name));
        if let Some(name) = missing {
            self.log.say(format_args!("the boot is not blessed: {name} is not up"));
        } else {
            self.start_unit(BLESS);
        }
    }

    /// Loads a unit and queues it with all it needs that is not up. False where there is no such unit.
    fn start_unit(&mut self, name: &str) -> bool {
        self.load(&[name]);
        let own = self.aliases.get(name).map_or(name, String::as_str).to_owned();
        if !self.units.contains_key(&own) {
            return false;
        }
        let mut open = vec![own];
        while let Some(name) = open.pop() {
            let Some(unit) = self.units.get(&name) else { continue };
            let down = self
                .services
                .get(&name)
                .map_or(!self.targets.contains(&name), |service| !service.is_active());
            if down && self.queue.insert(name.clone()) {
                open.extend(
                    unit.wants
                        .iter()
                        .chain(&unit.requires)
                        .map(|name| self.aliases.get(name).unwrap_or(name).clone()),
                );
                if let Some(service) = self.services.get_mut(&name) {
                    service.started = Started::Pending;
                }
            }
        }
        while self.start_due() {}
        true
    }

    fn with(&mut self, name: &str, act: impl FnOnce(&mut ServiceRun, &mut Context<'_>)) {
        let mut context = Context {
            log: &mut self.log,
            cgroups: &self.cgroups,
            outputs: &mut self.outputs,
            now: clock::now(),
        };
        if let Some(service) = self.services.get_mut(name) {
            act(service, &mut context);
        }
    }
}
