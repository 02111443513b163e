//! The end of a job, and of those that cannot go on without it.

use super::{Ended, Job, JobId, JobResult, Queue, Stage};
use crate::graph::{Edge, Graph, UnitId};
use crate::{Activity, JobKind};

impl Queue {
    /// Ends a job. Gives all jobs that are over by it, itself first: pending starts of units that require a unit whose
    /// start failed end with `Dependency`.
    ///
    /// `Done` for a restart means that the unit is down: the job goes on as a start, and nothing is given. The graph
    /// must have the unit's activity of now.
    pub fn finish(&mut self, graph: &Graph, id: JobId, result: JobResult) -> Vec<Ended> {
        self.refresh(graph);
        let Some(unit) = self.by_id.get(&id).copied() else { return Vec::new() };
        if result == JobResult::Done && self.by_unit[&unit].kind == JobKind::Restart {
            self.go_on_as_start(graph, unit);
            return Vec::new();
        }
        let mut ended = Vec::new();
        let mut work = vec![(unit, result)];
        while let Some((unit, result)) = work.pop() {
            let Some(job) = self.remove(graph, unit) else { continue };
            ended.push(job.ended(result));
            for &edge in falls_with(job.kind, result, graph.activity(unit)) {
                for other in graph.edges(unit, edge) {
                    self.steps += 1;
                    if self.by_unit.get(&other).is_some_and(waits_to_be_up) {
                        work.push((other, JobResult::Dependency));
                    }
                }
            }
        }
        ended
    }

    /// Takes a job back; what requires it fails.
    pub fn cancel(&mut self, graph: &Graph, id: JobId) -> Vec<Ended> {
        // A canceled restart must not go on as a start, which `Canceled` never does.
        self.finish(graph, id, JobResult::Canceled)
    }

    /// The second half of a restart, which waits for its turn again.
    fn go_on_as_start(&mut self, graph: &Graph, unit: UnitId) {
        if let Some(job) = self.remove(graph, unit) {
            self.insert(graph, Job { kind: JobKind::Start, stage: Stage::Waiting, ..job });
        }
    }
}

/// A start that has not begun. One that runs was not ordered after what failed, and goes on.
fn waits_to_be_up(job: &Job) -> bool {
    matches!(job.kind, JobKind::Start | JobKind::VerifyActive) && job.stage == Stage::Waiting
}

/// Whose pending starts fail by this end.
fn falls_with(kind: JobKind, result: JobResult, activity: Activity) -> &'static [Edge] {
    let starts = matches!(kind, JobKind::Start | JobKind::VerifyActive);
    match (starts, result) {
        // It was not meant to run, so who merely requires it goes on.
        (true, JobResult::Done | JobResult::Skipped) if kind == JobKind::Start => {
            if activity.is_active_or_activating() { &[] } else { &[Edge::RequisiteOf] }
        }
        (_, JobResult::Done) => &[],
        (true, _) => &Edge::PROPAGATE_FAILURE,
        (false, _) if kind == JobKind::Stop => &[Edge::ConflictedBy],
        (false, _) => &[],
    }
}
