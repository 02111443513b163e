use super::*;
use crate::unit::settings;
use proptest::prelude::*;

/// Units with `After=` and `Before=`, each list separated by spaces.
fn units(rows: &[(&str, &str, &str)]) -> BTreeMap<String, Unit> {
    rows.iter()
        .map(|(name, after, before)| {
            let mut unit = settings::build(name, &[], &mut Vec::new());
            unit.after = after.split_whitespace().map(str::to_owned).collect();
            unit.before = before.split_whitespace().map(str::to_owned).collect();
            ((*name).to_owned(), unit)
        })
        .collect()
}

#[test]
fn units_follow_what_they_are_ordered_after() {
    let units = units(&[("a", "b missing", ""), ("b", "", ""), ("c", "", "b"), ("d", "alias", "")]);
    let order = order(&units, &BTreeMap::from([("alias".to_owned(), "a".to_owned())]));
    assert_eq!(order.sequence, ["c", "b", "a", "d"]);
    assert_eq!(order.broken, []);
    assert_eq!(order.waits["a"], BTreeSet::from(["b".to_owned()]));
}

#[test]
fn a_cycle_is_broken_at_one_edge_and_told() {
    let units =
        units(&[("a", "b", ""), ("b", "c", ""), ("c", "a", ""), ("d", "c", ""), ("e", "e", "e")]);
    let order = order(&units, &BTreeMap::new());
    assert_eq!(order.broken, [BrokenEdge { unit: "c".to_owned(), after: "a".to_owned() }]);
    assert_eq!(order.sequence, ["e", "c", "b", "a", "d"]);
}

proptest! {
    #[test]
    fn every_unit_comes_once_and_after_all_it_still_waits_for(edges in proptest::collection::vec((0_u8..12, 0_u8..12, any::<bool>()), 0..40)) {
        let mut graph = BTreeMap::new();
        for index in 0..12 {
            let name = format!("u{index:02}");
            let mut unit = settings::build(&name, &[], &mut Vec::new());
            for (from, to, before) in &edges {
                if *from == index {
                    let list = if *before { &mut unit.before } else { &mut unit.after };
                    list.insert(format!("u{to:02}"));
                }
            }
            graph.insert(name, unit);
        }
        let order = order(&graph, &BTreeMap::new());
        prop_assert_eq!(order.sequence.iter().collect::<BTreeSet<_>>().len(), 12);
        prop_assert_eq!(order.sequence.len(), 12);
        for (position, name) in order.sequence.iter().enumerate() {
            for other in &order.waits[name] {
                let before = order.sequence.iter().position(|one| one == other).expect("in the order");
                prop_assert!(before < position, "{} waits for {}", name, other);
            }
        }
        // Only edges of cycles are given up.
        let acyclic = edges.iter().all(|(from, to, before)| if *before { from < to } else { from > to });
        if acyclic {
            prop_assert!(order.broken.is_empty());
        }
    }
}
