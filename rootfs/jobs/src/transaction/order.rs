//! Ordering cycles: found by a walk in depth, broken by leaving out a job that is not required.
//!
//! A job is one or two steps, down and up. For `a` before `b`, whatever `a` does goes before `b` comes up, and `b` goes
//! down before `a` does anything; a restart goes down before it comes up. Jobs that are queued count as well.

use keelson_units::model::JobMode;
use rustc_hash::FxHashMap;

use super::draft::Draft;
use super::{Cycle, PlanError};
use crate::JobKind;
use crate::graph::{Edge, UnitId};

/// Which steps a unit will take.
#[derive(Clone, Copy, Default)]
struct Steps {
    down: bool,
    up: bool,
    /// Waits for nobody: it runs already, or was told to ignore the order.
    free: bool,
}

impl Steps {
    fn add(&mut self, kind: JobKind) {
        self.down |= kind.takes_down();
        self.up |= kind != JobKind::Stop;
    }
}

/// A step of a unit: whether up.
type Node = (UnitId, bool);

/// A step on the current path, with what must still be looked at.
struct Frame {
    node: Node,
    rest: Vec<Node>,
}

/// What the walk knows of a step: absent is not seen, `true` is on the path, `false` is done.
type Seen = FxHashMap<Node, bool>;

impl Draft<'_> {
    /// Leaves out jobs until no cycle is left.
    pub fn break_cycles(&mut self, mode: JobMode) -> Result<(), PlanError> {
        if mode == JobMode::IgnoreDependencies {
            return Ok(());
        }
        // Leaving out what is not required never changes what is.
        let required = self.reached(true);
        let mut seen = Seen::default();
        while let Some(units) = self.cycle(mode, &mut seen) {
            let spare = |unit: &&UnitId| {
                let mut jobs = self.alive(**unit).peekable();
                jobs.peek().is_some() && jobs.all(|job| !required[job])
            };
            let victim = units.iter().rev().find(spare).copied();
            let name = |unit| self.graph.name(unit).clone();
            let cycle = Cycle {
                units: units.iter().copied().map(name).collect(),
                dropped: victim.map(name),
            };
            let Some(victim) = victim else { return Err(PlanError::Cyclic(cycle)) };
            let why = PlanError::Broken { unit: name(victim), cycle: cycle.clone() };
            for job in self.alive(victim).collect::<Vec<_>>() {
                self.kill(job, why.clone())?;
            }
            self.cycles.push(cycle);
            self.collect();
            // Steps that are done stay so, unless what was left out would have canceled a queued job.
            if !self.queue.is_empty() {
                seen.clear();
            }
        }
        Ok(())
    }

    /// A cycle of steps of which at least one belongs to this transaction, by unit.
    fn cycle(&self, mode: JobMode, seen: &mut Seen) -> Option<Vec<UnitId>> {
        self.by_unit.keys().flat_map(|&unit| [(unit, false), (unit, true)]).find_map(|start| {
            let open = !seen.contains_key(&start) && self.alive(start.0).next().is_some();
            if open && self.taken(start, mode) { self.walk(start, mode, seen) } else { None }
        })
    }

    fn walk(&self, start: Node, mode: JobMode, seen: &mut Seen) -> Option<Vec<UnitId>> {
        seen.insert(start, true);
        let mut path = vec![Frame { node: start, rest: self.successors(start, mode) }];
        while let Some(frame) = path.last_mut() {
            let Some(next) = frame.rest.pop() else {
                seen.insert(frame.node, false);
                path.pop();
                continue;
            };
            match seen.get(&next) {
                None => {
                    seen.insert(next, true);
                    path.push(Frame { node: next, rest: self.successors(next, mode) });
                }
                Some(false) => {}
                Some(true) => {
                    let from = path
                        .iter()
                        .position(|frame| frame.node == next)
                        .expect("it is on the path");
                    let mut units: Vec<UnitId> =
                        path[from..].iter().map(|frame| frame.node.0).collect();
                    units.dedup();
                    if units.iter().any(|&unit| self.alive(unit).next().is_some()) {
                        for frame in &path {
                            seen.remove(&frame.node);
                        }
                        return Some(units);
                    }
                }
            }
        }
        None
    }

    /// What a unit will do, if the transaction is applied.
    fn steps_of(&self, unit: UnitId, mode: JobMode) -> Steps {
        self.step();
        let mut steps = Steps::default();
        let mut planned = false;
        for job in self.alive(unit) {
            planned = true;
            steps.add(self.jobs[job].kind);
        }
        let cancels = matches!(mode, JobMode::Isolate | JobMode::Flush) && !planned;
        let Some(queued) = self.queue.job_of(unit).filter(|_| !cancels) else { return steps };
        if self.alive(unit).any(|job| self.jobs[job].kind.conflicts(queued.kind)) {
            return steps;
        }
        steps.add(queued.kind);
        steps.free = !planned && (queued.is_running() || queued.ignore_order);
        steps
    }

    /// The steps that wait for this one.
    fn successors(&self, (unit, up): Node, mode: JobMode) -> Vec<Node> {
        let mut next: Vec<Node> =
            self.graph.edges(unit, Edge::Before).map(|other| (other, true)).collect();
        if !up {
            next.extend(
                self.graph
                    .edges(unit, Edge::After)
                    .flat_map(|other| [(other, false), (other, true)]),
            );
        }
        next.retain(|&node| self.waits(node, mode));
        if !up && self.taken((unit, true), mode) {
            next.push((unit, true));
        }
        next
    }

    /// Whether the step is taken.
    fn taken(&self, (unit, up): Node, mode: JobMode) -> bool {
        let steps = self.steps_of(unit, mode);
        if up { steps.up } else { steps.down }
    }

    /// Whether the step is taken and waits for its turn; a running restart still waits to come up.
    fn waits(&self, (unit, up): Node, mode: JobMode) -> bool {
        let steps = self.steps_of(unit, mode);
        let taken = if up { steps.up } else { steps.down };
        taken && (!steps.free || (up && steps.down))
    }
}
