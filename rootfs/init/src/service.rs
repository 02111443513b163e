//! One service at run time: its state machine from start to end. Spawning is in `service/launch.rs`, the end of
//! processes in `service/exit.rs`, going down in `service/stop.rs`.

use std::collections::VecDeque;
use std::time::Duration;

use rustix::process::{Pid, WaitStatus};

use crate::cgroup::{Cgroup, Hierarchy};
use crate::log::Log;
use crate::notify::Message;
use crate::output::OutputPipe;
use crate::restart::{Exit, History};
use crate::unit::{Service, Type};

mod exit;
mod launch;
mod stop;

/// How many lines of output are kept to be shown when a service fails.
const RECENT_LINES: usize = 8;

/// Where a service stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Not started, stopped, or ended well.
    Inactive,
    /// On its way up.
    Starting(Step),
    /// Up.
    Running,
    /// A oneshot that has done its work and counts as up.
    Exited,
    /// On its way down.
    Stopping(StopStep),
    /// Down, and started again at this time since boot.
    Restarting(Duration),
    /// It did not start, or ended badly.
    Failed,
    /// A condition did not hold.
    Skipped,
}

/// What a starting service is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The command of `ExecStartPre=` with this index.
    Pre(usize),
    /// The command of `ExecStart=` with this index.
    Main(usize),
    /// Waiting for `READY=1`.
    Ready,
    /// The command of `ExecStartPost=` with this index.
    Post(usize),
}

/// What a stopping service is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopStep {
    /// The command of `ExecStop=` with this index.
    Stop(usize),
    /// SIGTERM is sent.
    Term,
    /// SIGKILL is sent.
    Kill,
    /// The command of `ExecStopPost=` with this index.
    Post(usize),
}

/// Why a service is going down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Of what sort.
    pub exit: Exit,
    /// The exit status, where there was one.
    pub status: Option<i32>,
    /// In words.
    pub reason: String,
    /// Whether a person or the shutdown asked for it.
    pub asked: bool,
}

/// How the first start went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// Not known yet.
    Pending,
    /// It came up, or was skipped.
    Yes,
    /// It failed.
    No,
}

/// What a service needs of the rest.
#[derive(Debug)]
pub struct Context<'a> {
    /// The log.
    pub log: &'a mut Log,
    /// The control groups.
    pub cgroups: &'a Hierarchy,
    /// New output pipes go here.
    pub outputs: &'a mut Vec<OutputPipe>,
    /// The time since boot.
    pub now: Duration,
}

/// A service.
#[derive(Debug)]
pub struct ServiceRun {
    /// The name of its unit.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// How its last start went.
    pub started: Started,
    /// The main process.
    pub main: Option<Pid>,
    /// What it says of itself (`STATUS=`).
    pub status: String,
    /// How often it was started again in a row.
    pub restarts: u32,
    config: Service,
    control: Option<Pid>,
    cgroup: Option<Cgroup>,
    deadline: Option<Duration>,
    begun: Duration,
    history: History,
    ending: Option<Ending>,
    recent: VecDeque<String>,
}

impl ServiceRun {
    /// A service that is not started.
    pub fn new(name: &str, config: Service) -> Self {
        Self {
            name: name.to_owned(),
            state: State::Inactive,
            started: Started::Pending,
            main: None,
            status: String::new(),
            restarts: 0,
            config,
            control: None,
            cgroup: None,
            deadline: None,
            begun: Duration::ZERO,
            history: History::default(),
            ending: None,
            recent: VecDeque::new(),
        }
    }

    /// Whether processes of it may run.
    pub fn is_active(&self) -> bool {
        matches!(
            self.state,
            State::Starting(_) | State::Running | State::Exited | State::Stopping(_)
        )
    }

    /// Whether it is neither on its way up nor down, nor about to be started again for the first few times.
    pub fn is_settled(&self) -> bool {
        const PATIENCE: u32 = 3;
        match self.state {
            State::Starting(_) | State::Stopping(_) => self.restarts >= PATIENCE,
            State::Restarting(_) => self.restarts > PATIENCE,
            _ => true,
        }
    }

    /// Whether one of its own processes is `pid`.
    pub fn owns(&self, pid: Pid) -> bool {
        self.main == Some(pid) || self.control == Some(pid)
    }

    /// Passes over the start, as a condition says.
    pub fn skip(&mut self) {
        self.state = State::Skipped;
        self.started = Started::Yes;
    }

    /// Gives up before the start.
    pub fn refuse(&mut self, reason: &str, context: &mut Context<'_>) {
        self.state = State::Failed;
        self.started = Started::No;
        context.log.say(format_args!("Failed to start {}: {reason}", self.name));
    }

    /// Starts it for the first time or because somebody asked.
    pub fn start(&mut self, context: &mut Context<'_>) {
        self.history.reset();
        self.restarts = 0;
        self.started = Started::Pending;
        self.begin(context);
    }

    /// When [`Self::on_time`] is to be called at the latest.
    pub fn next_time(&self) -> Option<Duration> {
        match self.state {
            State::Restarting(at) => Some(at),
            _ => self.deadline,
        }
    }

    /// Acts on the time: restarts, timeouts, groups that have become empty.
    pub fn on_time(&mut self, context: &mut Context<'_>) {
        match self.state {
            State::Restarting(at) if at <= context.now => self.begin(context),
            State::Stopping(_) => self.continue_stop(context),
            State::Starting(step)
                if self.deadline.is_some_and(|deadline| deadline <= context.now) =>
            {
                let what = if step == Step::Ready {
                    "it did not say that it is ready"
                } else {
                    "it took too long"
                };
                self.end(Exit::Abnormal, None, format!("{what} (TimeoutStartSec)"), context);
            }
            _ => {}
        }
    }

    /// Acts on the end of one of its processes.
    pub fn on_exit(&mut self, pid: Pid, status: WaitStatus, context: &mut Context<'_>) {
        let exit = self.classify(status);
        if self.control == Some(pid) {
            self.control = None;
            self.on_control_exit(exit, status, context);
        } else if self.main == Some(pid) {
            self.main = None;
            self.on_main_exit(exit, status, context);
        }
    }

    /// Acts on a notification.
    pub fn on_message(&mut self, message: Message, context: &mut Context<'_>) {
        if let Some(status) = message.status {
            self.status = status;
        }
        if message.main_pid.is_some() {
            self.main = message.main_pid;
        }
        if message.ready && self.state == State::Starting(Step::Ready) {
            self.enter(Step::Post(0), context);
        }
    }

    /// Keeps a line of output to be shown should the service fail.
    pub fn remember(&mut self, line: &str) {
        if self.recent.len() == RECENT_LINES {
            self.recent.pop_front();
        }
        self.recent.push_back(line.to_owned());
    }

    fn begin(&mut self, context: &mut Context<'_>) {
        self.history.started(context.now);
        self.begun = context.now;
        self.ending = None;
        self.status.clear();
        self.recent.clear();
        self.deadline =
            self.config.start_timeout().map(|timeout| context.now.saturating_add(timeout));
        if let Err(reason) = self.prepare(context) {
            self.state = State::Starting(Step::Pre(0));
            self.end(Exit::Abnormal, None, reason, context);
            return;
        }
        self.enter(Step::Pre(0), context);
    }

    /// Goes to a step, or on to the next where it has nothing to do.
    fn enter(&mut self, step: Step, context: &mut Context<'_>) {
        self.state = State::Starting(step);
        let outcome = match (step, self.config.kind) {
            (Step::Pre(index), _) => match self.config.start_pre.get(index).cloned() {
                Some(command) => match self.launch(&command, context) {
                    Ok(pid) => {
                        self.control = Some(pid);
                        Ok(())
                    }
                    Err(reason) if command.may_fail => {
                        context.log.note(format_args!("{}: {reason}", self.name));
                        return self.enter(Step::Pre(index + 1), context);
                    }
                    Err(reason) => Err(reason),
                },
                None => return self.enter(Step::Main(0), context),
            },
            (Step::Main(index), kind) => match (self.config.start.get(index).cloned(), kind) {
                (Some(command), Type::Forking) => {
                    self.launch(&command, context).map(|pid| self.control = Some(pid))
                }
                (Some(command), Type::Oneshot) => {
                    self.launch(&command, context).map(|pid| self.main = Some(pid))
                }
                (None, Type::Oneshot) => return self.enter(Step::Post(0), context),
                (None, _) => Err("it has no ExecStart=".to_owned()),
                (Some(command), _) => match self.launch(&command, context) {
                    Ok(pid) => {
                        self.main = Some(pid);
                        let next = if kind == Type::Notify { Step::Ready } else { Step::Post(0) };
                        return self.enter(next, context);
                    }
                    Err(reason) => Err(reason),
                },
            },
            (Step::Ready, _) => Ok(()),
            (Step::Post(index), _) => match self.config.start_post.get(index).cloned() {
                Some(command) => self.launch(&command, context).map(|pid| self.control = Some(pid)),
                None => return self.up(context),
            },
        };
        if let Err(reason) = outcome {
            self.end(Exit::Abnormal, None, reason, context);
        }
    }

    fn up(&mut self, context: &mut Context<'_>) {
        self.deadline = None;
        self.started = Started::Yes;
        let took = context.now.saturating_sub(self.begun).as_secs_f64();
        if self.config.kind != Type::Oneshot {
            context.log.say(format_args!("Started {} ({took:.2} s)", self.name));
            self.state = State::Running;
            return;
        }
        context.log.say(format_args!("Finished {} ({took:.2} s)", self.name));
        self.state = State::Exited;
        if !self.config.remain_after_exit {
            let (exit, status, reason) = (Exit::Clean, Some(0), "done".to_owned());
            self.begin_stop(Ending { exit, status, reason, asked: false }, context);
        }
    }
}
