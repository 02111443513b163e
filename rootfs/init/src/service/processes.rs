//! Processes that were started and have ended.

use keelson_units::model::{OomPolicy, Type};
use rustix::process::Pid;

use super::{Action, Exit, Outcome, Phase, Role, State, Step};

impl Step<'_> {
    /// Runs the commands of a phase as control processes, from the first.
    pub(super) fn run(&mut self, phase: Phase) {
        self.machine.phase = Some(phase);
        self.spawn(Role::Control, phase, 0);
    }

    pub(super) fn spawn(&mut self, role: Role, phase: Phase, index: usize) {
        match role {
            Role::Main => self.machine.main_index = index,
            Role::Control => self.machine.index = index,
        }
        self.machine.empty = false;
        self.machine.asked = Some((role, phase, index));
        self.actions.push(Action::Spawn { role, phase, index });
    }

    pub(super) fn spawned(&mut self, pid: Pid, executed: bool) {
        match self.machine.asked.take() {
            Some((Role::Main, ..)) => {
                self.machine.main = Some(pid);
                self.machine.main_known = true;
                let started = match self.service.kind {
                    Type::Simple => true,
                    Type::Exec => executed,
                    _ => false,
                };
                if started && self.machine.state == State::Start {
                    self.enter_start_post();
                }
            }
            Some((Role::Control, ..)) => self.machine.control = Some(pid),
            None => {}
        }
    }

    pub(super) fn not_spawned(&mut self, status: i32) {
        match self.machine.asked.take() {
            Some((Role::Main, ..)) => {
                self.machine.main_known = true;
                self.main_ended(Exit::Code(status));
            }
            Some((Role::Control, ..)) => self.control_ended(Exit::Code(status)),
            None => {}
        }
    }

    pub(super) fn executed(&mut self, pid: Pid) {
        let waited_for = self.machine.state == State::Start && self.service.kind == Type::Exec;
        if waited_for && self.machine.main == Some(pid) {
            self.enter_start_post();
        }
    }

    pub(super) fn exited(&mut self, pid: Pid, exit: Exit) {
        if self.machine.main == Some(pid) {
            self.machine.main = None;
            self.main_ended(exit);
        } else if self.machine.control == Some(pid) {
            self.machine.control = None;
            self.control_ended(exit);
        }
    }

    fn main_ended(&mut self, exit: Exit) {
        self.machine.main_exit = Some(exit);
        let index = self.machine.main_index;
        let ignored = self.service.start.get(index).is_some_and(|command| command.may_fail);
        let good = ignored || exit.is_success(self.service, true);
        let outcome = if good { Outcome::Success } else { exit.outcome() };
        let priority = if good { 7 } else { 5 };
        self.say(priority, format!("Main process exited, {}", exit.describe()));
        let kind = self.service.kind;
        if kind == Type::Oneshot
            && self.machine.state == State::Start
            && good
            && index + 1 < self.service.start.len()
        {
            return self.spawn(Role::Main, Phase::Start, index + 1);
        }
        match self.machine.state {
            State::Start => match kind {
                Type::Oneshot if good => self.enter_start_post(),
                Type::Notify | Type::NotifyReload if good => {
                    self.enter_signal(State::StopSigterm, Outcome::Protocol);
                }
                _ if good => self.enter_running(outcome),
                _ => self.enter_signal(State::StopSigterm, outcome),
            },
            State::Running => self.enter_running(outcome),
            State::StartPost | State::Reload | State::ReloadSignal | State::ReloadNotify => {
                self.worsen(outcome);
                // Without a process the state would never end.
                if self.machine.control.is_none() && self.machine.asked.is_none() {
                    self.enter_stop(outcome);
                }
            }
            State::Stop | State::StopPost => self.worsen(outcome),
            state if state.is_killing() => {
                self.worsen(outcome);
                self.killed();
            }
            _ => {}
        }
    }

    fn control_ended(&mut self, exit: Exit) {
        self.machine.control_exit = Some(exit);
        let Some(phase) = self.machine.phase else { return };
        let index = self.machine.index;
        let ignored = self.commands(phase).get(index).is_some_and(|command| command.may_fail);
        let good = ignored || exit.is_success(self.service, false);
        let outcome = if good { Outcome::Success } else { exit.outcome() };
        if !good {
            self.say(5, format!("Control process exited, {}", exit.describe()));
        }
        let in_phase = !self.machine.state.is_killing();
        if good && in_phase && index + 1 < self.commands(phase).len() {
            return self.spawn(Role::Control, phase, index + 1);
        }
        self.machine.phase = None;
        match self.machine.state {
            State::Condition if good => self.enter_start_pre(),
            State::Condition => {
                let skip = matches!(exit, Exit::Code(1..=254));
                let outcome = if skip { Outcome::ExecCondition } else { outcome };
                self.enter_signal(State::StopSigterm, outcome);
            }
            State::StartPre if good => self.enter_start(),
            State::Start if good => self.actions.push(Action::FindMain),
            State::StartPost if good => self.enter_running(Outcome::Success),
            State::StartPre | State::Start | State::StartPost => {
                self.enter_signal(State::StopSigterm, outcome);
            }
            State::Reload => self.reload_command_ended(outcome),
            State::Stop => self.enter_signal(State::StopSigterm, outcome),
            State::StopPost => self.enter_signal(State::FinalSigterm, outcome),
            state if state.is_killing() => {
                self.worsen(outcome);
                self.killed();
            }
            _ => {}
        }
    }

    /// A forking service has left its main process, or will; or a reload has ended.
    pub(super) fn found(&mut self, pid: Option<Pid>) {
        if self.machine.state == State::Reload {
            return self.found_after_reload(pid);
        }
        if self.machine.state != State::Start || self.service.kind != Type::Forking {
            return;
        }
        match pid {
            Some(_) => {
                self.machine.main = pid;
                self.machine.main_known = true;
                self.enter_start_post();
            }
            None if self.service.pid_file.is_some() && !self.machine.empty => self.look_again(),
            None if self.service.pid_file.is_some() => {
                self.enter_signal(State::StopSigterm, Outcome::Protocol);
            }
            None => self.enter_start_post(),
        }
    }

    pub(super) fn group_empty(&mut self) {
        let machine = &mut *self.machine;
        if machine.main.is_some() || machine.control.is_some() || machine.asked.is_some() {
            return;
        }
        machine.empty = true;
        match machine.state {
            State::Start
                if matches!(
                    self.service.kind,
                    Type::Notify | Type::NotifyReload | Type::Forking
                ) =>
            {
                self.enter_signal(State::StopSigterm, Outcome::Protocol);
            }
            State::Running if machine.idle_until.is_none() => self.enter_running(Outcome::Success),
            state if state.is_killing() => self.killed(),
            _ => {}
        }
    }

    pub(super) fn out_of_memory(&mut self) {
        let state = self.machine.state;
        self.say(4, "A process of this unit has been killed by the OOM killer.");
        let kill = match self.service.oom_policy {
            OomPolicy::Continue => return,
            OomPolicy::Stop => false,
            OomPolicy::Kill => true,
        };
        match state {
            State::Running | State::Exited if !kill => self.enter_stop(Outcome::OomKill),
            State::StopPost | State::FinalWatchdog | State::FinalSigterm => {
                self.enter_signal(State::FinalSigkill, Outcome::OomKill);
            }
            State::StopSigkill | State::FinalSigkill => self.worsen(Outcome::OomKill),
            State::StopWatchdog | State::StopSigterm => {
                self.enter_signal(State::StopSigkill, Outcome::OomKill);
            }
            State::Dead | State::Failed | State::AutoRestart | State::AutoRestartQueued => {}
            _ if kill => self.enter_signal(State::StopSigkill, Outcome::OomKill),
            _ => self.enter_signal(State::StopSigterm, Outcome::OomKill),
        }
    }
}
