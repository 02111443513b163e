//! Questions the manager asks of the graph when a unit changed, and trees for people.

use crate::graph::{Edge, Graph, Load, UnitId};
use crate::{Activity, JobKind, Queue};
pub use chain::{ChainLink, Times, critical_chain};
pub use tree::{Direction, Line, tree};

mod chain;
mod tree;

/// A job to enqueue on its own, and in which mode: `Replace` where `replace` is set, else `Fail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The unit.
    pub unit: UnitId,
    /// What to do to it.
    pub kind: JobKind,
    /// Whether other jobs give way.
    pub replace: bool,
}

/// What to do after a unit came up though no job asked for it: its requirements start, its opposites stop.
pub fn after_unexpected_start(graph: &Graph, unit: UnitId) -> Vec<Wish> {
    let ordered = |&other: &UnitId| !graph.has_edge(unit, Edge::After, other);
    let down = |&other: &UnitId| !graph.activity(other).is_active_or_activating();
    let up = |&other: &UnitId| !graph.activity(other).is_inactive_or_deactivating();
    let start = |edge: Edge, replace: bool| {
        let others = graph.edges(unit, edge).filter(ordered).filter(down);
        others.map(move |unit| Wish { unit, kind: JobKind::Start, replace })
    };
    let stop = |edge: Edge| {
        let others = graph.edges(unit, edge).filter(up);
        others.map(|unit| Wish { unit, kind: JobKind::Stop, replace: true })
    };
    let starts = start(Edge::Requires, true).chain(start(Edge::BindsTo, true));
    let starts = starts.chain(start(Edge::Upholds, true)).chain(start(Edge::Wants, false));
    starts.chain(stop(Edge::Conflicts)).chain(stop(Edge::ConflictedBy)).collect()
}

/// Units to stop (mode replace) after a unit went down though no job asked for it: those bound to it, and those it
/// passes its stop on to. `PartOf=` and `Requires=` follow stop jobs alone.
pub fn after_unexpected_stop(graph: &Graph, unit: UnitId) -> Vec<Wish> {
    let edges = [Edge::BoundBy, Edge::PropagatesStopTo];
    let others = edges.into_iter().flat_map(|edge| graph.edges(unit, edge));
    let up = others.filter(|&other| !graph.activity(other).is_inactive_or_deactivating());
    up.map(|unit| Wish { unit, kind: JobKind::Stop, replace: true }).collect()
}

/// A unit that this one is bound to (`BindsTo=` with `After=`) and that is not up: then it must not start, and if it
/// is up it must be stopped.
pub fn unbound(graph: &Graph, unit: UnitId) -> Option<UnitId> {
    let mut bound =
        graph.edges(unit, Edge::BindsTo).filter(|&other| graph.has_edge(unit, Edge::After, other));
    bound.find(|&other| {
        !graph.activity(other).is_active_or_activating() || graph.facts(other).load != Load::Loaded
    })
}

/// Units that are down and have no job, and that an active unit upholds. Asked after this unit came up (then what it
/// upholds) or went down (then whether it is upheld itself).
pub fn upheld(graph: &Graph, queue: &Queue, unit: UnitId) -> Vec<UnitId> {
    let startable =
        |other: &UnitId| graph.activity(*other).is_inactive() && queue.job_of(*other).is_none();
    let mut units = Vec::new();
    if graph.activity(unit).is_active() {
        units.extend(graph.edges(unit, Edge::Upholds).filter(startable));
    }
    if startable(&unit)
        && graph.edges(unit, Edge::UpheldBy).any(|other| graph.activity(other).is_active())
    {
        units.push(unit);
    }
    units
}

/// Whether a unit is up only because nobody took it down: `StopWhenUnneeded=` and no unit that needs it is up or has a
/// job to be.
pub fn unneeded(graph: &Graph, queue: &Queue, unit: UnitId) -> bool {
    let facts = graph.facts(unit);
    if !facts.stop_when_unneeded || !facts.activity.is_active() || queue.job_of(unit).is_some() {
        return false;
    }
    let mut users = Edge::NEEDED_BY.into_iter().flat_map(|edge| graph.edges(unit, edge));
    !users.any(|user| {
        let wanted = queue.job_of(user).is_some_and(|job| job.kind != JobKind::Stop);
        wanted || !graph.activity(user).is_inactive()
    })
}

/// The dependencies of a unit that went down which nobody needs any more.
pub fn unneeded_after(graph: &Graph, queue: &Queue, unit: UnitId) -> Vec<UnitId> {
    let mut units: Vec<UnitId> =
        Edge::NEEDS.into_iter().flat_map(|edge| graph.edges(unit, edge)).collect();
    units.sort_unstable();
    units.dedup();
    units.retain(|&other| unneeded(graph, queue, other));
    units
}

/// How a unit's change of activity calls for retroactive jobs.
///
/// `before` and the graph's activity are compared; the wishes of the function that fits are given. The caller asks only
/// when no job explains the change.
pub fn after_unexpected(graph: &Graph, unit: UnitId, before: Activity) -> Vec<Wish> {
    let now = graph.activity(unit);
    if before.is_inactive_or_deactivating() && now.is_active_or_activating() {
        after_unexpected_start(graph, unit)
    } else if before.is_active_or_activating() && now.is_inactive_or_deactivating() {
        after_unexpected_stop(graph, unit)
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
