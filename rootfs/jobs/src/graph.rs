//! The units and their relations, both ways, by small integers.
//!
//! A relation that both ends declare (`After=` here, `Before=` there) is one edge with two owners; it stays as long as
//! one of them declares it.

use std::collections::BTreeMap;

use keelson_units::model::{Unit, UnitName};
use rustc_hash::FxHashMap;

use crate::Activity;
pub use edge::Edge;
pub use facts::{Facts, Load};

mod edge;
mod facts;

/// A unit in a graph. Never given to another unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(u32);

impl UnitId {
    /// As an index into a vector with one element per unit.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Declared by this unit's own file.
const OWN: u8 = 1;
/// Declared by the file of the unit at the other end.
const OTHER: u8 = 2;

#[derive(Clone, Debug)]
struct Node {
    name: UnitName,
    facts: Facts,
    /// Keyed by relation, so that one relation is a range; the value says whose file declares it.
    edges: BTreeMap<(Edge, UnitId), u8>,
    /// Whether it waits in `unknown`.
    listed: bool,
}

/// The units that are known and how they stand to each other.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    ids: FxHashMap<UnitName, UnitId>,
    nodes: Vec<Node>,
    unknown: Vec<UnitId>,
    revision: u64,
}

impl Graph {
    /// The unit of this name or alias, added as one that is not loaded.
    pub fn intern(&mut self, name: &UnitName) -> UnitId {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = UnitId(
            u32::try_from(self.nodes.len()).expect("four billion units do not fit into memory"),
        );
        let node = Node {
            name: name.clone(),
            facts: Facts::default(),
            edges: BTreeMap::new(),
            listed: false,
        };
        self.nodes.push(node);
        self.ids.insert(name.clone(), id);
        id
    }

    /// Takes in a loaded unit: facts, relations and aliases. What it was before is replaced, its activity is kept.
    pub fn set_unit(&mut self, unit: &Unit) -> UnitId {
        let id = self.intern(&unit.name);
        self.clear(id);
        let activity = self.activity(id);
        self.nodes[id.index()].facts = Facts::of(unit, activity);
        for (&relation, names) in &unit.dependencies.0 {
            for name in names {
                let other = self.intern(name);
                self.link(id, relation.into(), other);
            }
        }
        for alias in &unit.aliases {
            self.add_alias(alias, id);
        }
        id
    }

    /// Records that a unit cannot be loaded, and why; its own relations go.
    pub fn set_load(&mut self, id: UnitId, load: Load) {
        self.clear(id);
        self.nodes[id.index()].facts.load = load;
    }

    /// Makes a unit one that is not loaded, as before the first `set_unit`.
    pub fn forget(&mut self, id: UnitId) {
        self.set_load(id, Load::Unknown);
        let pulled = Edge::LOADS.iter().any(|&edge| self.edges(id, edge.mirror()).next().is_some());
        if pulled {
            self.list(id);
        }
    }

    /// Adds another name, unless a unit of that name is loaded. Relations that were declared with it so far move to the
    /// unit.
    pub fn add_alias(&mut self, alias: &UnitName, id: UnitId) {
        let own = self.ids.get(alias).filter(|&&old| self.name(old) == alias);
        if own.is_some_and(|&own| !matches!(self.facts(own).load, Load::Unknown | Load::NotFound)) {
            return;
        }
        let Some(old) = self.ids.insert(alias.clone(), id).filter(|&old| old != id) else { return };
        if self.nodes[old.index()].name != *alias {
            return;
        }
        let edges = std::mem::take(&mut self.nodes[old.index()].edges);
        for ((edge, other), owners) in edges {
            self.nodes[other.index()].edges.remove(&(edge.mirror(), old));
            if owners & OTHER != 0 && other != id {
                self.link(other, edge.mirror(), id);
            }
        }
        self.nodes[old.index()].facts.load = Load::Merged;
        self.revision += 1;
    }

    /// Forgets all aliases, before all units are taken in again: such a name is one that is not loaded.
    pub fn forget_aliases(&mut self) {
        self.ids.retain(|name, id| self.nodes[id.index()].name == *name);
        for id in self.units() {
            if self.facts(id).load == Load::Merged {
                self.nodes[id.index()].facts.load = Load::Unknown;
                self.ids.insert(self.name(id).clone(), id);
            }
        }
    }

    /// One more relation between two units, declared by the first. A unit's relation to itself is nothing.
    pub fn connect(&mut self, from: UnitId, edge: Edge, to: UnitId) {
        self.revision += 1;
        self.link(from, edge, to);
    }

    fn link(&mut self, from: UnitId, edge: Edge, to: UnitId) {
        if from == to {
            return;
        }
        *self.nodes[from.index()].edges.entry((edge, to)).or_default() |= OWN;
        *self.nodes[to.index()].edges.entry((edge.mirror(), from)).or_default() |= OTHER;
        if Edge::LOADS.contains(&edge) {
            self.list(to);
        }
    }

    /// Units that a loaded unit may start, stop or reload and that are not loaded; each is given once.
    ///
    /// The caller loads them (`set_unit` or `set_load`) and asks again until nothing comes.
    pub fn take_unknown(&mut self) -> Vec<UnitId> {
        let listed = std::mem::take(&mut self.unknown);
        for id in &listed {
            self.nodes[id.index()].listed = false;
        }
        listed.into_iter().filter(|&id| self.facts(id).load == Load::Unknown).collect()
    }

    /// The unit of this name or alias.
    pub fn id(&self, name: &UnitName) -> Option<UnitId> {
        self.ids.get(name).copied()
    }

    /// The name.
    pub fn name(&self, id: UnitId) -> &UnitName {
        &self.nodes[id.index()].name
    }

    /// What is known of the unit itself.
    pub fn facts(&self, id: UnitId) -> &Facts {
        &self.nodes[id.index()].facts
    }

    /// What it is doing.
    pub fn activity(&self, id: UnitId) -> Activity {
        self.facts(id).activity
    }

    /// Records what it is doing; to be called at every change, before the queue is told.
    pub fn set_activity(&mut self, id: UnitId, activity: Activity) {
        self.nodes[id.index()].facts.activity = activity;
    }

    /// Marks a unit that can never be stopped, such as `-.mount` and `-.slice`.
    pub fn set_perpetual(&mut self, id: UnitId, perpetual: bool) {
        self.nodes[id.index()].facts.perpetual = perpetual;
    }

    /// The units in this relation to the unit, by id.
    pub fn edges(&self, id: UnitId, edge: Edge) -> impl Iterator<Item = UnitId> + '_ {
        let (first, last) = ((edge, UnitId(0)), (edge, UnitId(u32::MAX)));
        self.nodes[id.index()].edges.range(first..=last).map(|(&(_, other), _)| other)
    }

    /// Whether the unit is in this relation to the other.
    pub fn has_edge(&self, id: UnitId, edge: Edge, other: UnitId) -> bool {
        self.nodes[id.index()].edges.contains_key(&(edge, other))
    }

    /// All relations of the unit.
    pub fn all_edges(&self, id: UnitId) -> impl Iterator<Item = (Edge, UnitId)> + '_ {
        self.nodes[id.index()].edges.keys().copied()
    }

    /// All units, loaded or not.
    pub fn units(&self) -> impl Iterator<Item = UnitId> + use<> {
        (0..u32::try_from(self.nodes.len()).expect("ids are made from this length")).map(UnitId)
    }

    /// How many units there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Changes whenever relations go away, so that counts made from them are made anew.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Marks a unit as one that is loaded and can do everything.
    #[cfg(test)]
    pub(crate) fn load_for_test(&mut self, id: UnitId) {
        let facts = &mut self.nodes[id.index()].facts;
        (facts.load, facts.can_start, facts.can_reload, facts.allow_isolate) =
            (Load::Loaded, true, true, true);
    }

    /// The facts, to change them.
    #[cfg(test)]
    pub(crate) fn facts_for_test(&mut self, id: UnitId) -> &mut Facts {
        &mut self.nodes[id.index()].facts
    }

    fn list(&mut self, id: UnitId) {
        let node = &mut self.nodes[id.index()];
        if node.facts.load == Load::Unknown && !node.listed {
            node.listed = true;
            self.unknown.push(id);
        }
    }

    /// Takes back what the unit's own file declared.
    fn clear(&mut self, id: UnitId) {
        if self.facts(id).load == Load::Unknown {
            return;
        }
        let mut edges = std::mem::take(&mut self.nodes[id.index()].edges);
        edges.retain(|&(edge, other), owners| {
            *owners &= !OWN;
            let theirs = &mut self.nodes[other.index()].edges;
            if let Some(mark) = theirs.get_mut(&(edge.mirror(), id)) {
                *mark &= !OTHER;
                if *mark == 0 {
                    theirs.remove(&(edge.mirror(), id));
                }
            }
            *owners != 0
        });
        self.nodes[id.index()].edges = edges;
        self.revision += 1;
    }
}

#[cfg(test)]
mod tests;
