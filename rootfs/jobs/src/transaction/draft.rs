//! A transaction in the making: jobs, who pulled them in, and what goes when one of them goes.

use std::cell::Cell;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::graph::{Graph, UnitId};
use crate::transaction::{Cycle, Dropped, PlanError, PlannedJob};
use crate::{JobKind, Queue};

/// A job of a draft; a unit may have several until they are merged.
pub(super) struct DraftJob {
    pub unit: UnitId,
    pub kind: JobKind,
    pub alive: bool,
    /// Why it was dropped.
    pub why: Option<PlanError>,
    /// Links by which it pulls others in.
    pub pulls: Vec<usize>,
    /// Links by which it is pulled in.
    pub pulled: Vec<usize>,
}

/// "`subject` pulls `object` in", both indices of jobs.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub subject: usize,
    pub object: usize,
    /// The subject fails without the object.
    pub matters: bool,
    /// It is a stop because of `Conflicts=`.
    pub conflicts: bool,
}

/// A transaction in the making. The goal's job is the first.
pub(super) struct Draft<'a> {
    pub graph: &'a Graph,
    pub queue: &'a Queue,
    pub jobs: Vec<DraftJob>,
    pub links: Vec<Link>,
    index: FxHashMap<(UnitId, JobKind), usize>,
    pub by_unit: BTreeMap<UnitId, Vec<usize>>,
    pub cycles: Vec<Cycle>,
    pub dropped: Vec<Dropped>,
    /// Counted where only a shared borrow is at hand, too.
    pub steps: Cell<u64>,
}

impl<'a> Draft<'a> {
    pub fn new(graph: &'a Graph, queue: &'a Queue) -> Self {
        Self {
            graph,
            queue,
            jobs: Vec::new(),
            links: Vec::new(),
            index: FxHashMap::default(),
            by_unit: BTreeMap::new(),
            cycles: Vec::new(),
            dropped: Vec::new(),
            steps: Cell::new(0),
        }
    }

    /// One more unit or relation was looked at.
    pub fn step(&self) {
        self.steps.set(self.steps.get() + 1);
    }

    /// The job of this unit and kind, and whether it is new.
    pub fn job(&mut self, unit: UnitId, kind: JobKind) -> (usize, bool) {
        if let Some(&job) = self.index.get(&(unit, kind)) {
            return (job, false);
        }
        let job = self.jobs.len();
        self.jobs.push(DraftJob {
            unit,
            kind,
            alive: true,
            why: None,
            pulls: Vec::new(),
            pulled: Vec::new(),
        });
        self.index.insert((unit, kind), job);
        self.by_unit.entry(unit).or_default().push(job);
        (job, true)
    }

    pub fn link(&mut self, link: Link) {
        let at = self.links.len();
        self.links.push(link);
        self.jobs[link.subject].pulls.push(at);
        self.jobs[link.object].pulled.push(at);
    }

    /// The jobs of a unit that are still in.
    pub fn alive(&self, unit: UnitId) -> impl Iterator<Item = usize> + '_ {
        let jobs = self.by_unit.get(&unit).into_iter().flatten().copied();
        jobs.filter(|&job| self.jobs[job].alive)
    }

    /// Drops a job and all that fail without it. An error where the goal is among them: it says why.
    pub fn kill(&mut self, job: usize, why: PlanError) -> Result<(), PlanError> {
        let mut work = vec![(job, why)];
        while let Some((job, why)) = work.pop() {
            if !self.jobs[job].alive {
                continue;
            }
            self.jobs[job].alive = false;
            self.jobs[job].why = Some(why.clone());
            if job == 0 {
                return Err(why);
            }
            for at in 0..self.jobs[job].pulled.len() {
                self.step();
                let link = self.links[self.jobs[job].pulled[at]];
                if link.matters {
                    work.push((link.subject, self.requires(link.subject, job, &why)));
                }
            }
            self.dropped.push(Dropped {
                unit: self.jobs[job].unit,
                kind: self.jobs[job].kind,
                why,
            });
        }
        Ok(())
    }

    /// Why a job fails whose requirement failed.
    pub fn requires(&self, subject: usize, object: usize, why: &PlanError) -> PlanError {
        let name = |job: usize| self.graph.name(self.jobs[job].unit).clone();
        // A cause is told once, not once for each step of the chain.
        let root = match why {
            PlanError::Requires { why, .. } => (**why).clone(),
            why => why.clone(),
        };
        PlanError::Requires { unit: name(subject), required: name(object), why: Box::new(root) }
    }

    /// Takes a job out that changes nothing; who pulled it in is content.
    pub fn discard(&mut self, job: usize) {
        self.jobs[job].alive = false;
    }

    /// Which jobs the goal reaches, along all links or only along those that matter.
    pub fn reached(&self, only_required: bool) -> Vec<bool> {
        let mut seen = vec![false; self.jobs.len()];
        let mut work = vec![0];
        seen[0] = true;
        while let Some(job) = work.pop() {
            for &at in &self.jobs[job].pulls {
                self.step();
                let link = self.links[at];
                if (link.matters || !only_required)
                    && self.jobs[link.object].alive
                    && !seen[link.object]
                {
                    seen[link.object] = true;
                    work.push(link.object);
                }
            }
        }
        seen
    }

    /// Takes out what nothing pulls in any more.
    pub fn collect(&mut self) {
        let reached = self.reached(false);
        for (job, reached) in self.jobs.iter_mut().zip(reached) {
            job.alive &= reached;
        }
    }

    /// Takes out the units whose jobs all change nothing, but never the goal's.
    pub fn drop_redundant(&mut self) {
        let units: Vec<Vec<usize>> = self.by_unit.values().cloned().collect();
        for jobs in units {
            let needed =
                jobs.iter().filter(|&&job| self.jobs[job].alive).any(|&job| self.changes(job));
            if !needed {
                for job in jobs {
                    self.discard(job);
                }
            }
        }
        self.collect();
    }

    fn changes(&self, job: usize) -> bool {
        self.step();
        let DraftJob { unit, kind, .. } = self.jobs[job];
        let queued = self.queue.job_of(unit);
        job == 0
            || !kind.is_redundant(self.graph.activity(unit))
            || queued.is_some_and(|queued| queued.kind.conflicts(kind))
    }

    /// Mode `fail`: what is not required must neither stop a running unit nor cancel a job.
    pub fn minimize(&mut self) -> Result<(), PlanError> {
        let required = self.reached(true);
        for (job, required) in required.into_iter().enumerate() {
            let DraftJob { unit, kind, alive, .. } = self.jobs[job];
            let stops = kind == JobKind::Stop && self.graph.activity(unit).is_active();
            let cancels = self.queue.job_of(unit).is_some_and(|queued| queued.kind.conflicts(kind));
            if alive && !required && (stops || cancels) {
                self.kill(job, PlanError::Spared(self.graph.name(unit).clone(), kind))?;
            }
        }
        self.collect();
        Ok(())
    }

    /// The jobs that are left, merged already.
    pub fn planned(&self) -> Vec<PlannedJob> {
        let required = self.reached(true);
        let alive = self.jobs.iter().zip(required).filter(|(job, _)| job.alive);
        alive
            .map(|(job, required)| PlannedJob { unit: job.unit, kind: job.kind, required })
            .collect()
    }
}
