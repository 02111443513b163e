//! Requests that change units: jobs, signals, resets.

use keelson_control::{
    Answer, CleanWhat, JobMode, Outcome, Refusal, RefusalKind, Verb, Wait, Whom,
};
use keelson_execution::clean as clean_folders;
use keelson_jobs::{JobId, JobKind, Load, PlanError, UnitId};
use keelson_units::model::{DirectoryKind, UnitName};
use rustix::process::{Pid, kill_process};

use super::{Reply, System};
use crate::control::{Part, refused};
use crate::service::Event;
use crate::system::jobs::mode as job_mode;
use crate::unit::Run;
use crate::{clock, signals};

impl System {
    pub(super) fn change_units(
        &mut self,
        verb: Verb,
        units: &[String],
        mode: JobMode,
        wait: Wait,
    ) -> Reply {
        if let Some(parts) = self.change_together(verb, units, mode, wait) {
            return Reply::Later(parts);
        }
        let parts: Vec<(String, Part)> = units
            .iter()
            .map(|unit| (unit.clone(), self.change_unit(verb, unit, mode, wait)))
            .collect();
        Reply::Later(parts)
    }

    /// Several units in one transaction; none where one of them cannot have its job, so that each is tried alone.
    fn change_together(
        &mut self,
        verb: Verb,
        units: &[String],
        mode: JobMode,
        wait: Wait,
    ) -> Option<Vec<(String, Part)>> {
        if self.end.is_some() || units.len() < 2 || !matches!(verb, Verb::Start | Verb::Stop) {
            return None;
        }
        let kind = if verb == Verb::Stop { JobKind::Stop } else { JobKind::Start };
        let ids: Vec<UnitId> =
            units.iter().map(|unit| self.loaded(unit).ok()).collect::<Option<_>>()?;
        self.forgive(verb, &ids);
        let (first, others) = ids.split_first()?;
        let request =
            keelson_jobs::Request { unit: *first, kind, mode: job_mode(mode), manual: true };
        self.enqueue_all(request, others).ok()?;
        let part = |id: &UnitId| match self.queue.job_of(*id) {
            Some(job) => Self::part(job.id, wait, verb == Verb::Stop),
            None => Part::Known(Outcome::Finished(keelson_control::JobResult::Done)),
        };
        Some(units.iter().cloned().zip(ids.iter().map(part)).collect())
    }

    /// A person who starts a unit forgives its past.
    fn forgive(&mut self, verb: Verb, ids: &[UnitId]) {
        for id in ids.iter().filter(|_| verb != Verb::Stop) {
            if let Some(unit) = self.unit_mut(*id) {
                unit.trigger = None;
            }
        }
    }

    fn change_unit(&mut self, verb: Verb, unit: &str, mode: JobMode, wait: Wait) -> Part {
        if self.end.is_some() && !matches!(verb, Verb::Stop) {
            return Part::Known(Outcome::Refused(refusal(
                RefusalKind::ShuttingDown,
                "The system is shutting down.",
            )));
        }
        let id = match self.loaded(unit) {
            Ok(id) => id,
            Err(refusal) => return Part::Known(Outcome::Refused(refusal)),
        };
        let can_reload = self.graph.facts(id).can_reload;
        let kind = match verb {
            Verb::Start | Verb::Isolate => JobKind::Start,
            Verb::Stop => JobKind::Stop,
            Verb::Reload => JobKind::Reload,
            Verb::ReloadOrRestart if can_reload => JobKind::ReloadOrStart,
            Verb::Restart | Verb::ReloadOrRestart => JobKind::Restart,
            Verb::TryReloadOrRestart if can_reload => JobKind::TryReload,
            Verb::TryRestart | Verb::TryReloadOrRestart => JobKind::TryRestart,
        };
        if verb == Verb::Reload && !self.activity(id).is_active() {
            let text = format!("Job type reload is not applicable for unit {unit}.");
            return Part::Known(Outcome::Refused(refusal(RefusalKind::NotActive, text)));
        }
        let mode = if verb == Verb::Isolate { JobMode::Isolate } else { mode };
        self.forgive(verb, &[id]);
        let queued = self.enqueue(id, kind, job_mode(mode), true);
        let down = verb == Verb::Stop;
        match queued {
            Err(error) => Part::Known(Outcome::Refused(of_plan(&error, unit))),
            Ok(None) => Part::Known(Outcome::Finished(keelson_control::JobResult::Done)),
            Ok(Some(job)) => Self::part(job, wait, down),
        }
    }

    fn part(job: JobId, wait: Wait, down: bool) -> Part {
        match wait {
            Wait::Queued => Part::Known(Outcome::Queued(job.0)),
            Wait::Inactive if !down => Part::Down(job),
            Wait::Finished | Wait::Inactive => Part::Job(job),
        }
    }

    /// A unit by name, which must have a file.
    fn loaded(&mut self, unit: &str) -> Result<UnitId, Refusal> {
        let name: UnitName = unit.parse().map_err(|error: keelson_units::model::NameError| {
            refusal(RefusalKind::BadRequest, error.to_string())
        })?;
        if name.is_template() {
            return Err(refusal(
                RefusalKind::BadRequest,
                format!("Unit name {unit} is missing the instance name."),
            ));
        }
        let id = self.find(&name);
        match self.graph.facts(id).load {
            Load::Loaded => Ok(id),
            // What runs can still be stopped.
            Load::Masked if !self.activity(id).is_inactive() => Ok(id),
            Load::Masked => Err(refusal(RefusalKind::Masked, format!("Unit {unit} is masked."))),
            Load::BadSetting | Load::Error if self.unit(id).is_some() => Ok(id),
            _ => Err(refusal(RefusalKind::NoSuchUnit, format!("Unit {unit} not found."))),
        }
    }

    pub(super) fn transient(&mut self, unit: &str, text: &str, wait: Wait, collect: bool) -> Reply {
        let started = unit
            .parse::<UnitName>()
            .map_err(|error| error.to_string())
            .and_then(|name| self.start_transient(&name, text, collect))
            .and_then(|id| {
                self.enqueue(id, JobKind::Start, keelson_units::model::JobMode::Fail, false)
                    .map_err(|error| error.to_string())
            });
        let part = match started {
            Ok(Some(job)) => Self::part(job, wait, false),
            Ok(None) => Part::Known(Outcome::Finished(keelson_control::JobResult::Done)),
            Err(message) => Part::Known(Outcome::Refused(refusal(RefusalKind::Failed, message))),
        };
        Reply::Later(vec![(unit.to_owned(), part)])
    }

    /// With a value the signal is queued, and goes to the main and the control process alone: what is queued is scarce.
    pub(in crate::system) fn kill(
        &mut self,
        unit: &str,
        whom: Whom,
        number: i32,
        value: Option<i32>,
    ) -> Answer {
        let id = match self.loaded(unit) {
            Ok(id) => id,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let Some(signal) = signals::of(number) else {
            return refused(RefusalKind::BadRequest, format!("there is no signal {number}"));
        };
        if value.is_some() && !signals::takes_value(number) {
            let message = "Value parameter only accepted for realtime signals.";
            return refused(RefusalKind::BadRequest, message);
        }
        let Some(found) = self.unit(id) else { return refused(RefusalKind::NoSuchUnit, "") };
        let (main, control) = match &found.run {
            Run::Service(run) => (run.machine.main, run.machine.control),
            Run::Socket(run) => (None, run.control),
            _ => (None, None),
        };
        let group = found.group.as_ref().map(|grouped| grouped.group.clone());
        let mut pids: Vec<Pid> = match whom {
            Whom::Main => main.into_iter().collect(),
            Whom::Control => control.into_iter().collect(),
            Whom::All | Whom::Cgroup => main.into_iter().chain(control).collect(),
        };
        let group = group.filter(|_| value.is_none());
        if let (Whom::Cgroup, Some(group), libc::SIGKILL) = (whom, &group, number) {
            return match group.kill() {
                Ok(()) => Answer::Done,
                Err(error) => refused(RefusalKind::Failed, error.to_string()),
            };
        }
        if let (Whom::All | Whom::Cgroup, Some(group)) = (whom, &group) {
            pids.extend(group.processes());
            pids.sort_unstable_by_key(|pid| pid.as_raw_nonzero());
            pids.dedup();
        }
        let send = |pid: Pid| match value {
            Some(value) => signals::queue(pid, number, value).is_ok(),
            None => kill_process(pid, signal).is_ok(),
        };
        let sent = pids.iter().filter(|pid| send(**pid)).count();
        if sent == 0 {
            let what = if whom == Whom::Main { "main" } else { "such" };
            return refused(
                RefusalKind::NotActive,
                format!("Unit {unit} has no {what} process to kill."),
            );
        }
        Answer::Done
    }

    pub(super) fn reset_failed(&mut self, units: &[String]) -> Answer {
        let mut ids = Vec::new();
        for unit in units {
            match self.loaded(unit) {
                Ok(id) => ids.push(id),
                Err(refusal) => return Answer::Refused(refusal),
            }
        }
        if units.is_empty() {
            ids.extend(self.all_units().map(|(id, _)| id));
        }
        for id in ids {
            let service = self.is_service(id);
            let Some(unit) = self.unit_mut(id) else { continue };
            unit.starts = crate::unit::StartLimit::default();
            unit.limit_hit = false;
            if service {
                self.service_event(id, Event::Reset);
            } else if self.activity(id) == keelson_jobs::Activity::Failed {
                self.change(id, keelson_jobs::Activity::Inactive);
            }
        }
        Answer::Done
    }

    pub(super) fn cancel(&mut self, jobs: &[u32]) -> Answer {
        let ids: Vec<JobId> = match jobs {
            [] => self.queue.jobs().map(|job| job.id).collect(),
            jobs => jobs.iter().copied().map(JobId).collect(),
        };
        for id in ids {
            if self.queue.job(id).is_none() {
                return refused(RefusalKind::BadRequest, format!("Job {} does not exist.", id.0));
            }
            for ended in self.queue.cancel(&self.graph, id) {
                self.job_ended(&ended);
            }
        }
        Answer::Done
    }

    pub(super) fn clean(&mut self, units: &[String], what: &[CleanWhat]) -> Answer {
        let usual = [CleanWhat::Cache, CleanWhat::Runtime, CleanWhat::FdStore];
        let what = if what.is_empty() { &usual[..] } else { what };
        let kinds: Vec<DirectoryKind> = what
            .iter()
            .filter_map(|what| {
                Some(match what {
                    CleanWhat::Configuration => DirectoryKind::Configuration,
                    CleanWhat::Runtime => DirectoryKind::Runtime,
                    CleanWhat::State => DirectoryKind::State,
                    CleanWhat::Cache => DirectoryKind::Cache,
                    CleanWhat::Logs => DirectoryKind::Logs,
                    CleanWhat::FdStore => return None,
                })
            })
            .collect();
        for unit in units {
            let id = match self.loaded(unit) {
                Ok(id) => id,
                Err(refusal) => return Answer::Refused(refusal),
            };
            if !self.activity(id).is_inactive() {
                return refused(
                    RefusalKind::Conflict,
                    format!("Unit {unit} is not inactive, refusing."),
                );
            }
            if what.contains(&CleanWhat::FdStore) {
                self.drop_store(id, None);
            }
            let released =
                self.unit(id).and_then(|unit| unit.exec()).map(|exec| clean_folders(exec, &kinds));
            self.finish_release(id, released.unwrap_or_default());
        }
        Answer::Done
    }

    pub(super) fn freeze(&mut self, units: &[String], freeze: bool) -> Answer {
        for unit in units {
            let id = match self.loaded(unit) {
                Ok(id) => id,
                Err(refusal) => return Answer::Refused(refusal),
            };
            let group = self
                .unit(id)
                .and_then(|unit| unit.group.as_ref())
                .map(|grouped| grouped.group.clone());
            let Some(group) = group else {
                return refused(
                    RefusalKind::NotActive,
                    format!("Unit {unit} has no control group."),
                );
            };
            if let Err(error) = group.freeze(freeze) {
                return refused(RefusalKind::Failed, error.to_string());
            }
            if let Some(unit) = self.unit_mut(id) {
                unit.frozen = freeze;
            }
        }
        Answer::Done
    }

    /// The time since boot, as the answers have it.
    pub(super) fn now_micros(&self) -> u64 {
        clock::micros(clock::now()).max(self.boot.userspace.mono)
    }
}

fn refusal(kind: RefusalKind, message: impl Into<String>) -> Refusal {
    Refusal { kind, message: message.into() }
}

/// Why nothing is done, in the words people know.
fn of_plan(error: &PlanError, unit: &str) -> Refusal {
    let (kind, message) = match error {
        PlanError::NotFound(name) => (RefusalKind::NoSuchUnit, format!("Unit {name} not found.")),
        PlanError::Masked(name) => (RefusalKind::Masked, format!("Unit {name} is masked.")),
        PlanError::BadSetting(name) => {
            (RefusalKind::LoadFailed, format!("Unit {name} has a bad unit file setting."))
        }
        PlanError::NotApplicable(name, kind) => (
            RefusalKind::NotApplicable,
            format!("Job type {} is not applicable for unit {name}.", kind.name()),
        ),
        PlanError::Refused(name) => (
            RefusalKind::Manual,
            format!(
                "Operation refused, unit {name} may be requested by dependency only (it is configured to refuse manual start/stop)."
            ),
        ),
        PlanError::NotIsolated(_) => {
            (RefusalKind::Manual, "Operation refused, unit may not be isolated.".to_owned())
        }
        PlanError::Destructive { .. } => {
            (RefusalKind::Conflict, format!("Transaction for {unit} is destructive: {error}"))
        }
        PlanError::Cyclic(_) | PlanError::Broken { .. } => (RefusalKind::Cycle, error.to_string()),
        _ => (RefusalKind::Failed, error.to_string()),
    };
    refusal(kind, message)
}
