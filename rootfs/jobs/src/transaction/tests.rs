//! What transactions contain, and why they are refused.

use keelson_units::model::JobMode::{
    self, Fail, IgnoreDependencies, Isolate, Replace, ReplaceIrreversibly,
};

use crate::graph::Load;
use crate::testing::World;
use crate::{Activity, JobKind, PlanError, Request, Transaction};

const START: JobKind = JobKind::Start;
const STOP: JobKind = JobKind::Stop;

/// World, active units, kind, goal, mode, the jobs.
type Row = (&'static str, &'static str, JobKind, &'static str, JobMode, &'static [&'static str]);

#[test]
fn a_job_pulls_in_what_the_manual_says() {
    let rows: &[Row] = &[
        (
            "a Requires=b Wants=c\nb BindsTo=d",
            "",
            START,
            "a",
            Replace,
            &["start a", "start b", "start c", "start d"],
        ),
        ("a Requires=b\nb Requires=c", "b", START, "a", Replace, &["start a"]),
        ("a Requires=b", "a", START, "a", Replace, &["start a", "start b"]),
        ("a Requisite=b", "b", START, "a", Replace, &["start a"]),
        ("a Requisite=b", "", START, "a", Replace, &["start a", "verify-active b"]),
        ("a Upholds=b", "", START, "a", Replace, &["start a", "start b"]),
        ("a Conflicts=b", "b", START, "a", Replace, &["start a", "stop b"]),
        ("a Conflicts=b", "", START, "a", Replace, &["start a"]),
        ("a\nb Conflicts=a", "b", START, "a", Replace, &["start a", "stop b"]),
        ("a Requires=b", "a b", STOP, "b", Replace, &["stop a", "stop b"]),
        ("a Wants=b", "a b", STOP, "b", Replace, &["stop b"]),
        ("a PartOf=b", "a b", STOP, "b", Replace, &["stop a", "stop b"]),
        ("a PartOf=b", "a b", JobKind::Restart, "b", Replace, &["restart a", "restart b"]),
        ("a PartOf=b", "b", JobKind::Restart, "b", Replace, &["restart b"]),
        ("a PartOf=b", "b", STOP, "b", Replace, &["stop b"]),
        ("a BindsTo=b\nc Requires=a", "a b c", STOP, "b", Replace, &["stop a", "stop b", "stop c"]),
        ("a PropagatesStopTo=b", "a b", STOP, "a", Replace, &["stop a", "stop b"]),
        ("a PropagatesStopTo=b", "a b", JobKind::Restart, "a", Replace, &["restart a"]),
        (
            "a PropagatesReloadTo=b,c",
            "a b",
            JobKind::Reload,
            "a",
            Replace,
            &["reload a", "reload b"],
        ),
        (
            "a ReloadPropagatedFrom=b",
            "a b",
            JobKind::Reload,
            "b",
            Replace,
            &["reload a", "reload b"],
        ),
        ("a", "", JobKind::TryRestart, "a", Replace, &[]),
        ("a", "a", JobKind::TryRestart, "a", Replace, &["restart a"]),
        ("a", "", JobKind::ReloadOrStart, "a", Replace, &["start a"]),
        ("a", "a", JobKind::ReloadOrStart, "a", Replace, &["reload a"]),
        ("a Requires=b Conflicts=c", "c", START, "a", IgnoreDependencies, &["start a"]),
        (
            "t Wants=a\nb\nc",
            "b c",
            START,
            "t",
            Isolate,
            &["start a", "start t", "stop b", "stop c"],
        ),
        (
            "t Wants=s\ns Triggers=b\nc",
            "b c",
            START,
            "t",
            Isolate,
            &["start s", "start t", "stop c"],
        ),
        // Not required, so it gives way to what is up, in mode fail alone.
        ("a Wants=b\nb Conflicts=c", "c", START, "a", Fail, &["start a"]),
        ("a\nb Conflicts=a", "b", START, "a", Fail, &["start a"]),
    ];
    for (text, active, kind, goal, mode, expected) in rows {
        let mut world = World::new(text);
        if !active.is_empty() {
            world.activity(active, Activity::Active);
        }
        let transaction =
            world.plan(*kind, goal, *mode).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(world.jobs(&transaction), *expected, "{text} with {active} up, {kind:?} {goal}");
    }
}

#[test]
fn a_requirement_that_cannot_be_had_refuses_all() {
    let rows = [
        (Load::NotFound, "a.service requires c.service: Unit c.service not found."),
        (Load::Masked, "a.service requires c.service: Unit c.service is masked."),
        (
            Load::BadSetting,
            "a.service requires c.service: Unit c.service has a bad unit file setting.",
        ),
        (Load::Error, "a.service requires c.service: Unit c.service failed to load properly."),
    ];
    for (load, message) in rows {
        let mut world = World::new("a Requires=c Wants=b");
        world.load("c", load);
        assert_eq!(world.plan(START, "a", Replace).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_wanted_unit_that_cannot_be_had_is_left_out_with_all_it_alone_pulled_in() {
    let mut world = World::new("a Wants=b,e\nb Requires=c,d\nc Wants=f");
    world.load("d", Load::NotFound);
    let transaction = world.plan(START, "a", Replace).unwrap();
    assert_eq!(world.jobs(&transaction), ["start a", "start e"]);
    let dropped: Vec<String> =
        transaction.dropped.iter().map(|dropped| dropped.why.to_string()).collect();
    assert_eq!(dropped, ["b.service requires d.service: Unit d.service not found."]);
}

#[test]
fn a_wanted_unit_stays_out_when_another_requires_it_later() {
    let mut world = World::new("a Wants=b,c\nb Requires=x\nc Requires=b");
    world.load("x", Load::Masked);
    let transaction = world.plan(START, "a", Replace).unwrap();
    assert_eq!(world.jobs(&transaction), ["start a"]);
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let mut world = World::new("a\nb");
    let a = world.id("a");
    world.graph.facts_for_test(a).can_reload = false;
    world.graph.facts_for_test(a).refuse_manual_stop = true;
    world.graph.facts_for_test(a).allow_isolate = false;
    let message = |kind, mode| world.plan(kind, "a", mode).unwrap_err().to_string();
    assert_eq!(
        message(JobKind::Reload, Replace),
        "Job type reload is not applicable for unit a.service."
    );
    let refused = "Operation refused, unit a.service may be requested by dependency only \
                   (it is configured to refuse manual start/stop).";
    assert_eq!(message(STOP, Replace), refused);
    assert_eq!(message(JobKind::Restart, Replace), refused);
    assert_eq!(message(START, Isolate), "Operation refused, unit a.service may not be isolated.");
    assert_eq!(message(STOP, Isolate), "Isolate is only valid for start.");
}

#[test]
fn what_can_never_stop_does_not_stop() {
    let mut world = World::new("a Conflicts=b");
    let b = world.id("b");
    world.graph.set_perpetual(b, true);
    world.activity("b", Activity::Active);
    let transaction = world.plan(START, "a", Replace).unwrap();
    assert_eq!(world.jobs(&transaction), ["start a"]);
    assert!(matches!(world.plan(STOP, "b", Replace), Err(PlanError::NotApplicable(..))));
}

#[test]
fn contradicting_requirements_are_refused() {
    let world = World::new("a Requires=b,c\nb Conflicts=c");
    let error = world.plan(START, "a", Replace).unwrap_err();
    assert!(matches!(error, PlanError::Contradiction(..)), "{error}");
}

#[test]
fn of_a_required_and_a_wanted_opposite_the_wanted_goes() {
    let world = World::new("a Requires=b Wants=c\nc Conflicts=b");
    let transaction = world.plan(START, "a", Replace).unwrap();
    assert_eq!(world.jobs(&transaction), ["start a", "start b"]);
}

#[test]
fn a_cycle_is_broken_where_a_job_is_not_required() {
    let world = World::new("a Wants=b,c\nb After=c\nc After=b");
    let transaction = world.plan(START, "a", Replace).unwrap();
    assert_eq!(transaction.jobs.len(), 2);
    let [cycle] = &transaction.cycles[..] else { panic!("one cycle") };
    assert_eq!(cycle.units.len(), 2);
    assert!(cycle.dropped.as_ref().is_some_and(|name| cycle.units.contains(name)));
}

#[test]
fn a_cycle_of_required_units_is_refused_with_its_members() {
    let world = World::new("a Requires=b,c\nb After=c\nc After=d\nd After=b\na Requires=d");
    let error = world.plan(START, "a", Replace).unwrap_err();
    let PlanError::Cyclic(cycle) = &error else { panic!("{error}") };
    assert_eq!(cycle.units.len(), 3);
    assert_eq!(cycle.dropped, None);
    assert!(error.to_string().contains(" -> "));
}

#[test]
fn a_stop_and_a_start_are_no_cycle() {
    let mut world = World::new("a Conflicts=b After=b Before=b");
    world.activity("b", Activity::Active);
    assert_eq!(world.jobs(&world.plan(START, "a", Replace).unwrap()), ["start a", "stop b"]);
}

#[test]
fn jobs_that_are_queued_stay_where_the_mode_says_so() {
    let mut world = World::new("a\nb Conflicts=a");
    world.apply(START, "a", Replace);
    assert!(matches!(world.plan(STOP, "a", Fail), Err(PlanError::Destructive { .. })));
    assert!(world.plan(STOP, "a", Replace).is_ok());
    assert!(matches!(world.plan(START, "b", Fail), Err(PlanError::Destructive { .. })));
    world.apply(START, "a", ReplaceIrreversibly);
    assert!(matches!(world.plan(STOP, "a", Replace), Err(PlanError::Destructive { .. })));
}

mod random;

#[test]
fn several_goals_are_planned_together_or_not_at_all() {
    type Row = (&'static str, &'static str, JobKind, &'static str, Option<&'static [&'static str]>);
    let rows: &[Row] = &[
        ("a\nb After=a\nc", "", START, "a b c", Some(&["start a", "start b", "start c"])),
        ("a Requires=b\nb\nc", "", START, "b a", Some(&["start a", "start b"])),
        ("a Requires=b\nb\nc", "a b c", STOP, "b a c", Some(&["stop a", "stop b", "stop c"])),
        // What needs nothing is left out, but for the first.
        ("a\nb\nc", "b", START, "a b", Some(&["start a"])),
        ("a Conflicts=b\nb", "", START, "a b", None),
        ("a After=b\nb After=a", "", START, "a b", None),
    ];
    for (text, active, kind, goals, expected) in rows {
        let mut world = World::new(text);
        if !active.is_empty() {
            world.activity(active, Activity::Active);
        }
        let mut ids = goals.split(' ').map(|goal| world.id(goal));
        let unit = ids.next().expect("a goal");
        let request = Request { unit, kind: *kind, mode: Replace, manual: true };
        let others: Vec<_> = ids.collect();
        let plan = Transaction::plan_all(&world.graph, &world.queue, &request, &others);
        let found = plan.ok().map(|plan| world.jobs(&plan));
        assert_eq!(
            found,
            expected.map(|jobs| jobs.iter().map(|&job| job.to_owned()).collect()),
            "{text} {goals}"
        );
    }
}
