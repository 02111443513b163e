//! Installing a transaction: what is canceled for it, what is merged, what is new.

use keelson_units::model::JobMode;

use super::{Applied, Ended, Job, JobId, JobResult, Queue, Stage};
use crate::graph::{Graph, UnitId};
use crate::{JobKind, PlannedJob, Transaction};

impl Queue {
    /// Installs all jobs of a transaction. The queue must be the one it was planned with, unchanged since.
    pub fn apply(&mut self, graph: &Graph, transaction: &Transaction) -> Applied {
        self.refresh(graph);
        let mut applied = Applied::default();
        if matches!(transaction.mode, JobMode::Isolate | JobMode::Flush) {
            let kept: rustc_hash::FxHashSet<UnitId> =
                transaction.jobs.iter().map(|job| job.unit).collect();
            let others: Vec<UnitId> =
                self.by_id.values().copied().filter(|unit| !kept.contains(unit)).collect();
            applied.ended =
                others.into_iter().filter_map(|unit| self.drop_job(graph, unit)).collect();
        }
        for &planned in &transaction.jobs {
            let canceled =
                self.job_of(planned.unit).is_some_and(|queued| queued.kind.conflicts(planned.kind));
            if canceled {
                applied.ended.extend(self.drop_job(graph, planned.unit));
            }
            let id = self.install(graph, planned, transaction.mode);
            applied.installed.push(id);
            if planned.unit == transaction.goal {
                applied.goal = Some(id);
            }
        }
        applied
    }

    /// Takes a job back without failing its dependants: another one takes its place.
    fn drop_job(&mut self, graph: &Graph, unit: UnitId) -> Option<Ended> {
        self.remove(graph, unit).map(|job| job.ended(JobResult::Canceled))
    }

    fn install(&mut self, graph: &Graph, planned: PlannedJob, mode: JobMode) -> JobId {
        let irreversible = mode == JobMode::ReplaceIrreversibly;
        let ignore_order = mode == JobMode::IgnoreDependencies;
        let Some(queued) = self.remove(graph, planned.unit) else {
            self.last += 1;
            let (id, unit, kind, stage) =
                (JobId(self.last), planned.unit, planned.kind, Stage::Waiting);
            return self.insert(
                graph,
                Job { id, unit, kind, irreversible, ignore_order, stage, blockers: 0 },
            );
        };
        let merged = queued.kind.merge(planned.kind, graph.activity(planned.unit));
        let kind = merged.unwrap_or(planned.kind);
        let same = merges_late(planned.kind) && kind == queued.kind;
        let stage = if same { queued.stage } else { Stage::Waiting };
        let irreversible = irreversible || queued.irreversible;
        let ignore_order = ignore_order || queued.ignore_order;
        self.insert(graph, Job { kind, irreversible, ignore_order, stage, ..queued })
    }

    /// Adds a job and has the neighbours wait for it.
    pub(super) fn insert(&mut self, graph: &Graph, job: Job) -> JobId {
        let (id, unit) = (job.id, job.unit);
        self.busy += usize::from(job.stage != Stage::Waiting);
        self.by_id.insert(id, unit);
        self.by_unit.insert(unit, job);
        self.count(graph, unit);
        self.weigh_on_neighbours(graph, unit, true);
        id
    }

    /// Takes a job out and has the neighbours wait no longer for it.
    pub(super) fn remove(&mut self, graph: &Graph, unit: UnitId) -> Option<Job> {
        if !self.by_unit.contains_key(&unit) {
            return None;
        }
        self.weigh_on_neighbours(graph, unit, false);
        let job = self.by_unit.remove(&unit)?;
        self.by_id.remove(&job.id);
        self.ready.remove(&job.id);
        self.busy -= usize::from(job.stage != Stage::Waiting);
        Some(job)
    }
}

/// Whether a job that runs already does for another request of its kind. A reload does not: what changed since it
/// began may have escaped it. A restart that runs has not come to its start yet.
fn merges_late(kind: JobKind) -> bool {
    kind != JobKind::Reload
}

impl Job {
    /// Its end.
    pub(super) fn ended(&self, result: JobResult) -> Ended {
        Ended { id: self.id, unit: self.unit, kind: self.kind, result }
    }
}
