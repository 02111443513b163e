//! The jobs that are installed: which may run now, and what follows when one ends.
//!
//! A job counts the jobs that must go first; it is ready when the count is 0. At most one job is installed for a unit.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::graph::{Edge, Graph, UnitId};
use crate::kind::earlier_runs_first;
use crate::{JobKind, Outcome, outcome};

mod apply;
mod finish;

/// The number of a job, as `systemctl list-jobs` shows it. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u32);

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// For others, or for its turn.
    Waiting,
    /// Handed out.
    Running,
    /// Handed out and given back: it waits for its own unit's next change.
    Deferred,
}

/// A job that is installed.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Its unit.
    pub unit: UnitId,
    /// What it does; never a kind with an if.
    pub kind: JobKind,
    /// Whether only an irreversible request can cancel it.
    pub irreversible: bool,
    /// Whether it runs whatever the order says.
    pub ignore_order: bool,
    stage: Stage,
    /// How many jobs must go first.
    blockers: u32,
}

impl Job {
    /// Whether it was handed out.
    pub fn is_running(&self) -> bool {
        self.stage == Stage::Running
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobResult {
    /// As it should.
    Done,
    /// It was taken back.
    Canceled,
    /// `JobTimeoutSec=` or the like ran out.
    Timeout,
    /// The unit failed.
    Failed,
    /// A unit it requires failed.
    Dependency,
    /// The conditions do not hold, or the unit to be verified is not up.
    Skipped,
    /// There is no such job for the unit.
    Invalid,
    /// An assertion does not hold.
    Assert,
    /// The system cannot do it.
    Unsupported,
    /// The unit may be started only once, and was.
    Once,
}

impl JobResult {
    /// The word of the log's `JOB_RESULT=`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
            Self::Dependency => "dependency",
            Self::Skipped => "skipped",
            Self::Invalid => "invalid",
            Self::Assert => "assert",
            Self::Unsupported => "unsupported",
            Self::Once => "once",
        }
    }
}

/// A job that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its number.
    pub id: JobId,
    /// Its unit.
    pub unit: UnitId,
    /// What it did.
    pub kind: JobKind,
    /// How it ended.
    pub result: JobResult,
}

/// What `Queue::apply` did.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The goal's job; none where there is nothing to do, which is done at once.
    pub goal: Option<JobId>,
    /// All jobs of the transaction, new or merged into one that was there.
    pub installed: Vec<JobId>,
    /// Jobs that were canceled for it.
    pub ended: Vec<Ended>,
}

/// The jobs that are installed.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    by_unit: FxHashMap<UnitId, Job>,
    by_id: BTreeMap<JobId, UnitId>,
    ready: BTreeSet<JobId>,
    /// How many jobs run or are deferred, so that something is still to come.
    busy: usize,
    last: u32,
    revision: u64,
    steps: u64,
}

impl Queue {
    /// The next job that may run; it is running from now on.
    ///
    /// The manager acts on it and reports with `finish` or `observe`. A start of a unit that cannot be started by the
    /// manager (a device) just goes on until the unit comes up by itself.
    pub fn take_ready(&mut self, graph: &Graph) -> Option<Job> {
        self.refresh(graph);
        let id = self.ready.pop_first().or_else(|| self.unstick())?;
        let job = self.by_unit.get_mut(self.by_id.get(&id)?)?;
        job.stage = Stage::Running;
        self.busy += 1;
        Some(job.clone())
    }

    /// Whether a job may run now.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Ends the unit's job if the activity that the graph now has for the unit ends it; `reloaded` tells whether a
    /// reload that just ended succeeded. Else a job that was deferred gets another turn.
    pub fn observe(
        &mut self,
        graph: &Graph,
        unit: UnitId,
        reloaded: bool,
    ) -> (Outcome, Vec<Ended>) {
        let Some(job) = self.by_unit.get(&unit) else { return (Outcome::Unexpected, Vec::new()) };
        let (id, found) =
            (job.id, outcome(job.kind, job.is_running(), graph.activity(unit), reloaded));
        if let Outcome::Over(result) = found {
            return (found, self.finish(graph, id, result));
        }
        self.wake(unit);
        (found, Vec::new())
    }

    /// Gives a running job back: its unit cannot act now, being on its way down, say.
    pub fn defer(&mut self, id: JobId) {
        if let Some(job) = self.job_mut(id).filter(|job| job.stage == Stage::Running) {
            job.stage = Stage::Deferred;
        }
    }

    /// Makes a deferred job ready again.
    pub fn wake(&mut self, unit: UnitId) {
        let Some(job) = self.by_unit.get_mut(&unit).filter(|job| job.stage == Stage::Deferred)
        else {
            return;
        };
        job.stage = Stage::Waiting;
        self.busy -= 1;
        self.list(unit);
    }

    /// The job of a unit.
    pub fn job_of(&self, unit: UnitId) -> Option<&Job> {
        self.by_unit.get(&unit)
    }

    /// The job of this number.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.by_unit.get(self.by_id.get(&id)?)
    }

    /// All jobs, by number.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.by_id.values().filter_map(|unit| self.by_unit.get(unit))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many were handed out and are not over.
    pub fn running(&self) -> usize {
        self.busy
    }

    /// The units whose jobs this job waits for.
    pub fn waits_for(&self, graph: &Graph, id: JobId) -> Vec<UnitId> {
        let Some(job) = self.job(id).filter(|job| !job.ignore_order) else { return Vec::new() };
        let before = graph
            .edges(job.unit, Edge::After)
            .filter(|&other| self.precedes(other, job.unit, true));
        let after = graph
            .edges(job.unit, Edge::Before)
            .filter(|&other| self.precedes(other, job.unit, false));
        before.chain(after).collect()
    }

    /// Steps taken so far: jobs and relations looked at. A measure of the work that does not depend on the machine.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    fn job_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.by_unit.get_mut(self.by_id.get(&id)?)
    }

    /// Whether `other`'s job goes before `unit`'s; `earlier` tells that `other` is the one ordered first.
    fn precedes(&self, other: UnitId, unit: UnitId, earlier: bool) -> bool {
        let (Some(other), Some(job)) = (self.by_unit.get(&other), self.by_unit.get(&unit)) else {
            return false;
        };
        if earlier { earlier_runs_first(job.kind) } else { !earlier_runs_first(other.kind) }
    }

    /// Counts again what a job waits for.
    fn count(&mut self, graph: &Graph, unit: UnitId) {
        let id = self.by_unit[&unit].id;
        let blockers = self.waits_for(graph, id).len();
        self.steps += 1
            + (graph.edges(unit, Edge::After).count() + graph.edges(unit, Edge::Before).count())
                as u64;
        let job = self.by_unit.get_mut(&unit).expect("the caller looked it up");
        job.blockers = u32::try_from(blockers).expect("there are fewer units than that");
        self.list(unit);
    }

    /// Adds to the count of every neighbour that the unit's job now precedes, or takes it off again.
    fn weigh_on_neighbours(&mut self, graph: &Graph, unit: UnitId, adds: bool) {
        let later = graph.edges(unit, Edge::Before).map(|other| (other, true));
        let earlier = graph.edges(unit, Edge::After).map(|other| (other, false));
        for (other, unit_is_earlier) in later.chain(earlier) {
            self.steps += 1;
            if !self.precedes(unit, other, unit_is_earlier) {
                continue;
            }
            let Some(job) = self.by_unit.get_mut(&other).filter(|job| !job.ignore_order) else {
                continue;
            };
            job.blockers = if adds { job.blockers + 1 } else { job.blockers.saturating_sub(1) };
            self.list(other);
        }
    }

    /// Puts a job into the list of the ready ones, or takes it out, as its count says.
    fn list(&mut self, unit: UnitId) {
        let Some(job) = self.by_unit.get(&unit) else { return };
        if job.stage == Stage::Waiting && job.blockers == 0 {
            self.ready.insert(job.id);
        } else {
            self.ready.remove(&job.id);
        }
    }

    /// Counts anew after relations of loaded units went away.
    fn refresh(&mut self, graph: &Graph) {
        if self.revision != graph.revision() {
            self.revision = graph.revision();
            let units: Vec<UnitId> = self.by_unit.keys().copied().collect();
            for unit in units {
                self.count(graph, unit);
            }
        }
    }

    /// Files that were read again can order queued jobs in a circle. The oldest then runs, so that the queue drains.
    fn unstick(&self) -> Option<JobId> {
        if self.busy > 0 {
            return None;
        }
        self.by_id.keys().next().copied()
    }
}

#[cfg(test)]
mod tests;
