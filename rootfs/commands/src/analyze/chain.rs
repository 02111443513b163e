//! `critical-chain`: the units that a unit waited for, each with the last of its own.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use keelson_control::{Timings, UnitTiming};
use keelson_units::model::UnitKind;

use super::times::{ACCURACY, goal, took};
use crate::clock::span;
use crate::names::mangle;
use crate::screen::{Paint, Screen};

/// The chains of units, of the boot's goal where none is named.
pub fn text(timings: &Timings, words: &[String], fuzz: u64, screen: &Screen) -> Result<String> {
    let by_name = timings.units.iter().map(|unit| (unit.name.as_str(), unit)).collect();
    let mut chain = Chain { timings, by_name, fuzz, screen, out: String::new(), above: Vec::new() };
    chain.out += "The time when unit became active or started is printed after the \"@\" character.\n\
                  The time the unit took to start is printed after the \"+\" character.\n\n";
    let mut roots: Vec<String> = Vec::new();
    for word in words {
        roots.push(mangle(word, UnitKind::Service)?.to_string());
    }
    if roots.is_empty() {
        roots.push(goal(timings).context("the boot has not come to its target yet")?.name.clone());
    }
    for root in roots {
        let Some(unit) = chain.by_name.get(root.as_str()).copied() else {
            put!(chain.out, "{root}\n");
            continue;
        };
        let line = chain.line(unit);
        chain.out += &line;
        chain.below(unit, "");
    }
    Ok(chain.out)
}

struct Chain<'a> {
    timings: &'a Timings,
    by_name: BTreeMap<&'a str, &'a UnitTiming>,
    fuzz: u64,
    screen: &'a Screen,
    out: String,
    above: Vec<&'a str>,
}

impl<'a> Chain<'a> {
    fn line(&self, unit: &UnitTiming) -> String {
        let at = span(unit.activated.saturating_sub(self.timings.userspace), ACCURACY);
        let took = took(unit).unwrap_or(0);
        if took == 0 {
            return format!("{} @{at}\n", unit.name);
        }
        self.screen.paint(Paint::Red, &format!("{} @{at} +{}", unit.name, span(took, ACCURACY)))
            + "\n"
    }

    /// The last of what a unit waited for, with those nearly as late, and the same of each.
    fn below(&mut self, unit: &'a UnitTiming, indent: &str) {
        let began = if unit.activating > 0 { unit.activating } else { unit.activated };
        let waited = |name: &String| self.by_name.get(name.as_str()).copied();
        let mut before: Vec<&'a UnitTiming> = unit.after.iter().filter_map(waited).collect();
        before.retain(|other| {
            other.activated > 0
                && other.activated <= began
                && !self.above.contains(&other.name.as_str())
        });
        before.sort_by(|a, b| b.activated.cmp(&a.activated).then(a.name.cmp(&b.name)));
        let Some(last) = before.first().map(|unit| unit.activated) else { return };
        let fuzz = self.fuzz;
        let mut shown: Vec<&'a UnitTiming> = before;
        let count = shown.iter().take_while(|unit| last - unit.activated <= fuzz).count();
        // Without a fuzz one is enough, also where several were up in the same moment.
        shown.truncate(if fuzz == 0 { 1 } else { count });
        for (index, other) in shown.iter().enumerate() {
            let last = index + 1 == shown.len();
            let line = self.line(other);
            put!(self.out, "{indent}{}{line}", if last { "└─" } else { "├─" });
            self.above.push(&other.name);
            self.below(other, &format!("{indent}{}", if last { "  " } else { "│ " }));
            self.above.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;

    const HEAD: &str = "The time when unit became active or started is printed after the \"@\" character.\n\
        The time the unit took to start is printed after the \"+\" character.\n\n";

    #[test]
    fn the_chain_goes_by_the_last_that_was_waited_for() {
        let timings = super::super::times::tests_timings();
        let screen = Screen::plain(Now::default());
        assert_eq!(
            text(&timings, &[], 0, &screen).expect("a chain"),
            format!(
                "{HEAD}multi-user.target @9s\n└─slow.service @8.950s +8.350s\n  └─basic.target @500ms\n"
            )
        );
        let near = text(&timings, &["multi-user.target".into()], 10_000, &screen).expect("a chain");
        assert_eq!(
            near,
            format!(
                "{HEAD}multi-user.target @9s\n├─slow.service @8.950s +8.350s\n│ └─basic.target @500ms\n\
                 └─quick.service @8.945s +8.345s\n  └─basic.target @500ms\n"
            )
        );
        assert_eq!(
            text(&timings, &["none".into()], 0, &screen).expect("a chain"),
            format!("{HEAD}none.service\n")
        );
    }
}
