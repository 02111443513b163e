//! What a job pulls in: requirements, conflicts, propagated stops, restarts and reloads; isolation.

use keelson_units::model::JobMode;

use super::draft::{Draft, Link};
use super::{Dropped, PlanError, applicable};
use crate::JobKind;
use crate::graph::{Edge, UnitId};

/// A job that another one pulls in.
struct Pull {
    unit: UnitId,
    kind: JobKind,
    matters: bool,
    conflicts: bool,
}

impl Draft<'_> {
    /// Adds the goal's job and, unless the mode ignores them, all that it pulls in.
    pub fn pull(&mut self, unit: UnitId, kind: JobKind, mode: JobMode) -> Result<(), PlanError> {
        applicable(self.graph, unit, kind)?;
        let (goal, _) = self.job(unit, kind);
        if matches!(mode, JobMode::IgnoreDependencies | JobMode::IgnoreRequirements) {
            return Ok(());
        }
        self.expand(goal)
    }

    /// Adds one more goal, which the first one does not do without.
    pub fn pull_too(
        &mut self,
        unit: UnitId,
        kind: JobKind,
        mode: JobMode,
    ) -> Result<(), PlanError> {
        if kind == JobKind::Nop {
            return Ok(());
        }
        applicable(self.graph, unit, kind)?;
        let (job, new) = self.job(unit, kind);
        if let Some(why) = &self.jobs[job].why {
            return Err(why.clone());
        }
        self.link(Link { subject: 0, object: job, matters: true, conflicts: false });
        let alone = matches!(mode, JobMode::IgnoreDependencies | JobMode::IgnoreRequirements);
        if new && !alone { self.expand(job) } else { Ok(()) }
    }

    /// Stops what is up (or about to be) and is neither needed nor exempt from isolation.
    pub fn isolate(&mut self) -> Result<(), PlanError> {
        for unit in self.graph.units() {
            self.step();
            let facts = self.graph.facts(unit);
            let idle = facts.activity.is_inactive() && self.queue.job_of(unit).is_none();
            let listed = |unit| self.alive(unit).next().is_some();
            if idle || facts.ignore_on_isolate || facts.perpetual || listed(unit) {
                continue;
            }
            if self.graph.edges(unit, Edge::TriggeredBy).any(listed) {
                continue;
            }
            let (job, new) = self.job(unit, JobKind::Stop);
            self.link(Link { subject: 0, object: job, matters: true, conflicts: false });
            if new {
                self.expand(job)?;
            }
        }
        Ok(())
    }

    /// Adds all that a new job pulls in, and what those pull in.
    fn expand(&mut self, job: usize) -> Result<(), PlanError> {
        let mut work = vec![job];
        while let Some(job) = work.pop() {
            for pull in self.pulls(job) {
                self.step();
                if !self.jobs[job].alive {
                    break;
                }
                if let Some(new) = self.add(job, &pull)? {
                    work.push(new);
                }
            }
        }
        Ok(())
    }

    /// Adds one job that `subject` pulls in; gives it where it is new.
    fn add(&mut self, subject: usize, pull: &Pull) -> Result<Option<usize>, PlanError> {
        if let Err(why) = applicable(self.graph, pull.unit, pull.kind) {
            return self.miss(subject, pull, why).map(|()| None);
        }
        let (object, new) = self.job(pull.unit, pull.kind);
        if let Some(why) = self.jobs[object].why.clone() {
            if pull.matters {
                let why = self.requires(subject, object, &why);
                self.kill(subject, why)?;
            }
            return Ok(None);
        }
        self.link(Link { subject, object, matters: pull.matters, conflicts: pull.conflicts });
        Ok(new.then_some(object))
    }

    /// A job cannot be had: its subject falls with it where it is required. A kind of job that the unit does not have
    /// is no failure.
    fn miss(&mut self, subject: usize, pull: &Pull, why: PlanError) -> Result<(), PlanError> {
        if matches!(why, PlanError::NotApplicable(..)) {
            return Ok(());
        }
        if !pull.matters {
            self.dropped.push(Dropped { unit: pull.unit, kind: pull.kind, why });
            return Ok(());
        }
        let name = |unit| self.graph.name(unit).clone();
        let unit = name(self.jobs[subject].unit);
        let why = PlanError::Requires { unit, required: name(pull.unit), why: Box::new(why) };
        self.kill(subject, why)
    }

    /// What one job pulls in.
    fn pulls(&self, job: usize) -> Vec<Pull> {
        let (unit, kind) = (self.jobs[job].unit, self.jobs[job].kind);
        let mut pulls = Vec::new();
        let mut add = |edges: &[Edge], kind: JobKind, matters: bool| {
            for &edge in edges {
                let conflicts = edge == Edge::Conflicts;
                pulls.extend(self.graph.edges(unit, edge).map(|unit| Pull {
                    unit,
                    kind,
                    matters,
                    conflicts,
                }));
            }
        };
        if matches!(kind, JobKind::Start | JobKind::Restart) {
            add(&Edge::PULL_START, JobKind::Start, true);
            add(&Edge::PULL_START_IGNORED, JobKind::Start, false);
            add(&[Edge::Requisite], JobKind::VerifyActive, true);
            add(&[Edge::Conflicts], JobKind::Stop, true);
            add(&[Edge::ConflictedBy], JobKind::Stop, false);
        }
        match kind {
            JobKind::Stop => add(&Edge::PROPAGATE_STOP, JobKind::Stop, true),
            JobKind::Restart => add(&Edge::PROPAGATE_RESTART, JobKind::TryRestart, true),
            JobKind::Reload => add(&[Edge::PropagatesReloadTo], JobKind::TryReload, false),
            _ => {}
        }
        for pull in &mut pulls {
            pull.kind = pull.kind.collapse(self.graph.activity(pull.unit));
        }
        pulls.retain(|pull| pull.kind != JobKind::Nop);
        pulls
    }
}
