//! Graphs for tests, made from short text.

use keelson_units::model::{JobMode, UnitName};

use crate::graph::{Edge, Graph, Load, UnitId};
use crate::{Activity, Applied, JobKind, PlanError, Queue, Request, Transaction};

/// A graph and a queue, with the units of the text: a line is `NAME Relation=OTHER,OTHER Relation=...`.
pub struct World {
    pub graph: Graph,
    pub queue: Queue,
}

impl World {
    pub fn new(text: &str) -> Self {
        let mut graph = Graph::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.split_whitespace();
            let unit = graph.intern(&name(words.next().expect("a line is not empty")));
            for word in words {
                let (relation, others) = word.split_once('=').expect("words are Relation=OTHERS");
                let edge = Edge::ALL.into_iter().find(|edge| edge.name() == relation);
                for other in others.split(',') {
                    let other = graph.intern(&name(other));
                    graph.connect(unit, edge.expect("the relation exists"), other);
                }
            }
        }
        for unit in graph.units() {
            graph.load_for_test(unit);
        }
        Self { graph, queue: Queue::default() }
    }

    pub fn id(&self, text: &str) -> UnitId {
        self.graph.id(&name(text)).expect("the unit is in the world")
    }

    pub fn load(&mut self, text: &str, load: Load) {
        let id = self.id(text);
        self.graph.set_load(id, load);
    }

    pub fn activity(&mut self, text: &str, activity: Activity) {
        for text in text.split(' ') {
            let id = self.id(text);
            self.graph.set_activity(id, activity);
        }
    }

    pub fn plan(&self, kind: JobKind, text: &str, mode: JobMode) -> Result<Transaction, PlanError> {
        let request = Request { unit: self.id(text), kind, mode, manual: true };
        Transaction::plan(&self.graph, &self.queue, &request)
    }

    /// The jobs as sorted words, `start a.service`.
    pub fn jobs(&self, transaction: &Transaction) -> Vec<String> {
        let jobs = transaction.jobs.iter();
        let mut words: Vec<String> = jobs
            .map(|job| format!("{} {}", job.kind.name(), self.graph.name(job.unit).stem()))
            .collect();
        words.sort();
        words
    }

    pub fn apply(&mut self, kind: JobKind, text: &str, mode: JobMode) -> Applied {
        let transaction = self.plan(kind, text, mode).expect("the request is fine");
        self.queue.apply(&self.graph, &transaction)
    }
}

pub fn name(text: &str) -> UnitName {
    let full = if text.contains('.') { text.to_owned() } else { format!("{text}.service") };
    full.parse().expect("tests use good names")
}
