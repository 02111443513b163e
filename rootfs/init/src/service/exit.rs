//! What the end of a process of a service means for it.

use rustix::process::WaitStatus;

use super::{Context, Ending, ServiceRun, State, Step};
use crate::process;
use crate::restart::Exit;

impl ServiceRun {
    pub(super) fn classify(&self, status: WaitStatus) -> Exit {
        match (status.exit_status(), status.terminating_signal()) {
            (Some(0), _) => Exit::Clean,
            (Some(code), _) if self.config.success_status.contains(&code) => Exit::Clean,
            (Some(_), _) => Exit::Unclean,
            // systemd.service(5), "Restart=": these signals are a clean end.
            (None, Some(libc::SIGHUP | libc::SIGINT | libc::SIGTERM | libc::SIGPIPE)) => {
                Exit::Clean
            }
            (None, _) => Exit::Abnormal,
        }
    }

    pub(super) fn on_control_exit(
        &mut self,
        exit: Exit,
        status: WaitStatus,
        context: &mut Context<'_>,
    ) {
        let (command, name) = match self.state {
            State::Starting(Step::Pre(index)) => (self.config.start_pre.get(index), "ExecStartPre"),
            State::Starting(Step::Main(index)) => (self.config.start.get(index), "ExecStart"),
            State::Starting(Step::Post(index)) => {
                (self.config.start_post.get(index), "ExecStartPost")
            }
            _ => (None, ""),
        };
        if exit != Exit::Clean && command.is_some_and(|command| !command.may_fail) {
            let reason = format!("{name} {}", process::describe(status));
            return self.end(exit, status.exit_status(), reason, context);
        }
        match self.state {
            State::Starting(Step::Pre(index)) => self.enter(Step::Pre(index + 1), context),
            State::Starting(Step::Main(_)) => {
                self.main = self.main_after_fork();
                self.enter(Step::Post(0), context);
            }
            State::Starting(Step::Post(index)) => self.enter(Step::Post(index + 1), context),
            State::Stopping(step) => self.after_stop_command(step, context),
            _ => {}
        }
    }

    pub(super) fn on_main_exit(
        &mut self,
        exit: Exit,
        status: WaitStatus,
        context: &mut Context<'_>,
    ) {
        match self.state {
            State::Starting(Step::Main(index)) => {
                let may_fail = self.config.start.get(index).is_some_and(|command| command.may_fail);
                if exit == Exit::Clean || may_fail {
                    self.enter(Step::Main(index + 1), context);
                } else {
                    self.end(exit, status.exit_status(), process::describe(status), context);
                }
            }
            State::Starting(Step::Ready) => {
                // A clean end before readiness is a protocol error (systemd.service(5), Type=notify).
                let exit = if exit == Exit::Clean { Exit::Unclean } else { exit };
                let reason = format!("{} before it was ready", process::describe(status));
                self.end(exit, status.exit_status(), reason, context);
            }
            State::Starting(_) | State::Running => {
                let may_fail = self.config.start.first().is_some_and(|command| command.may_fail);
                let exit = if may_fail { Exit::Clean } else { exit };
                if exit == Exit::Clean && self.config.remain_after_exit {
                    self.state = State::Exited;
                } else {
                    self.end(exit, status.exit_status(), process::describe(status), context);
                }
            }
            State::Stopping(_) => {
                if let Some(ending) = self.ending.as_mut().filter(|ending| !ending.asked) {
                    ending.status = ending.status.or(status.exit_status());
                }
                self.continue_stop(context);
            }
            _ => {}
        }
    }

    pub(super) fn end(
        &mut self,
        exit: Exit,
        status: Option<i32>,
        reason: String,
        context: &mut Context<'_>,
    ) {
        self.begin_stop(Ending { exit, status, reason, asked: false }, context);
    }
}
