//! The life of one service as a pure state machine (systemd.service(5)): events in, actions out.
//!
//! It starts no process and reads no clock. Whoever drives it does the actions in their order and gives back what came of
//! those that ask for an answer ([`Action`]). Every state but those at rest waits for a process, a time or both.

use std::time::Duration;

use keelson_units::model::{Command, Service};
use rustix::process::Pid;

pub mod exit;
pub mod messages;
mod processes;
mod reload;
mod restart;
mod start;
pub mod state;
mod stop;
mod times;

pub use exit::Exit;
pub use state::{Outcome, Phase, Role, State};

use crate::notify::Message;

/// What happens to a service.
#[derive(Clone, Debug)]
pub enum Event {
    /// A job starts it.
    Start,
    /// A job stops it.
    Stop,
    /// A job reloads it.
    Reload,
    /// All that an idle service waits for is done.
    Idle,
    /// Answer to [`Action::Spawn`]: it runs. `executed` says whether execve is known to have worked.
    Spawned {
        /// Its number.
        pid: Pid,
        /// Whether it runs its program already.
        executed: bool,
    },
    /// Answer to [`Action::Spawn`]: nothing was forked; the status it would have exited with.
    NotSpawned(i32),
    /// A pending process has executed its program.
    Executed(Pid),
    /// A process has ended.
    Exited(Pid, Exit),
    /// A message of sd_notify(3), of a process that may send it.
    Message(Box<Message>),
    /// The time of [`Machine::next_time`] has come.
    Time,
    /// No process is left in its control group.
    GroupEmpty,
    /// The kernel killed a process of it for want of memory.
    OutOfMemory,
    /// Answer to [`Action::Signal`]: whether there is a process whose end is to be waited for.
    Signalled(bool),
    /// Answer to [`Action::FindMain`]: the main process, if there is one yet.
    Found(Option<Pid>),
    /// `systemctl reset-failed`
    Reset,
}

/// What is to be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start the command; answer with [`Event::Spawned`] or [`Event::NotSpawned`] before the next action.
    Spawn {
        /// Main or control process.
        role: Role,
        /// Which list of commands.
        phase: Phase,
        /// Which of them.
        index: usize,
    },
    /// Send a signal; answer with [`Event::Signalled`] before the next action.
    Signal {
        /// The main and the control process, those that run.
        processes: Vec<Pid>,
        /// All others of the control group too.
        group: bool,
        /// Which.
        number: i32,
        /// SIGHUP as well.
        hangup: bool,
        /// Whether the processes of the group count as to be waited for.
        wait_for_group: bool,
    },
    /// Look into `PIDFile=`, or guess; answer with [`Event::Found`].
    FindMain,
    /// Remove `PIDFile=`.
    RemovePidFile,
    /// The state is another one than before.
    Changed {
        /// The state before.
        from: State,
        /// The present one, or one that was passed through.
        to: State,
    },
    /// Send a signal to one process; no answer.
    Send(Pid, i32),
    /// Queue a job that restarts it.
    Restart,
    /// It is down: free what it held. `restarting` says that it will be up again soon.
    Release {
        /// Whether an automatic restart follows.
        restarting: bool,
    },
    /// A line for the log, about this unit.
    Say {
        /// Of syslog(3): 3 an error, 4 a warning, 5 a notice, 6 for information.
        priority: u8,
        /// The words.
        text: String,
    },
    /// A reload has ended, well or not.
    Reloaded(bool),
}

/// A process that was asked for and not answered for yet, or none.
type Asked = Option<(Role, Phase, usize)>;

/// One service.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Machine {
    /// Where it stands.
    pub state: State,
    /// How the present run went so far.
    pub outcome: Outcome,
    /// How the last reload went.
    pub reload_outcome: Outcome,
    /// The main process.
    pub main: Option<Pid>,
    /// The process of the present `Exec...=` step.
    pub control: Option<Pid>,
    /// Which step the control process is of.
    pub phase: Option<Phase>,
    /// How the last main process ended.
    pub main_exit: Option<Exit>,
    /// How the last control process ended.
    pub control_exit: Option<Exit>,
    /// `STATUS=`
    pub status_text: String,
    /// `ERRNO=`
    pub status_errno: i32,
    /// Automatic restarts since it was started by hand.
    pub restarts: u32,
    /// When the state was entered.
    pub since: Duration,
    /// Whether a job that stops it waits for its turn; such a job may also be cancelled.
    pub stop_queued: bool,
    index: usize,
    main_index: usize,
    asked: Asked,
    signalling: Option<State>,
    deadline: Option<Duration>,
    running_until: Option<Duration>,
    look_again: Option<Duration>,
    idle_until: Option<Duration>,
    main_known: bool,
    empty: bool,
    stop_asked: bool,
    said: messages::Said,
    watchdog: Option<Duration>,
    beat: Option<Duration>,
    /// The watchdog waits that long at least (`EXTEND_TIMEOUT_USEC=`).
    beat_until: Option<Duration>,
    reload_begun: Option<Duration>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            state: State::Dead,
            outcome: Outcome::Success,
            reload_outcome: Outcome::Success,
            main: None,
            control: None,
            phase: None,
            main_exit: None,
            control_exit: None,
            status_text: String::new(),
            status_errno: 0,
            restarts: 0,
            since: Duration::ZERO,
            stop_queued: false,
            index: 0,
            main_index: 0,
            asked: None,
            signalling: None,
            deadline: None,
            running_until: None,
            look_again: None,
            idle_until: None,
            main_known: false,
            empty: true,
            stop_asked: false,
            said: messages::Said::Nothing,
            watchdog: None,
            beat: None,
            beat_until: None,
            reload_begun: None,
        }
    }
}

/// A machine while it takes an event: its settings, the time, and the actions so far.
struct Step<'a> {
    machine: &'a mut Machine,
    service: &'a Service,
    now: Duration,
    actions: Vec<Action>,
}

impl Machine {
    /// Takes an event. `now` is the time since boot.
    pub fn take(&mut self, service: &Service, now: Duration, event: Event) -> Vec<Action> {
        let mut step = Step { machine: self, service, now, actions: Vec::new() };
        step.take(event);
        step.actions
    }

    /// Whether `pid` is one of its processes.
    pub fn owns(&self, pid: Pid) -> bool {
        self.main == Some(pid) || self.control == Some(pid)
    }

    /// Whether an idle service waits for [`Event::Idle`].
    pub fn waits_for_idle(&self) -> bool {
        self.idle_until.is_some()
    }

    /// Whether a start that is asked for now has to wait for a stop to end.
    pub fn is_stopping(&self) -> bool {
        self.state.is_stopping()
    }

    /// Puts a failed start on record that never came to a process.
    pub fn refuse(&mut self, now: Duration, outcome: Outcome) -> Vec<Action> {
        self.since = now;
        if self.outcome == Outcome::Success {
            self.outcome = outcome;
        }
        self.deadline = None;
        let from = std::mem::replace(&mut self.state, State::Failed);
        if from == State::Failed {
            Vec::new()
        } else {
            vec![Action::Changed { from, to: State::Failed }]
        }
    }
}

impl Step<'_> {
    fn take(&mut self, event: Event) {
        match event {
            Event::Start => self.start(),
            Event::Stop => self.stop_by_job(),
            Event::Reload => self.reload(),
            Event::Idle => self.end_idling(),
            Event::Spawned { pid, executed } => self.spawned(pid, executed),
            Event::NotSpawned(status) => self.not_spawned(status),
            Event::Executed(pid) => self.executed(pid),
            Event::Exited(pid, exit) => self.exited(pid, exit),
            Event::Message(message) => self.message(&message),
            Event::Time => self.time(),
            Event::GroupEmpty => self.group_empty(),
            Event::OutOfMemory => self.out_of_memory(),
            Event::Signalled(any) => self.signalled(any),
            Event::Found(pid) => self.found(pid),
            Event::Reset => self.reset(),
        }
    }

    fn commands(&self, phase: Phase) -> &[Command] {
        phase.commands(self.service)
    }

    fn say(&mut self, priority: u8, text: impl Into<String>) {
        self.actions.push(Action::Say { priority, text: text.into() });
    }

    /// Enters a state; `timeout` none is for ever.
    fn enter(&mut self, state: State, timeout: Option<Duration>) {
        self.machine.deadline = timeout.map(|timeout| self.now.saturating_add(timeout));
        self.machine.look_again = None;
        let from = std::mem::replace(&mut self.machine.state, state);
        if from != state {
            self.machine.since = self.now;
            self.actions.push(Action::Changed { from, to: state });
        }
    }

    /// Notes the first thing that went wrong.
    fn worsen(&mut self, outcome: Outcome) {
        if self.machine.outcome == Outcome::Success {
            self.machine.outcome = outcome;
        }
    }

    fn reset(&mut self) {
        self.machine.restarts = 0;
        if self.machine.state == State::Failed {
            self.machine.outcome = Outcome::Success;
            self.enter(State::Dead, None);
        }
    }
}

#[cfg(test)]
mod tests;
