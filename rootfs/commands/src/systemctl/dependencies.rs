//! `list-dependencies`: a unit's dependencies as a tree.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use keelson_control::{ActiveState, UnitStatus};
use keelson_units::model::UnitKind;

use super::options::Options;
use super::select;
use crate::ask;
use crate::screen::{self, Paint, Screen};

/// Runs it.
pub fn list(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    let default = ["default.target".to_owned()];
    let words = if words.is_empty() { &default[..] } else { words };
    let roots = select::names(words, UnitKind::Service)?;
    let known = closure(&roots, options)?;
    let mut out = String::new();
    for root in &roots {
        if let Some(unit) = known.get(root) {
            put!(out, "{}\n", unit.name);
            let mut tree = Tree {
                known: &known,
                options,
                screen,
                out: String::new(),
                above: vec![unit.name.clone()],
            };
            tree.below(unit, "");
            out += &tree.out;
        }
    }
    screen::print(&out);
    Ok(0)
}

/// The relations followed.
fn relations(options: &Options) -> &'static [&'static str] {
    match (options.before, options.after, options.reverse) {
        (true, ..) => &["Before"],
        (_, true, _) => &["After"],
        (_, _, true) => {
            &["RequiredBy", "RequisiteOf", "WantedBy", "ConsistsOf", "BoundBy", "UpheldBy"]
        }
        _ => &["Requires", "Requisite", "Wants", "ConsistsOf", "BindsTo", "Upholds"],
    }
}

fn next(unit: &UnitStatus, options: &Options) -> Vec<String> {
    let mut names: Vec<String> = relations(options)
        .iter()
        .filter_map(|relation| unit.dependencies.get(*relation))
        .flatten()
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Whether the tree goes on below a unit: all do with `--all`, else targets do.
fn goes_on(name: &str, options: &Options) -> bool {
    options.all || name.ends_with(".target")
}

/// All units of the trees, by every name asked for, fetched level by level.
fn closure(roots: &[String], options: &Options) -> Result<BTreeMap<String, UnitStatus>> {
    let mut known = BTreeMap::new();
    let mut wanted: BTreeSet<String> = roots.iter().cloned().collect();
    let mut first = true;
    while !wanted.is_empty() {
        let names: Vec<String> = wanted.into_iter().collect();
        let units = ask::statuses(&names)?;
        let mut further = BTreeSet::new();
        for (name, unit) in names.into_iter().zip(units) {
            if first || goes_on(&name, options) {
                further.extend(next(&unit, options));
            }
            known.insert(name, unit);
        }
        further.retain(|name| !known.contains_key(name));
        wanted = further;
        first = false;
    }
    Ok(known)
}

struct Tree<'a> {
    known: &'a BTreeMap<String, UnitStatus>,
    options: &'a Options,
    screen: &'a Screen,
    out: String,
    above: Vec<String>,
}

impl Tree<'_> {
    fn below(&mut self, unit: &UnitStatus, indent: &str) {
        let suffix_fits = |name: &&String| {
            self.options.types.is_empty()
                || name.ends_with(".target")
                || self.options.types.iter().any(|kind| name.ends_with(&format!(".{kind}")))
        };
        let names: Vec<String> =
            next(unit, self.options).iter().filter(suffix_fits).cloned().collect();
        for (index, name) in names.iter().enumerate() {
            let Some(child) = self.known.get(name) else { continue };
            let last = index + 1 == names.len();
            let (mark, paint) = match child.active {
                ActiveState::Active | ActiveState::Reloading => ("●", Paint::Green),
                ActiveState::Failed => ("×", Paint::Red),
                ActiveState::Activating | ActiveState::Deactivating => ("●", Paint::Plain),
                _ => ("○", Paint::Plain),
            };
            let branch = if self.options.plain {
                "  "
            } else if last {
                "└─"
            } else {
                "├─"
            };
            put!(self.out, "{} {indent}{branch}{}\n", self.screen.paint(paint, mark), child.name);
            if goes_on(&child.name, self.options) && !self.above.contains(&child.name) {
                self.above.push(child.name.clone());
                let more = if self.options.plain || last { "  " } else { "│ " };
                self.below(child, &format!("{indent}{more}"));
                self.above.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests;
