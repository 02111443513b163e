//! One job for each unit: kinds that go together become one, of those that contradict each other one goes.

use super::PlanError;
use super::draft::Draft;
use crate::JobKind;

impl Draft<'_> {
    /// Merges the jobs of every unit.
    pub fn merge(&mut self) -> Result<(), PlanError> {
        while let Some((first, second)) = self.contradiction() {
            self.decide(first, second)?;
            self.collect();
        }
        let groups: Vec<Vec<usize>> =
            self.by_unit.keys().map(|&unit| self.alive(unit).collect()).collect();
        for group in groups {
            let Some((&first, others)) = group.split_first() else { continue };
            let activity = self.graph.activity(self.jobs[first].unit);
            for &other in others {
                self.step();
                let kinds = (self.jobs[first].kind, self.jobs[other].kind);
                let merged = kinds.0.merge(kinds.1, activity);
                self.jobs[first].kind = merged.expect("contradictions are gone");
                self.absorb(first, other);
            }
        }
        Ok(())
    }

    /// Two jobs of one unit of which one is a stop.
    fn contradiction(&self) -> Option<(usize, usize)> {
        let mut units = self.by_unit.keys();
        units.find_map(|&unit| {
            self.step();
            let mut jobs = self.alive(unit);
            let first = jobs.next()?;
            let other =
                jobs.find(|&other| self.jobs[first].kind.conflicts(self.jobs[other].kind))?;
            let stops_first = self.jobs[first].kind == JobKind::Stop;
            Some(if stops_first { (first, other) } else { (other, first) })
        })
    }

    /// Drops the one that is not required; where neither is, rather the stop, unless a conflict asks for it.
    fn decide(&mut self, stop: usize, start: usize) -> Result<(), PlanError> {
        let unit = self.graph.name(self.jobs[stop].unit).clone();
        let required = self.reached(true);
        let conflicted = self.jobs[stop].pulled.iter().any(|&at| {
            let link = self.links[at];
            link.conflicts && self.jobs[link.subject].alive
        });
        let (gone, stays) = match (required[stop], required[start]) {
            (true, true) => {
                let kinds = (self.jobs[stop].kind, self.jobs[start].kind);
                return Err(PlanError::Contradiction(unit, kinds.0, kinds.1));
            }
            (true, false) => (start, stop),
            (false, false) if conflicted => (start, stop),
            (false, _) => (stop, start),
        };
        let why = PlanError::Outweighed {
            unit,
            kind: self.jobs[gone].kind,
            other: self.jobs[stays].kind,
        };
        self.kill(gone, why)
    }

    /// Makes `first` the heir of `other`'s links. The goal's job is always the first of its unit.
    fn absorb(&mut self, first: usize, other: usize) {
        for at in std::mem::take(&mut self.jobs[other].pulls) {
            self.step();
            self.links[at].subject = first;
            self.jobs[first].pulls.push(at);
        }
        for at in std::mem::take(&mut self.jobs[other].pulled) {
            self.step();
            self.links[at].object = first;
            self.jobs[first].pulled.push(at);
        }
        self.discard(other);
    }
}
