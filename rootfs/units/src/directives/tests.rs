use super::*;
use crate::settings::{
    exec, install, kill, mount as mounts, process, resources as cgroup, sandbox,
    service as services, socket as sockets, timer as timers, unit as units,
};
use std::collections::BTreeSet;

use proptest::prelude::*;

fn names<T>(table: &'static [(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}

/// What the setters know, by section.
fn set_by_code() -> BTreeSet<(&'static str, &'static str)> {
    let shared: Vec<&str> = [
        names(exec::EXEC),
        names(process::PROCESS),
        names(sandbox::SANDBOX),
        names(kill::KILL),
        names(cgroup::RESOURCES),
    ]
    .concat();
    let with = |own: Vec<&'static str>| [own, shared.clone()].concat();
    let sections = [
        ("Unit", names(units::UNIT)),
        ("Install", names(install::INSTALL)),
        ("Service", [with(names(services::SERVICE)), names(units::MOVED_FROM_SERVICE)].concat()),
        ("Socket", with(names(sockets::SOCKET))),
        ("Mount", with(names(mounts::MOUNT))),
        ("Swap", with(names(mounts::SWAP))),
        ("Automount", names(mounts::AUTOMOUNT)),
        ("Timer", names(timers::TIMER)),
        ("Path", names(timers::PATH)),
        ("Slice", names(cgroup::RESOURCES)),
    ];
    let pairs = |(section, names): (&'static str, Vec<&'static str>)| {
        names.into_iter().map(move |name| (section, name))
    };
    sections.into_iter().flat_map(pairs).collect()
}

#[test]
fn every_implemented_directive_has_a_setter() {
    let known = set_by_code();
    let missing: Vec<Directive> = all()
        .filter(|directive| directive.standing == Standing::Implemented)
        .filter(|directive| !known.contains(&(directive.section, directive.name)))
        .filter(|directive| {
            // Conditions are read by one function.
            !(directive.section == "Unit"
                && (directive.name.starts_with("Condition")
                    || directive.name.starts_with("Assert")))
        })
        .collect();
    assert_eq!(missing, []);
}

#[test]
fn every_setter_is_in_the_table() {
    let table: BTreeSet<(&str, &str)> = all().map(|d| (d.section, d.name)).collect();
    let unknown: Vec<_> = set_by_code().into_iter().filter(|pair| !table.contains(pair)).collect();
    assert_eq!(unknown, []);
}

#[test]
fn a_directive_is_there_once() {
    let mut seen = BTreeSet::new();
    for directive in all() {
        assert!(seen.insert((directive.section, directive.name)), "{directive:?}");
    }
    assert!(seen.len() > 1300, "{} of some 1340", seen.len());
}

#[test]
fn a_typo_is_told_with_the_nearest_name() {
    for (section, name, expected) in [
        ("Service", "ExecStrat", "; did you mean ExecStart=?"),
        ("Service", "protectsystem", "; did you mean ProtectSystem=?"),
        ("Service", "After", "; it belongs in [Unit]"),
        ("Unit", "ExecStart", "; it belongs in [Service]"),
        ("Unit", "Qwertzuiop", ""),
        ("Unit", "", ""),
    ] {
        assert_eq!(hint(section, name), expected, "{name}");
    }
}

proptest! {
    #[test]
    fn a_word_is_never_nearer_than_its_letters_say(known in "[A-Za-z]{1,12}", name in "[A-Za-zäß]{0,12}") {
        let (a, b) = (known.to_ascii_lowercase(), name.to_ascii_lowercase());
        prop_assert!(least_distance(&known, &name) <= strsim::damerau_levenshtein(&a, &b));
        prop_assert_eq!(least_distance(&known, &known), 0);
    }
}

#[test]
fn the_page_of_the_manual_is_the_table() {
    let page = include_str!("../../../../docs/directives.md");
    assert!(page == markdown(), "write it anew: cargo run -p keelson-units --example directives");
}
