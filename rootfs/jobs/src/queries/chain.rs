//! `systemd-analyze critical-chain`: which start each start waited for last.

use std::collections::HashSet;
use std::time::Duration;

use crate::graph::{Edge, Graph, UnitId};

/// When a unit's start began and ended, on one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// It began to come up.
    pub activating: Duration,
    /// It was up.
    pub active: Duration,
}

/// One line of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The unit.
    pub unit: UnitId,
    /// 0 for the goal; each is what the one above waited for.
    pub depth: usize,
    /// Its times.
    pub times: Times,
}

/// The chain from the goal down: of the units ordered before it the one that was up last, if it was up by the time this
/// one began, and so on. A unit without times (never started) ends the chain.
pub fn critical_chain(
    graph: &Graph,
    goal: UnitId,
    times: &dyn Fn(UnitId) -> Option<Times>,
) -> Vec<ChainLink> {
    let mut chain: Vec<ChainLink> = Vec::new();
    let mut seen = HashSet::new();
    let mut next = times(goal).map(|times| (goal, times));
    while let Some((unit, of)) = next.filter(|&(unit, _)| seen.insert(unit)) {
        chain.push(ChainLink { unit, depth: chain.len(), times: of });
        let earlier =
            graph.edges(unit, Edge::After).filter_map(|other| Some((other, times(other)?)));
        next = earlier
            .filter(|(_, other)| other.active <= of.active)
            .max_by_key(|(_, other)| other.active);
    }
    chain
}
