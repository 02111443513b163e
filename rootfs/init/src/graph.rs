//! The order in which units are started: pure, over names.
//!
//! Each unit waits for those it is ordered after. A cycle is broken at the edge that the smallest name of it brings in
//! last, and reported. Ties are by name, so the same units give the same order.

use std::collections::{BTreeMap, BTreeSet};

use crate::unit::Unit;

/// A start order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Every unit, each after all it waits for.
    pub sequence: Vec<String>,
    /// What each unit waits for, of the units there are.
    pub waits: BTreeMap<String, BTreeSet<String>>,
    /// The edges given up to break cycles.
    pub broken: Vec<BrokenEdge>,
}

/// An ordering that could not be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenEdge {
    /// The unit that was to wait.
    pub unit: String,
    /// What it was to wait for.
    pub after: String,
}

/// Orders `units` by their `After=` and `Before=`; names that are no key of `units`, by way of `aliases`, order nothing.
pub fn order(units: &BTreeMap<String, Unit>, aliases: &BTreeMap<String, String>) -> Order {
    let own = |name: &String| -> Option<String> {
        let name = aliases.get(name).unwrap_or(name);
        units.contains_key(name).then(|| name.clone())
    };
    let mut waits: BTreeMap<String, BTreeSet<String>> =
        units.keys().map(|name| (name.clone(), BTreeSet::new())).collect();
    for unit in units.values() {
        for after in unit.after.iter().filter_map(&own) {
            if after != unit.name {
                waits.entry(unit.name.clone()).or_default().insert(after);
            }
        }
        for before in unit.before.iter().filter_map(&own) {
            if before != unit.name {
                waits.entry(before).or_default().insert(unit.name.clone());
            }
        }
    }
    sort(waits)
}

/// Sorts by Kahn's algorithm; where nothing is free, gives up one edge of a cycle.
fn sort(mut waits: BTreeMap<String, BTreeSet<String>>) -> Order {
    let mut open = waits.clone();
    let mut sequence = Vec::with_capacity(open.len());
    let mut broken = Vec::new();
    while !open.is_empty() {
        let Some(free) =
            open.iter().find(|(_, after)| after.is_empty()).map(|(name, _)| name.clone())
        else {
            let edge = cycle_edge(&open);
            for graph in [&mut open, &mut waits] {
                if let Some(after) = graph.get_mut(&edge.unit) {
                    after.remove(&edge.after);
                }
            }
            broken.push(edge);
            continue;
        };
        open.remove(&free);
        for after in open.values_mut() {
            after.remove(&free);
        }
        sequence.push(free);
    }
    Order { sequence, waits, broken }
}

/// Follows the first edges from the smallest name until one is met again: the edge that closes the cycle.
fn cycle_edge(open: &BTreeMap<String, BTreeSet<String>>) -> BrokenEdge {
    let mut met = BTreeSet::new();
    let mut at = open.keys().next().expect("the caller checked that there are units left");
    loop {
        met.insert(at);
        let after =
            open[at].first().expect("every unit left waits for another, or it would be free");
        if met.contains(after) {
            return BrokenEdge { unit: at.clone(), after: after.clone() };
        }
        at = after;
    }
}

#[cfg(test)]
mod tests;
