//! Turns, ends, and what follows from them.

use keelson_units::model::JobMode::{Fail, Flush, IgnoreDependencies, Isolate, Replace};

use crate::testing::World;
use crate::{Activity, Ended, JobKind, JobResult, Outcome};

const START: JobKind = JobKind::Start;
const STOP: JobKind = JobKind::Stop;
const RESTART: JobKind = JobKind::Restart;

impl World {
    /// Takes all that may run, as words.
    fn ready(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        while let Some(job) = self.queue.take_ready(&self.graph) {
            words.push(format!("{} {}", job.kind.name(), self.graph.name(job.unit).stem()));
        }
        words.sort();
        words
    }

    fn words(&self, ended: &[Ended]) -> Vec<String> {
        let word = |ended: &Ended| {
            format!("{} {}", self.graph.name(ended.unit).stem(), ended.result.name())
        };
        ended.iter().map(word).collect()
    }

    fn finish(&mut self, unit: &str, activity: Activity, result: JobResult) -> Vec<String> {
        self.activity(unit, activity);
        let id = self.queue.job_of(self.id(unit)).expect("the unit has a job").id;
        let ended = self.queue.finish(&self.graph, id, result);
        self.words(&ended)
    }

    fn done(&mut self, unit: &str, activity: Activity) {
        self.finish(unit, activity, JobResult::Done);
    }
}

#[test]
fn starts_wait_for_what_they_come_after() {
    let mut world = World::new("t Wants=a,b,c After=c\nb After=a\nc Before=b");
    world.apply(START, "t", Replace);
    assert_eq!(world.ready(), ["start a", "start c"]);
    world.done("a", Activity::Active);
    assert_eq!(world.ready(), [""; 0]);
    world.done("c", Activity::Active);
    assert_eq!(world.ready(), ["start b", "start t"]);
}

#[test]
fn stops_go_in_reverse() {
    let mut world = World::new("a Requires=b After=b");
    world.activity("a b", Activity::Active);
    world.apply(STOP, "b", Replace);
    assert_eq!(world.ready(), ["stop a"]);
    world.done("a", Activity::Inactive);
    assert_eq!(world.ready(), ["stop b"]);
}

#[test]
fn a_stop_goes_before_a_start_whatever_the_order() {
    for order in ["After=b", "Before=b"] {
        let mut world = World::new(&format!("a Conflicts=b {order}"));
        world.activity("b", Activity::Active);
        world.apply(START, "a", Replace);
        assert_eq!(world.ready(), ["stop b"], "{order}");
        world.done("b", Activity::Inactive);
        assert_eq!(world.ready(), ["start a"]);
    }
}

#[test]
fn a_restart_goes_down_in_reverse_and_up_in_order() {
    let mut world = World::new("a PartOf=b After=b");
    world.activity("a b", Activity::Active);
    let goal = world.apply(RESTART, "b", Replace).goal.unwrap();
    assert_eq!(world.ready(), ["restart a"]);
    assert_eq!(world.finish("a", Activity::Inactive, JobResult::Done), [""; 0]);
    assert_eq!(world.ready(), ["restart b"]);
    assert_eq!(world.finish("b", Activity::Inactive, JobResult::Done), [""; 0]);
    assert_eq!(world.queue.job(goal).unwrap().kind, START);
    assert_eq!(world.ready(), ["start b"]);
    assert_eq!(world.finish("b", Activity::Active, JobResult::Done), ["b done"]);
    assert_eq!(world.ready(), ["start a"]);
}

#[test]
fn what_requires_a_failed_unit_fails_and_what_wants_it_starts() {
    let mut world =
        World::new("t Wants=a,b,c,d\nb Requires=a After=a\nc Wants=a After=a\nd BindsTo=b After=b");
    world.apply(START, "t", Replace);
    assert_eq!(world.ready(), ["start a", "start t"]);
    assert_eq!(
        world.finish("a", Activity::Failed, JobResult::Failed),
        ["a failed", "b dependency", "d dependency"]
    );
    assert_eq!(world.ready(), ["start c"]);
}

#[test]
fn a_start_that_runs_goes_on_when_what_it_requires_fails() {
    let mut world = World::new("a Requires=b");
    world.apply(START, "a", Replace);
    assert_eq!(world.ready(), ["start a", "start b"]);
    assert_eq!(world.finish("b", Activity::Failed, JobResult::Failed), ["b failed"]);
}

#[test]
fn conditions_that_do_not_hold_fail_requisites_alone() {
    let mut world = World::new("t Wants=a,b,c\nb Requires=a After=a\nc Requisite=a After=a");
    world.apply(START, "t", Replace);
    assert_eq!(world.ready(), ["start a", "start t"]);
    assert_eq!(
        world.finish("a", Activity::Inactive, JobResult::Skipped),
        ["a skipped", "c dependency"]
    );
    assert_eq!(world.ready(), ["start b"]);
}

#[test]
fn a_unit_that_is_not_up_fails_those_that_verify_it() {
    let mut world = World::new("a Requisite=b After=b");
    world.apply(START, "a", Replace);
    assert_eq!(world.ready(), ["verify-active b"]);
    assert_eq!(
        world.finish("b", Activity::Inactive, JobResult::Skipped),
        ["b skipped", "a dependency"]
    );
}

#[test]
fn a_changed_unit_ends_its_job() {
    let mut world = World::new("a");
    world.apply(START, "a", Replace);
    world.ready();
    let a = world.id("a");
    let observed = |world: &mut World, activity| {
        world.activity("a", activity);
        world.queue.observe(&world.graph, a, true)
    };
    assert_eq!(observed(&mut world, Activity::Activating), (Outcome::Pending, vec![]));
    let (outcome, ended) = observed(&mut world, Activity::Active);
    assert_eq!(outcome, Outcome::Over(JobResult::Done));
    assert_eq!(world.words(&ended), ["a done"]);
    assert_eq!(observed(&mut world, Activity::Inactive).0, Outcome::Unexpected);
    assert!(world.queue.is_empty());
}

#[test]
fn a_deferred_job_gets_its_turn_again() {
    let mut world = World::new("a");
    let id = world.apply(START, "a", Replace).goal.unwrap();
    assert_eq!(world.ready(), ["start a"]);
    world.queue.defer(id);
    assert_eq!(world.ready(), [""; 0]);
    assert_eq!(world.queue.running(), 1);
    world.activity("a", Activity::Deactivating);
    let a = world.id("a");
    world.queue.observe(&world.graph, a, true);
    assert_eq!(world.ready(), ["start a"]);
}

#[test]
fn an_opposite_request_cancels_and_a_like_one_merges() {
    let mut world = World::new("a\nb");
    let first = world.apply(START, "a", Replace).goal.unwrap();
    assert_eq!(world.apply(START, "a", Fail).goal, Some(first));
    let applied = world.apply(STOP, "a", Replace);
    assert_eq!(world.words(&applied.ended), ["a canceled"]);
    let second = applied.goal.unwrap();
    assert!(second > first);
    world.activity("a", Activity::Active);
    let applied = world.apply(RESTART, "a", Replace);
    assert_eq!(world.words(&applied.ended), ["a canceled"]);
    assert_eq!(world.ready(), ["restart a"]);
    world.apply(START, "a", Replace);
    assert_eq!(world.queue.len(), 1);
    assert_eq!(world.ready(), [""; 0], "the restart that runs will start it");
}

#[test]
fn a_reload_that_runs_is_run_again() {
    let mut world = World::new("a");
    world.activity("a", Activity::Active);
    world.apply(JobKind::Reload, "a", Replace);
    assert_eq!(world.ready(), ["reload a"]);
    world.apply(JobKind::Reload, "a", Replace);
    assert_eq!(world.ready(), ["reload a"]);
}

#[test]
fn flush_and_isolate_cancel_what_is_not_theirs() {
    for mode in [Flush, Isolate] {
        let mut world = World::new("a\nb\nc Wants=b");
        world.apply(START, "a", Replace);
        world.apply(START, "b", Replace);
        let applied = world.apply(START, "c", mode);
        assert_eq!(world.words(&applied.ended), ["a canceled"], "{mode:?}");
    }
}

#[test]
fn dependencies_that_are_ignored_are_not_waited_for() {
    let mut world = World::new("a After=b\nb");
    world.apply(START, "b", Replace);
    world.apply(START, "a", Replace);
    assert_eq!(world.ready(), ["start b"]);
    let a = world.id("a");
    let id = world.queue.job_of(a).unwrap().id;
    assert_eq!(world.queue.waits_for(&world.graph, id), [world.id("b")]);
    world.apply(START, "a", IgnoreDependencies);
    assert_eq!(world.ready(), ["start a"]);
}

#[test]
fn a_canceled_start_fails_what_requires_it() {
    let mut world = World::new("a Requires=b After=b");
    world.apply(START, "a", Replace);
    world.ready();
    let id = world.queue.job_of(world.id("b")).unwrap().id;
    let ended = world.queue.cancel(&world.graph, id);
    assert_eq!(world.words(&ended), ["b canceled", "a dependency"]);
    assert!(world.queue.is_empty());
}

#[test]
fn a_cycle_that_comes_with_new_files_does_not_stop_the_queue() {
    let mut world = World::new("a\nb");
    world.apply(START, "a", Replace);
    world.apply(START, "b", Replace);
    let (a, b) = (world.id("a"), world.id("b"));
    world.graph.connect(a, crate::Edge::After, b);
    world.graph.connect(b, crate::Edge::After, a);
    assert_eq!(world.ready(), ["start a"]);
    world.done("a", Activity::Active);
    assert_eq!(world.ready(), ["start b"]);
}
