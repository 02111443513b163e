//! Relations from both ends, aliases, and what is to be loaded.

use std::collections::BTreeSet;

use keelson_units::model::{Body, Dependencies, Install, Relation, Unit, UnitName, UnitSettings};

use super::{Edge, Graph, Load, UnitId};
use crate::Activity;
use crate::testing::name;

fn unit(own: &str, relations: &[(Relation, &str)], aliases: &[&str]) -> Unit {
    let mut dependencies = Dependencies::default();
    for (relation, other) in relations {
        dependencies.add(*relation, name(other));
    }
    Unit {
        name: name(own),
        aliases: aliases.iter().map(|alias| name(alias)).collect::<BTreeSet<UnitName>>(),
        fragment: None,
        drop_ins: Vec::new(),
        description: String::new(),
        documentation: Vec::new(),
        dependencies,
        conditions: Vec::new(),
        assertions: Vec::new(),
        settings: UnitSettings::default(),
        install: Install::default(),
        remarks: Vec::new(),
        bad: None,
        body: Body::Target,
    }
}

fn others(graph: &Graph, id: UnitId, edge: Edge) -> Vec<&str> {
    graph.edges(id, edge).map(|other| graph.name(other).stem()).collect()
}

#[test]
fn every_relation_has_its_mirror() {
    for edge in Edge::ALL {
        assert_eq!(edge.mirror().mirror(), edge);
        assert_eq!(edge == edge.mirror(), edge == Edge::JoinsNamespaceOf);
    }
    let mut graph = Graph::default();
    let a = graph.set_unit(&unit("a", &[(Relation::Requires, "b"), (Relation::Before, "c")], &[]));
    let [b, c] = ["b", "c"].map(|text| graph.id(&name(text)).unwrap());
    assert_eq!(others(&graph, b, Edge::RequiredBy), ["a"]);
    assert_eq!(others(&graph, c, Edge::After), ["a"]);
    assert!(graph.has_edge(a, Edge::Requires, b));
    assert_eq!(graph.all_edges(a).collect::<Vec<_>>(), [(Edge::Requires, b), (Edge::Before, c)]);
}

#[test]
fn a_relation_that_both_declare_goes_with_the_last_of_them() {
    let mut graph = Graph::default();
    let a = graph.set_unit(&unit("a", &[(Relation::After, "b")], &[]));
    let b = graph.set_unit(&unit("b", &[(Relation::Before, "a")], &[]));
    graph.set_unit(&unit("a", &[], &[]));
    assert!(graph.has_edge(a, Edge::After, b) && graph.has_edge(b, Edge::Before, a));
    graph.set_unit(&unit("b", &[], &[]));
    assert!(!graph.has_edge(a, Edge::After, b) && !graph.has_edge(b, Edge::Before, a));
}

#[test]
fn loading_again_keeps_the_activity_and_counts_as_a_change() {
    let mut graph = Graph::default();
    let a = graph.set_unit(&unit("a", &[(Relation::Wants, "b")], &[]));
    graph.set_activity(a, Activity::Active);
    let revision = graph.revision();
    graph.set_unit(&unit("a", &[], &[]));
    assert_eq!(graph.activity(a), Activity::Active);
    assert_ne!(graph.revision(), revision);
    assert_eq!(graph.all_edges(a).count(), 0);
}

#[test]
fn what_a_job_may_touch_is_given_once_to_be_loaded() {
    let mut graph = Graph::default();
    let pulled = [
        (Relation::Wants, "b"),
        (Relation::Requires, "b"),
        (Relation::Conflicts, "c"),
        (Relation::After, "d"),
    ];
    let a = graph.set_unit(&unit("a", &pulled, &[]));
    let names = |graph: &Graph, ids: Vec<UnitId>| -> Vec<String> {
        ids.into_iter().map(|id| graph.name(id).stem().to_owned()).collect()
    };
    let unknown = graph.take_unknown();
    assert_eq!(names(&graph, unknown.clone()), ["b", "c"]);
    assert_eq!(graph.take_unknown(), []);
    for id in unknown {
        graph.set_load(id, Load::NotFound);
    }
    graph.set_unit(&unit("e", &[(Relation::Wants, "b")], &[]));
    assert_eq!(graph.take_unknown(), []);
    let b = graph.id(&name("b")).unwrap();
    graph.forget(b);
    assert_eq!(graph.take_unknown(), [b]);
    assert!(graph.has_edge(a, Edge::Wants, b), "others' relations to it stay");
}

#[test]
fn an_alias_is_the_unit_even_if_it_was_named_before() {
    let mut graph = Graph::default();
    let c =
        graph.set_unit(&unit("c", &[(Relation::Wants, "alias"), (Relation::After, "alias")], &[]));
    let a = graph.set_unit(&unit("a", &[(Relation::Before, "c")], &["alias"]));
    assert_eq!(graph.id(&name("alias")), Some(a));
    assert_eq!(others(&graph, a, Edge::WantedBy), ["c"]);
    assert!(graph.has_edge(c, Edge::After, a) && graph.has_edge(c, Edge::Wants, a));
    assert_eq!(graph.edges(c, Edge::Wants).collect::<Vec<_>>(), [a]);
}

#[test]
fn forgotten_aliases_are_names_of_their_own_until_they_are_added_again() {
    let mut graph = Graph::default();
    let early = graph.intern(&name("early"));
    let a = graph.set_unit(&unit("a", &[], &["early", "late"]));
    let both = |graph: &Graph| ["early", "late"].map(|text| graph.id(&name(text)));
    assert_eq!(both(&graph), [Some(a); 2]);
    graph.forget_aliases();
    assert_eq!(both(&graph), [Some(early), None]);
    assert_eq!(graph.facts(early).load, Load::Unknown);
    graph.set_unit(&unit("a", &[], &["early", "late"]));
    assert_eq!(both(&graph), [Some(a); 2]);
}

#[test]
fn a_loaded_unit_keeps_its_name() {
    let mut graph = Graph::default();
    let b = graph.set_unit(&unit("b", &[], &[]));
    let a = graph.set_unit(&unit("a", &[], &["b"]));
    assert_eq!(graph.id(&name("b")), Some(b));
    graph.forget(b);
    graph.add_alias(&name("b"), a);
    assert_eq!(graph.id(&name("b")), Some(a));
}

#[test]
fn a_unit_has_no_relation_to_itself() {
    let mut graph = Graph::default();
    let a = graph.set_unit(&unit("a", &[(Relation::After, "a"), (Relation::Conflicts, "a")], &[]));
    assert_eq!(graph.all_edges(a).count(), 0);
}

#[test]
fn some_units_can_never_stop_or_start() {
    let mut graph = Graph::default();
    let root = graph.set_unit(&unit("-.slice", &[], &[]));
    let device = graph.set_unit(&unit("dev-sda.device", &[], &[]));
    assert!(graph.facts(root).perpetual && graph.facts(root).ignore_on_isolate);
    assert!(!graph.facts(device).can_start && !graph.facts(device).perpetual);
}
