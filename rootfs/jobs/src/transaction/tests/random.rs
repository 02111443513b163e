//! Random graphs: the order is kept, a transaction applies whole or not at all, the queue drains.

use std::collections::{HashMap, HashSet};

use keelson_units::model::JobMode;
use proptest::prelude::*;

use crate::graph::{Edge, Graph, Load, UnitId};
use crate::testing::name;
use crate::{Activity, JobKind, JobResult, Queue, Request, Transaction};

#[derive(Clone, Debug)]
struct Plan {
    edges: Vec<(usize, usize, usize)>,
    loads: Vec<u8>,
    activities: Vec<u8>,
    requests: Vec<(usize, usize, usize)>,
    results: Vec<u8>,
}

const EDGES: [Edge; 12] = [
    Edge::After,
    Edge::Before,
    Edge::After,
    Edge::Wants,
    Edge::Wants,
    Edge::Requires,
    Edge::BindsTo,
    Edge::PartOf,
    Edge::Requisite,
    Edge::Conflicts,
    Edge::PropagatesStopTo,
    Edge::PropagatesReloadTo,
];
const KINDS: [JobKind; 7] = [
    JobKind::Start,
    JobKind::Start,
    JobKind::Stop,
    JobKind::Restart,
    JobKind::TryRestart,
    JobKind::Reload,
    JobKind::ReloadOrStart,
];
const MODES: [JobMode; 7] = [
    JobMode::Replace,
    JobMode::Fail,
    JobMode::Flush,
    JobMode::Isolate,
    JobMode::ReplaceIrreversibly,
    JobMode::IgnoreDependencies,
    JobMode::IgnoreRequirements,
];

fn plans(units: usize) -> impl Strategy<Value = Plan> {
    let edges = prop::collection::vec((0..units, 0..EDGES.len(), 0..units), 0..units * 3);
    let requests = prop::collection::vec((0..KINDS.len(), 0..units, 0..MODES.len()), 1..6);
    let bytes = |count| prop::collection::vec(any::<u8>(), count);
    (edges, bytes(units), bytes(units), requests, bytes(64)).prop_map(
        |(edges, loads, activities, requests, results)| Plan {
            edges,
            loads,
            activities,
            requests,
            results,
        },
    )
}

fn graph(plan: &Plan) -> (Graph, Vec<UnitId>) {
    let mut graph = Graph::default();
    let units: Vec<UnitId> =
        (0..plan.loads.len()).map(|at| graph.intern(&name(&format!("u{at}")))).collect();
    for &(from, edge, to) in &plan.edges {
        graph.connect(units[from], EDGES[edge], units[to]);
    }
    for (at, &unit) in units.iter().enumerate() {
        graph.load_for_test(unit);
        if plan.loads[at].is_multiple_of(16) {
            graph.set_load(unit, Load::NotFound);
        } else if plan.activities[at].is_multiple_of(3) {
            graph.set_activity(unit, Activity::Active);
        }
    }
    (graph, units)
}

/// Every job that must go first, by the definition of systemd.unit(5), looked at pair by pair.
fn must_wait(graph: &Graph, job: (UnitId, JobKind), other: (UnitId, JobKind)) -> bool {
    let down = |kind| matches!(kind, JobKind::Stop | JobKind::Restart);
    let after = graph.has_edge(job.0, Edge::After, other.0) && !down(job.1);
    let before = graph.has_edge(job.0, Edge::Before, other.0) && down(other.1);
    after || before
}

/// Runs the queue until it is empty, ending each job as the results say. No job may be handed out before its turn.
fn drain(graph: &mut Graph, queue: &mut Queue, results: &[u8]) -> Result<(), TestCaseError> {
    let mut results = results.iter().cycle();
    let mut running = Vec::new();
    let mut rounds = 0;
    while !queue.is_empty() {
        rounds += 1;
        prop_assert!(rounds < 10_000, "the queue does not drain");
        while let Some(job) = queue.take_ready(graph) {
            for other in queue.jobs().filter(|other| other.unit != job.unit && !job.ignore_order) {
                let wait = must_wait(graph, (job.unit, job.kind), (other.unit, other.kind));
                prop_assert!(!wait, "{:?} runs before {:?}", job, other);
            }
            running.push(job);
        }
        prop_assert!(!running.is_empty(), "jobs wait for each other: {:?}", queue);
        let at = usize::from(*results.next().expect("it is a circle")) % running.len();
        let job = running.swap_remove(at);
        let result = match results.next().expect("it is a circle") % 8 {
            0 => JobResult::Failed,
            1 => JobResult::Skipped,
            _ => JobResult::Done,
        };
        let up = !matches!(job.kind, JobKind::Stop | JobKind::Restart);
        let activity =
            if up && result == JobResult::Done { Activity::Active } else { Activity::Inactive };
        graph.set_activity(job.unit, activity);
        let ended = queue.finish(graph, job.id, result);
        let gone: HashSet<_> = ended.iter().map(|ended| ended.id).collect();
        running.retain(|job| !gone.contains(&job.id));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_requests_keep_the_order_and_drain(plan in plans(9)) {
        let (mut graph, units) = graph(&plan);
        let mut queue = Queue::default();
        for &(kind, unit, mode) in &plan.requests {
            let request = Request { unit: units[unit], kind: KINDS[kind], mode: MODES[mode], manual: false };
            let before = format!("{queue:?}");
            let planned = Transaction::plan(&graph, &queue, &request);
            prop_assert_eq!(before, format!("{:?}", queue), "planning changes nothing");
            let Ok(transaction) = planned else { continue };
            let applied = queue.apply(&graph, &transaction);
            prop_assert_eq!(applied.installed.len(), transaction.jobs.len());
            for planned in &transaction.jobs {
                let job = queue.job_of(planned.unit).expect("every job of the transaction is installed");
                prop_assert!(!job.kind.conflicts(planned.kind), "{:?} became {:?}", planned, job);
            }
        }
        drain(&mut graph, &mut queue, &plan.results)?;
    }

    #[test]
    fn a_plan_has_every_requirement_of_its_jobs(plan in plans(9)) {
        let (graph, units) = graph(&plan);
        let request = Request { unit: units[0], kind: JobKind::Start, mode: JobMode::Replace, manual: false };
        let Ok(transaction) = Transaction::plan(&graph, &Queue::default(), &request) else { return Ok(()) };
        let jobs: HashMap<UnitId, JobKind> = transaction.jobs.iter().map(|job| (job.unit, job.kind)).collect();
        for (&unit, &kind) in &jobs {
            if !matches!(kind, JobKind::Start | JobKind::Restart) {
                continue;
            }
            prop_assert_eq!(graph.facts(unit).load, Load::Loaded);
            for required in graph.edges(unit, Edge::Requires).chain(graph.edges(unit, Edge::BindsTo)) {
                let planned = jobs.get(&required).is_some_and(|&kind| kind != JobKind::Stop);
                prop_assert!(planned || graph.activity(required).is_active(), "{unit:?} lacks {required:?}: {plan:?}");
            }
            for other in graph.edges(unit, Edge::Conflicts) {
                let stops = jobs.get(&other) == Some(&JobKind::Stop);
                prop_assert!(stops || graph.activity(other).is_inactive(), "{:?} meets {:?}", unit, other);
            }
        }
    }

    #[test]
    fn a_stop_is_the_reverse_of_the_start(edges in prop::collection::vec((0usize..12, 0usize..12), 0..40)) {
        // From lower to higher numbers there is no cycle.
        let mut graph = Graph::default();
        let units: Vec<UnitId> = (0..12).map(|at| graph.intern(&name(&format!("u{at}")))).collect();
        let goal = graph.intern(&name("goal.target"));
        for &unit in &units {
            graph.connect(goal, Edge::Wants, unit);
            graph.connect(unit, Edge::PartOf, goal);
        }
        let pairs: Vec<(usize, usize)> = edges.into_iter().filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b))).collect();
        for &(first, later) in &pairs {
            graph.connect(units[later], Edge::After, units[first]);
        }
        graph.units().for_each(|unit| graph.load_for_test(unit));
        let started = run(&mut graph, goal, JobKind::Start);
        let stopped = run(&mut graph, goal, JobKind::Stop);
        prop_assert_eq!(started.len(), 13);
        prop_assert_eq!(stopped.len(), 13);
        for &(first, later) in &pairs {
            prop_assert!(started[&units[first]] < started[&units[later]]);
            prop_assert!(stopped[&units[first]] > stopped[&units[later]]);
        }
    }

    #[test]
    fn every_cycle_is_found_and_told(length in 2usize..12, required in any::<bool>()) {
        let mut graph = Graph::default();
        let units: Vec<UnitId> = (0..length).map(|at| graph.intern(&name(&format!("u{at}")))).collect();
        let goal = graph.intern(&name("goal.target"));
        for (at, &unit) in units.iter().enumerate() {
            graph.connect(goal, if required { Edge::Requires } else { Edge::Wants }, unit);
            graph.connect(unit, Edge::After, units[(at + 1) % length]);
        }
        graph.units().for_each(|unit| graph.load_for_test(unit));
        let request = Request { unit: goal, kind: JobKind::Start, mode: JobMode::Replace, manual: false };
        match Transaction::plan(&graph, &Queue::default(), &request) {
            Ok(transaction) => {
                prop_assert!(!required);
                prop_assert_eq!(transaction.cycles.len(), 1);
                prop_assert_eq!(transaction.cycles[0].units.len(), length);
                prop_assert_eq!(transaction.jobs.len(), length);
            }
            Err(error) => prop_assert!(required, "{}", error),
        }
    }
}

/// Does it, one job at a time, and gives each unit's place.
fn run(graph: &mut Graph, goal: UnitId, kind: JobKind) -> HashMap<UnitId, usize> {
    let mut queue = Queue::default();
    let request = Request { unit: goal, kind, mode: JobMode::Replace, manual: false };
    let transaction = Transaction::plan(graph, &queue, &request).expect("there is no cycle");
    queue.apply(graph, &transaction);
    let mut places = HashMap::new();
    while let Some(job) = queue.take_ready(graph) {
        places.insert(job.unit, places.len());
        let activity = if kind == JobKind::Start { Activity::Active } else { Activity::Inactive };
        graph.set_activity(job.unit, activity);
        queue.finish(graph, job.id, JobResult::Done);
    }
    places
}

#[test]
fn work_grows_with_units_and_relations_alone() {
    for units in [1_000_usize, 4_000] {
        let mut graph = Graph::default();
        let goal = graph.intern(&name("goal.target"));
        let ids: Vec<UnitId> =
            (0..units).map(|at| graph.intern(&name(&format!("u{at}")))).collect();
        let mut edges = 0;
        for (at, &unit) in ids.iter().enumerate() {
            graph.connect(goal, Edge::Requires, unit);
            graph.connect(goal, Edge::After, unit);
            for step in 1..=3 {
                let Some(earlier) = at.checked_sub(step * 7) else { continue };
                graph.connect(unit, Edge::After, ids[earlier]);
                graph.connect(unit, Edge::Requires, ids[earlier]);
                edges += 2;
            }
            edges += 2;
        }
        graph.units().for_each(|unit| graph.load_for_test(unit));
        let mut queue = Queue::default();
        let request =
            Request { unit: goal, kind: JobKind::Start, mode: JobMode::Replace, manual: false };
        let transaction = Transaction::plan(&graph, &queue, &request).expect("there is no cycle");
        queue.apply(&graph, &transaction);
        while let Some(job) = queue.take_ready(&graph) {
            graph.set_activity(job.unit, Activity::Active);
            queue.finish(&graph, job.id, JobResult::Done);
        }
        assert!(queue.is_empty());
        let steps = transaction.steps + queue.steps();
        assert!(
            steps <= 20 * (units + edges) as u64,
            "{steps} steps for {units} units and {edges} relations"
        );
    }
}

#[test]
fn many_cycles_are_broken_without_looking_at_all_again_and_again() {
    let mut graph = Graph::default();
    let goal = graph.intern(&name("goal.target"));
    let pairs = 500;
    for at in 0..pairs {
        let [a, b] = [0, 1].map(|half| graph.intern(&name(&format!("u{at}-{half}"))));
        for (unit, other) in [(a, b), (b, a)] {
            graph.connect(goal, Edge::Wants, unit);
            graph.connect(unit, Edge::After, other);
        }
    }
    graph.units().for_each(|unit| graph.load_for_test(unit));
    let request =
        Request { unit: goal, kind: JobKind::Start, mode: JobMode::Replace, manual: false };
    let transaction =
        Transaction::plan(&graph, &Queue::default(), &request).expect("all can be broken");
    assert_eq!(transaction.cycles.len(), pairs);
    assert_eq!(transaction.jobs.len(), pairs + 1);
}
