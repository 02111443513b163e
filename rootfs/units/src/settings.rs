//! What the settings of a unit's files mean: entries in, a unit out.
//!
//! A mistake is a remark with file and line, and the directive alone is passed over. Where systemd would not start such
//! a unit, the mistake is also why the unit is bad.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::directives::{self, Standing};
use crate::facts::Facts;
use crate::model::{
    Body, Dependencies, ExecSettings, Install, KillSettings, ResourceSettings, Type, Unit,
    UnitKind, UnitName, UnitSettings,
};
use crate::specifiers::Specifiers;
use crate::text::{Entry, Place, Remark};

use value::{Outcome, Value, setter};

mod check;
pub(crate) mod command;
mod condition;
pub(crate) mod exec;
pub(crate) mod install;
pub(crate) mod kill;
pub(crate) mod mount;
pub(crate) mod process;
pub(crate) mod resources;
pub(crate) mod sandbox;
pub(crate) mod service;
pub(crate) mod socket;
pub(crate) mod timer;
pub(crate) mod unit;
pub(crate) mod value;

/// What is known of a unit before its settings are read.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub name: UnitName,
    pub aliases: BTreeSet<UnitName>,
    pub fragment: Option<PathBuf>,
    pub drop_ins: Vec<PathBuf>,
    pub entries: Vec<Entry>,
    pub remarks: Vec<Remark>,
}

impl Sources {
    /// Of a unit of which only the name is known.
    pub fn of(name: &UnitName) -> Self {
        Self {
            name: name.clone(),
            aliases: BTreeSet::new(),
            fragment: None,
            drop_ins: Vec::new(),
            entries: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

/// Builds the unit from the entries of its file and drop-ins, in that order. Implicit dependencies are the loader's.
pub(crate) fn build(sources: Sources, facts: &Facts) -> Unit {
    let Sources { name, aliases, fragment, drop_ins, entries, remarks } = sources;
    let mut unit = Unit {
        description: name.to_string(),
        body: empty_body(name.kind()),
        name: name.clone(),
        aliases,
        fragment: fragment.clone(),
        drop_ins,
        documentation: Vec::new(),
        dependencies: Dependencies::default(),
        conditions: Vec::new(),
        assertions: Vec::new(),
        settings: UnitSettings::default(),
        install: Install::default(),
        remarks,
        bad: None,
    };
    let specifiers = Specifiers { name: &name, fragment: fragment.as_deref(), facts };
    let mut unknown_section = None;
    for entry in &entries {
        apply(&mut unit, entry, specifiers, &mut unknown_section);
    }
    let start = || Place { file: unit.fragment.clone().unwrap_or_default(), line: 1 };
    let place = entries.first().map_or_else(start, |entry| entry.place.clone());
    let typed = entries.iter().any(|entry| entry.section == "Service" && entry.key == "Type");
    if let (Body::Service(service), false) = (&mut unit.body, typed)
        && service.start.is_empty()
    {
        service.kind = Type::Oneshot;
    }
    check::check(&mut unit, &place);
    unit
}

fn empty_body(kind: UnitKind) -> Body {
    match kind {
        UnitKind::Service => Body::Service(Box::default()),
        UnitKind::Socket => Body::Socket(Box::default()),
        UnitKind::Timer => Body::Timer(Box::default()),
        UnitKind::Path => Body::Path(Box::default()),
        UnitKind::Mount => Body::Mount(Box::default()),
        UnitKind::Automount => Body::Automount(Box::default()),
        UnitKind::Swap => Body::Swap(Box::default()),
        UnitKind::Slice | UnitKind::Scope => Body::Slice(Box::default()),
        UnitKind::Target => Body::Target,
        UnitKind::Device => Body::Device,
    }
}

fn apply(
    unit: &mut Unit,
    entry: &Entry,
    specifiers: Specifiers<'_>,
    unknown_section: &mut Option<(String, PathBuf)>,
) {
    let (section, key) = (entry.section.as_str(), entry.key.as_str());
    if section.starts_with("X-") || key.starts_with("X-") {
        return;
    }
    let known =
        ["Unit", "Install"].contains(&section) || unit.name.kind().section() == Some(section);
    if !known {
        // Once for each section of a file is enough.
        let here = Some((section.to_owned(), entry.place.file.clone()));
        if *unknown_section != here {
            remark(unit, entry, format!("unknown section [{section}]; passed over"));
            *unknown_section = here;
        }
        return;
    }
    let value = Value { raw: &entry.value, specifiers };
    if let Some(outcome) = set(unit, section, key, &value) {
        if let Err(mistake) = outcome {
            let bad = remark(unit, entry, format!("{key}=: {mistake}; passed over"));
            if is_fatal(key, &value) {
                unit.bad.get_or_insert(bad);
            }
        }
        return;
    }
    match directives::find(section, key).map(|directive| directive.standing) {
        Some(Standing::Ignored(_)) => {}
        Some(Standing::Refused(reason)) => {
            // Saying that it is not wanted is no reason to refuse the unit.
            if !value.is_reset() && crate::value::boolean(value.raw) != Some(false) {
                let bad = remark(unit, entry, format!("{key}= is refused: {reason}"));
                unit.bad.get_or_insert(bad);
            }
        }
        Some(Standing::Implemented) | None => {
            let hint = directives::hint(section, key);
            remark(
                unit,
                entry,
                format!("unknown directive {key}= in [{section}]; passed over{hint}"),
            );
        }
    }
}

fn remark(unit: &mut Unit, entry: &Entry, what: String) -> Remark {
    let remark = Remark { place: entry.place.clone(), what };
    unit.remarks.push(remark.clone());
    remark
}

/// What systemd does not start a unit without: it would run something else, or as somebody else, than was asked for.
fn is_fatal(key: &str, value: &Value<'_>) -> bool {
    match key {
        "User" | "Group" | "SupplementaryGroups" | "RootDirectory" | "Slice" => true,
        "WorkingDirectory" => !value.raw.starts_with('-'),
        _ => key.starts_with("Exec") && !command::may_fail(value.raw),
    }
}

/// Sets one directive; none where no setter knows it.
fn set(unit: &mut Unit, section: &str, key: &str, value: &Value<'_>) -> Option<Outcome> {
    if section == "Install" {
        return setter(install::INSTALL, key).map(|set| set(&mut unit.install, value));
    }
    if section == "Unit" {
        if let Some(test) = key.strip_prefix("Condition") {
            return condition::condition(&mut unit.conditions, test, value);
        }
        if let Some(test) = key.strip_prefix("Assert") {
            return condition::condition(&mut unit.assertions, test, value);
        }
        return setter(unit::UNIT, key).map(|set| set(unit, value));
    }
    if let (UnitKind::Service, Some(set)) =
        (unit.name.kind(), setter(unit::MOVED_FROM_SERVICE, key))
    {
        return Some(set(unit, value));
    }
    match &mut unit.body {
        Body::Service(service) => {
            setter(service::SERVICE, key).map(|set| set(service, value)).or_else(|| {
                shared(&mut service.exec, &mut service.kill, &mut service.resources, key, value)
            })
        }
        Body::Socket(socket) => {
            setter(socket::SOCKET, key).map(|set| set(socket, value)).or_else(|| {
                shared(&mut socket.exec, &mut socket.kill, &mut socket.resources, key, value)
            })
        }
        Body::Mount(mount) => setter(mount::MOUNT, key)
            .map(|set| set(mount, value))
            .or_else(|| shared(&mut mount.exec, &mut mount.kill, &mut mount.resources, key, value)),
        Body::Swap(swap) => setter(mount::SWAP, key)
            .map(|set| set(swap, value))
            .or_else(|| shared(&mut swap.exec, &mut swap.kill, &mut swap.resources, key, value)),
        Body::Automount(automount) => {
            setter(mount::AUTOMOUNT, key).map(|set| set(automount, value))
        }
        Body::Timer(timer) => setter(timer::TIMER, key).map(|set| set(timer, value)),
        Body::Path(path) => setter(timer::PATH, key).map(|set| set(path, value)),
        Body::Slice(resources) => {
            setter(resources::RESOURCES, key).map(|set| set(resources, value))
        }
        Body::Target | Body::Device => None,
    }
}

fn shared(
    exec: &mut ExecSettings,
    kill: &mut KillSettings,
    resources: &mut ResourceSettings,
    key: &str,
    value: &Value<'_>,
) -> Option<Outcome> {
    for table in [exec::EXEC, process::PROCESS, sandbox::SANDBOX] {
        if let Some(set) = setter(table, key) {
            return Some(set(exec, value));
        }
    }
    if let Some(set) = setter(kill::KILL, key) {
        return Some(set(kill, value));
    }
    setter(resources::RESOURCES, key).map(|set| set(resources, value))
}

#[cfg(test)]
mod tests;
