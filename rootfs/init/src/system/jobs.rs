//! Jobs: queued with all they pull in, run in their order, and what is told of their ends.

use std::time::Duration;

use keelson_jobs::{
    Activity, Ended, Job, JobId, JobKind, JobResult, PlanError, Request, Transaction, UnitId,
    queries,
};
use keelson_units::model::{Body, JobMode, UnitKind, UnitName};

use super::{System, Todo};
use crate::unit::Run;
use crate::{clock, log};

impl System {
    /// Queues a job with what it pulls in; gives its number, or none where there is nothing to do.
    pub fn enqueue(
        &mut self,
        unit: UnitId,
        kind: JobKind,
        mode: JobMode,
        manual: bool,
    ) -> Result<Option<JobId>, PlanError> {
        self.load_all();
        let request = Request { unit, kind, mode, manual };
        self.enqueue_all(request, &[])
    }

    /// Queues the same job for several units, all or none; the number is that of the first.
    pub(super) fn enqueue_all(
        &mut self,
        request: Request,
        others: &[UnitId],
    ) -> Result<Option<JobId>, PlanError> {
        let transaction = Transaction::plan_all(&self.graph, &self.queue, &request, others)?;
        for cycle in &transaction.cycles {
            let names: Vec<&str> = cycle.units.iter().map(UnitName::as_str).collect();
            let dropped = cycle.dropped.as_ref().map_or("nothing", |name| name.as_str());
            let text = format!("ordering cycle: {}; {dropped} is left out", names.join(" -> "));
            self.log.say(text);
        }
        for dropped in &transaction.dropped {
            let priority = match dropped.why {
                PlanError::NotFound(_) | PlanError::Masked(_) => log::DEBUG,
                _ => log::WARNING,
            };
            let name = self.name(dropped.unit);
            self.log.unit(
                priority,
                name.as_str(),
                "",
                format!("{} is left out: {}", dropped.kind.name(), dropped.why),
            );
        }
        let applied = self.queue.apply(&self.graph, &transaction);
        self.jobs_ever += applied.installed.len() as u64;
        for ended in applied.ended {
            self.job_ended(&ended);
        }
        for job in &applied.installed {
            self.time_job(*job);
        }
        Ok(applied.goal)
    }

    /// Has the job's time counted, where its unit sets one.
    fn time_job(&mut self, id: JobId) {
        let Some(job) = self.queue.job(id) else { return };
        let timeout = self.unit(job.unit).and_then(|unit| unit.unit.settings.job_timeout);
        self.limit_job(id, timeout);
    }

    /// The same for a job that runs from now on.
    fn time_running_job(&mut self, id: JobId) {
        let Some(job) = self.queue.job(id).filter(|job| job.is_running()) else { return };
        let timeout = self.unit(job.unit).and_then(|unit| unit.unit.settings.job_running_timeout);
        self.limit_job(id, timeout);
    }

    fn limit_job(&mut self, id: JobId, timeout: Option<Duration>) {
        if let Some(timeout) = timeout.filter(|timeout| !timeout.is_zero()) {
            self.job_deadlines.insert((clock::now().saturating_add(timeout), id));
        }
    }

    pub(super) fn job_timed_out(&mut self, id: JobId) {
        let Some(job) = self.queue.job(id).cloned() else { return };
        let text = format!("Job {}/{} timed out.", self.graph.name(job.unit), job.kind.name());
        self.tell(job.unit, log::ERROR, text);
        self.finish(id, JobResult::Timeout);
        let action = self.unit(job.unit).map(|unit| unit.unit.settings.job_timeout_action);
        self.emergency(job.unit, action.unwrap_or_default(), "its job timed out");
    }

    /// Ends a job.
    pub(super) fn finish(&mut self, id: JobId, result: JobResult) {
        for ended in self.queue.finish(&self.graph, id, result) {
            self.job_ended(&ended);
        }
    }

    /// Runs a job whose turn has come.
    pub(super) fn run_job(&mut self, job: &Job) {
        self.perform(job);
        self.time_running_job(job.id);
    }

    fn perform(&mut self, job: &Job) {
        let id = job.unit;
        let activity = self.activity(id);
        match job.kind {
            JobKind::Start => self.run_start(job, activity),
            JobKind::VerifyActive => match activity {
                _ if activity.is_active() => self.finish(job.id, JobResult::Done),
                Activity::Activating => {}
                _ => self.finish(job.id, JobResult::Skipped),
            },
            JobKind::Stop => match activity {
                _ if activity.is_inactive() => self.finish(job.id, JobResult::Done),
                Activity::Deactivating => self.note_stop(id),
                _ => self.run_stop(id),
            },
            JobKind::Restart | JobKind::TryRestart => match activity {
                _ if activity.is_inactive() || self.waits_to_restart(id) => {
                    self.finish(job.id, JobResult::Done);
                }
                Activity::Deactivating => {}
                _ => self.run_stop(id),
            },
            JobKind::Reload | JobKind::TryReload | JobKind::ReloadOrStart => match activity {
                Activity::Active => self.run_reload(job),
                Activity::Reloading | Activity::Activating => self.queue.defer(job.id),
                _ => self.finish(job.id, JobResult::Invalid),
            },
            JobKind::Nop => self.finish(job.id, JobResult::Done),
        }
    }

    /// Whether an automatic restart is pending, so that there is nothing to stop first.
    pub(super) fn waits_to_restart(&self, id: UnitId) -> bool {
        use crate::service::State;
        match self.unit(id).map(|unit| &unit.run) {
            Some(Run::Service(run)) => {
                matches!(run.machine.state, State::AutoRestart | State::AutoRestartQueued)
            }
            _ => false,
        }
    }

    fn run_start(&mut self, job: &Job, activity: Activity) {
        let id = job.unit;
        match activity {
            _ if activity.is_active() => return self.finish(job.id, JobResult::Done),
            Activity::Deactivating => return self.queue.defer(job.id),
            Activity::Activating if !self.waits_to_restart(id) => return,
            _ => {}
        }
        let Some(unit) = self.unit(id) else { return self.finish(job.id, JobResult::Invalid) };
        if let Some(bad) = &unit.unit.bad {
            let text = bad.to_string();
            self.tell(id, log::ERROR, text);
            return self.finish(job.id, JobResult::Invalid);
        }
        if let Some(other) = queries::unbound(&self.graph, id) {
            let text = format!("Bound to unit {}, but unit isn't active.", self.graph.name(other));
            self.tell(id, log::NOTICE, text);
            self.give_up_restart(id);
            return self.finish(job.id, JobResult::Dependency);
        }
        // Before the conditions: what is started again and again and never runs is a loop, too.
        if !self.within_start_limit(id, job.id) {
            return;
        }
        if !self.conditions_hold(id) {
            self.give_up_restart(id);
            return self.finish(job.id, JobResult::Skipped);
        }
        if !self.assertions_hold(id) {
            self.give_up_restart(id);
            return self.finish(job.id, JobResult::Assert);
        }
        self.begin_start(id, job.id);
    }

    fn give_up_restart(&mut self, id: UnitId) {
        if self.waits_to_restart(id) {
            self.service_event(id, crate::service::Event::Stop);
        }
    }

    /// Counts a start. False where it is one too many, which fails the unit and its job.
    fn within_start_limit(&mut self, id: UnitId, job: JobId) -> bool {
        let now = clock::now();
        let Some(unit) = self.unit_mut(id) else { return false };
        let settings = unit.unit.settings.clone();
        let limited = !matches!(unit.run, Run::Plain | Run::Timer(_));
        if limited
            && !unit.starts.start(now, settings.start_limit_interval, settings.start_limit_burst)
        {
            self.tell(id, log::WARNING, "Start request repeated too quickly.");
            self.fail_at_limit(id);
            self.finish_if_there(job, JobResult::Failed);
            self.emergency(id, settings.start_limit_action, "it was started too often");
            return false;
        }
        unit.limit_hit = false;
        true
    }

    fn begin_start(&mut self, id: UnitId, job: JobId) {
        self.new_invocation(id);
        if let Some(unit) = self.unit_mut(id) {
            unit.restarting = false;
        }
        match self.unit(id).map(|unit| &unit.run) {
            Some(Run::Service(_)) => {
                self.service_event(id, crate::service::Event::Start);
                // What is up at once is told of once.
                if self.activity(id) == Activity::Activating {
                    let text = format!("Starting {}...", self.called(id));
                    self.tell_of(id, log::INFO, &text);
                }
            }
            Some(Run::Socket(_)) => {
                if let Some(reason) = self.refuses_socket(id) {
                    self.tell(id, log::ERROR, reason);
                    return self.finish_if_there(job, JobResult::Failed);
                }
                self.start_socket(id);
            }
            Some(Run::Timer(_)) => self.start_timer(id),
            Some(Run::Path(_)) => self.start_path(id),
            Some(Run::Mount(_) | Run::Swap(_)) => self.start_mount(id),
            Some(Run::Automount(_)) => self.start_automount(id),
            Some(Run::Plain) => self.start_plain(id),
            None => {}
        }
        self.reschedule(id);
    }

    fn start_plain(&mut self, id: UnitId) {
        match self.unit(id).map(|unit| &unit.unit.body) {
            Some(Body::Device) => self.wait_for_device(id),
            Some(Body::Slice(_)) => {
                self.make_slice(id);
                self.change(id, Activity::Active);
            }
            _ => self.change(id, Activity::Active),
        }
    }

    fn finish_if_there(&mut self, id: JobId, result: JobResult) {
        if self.queue.job(id).is_some() {
            self.finish(id, result);
        }
    }

    fn fail_at_limit(&mut self, id: UnitId) {
        let now = clock::now();
        let Some(unit) = self.unit_mut(id) else { return };
        unit.limit_hit = true;
        match &mut unit.run {
            Run::Service(run) => {
                let actions = run.machine.refuse(now, crate::service::Outcome::StartLimitHit);
                if !actions.is_empty() {
                    self.release(id, false);
                    self.change(id, Activity::Failed);
                }
            }
            Run::Socket(run) => {
                run.result = "start-limit-hit";
                self.change(id, Activity::Failed);
            }
            Run::Mount(run) | Run::Swap(run) => {
                run.result = "start-limit-hit";
                self.change(id, Activity::Failed);
            }
            Run::Path(run) => {
                run.result = "start-limit-hit";
                self.change(id, Activity::Failed);
            }
            Run::Automount(run) => {
                run.result = "start-limit-hit";
                self.change(id, Activity::Failed);
            }
            Run::Timer(_) | Run::Plain => {}
        }
    }

    /// A stop job for a service that stops by itself: it is not to be restarted.
    fn note_stop(&mut self, id: UnitId) {
        if matches!(self.unit(id).map(|unit| &unit.run), Some(Run::Service(_))) {
            self.service_event(id, crate::service::Event::Stop);
        }
    }

    fn run_stop(&mut self, id: UnitId) {
        match self.unit(id).map(|unit| &unit.run) {
            Some(Run::Service(_)) => {
                let text = format!("Stopping {}...", self.called(id));
                self.tell_of(id, log::INFO, &text);
                self.service_event(id, crate::service::Event::Stop);
            }
            Some(Run::Socket(_)) => self.stop_socket(id),
            Some(Run::Timer(_)) => self.stop_timer(id),
            Some(Run::Path(_)) => self.stop_path(id),
            Some(Run::Mount(_) | Run::Swap(_)) => self.stop_mount(id),
            Some(Run::Automount(_)) => self.stop_automount(id),
            Some(Run::Plain) => {
                self.release_group(id);
                self.change(id, Activity::Inactive);
            }
            None => {}
        }
        self.reschedule(id);
    }

    fn run_reload(&mut self, job: &Job) {
        match self.unit(job.unit).map(|unit| &unit.run) {
            Some(Run::Service(_)) => {
                let text = format!("Reloading {}...", self.called(job.unit));
                self.tell_of(job.unit, log::INFO, &text);
                self.service_event(job.unit, crate::service::Event::Reload);
            }
            Some(Run::Mount(_)) => self.remount(job.unit),
            _ => self.finish(job.id, JobResult::Invalid),
        }
    }

    /// A job is over: people and those who wait are told.
    pub(super) fn job_ended(&mut self, ended: &Ended) {
        self.announce(ended);
        self.server.job_ended(ended.id, ended.result);
        let mount = self.graph.name(ended.unit).kind() == UnitKind::Mount;
        if ended.result != JobResult::Done || mount {
            // What it was to trigger, or was triggered by, may wait for it: an automount point also for a job that
            // came in the place of another and found nothing to do.
            self.todo.push_back(Todo::TellTriggers(ended.unit));
        }
        if ended.kind == JobKind::Start {
            self.trigger_on_dependency(ended);
        }
        self.todo.push_back(Todo::LookForUnneeded(ended.unit));
        self.goal_ended(ended.unit);
    }

    /// A start that failed by a dependency fails the unit for those who wait for its failure.
    fn trigger_on_dependency(&mut self, ended: &Ended) {
        if ended.result == JobResult::Dependency {
            self.on_failure(ended.unit);
        }
    }
}

/// The mode of a request in the model's words.
pub fn mode(mode: keelson_control::JobMode) -> JobMode {
    match mode {
        keelson_control::JobMode::Fail => JobMode::Fail,
        keelson_control::JobMode::Replace => JobMode::Replace,
        keelson_control::JobMode::ReplaceIrreversibly => JobMode::ReplaceIrreversibly,
        keelson_control::JobMode::Isolate => JobMode::Isolate,
        keelson_control::JobMode::Flush => JobMode::Flush,
        keelson_control::JobMode::IgnoreDependencies => JobMode::IgnoreDependencies,
        keelson_control::JobMode::IgnoreRequirements => JobMode::IgnoreRequirements,
    }
}
