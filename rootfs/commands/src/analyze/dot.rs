//! `dot`: units and how they stand to each other, as a graph for dot(1).

use anyhow::Result;

use super::Options;
use crate::{ask, glob};

/// Relations with the colours that systemd-analyze gives them, and whether they are of order.
const EDGES: [(&str, &str, bool); 7] = [
    ("Requires", "black", false),
    ("Requisite", "darkblue", false),
    ("BindsTo", "gold", false),
    ("Wants", "grey66", false),
    ("Upholds", "lightblue", false),
    ("Conflicts", "red", false),
    ("After", "green", true),
];

/// The graph of units in memory; with patterns only edges that touch a unit they match.
pub fn text(words: &[String], options: &Options) -> Result<String> {
    let names: Vec<String> = ask::units()?.into_iter().map(|unit| unit.name).collect();
    let meant = |name: &str| words.is_empty() || words.iter().any(|word| glob::matches(word, name));
    let mut out = "digraph systemd {\n".to_owned();
    for unit in ask::statuses(&names)? {
        for (relation, colour, order) in EDGES {
            if options.order_only && !order || options.require_only && order {
                continue;
            }
            for other in unit.dependencies.get(relation).into_iter().flatten() {
                if meant(&unit.name) || meant(other) {
                    put!(out, "\t\"{}\"->\"{other}\" [color=\"{colour}\"];\n", unit.name);
                }
            }
        }
    }
    Ok(out + "}\n")
}
