//! `systemctl list-dependencies`: a tree of units in one of four directions.

use std::collections::HashSet;

use crate::graph::{Edge, Graph, UnitId};

/// Which relations are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What the unit pulls in.
    Forward,
    /// What pulls the unit in.
    Reverse,
    /// What is ordered before the unit (`--after`).
    After,
    /// What is ordered after the unit (`--before`).
    Before,
}

impl Direction {
    fn edges(self) -> &'static [Edge] {
        match self {
            Self::Forward => &[
                Edge::Requires,
                Edge::Requisite,
                Edge::Wants,
                Edge::ConsistsOf,
                Edge::BindsTo,
                Edge::Upholds,
            ],
            Self::Reverse => &[
                Edge::RequiredBy,
                Edge::RequisiteOf,
                Edge::WantedBy,
                Edge::PartOf,
                Edge::BoundBy,
                Edge::UpheldBy,
            ],
            Self::After => &[Edge::After],
            Self::Before => &[Edge::Before],
        }
    }
}

/// One line of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The unit.
    pub unit: UnitId,
    /// 0 for the root.
    pub depth: usize,
    /// For each depth from 1 to this line's, whether it is the last child there.
    pub last: Vec<bool>,
    /// Whether its children stand elsewhere in the tree and are left out here.
    pub repeated: bool,
}

/// The tree below a unit, in the order to print. Children are sorted by name; those for which `expand` says no are
/// leaves (without `--all` only targets are expanded). A unit's children are given once.
pub fn tree(
    graph: &Graph,
    root: UnitId,
    direction: Direction,
    expand: &dyn Fn(UnitId) -> bool,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut seen = HashSet::new();
    let mut work = vec![(root, Vec::new())];
    while let Some((unit, last)) = work.pop() {
        let depth = last.len();
        let wanted = depth == 0 || expand(unit);
        let first = wanted && seen.insert(unit);
        let children = if first { children(graph, unit, direction) } else { Vec::new() };
        for (at, &child) in children.iter().enumerate().rev() {
            let mut last = last.clone();
            last.push(at + 1 == children.len());
            work.push((child, last));
        }
        lines.push(Line { unit, depth, last, repeated: wanted && !first });
    }
    lines
}

fn children(graph: &Graph, unit: UnitId, direction: Direction) -> Vec<UnitId> {
    let mut children: Vec<UnitId> =
        direction.edges().iter().flat_map(|&edge| graph.edges(unit, edge)).collect();
    children.sort_by_key(|&child| graph.name(child));
    children.dedup();
    children
}
