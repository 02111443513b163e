//! A unit while the system runs: what its file says, and where it stands.

use std::rc::Rc;
use std::time::Duration;

use keelson_control::Stamp;
use keelson_execution::cgroup::{Events as GroupEvents, Group};
use keelson_jobs::Activity;
use keelson_units::model::{Body, ExecSettings, ResourceSettings, Unit};

use crate::events::Token;

pub mod automount;
pub mod mount;
pub mod path;
pub mod service;
pub mod socket;
pub mod start_limit;
pub mod timer;

pub use automount::AutomountRun;
pub use mount::MountRun;
pub use path::PathRun;
pub use service::ServiceRun;
pub use socket::SocketRun;
pub use start_limit::StartLimit;
pub use timer::TimerRun;

/// A unit at run time.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct UnitRun {
    /// What its files say.
    pub unit: Rc<Unit>,
    /// What only its type has.
    pub run: Run,
    /// Where it stands, as all types have it.
    pub activity: Activity,
    /// When that changed.
    pub times: Times,
    /// The last look at conditions and assertions.
    pub checks: Checks,
    /// 32 hexadecimal digits, new at each start; empty before the first.
    pub invocation: String,
    /// Its control group.
    pub group: Option<Grouped>,
    /// Its recent starts.
    pub starts: StartLimit,
    /// When it is to be given the time.
    pub due: Option<Duration>,
    /// Whether its file is not on any search path (`systemd-run`).
    pub transient: bool,
    /// Whether it is then forgotten also where it failed.
    pub collect: bool,
    /// Whether an automatic restart follows, so that a failure is not the last word.
    pub restarting: bool,
    /// How the reload ended whose end the next change tells.
    pub reloaded: bool,
    /// Whether its last start was one too many.
    pub limit_hit: bool,
    /// When its files were read, in microseconds since 1970.
    pub loaded: u64,
    /// Whether its processes are frozen.
    pub frozen: bool,
    /// What started it: a timer, a socket, a path.
    pub trigger: Option<String>,
}

/// What only one type of unit has.
#[derive(Debug)]
pub enum Run {
    /// A service.
    Service(Box<ServiceRun>),
    /// A socket.
    Socket(Box<SocketRun>),
    /// A timer.
    Timer(Box<TimerRun>),
    /// Watched paths.
    Path(Box<PathRun>),
    /// A mount.
    Mount(Box<MountRun>),
    /// An automount point.
    Automount(Box<AutomountRun>),
    /// A swap, which is driven as a mount is.
    Swap(Box<MountRun>),
    /// Nothing but up or down: target, slice, device.
    Plain,
}

/// When a unit changed; zero is never.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "each is the property of its name of systemctl show")]
pub struct Times {
    pub state_change: Stamp,
    pub inactive_exit: Stamp,
    pub active_enter: Stamp,
    pub active_exit: Stamp,
    pub inactive_enter: Stamp,
}

impl Times {
    /// Notes a change.
    pub fn change(&mut self, from: Activity, to: Activity, now: Stamp) {
        self.state_change = now;
        if from.is_inactive() && !to.is_inactive() {
            self.inactive_exit = now;
        }
        if !from.is_inactive() && to.is_inactive() {
            self.inactive_enter = now;
        }
        if !from.is_active() && to.is_active() {
            self.active_enter = now;
        }
        if from.is_active() && !to.is_active() {
            self.active_exit = now;
        }
    }
}

/// The last look at conditions and assertions.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is the property of its name of systemctl show")]
pub struct Checks {
    pub condition_at: Stamp,
    pub condition_result: bool,
    pub assert_at: Stamp,
    pub assert_result: bool,
    /// For each condition, then each assertion, whether it held.
    pub held: Vec<bool>,
}

/// A control group and what is listened to in it.
#[derive(Debug)]
pub struct Grouped {
    /// The group.
    pub group: Rc<Group>,
    /// The unit whose settings it has.
    pub applied: Rc<Unit>,
    /// Whether some settings have changed that only a new group takes.
    pub stale: bool,
    /// Says when the last process has gone, where that is waited for.
    pub events: Option<(GroupEvents, Token)>,
    /// How often the kernel has killed for want of memory, where that matters.
    pub kills: Option<u64>,
}

impl UnitRun {
    /// A unit that is down.
    pub fn new(unit: Unit) -> Self {
        let run = match &unit.body {
            Body::Service(_) => Run::Service(Box::default()),
            Body::Socket(_) => Run::Socket(Box::default()),
            Body::Timer(_) => Run::Timer(Box::default()),
            Body::Path(_) => Run::Path(Box::default()),
            Body::Mount(_) => Run::Mount(Box::default()),
            Body::Automount(_) => Run::Automount(Box::default()),
            Body::Swap(_) => Run::Swap(Box::default()),
            Body::Slice(_) | Body::Target | Body::Device => Run::Plain,
        };
        Self {
            unit: Rc::new(unit),
            run,
            activity: Activity::Inactive,
            times: Times::default(),
            checks: Checks::default(),
            invocation: String::new(),
            group: None,
            starts: StartLimit::default(),
            due: None,
            transient: false,
            collect: false,
            restarting: false,
            reloaded: true,
            loaded: crate::clock::micros(crate::clock::real()),
            frozen: false,
            limit_hit: false,
            trigger: None,
        }
    }

    /// The word of `systemctl`'s column SUB.
    pub fn sub_state(&self) -> &'static str {
        match &self.run {
            Run::Service(run) => run.machine.state.as_str(),
            Run::Socket(run) => run.state.as_str(),
            Run::Timer(run) => run.sub_state(self.activity),
            Run::Path(run) => run.sub_state(self.activity),
            Run::Mount(run) => run.sub_state(self.activity, "mounted", "mounting", "unmounting"),
            Run::Automount(run) => run.sub_state(self.activity),
            Run::Swap(run) => run.sub_state(self.activity, "active", "activating", "deactivating"),
            Run::Plain => match (&self.unit.body, self.activity.is_active()) {
                (Body::Device, true) => "plugged",
                (_, true) => "active",
                (_, false) => "dead",
            },
        }
    }

    /// Whether it failed, and how: the property `Result`.
    pub fn result(&self) -> &'static str {
        match &self.run {
            Run::Service(run) => run.machine.outcome.as_str(),
            Run::Socket(run) => run.result,
            Run::Path(run) => run.result,
            Run::Mount(run) | Run::Swap(run) => run.result,
            Run::Automount(run) => run.result,
            Run::Timer(_) | Run::Plain => "success",
        }
    }

    /// The settings of its processes, where it has any.
    pub fn exec(&self) -> Option<&ExecSettings> {
        exec(&self.unit)
    }

    /// The settings of its control group, where it has one.
    pub fn resources(&self) -> Option<&ResourceSettings> {
        resources(&self.unit)
    }
}

/// The settings of the processes of a unit, where it has some.
pub fn exec(unit: &Unit) -> Option<&ExecSettings> {
    match &unit.body {
        Body::Service(service) => Some(&service.exec),
        Body::Socket(socket) => Some(&socket.exec),
        Body::Mount(mount) => Some(&mount.exec),
        Body::Swap(swap) => Some(&swap.exec),
        _ => None,
    }
}

/// The settings of the control group of a unit, where it has one.
pub fn resources(unit: &Unit) -> Option<&ResourceSettings> {
    match &unit.body {
        Body::Service(service) => Some(&service.resources),
        Body::Socket(socket) => Some(&socket.resources),
        Body::Mount(mount) => Some(&mount.resources),
        Body::Swap(swap) => Some(&swap.resources),
        Body::Slice(resources) => Some(resources),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
