//! Answers for the manager, and trees.

use std::time::Duration;

use keelson_units::model::JobMode;

use super::{Direction, Times, Wish, critical_chain, tree};
use crate::testing::World;
use crate::{Activity, JobKind, queries};

fn words(world: &World, wishes: &[Wish]) -> Vec<String> {
    let mode = |wish: &Wish| if wish.replace { "replace" } else { "fail" };
    let word = |wish: &Wish| {
        format!("{} {} {}", wish.kind.name(), world.graph.name(wish.unit).stem(), mode(wish))
    };
    wishes.iter().map(word).collect()
}

#[test]
fn what_is_bound_to_a_unit_goes_down_with_it_and_what_requires_it_does_not() {
    let mut world =
        World::new("a BindsTo=x\nb Requires=x\nc PartOf=x\nx PropagatesStopTo=d\ne BindsTo=x");
    world.activity("a b c d", Activity::Active);
    let x = world.id("x");
    let wishes = queries::after_unexpected(&world.graph, x, Activity::Active);
    assert_eq!(words(&world, &wishes), ["stop a replace", "stop d replace"]);
    assert_eq!(queries::after_unexpected(&world.graph, x, Activity::Inactive), []);
}

#[test]
fn what_comes_up_by_itself_brings_its_own() {
    let mut world = World::new("x Requires=a,b Wants=c,d Conflicts=e After=b\nf Conflicts=x");
    world.activity("x d e f", Activity::Active);
    let wishes = queries::after_unexpected(&world.graph, world.id("x"), Activity::Inactive);
    assert_eq!(
        words(&world, &wishes),
        ["start a replace", "start c fail", "stop e replace", "stop f replace"]
    );
}

#[test]
fn a_unit_is_unbound_where_what_it_follows_is_down() {
    let mut world = World::new("a BindsTo=b,c After=c");
    let (a, c) = (world.id("a"), world.id("c"));
    assert_eq!(queries::unbound(&world.graph, a), Some(c));
    world.activity("c", Activity::Active);
    assert_eq!(queries::unbound(&world.graph, a), None, "b is not ordered, so it does not count");
}

#[test]
fn what_is_upheld_is_started_whenever_it_is_down() {
    let mut world = World::new("a Upholds=b,c");
    let (a, b, c) = (world.id("a"), world.id("b"), world.id("c"));
    assert_eq!(queries::upheld(&world.graph, &world.queue, b), []);
    world.activity("a c", Activity::Active);
    assert_eq!(queries::upheld(&world.graph, &world.queue, a), [b]);
    assert_eq!(queries::upheld(&world.graph, &world.queue, b), [b]);
    assert_eq!(queries::upheld(&world.graph, &world.queue, c), []);
    world.apply(JobKind::Start, "b", JobMode::Replace);
    assert_eq!(queries::upheld(&world.graph, &world.queue, b), []);
}

#[test]
fn a_unit_that_nobody_needs_stops_if_it_wants_to() {
    let mut world = World::new("a Wants=s\nb Requires=s\nc Wants=plain");
    let [a, s, c] = ["a", "s", "c"].map(|text| world.id(text));
    world.graph.facts_for_test(s).stop_when_unneeded = true;
    world.activity("s plain b", Activity::Active);
    assert!(!queries::unneeded(&world.graph, &world.queue, s));
    world.activity("b", Activity::Inactive);
    assert!(queries::unneeded(&world.graph, &world.queue, s));
    assert_eq!(queries::unneeded_after(&world.graph, &world.queue, a), [s]);
    assert_eq!(queries::unneeded_after(&world.graph, &world.queue, c), []);
    world.apply(JobKind::Start, "a", JobMode::Replace);
    assert!(!queries::unneeded(&world.graph, &world.queue, s), "a is about to need it");
}

#[test]
fn trees_are_sorted_and_tell_where_branches_end() {
    let world = World::new("t Wants=b,a Requires=c\na Wants=c\nc Wants=t\nb After=a");
    let show = |direction| -> Vec<String> {
        let lines = tree(&world.graph, world.id("t"), direction, &|_| true);
        let line = |line: &super::Line| {
            let marks: String =
                line.last.iter().map(|&last| if last { '`' } else { '|' }).collect();
            format!(
                "{marks}{}{}",
                world.graph.name(line.unit).stem(),
                if line.repeated { "..." } else { "" }
            )
        };
        lines.iter().map(line).collect()
    };
    assert_eq!(show(Direction::Forward), ["t", "|a", "|`c", "|``t...", "|b", "`c..."]);
    assert_eq!(show(Direction::Reverse), ["t", "`c", "`|a", "`|`t...", "``t..."]);
    let short = tree(&world.graph, world.id("t"), Direction::Forward, &|_| false);
    assert_eq!(short.len(), 4);
    let after = tree(&world.graph, world.id("b"), Direction::After, &|_| true);
    assert_eq!(after.len(), 2);
}

#[test]
fn the_chain_follows_what_was_waited_for_last() {
    let world = World::new("t After=a,b,late\nb After=c\na\nc\nlate");
    let times = |unit| {
        let (activating, active) = match world.graph.name(unit).stem() {
            "a" => (0, 5),
            "b" => (3, 9),
            "c" => (0, 3),
            "late" => (20, 30),
            "t" => (9, 10),
            _ => return None,
        };
        Some(Times {
            activating: Duration::from_secs(activating),
            active: Duration::from_secs(active),
        })
    };
    let chain = critical_chain(&world.graph, world.id("t"), &times);
    let names: Vec<&str> = chain.iter().map(|link| world.graph.name(link.unit).stem()).collect();
    assert_eq!(names, ["t", "b", "c"]);
}
