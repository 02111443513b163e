//! How a service goes down: `ExecStop=`, SIGTERM, SIGKILL, `ExecStopPost=`, and what follows.

use std::fs;
use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::{Context, Ending, ServiceRun, Started, State, StopStep};
use crate::restart::{Decision, Exit, RestartOn};
use crate::unit::{KillMode, Type};

/// How often a group is looked at whether it has become empty.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl ServiceRun {
    /// Stops it because somebody asked; it is not started again.
    pub fn stop(&mut self, context: &mut Context<'_>) {
        match self.state {
            State::Starting(_) | State::Running | State::Exited => {
                let reason = "stopped".to_owned();
                self.begin_stop(
                    Ending { exit: Exit::Clean, status: None, reason, asked: true },
                    context,
                );
            }
            State::Restarting(_) => self.state = State::Inactive,
            State::Stopping(_) => {
                if let Some(ending) = &mut self.ending {
                    ending.asked = true;
                }
            }
            State::Inactive | State::Failed | State::Skipped => {}
        }
    }

    pub(super) fn begin_stop(&mut self, ending: Ending, context: &mut Context<'_>) {
        let was_up = matches!(self.state, State::Running | State::Exited);
        self.ending = Some(ending);
        self.deadline = self.config.stop_timeout.map(|timeout| context.now.saturating_add(timeout));
        // systemd.service(5): ExecStop= runs only where the service had come up.
        self.enter_stop(if was_up { StopStep::Stop(0) } else { StopStep::Term }, context);
    }

    fn enter_stop(&mut self, step: StopStep, context: &mut Context<'_>) {
        self.state = State::Stopping(step);
        match step {
            StopStep::Stop(index) | StopStep::Post(index) => {
                let list = if matches!(step, StopStep::Stop(_)) {
                    &self.config.stop
                } else {
                    &self.config.stop_post
                };
                match list.get(index).cloned() {
                    Some(command) => match self.launch(&command, context) {
                        Ok(pid) => self.control = Some(pid),
                        Err(reason) => {
                            context.log.say(format_args!("{}: {reason}", self.name));
                            self.after_stop_command(step, context);
                        }
                    },
                    None if matches!(step, StopStep::Stop(_)) => {
                        self.enter_stop(StopStep::Term, context);
                    }
                    None => self.down(context),
                }
            }
            StopStep::Term => {
                self.signal(Signal::TERM);
                self.continue_stop(context);
            }
            StopStep::Kill => {
                self.signal(Signal::KILL);
                self.continue_stop(context);
            }
        }
    }

    /// Goes on after a command of `ExecStop=` or `ExecStopPost=`; what it returned changes nothing.
    pub(super) fn after_stop_command(&mut self, step: StopStep, context: &mut Context<'_>) {
        match step {
            StopStep::Stop(index) => self.enter_stop(StopStep::Stop(index + 1), context),
            StopStep::Post(index) => self.enter_stop(StopStep::Post(index + 1), context),
            StopStep::Term | StopStep::Kill => self.continue_stop(context),
        }
    }

    /// Looks whether everything has gone, and at the clock.
    pub(super) fn continue_stop(&mut self, context: &mut Context<'_>) {
        let State::Stopping(step) = self.state else { return };
        let limit = self.config.stop_timeout.unwrap_or(Duration::MAX);
        let late = self.stop_deadline(limit).is_some_and(|deadline| deadline <= context.now);
        match step {
            StopStep::Term | StopStep::Kill if self.is_gone() => {
                self.control = None;
                self.deadline =
                    self.config.stop_timeout.map(|timeout| context.now.saturating_add(timeout));
                self.enter_stop(StopStep::Post(0), context);
            }
            StopStep::Term if late => {
                context.log.say(format_args!("{} does not end; killing it", self.name));
                self.deadline = Some(context.now.saturating_add(LOOK_AGAIN));
                self.enter_stop(StopStep::Kill, context);
            }
            StopStep::Kill => self.deadline = Some(context.now.saturating_add(LOOK_AGAIN)),
            StopStep::Stop(_) | StopStep::Post(_) if late => {
                if let Some(pid) = self.control.take() {
                    // It may have gone this moment.
                    let _gone = kill_process(pid, Signal::KILL);
                }
                self.deadline = Some(context.now.saturating_add(limit));
                let next = if matches!(step, StopStep::Stop(_)) {
                    StopStep::Term
                } else {
                    StopStep::Post(usize::MAX)
                };
                self.enter_stop(next, context);
            }
            _ => {}
        }
    }

    fn stop_deadline(&self, limit: Duration) -> Option<Duration> {
        self.deadline.filter(|_| limit != Duration::MAX)
    }

    /// Whether no process is left of those that `KillMode=` concerns.
    fn is_gone(&self) -> bool {
        let alone = self.main.is_none() && self.control.is_none();
        match self.config.kill_mode {
            KillMode::ControlGroup | KillMode::Mixed => {
                alone && self.cgroup.as_ref().is_none_or(crate::cgroup::Cgroup::is_empty)
            }
            KillMode::Process => alone,
            KillMode::None => true,
        }
    }

    fn signal(&self, signal: Signal) {
        let everybody = match self.config.kill_mode {
            KillMode::None => return,
            KillMode::Process => false,
            KillMode::Mixed => signal == Signal::KILL || self.main.is_none(),
            KillMode::ControlGroup => true,
        };
        match &self.cgroup {
            Some(group) if everybody && signal == Signal::KILL && group.kill().is_ok() => {}
            Some(group) if everybody => group.signal(signal),
            _ => {
                for pid in [self.main, self.control].into_iter().flatten() {
                    // It may have gone this moment.
                    let _gone = kill_process(pid, signal);
                }
            }
        }
    }

    /// Everything has gone: says so, and decides whether it is started again.
    fn down(&mut self, context: &mut Context<'_>) {
        self.deadline = None;
        self.main = None;
        if let Some(group) = self.cgroup.take() {
            group.remove();
        }
        let ending = self.ending.take().expect("begin_stop, the only way here, sets it");
        let first = self.started == Started::Pending;
        let decision = if ending.asked {
            Decision::Stay
        } else {
            let prevented =
                ending.status.is_some_and(|status| self.config.restart_prevent.contains(&status));
            let on = if prevented { RestartOn::No } else { self.config.restart };
            self.history.after_exit(
                context.now,
                ending.exit,
                on,
                self.config.restart_delay,
                self.config.start_limit,
            )
        };
        let will_restart = matches!(decision, Decision::RestartAt(_));
        for directory in
            self.config.directories.iter().filter(|directory| directory.passing && !will_restart)
        {
            // What is left of it goes with /run.
            let _left = fs::remove_dir_all(&directory.path);
        }
        let bad = ending.exit != Exit::Clean;
        if bad {
            for line in &self.recent {
                context.log.console_only(&self.name, line);
            }
        }
        let what = if bad && first {
            "Failed to start"
        } else if bad {
            "Failed:"
        } else {
            "Ended:"
        };
        match decision {
            Decision::RestartAt(at) => {
                let pause = at.saturating_sub(context.now).as_secs_f64();
                let (name, reason) = (&self.name, &ending.reason);
                context.log.say(format_args!(
                    "{what} {name}: {reason}; starting it again in {pause:.1} s"
                ));
                self.restarts = self.restarts.saturating_add(1);
                self.state = State::Restarting(at);
            }
            Decision::LimitHit => {
                let (name, reason) = (&self.name, &ending.reason);
                context.log.say(format_args!(
                    "Failed: {name}: {reason}; started too often, it stays down"
                ));
                self.state = State::Failed;
            }
            Decision::Stay if bad => {
                context.log.say(format_args!("{what} {}: {}", self.name, ending.reason));
                self.state = State::Failed;
            }
            Decision::Stay => {
                // A oneshot has nothing left that stops.
                if ending.asked && self.config.kind == Type::Oneshot {
                    context.log.note(format_args!("Stopped {}", self.name));
                } else if ending.asked {
                    context.log.say(format_args!("Stopped {}", self.name));
                }
                self.state = State::Inactive;
            }
        }
        if bad && first && !will_restart {
            self.started = Started::No;
        } else if ending.asked {
            self.started = Started::Pending;
        }
    }
}
