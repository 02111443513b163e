//! Processes that have executed their program or ended.

use std::time::Duration;

use keelson_execution::{Child, Progress};
use keelson_jobs::UnitId;
use rustix::process::{Pid, WaitStatus};

use super::System;
use crate::events::{Source, Token};
use crate::service::{Event, Exit};
use crate::unit::Run;
use crate::{clock, log};

impl System {
    /// A process that was not there yet has executed its program, or failed to.
    pub fn on_pending(&mut self, pid: Pid) {
        let Some((mut child, token)) = self.pending.remove(&pid) else { return };
        self.leave_pipe(&child, token);
        if let Progress::Pending(pending) = child.poll() {
            let Some(pipe) = pending.pipe() else { return };
            match self.events.add(Source::Pending(pid.as_raw_nonzero()), pipe) {
                Ok(token) => {
                    self.pending.insert(pid, (child, token));
                }
                Err(error) => self.log.note(format_args!("watching a start: {error}")),
            }
            return;
        }
        self.settled(child);
    }

    /// Looks at the processes that say nothing when they execute their program.
    pub(super) fn look_at_silent(&mut self, now: Duration) {
        for child in self.silent.settled(now) {
            self.settled(child);
        }
    }

    /// A process has executed its program, or failed to.
    fn settled(&mut self, child: Child) {
        let Some(id) = self.processes.get(&child.pid).copied() else { return };
        if let Progress::Failed(failure) = &child.progress {
            self.tell(id, log::ERROR, failure);
        }
        for remark in child.remarks {
            self.tell(id, log::WARNING, remark);
        }
        if matches!(child.progress, Progress::Executed) {
            self.service_event(id, Event::Executed(child.pid));
        }
    }

    /// Before the pipe is closed: processes that were forked meanwhile hold copies of it, so it would not leave by itself.
    fn leave_pipe(&mut self, child: &Child, token: Token) {
        if let Progress::Pending(pending) = &child.progress
            && let Some(pipe) = pending.pipe()
        {
            self.events.remove(token, pipe);
        }
    }

    /// A process has ended; those of no unit are orphans and only reaped.
    pub fn on_exit(&mut self, pid: Pid, status: WaitStatus) {
        if let Some(child) = self.silent.ended(pid) {
            self.settled(child);
        }
        if self.pending.contains_key(&pid) {
            self.on_pending(pid);
        }
        if let Some((mut child, token)) = self.pending.remove(&pid) {
            self.leave_pipe(&child, token);
            child.ended();
        }
        let Some(id) = self.processes.remove(&pid) else { return };
        let exit = Exit::of(status);
        match self.unit(id).map(|unit| &unit.run) {
            Some(Run::Service(_)) => {
                if matches!(exit, Exit::Signal(libc::SIGKILL, _)) {
                    self.look_at_memory(id);
                }
                self.note_exit(id, pid, exit);
                self.service_event(id, Event::Exited(pid, exit));
                self.look_at_group(id);
            }
            Some(Run::Socket(_)) => self.socket_process_ended(id, pid, exit),
            Some(Run::Mount(_) | Run::Swap(_)) => self.mount_process_ended(id, pid, exit),
            Some(Run::Automount(_)) => self.automount_process_ended(id, pid, exit),
            _ => {}
        }
        self.reschedule(id);
    }

    fn note_exit(&mut self, id: UnitId, pid: Pid, exit: Exit) {
        let now = clock::stamp();
        let Some(run) = self.service_mut(id) else { return };
        if let Some((main, _, ended)) = &mut run.main
            && *main == pid
        {
            *ended = now;
        }
        if let Some(command) = run.commands.iter_mut().rev().find(|command| command.pid == pid) {
            command.times.1 = now;
            command.exit = Some(exit);
        }
    }
}
