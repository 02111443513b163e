//! What the settings of a unit file mean. A setting that is not implemented is a remark, never an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::text::{Entry, Remark};
use super::value;
use super::words::{self, Specifiers};
use super::{Condition, Kind, Service, Test, Unit};

mod service;

/// Settings that change nothing here and deserve no remark.
const SILENT: &[(&str, &str)] = &[
    ("Unit", "Documentation"),
    ("Unit", "SourcePath"),
    ("Unit", "RefuseManualStart"),
    ("Unit", "RefuseManualStop"),
    ("Unit", "IgnoreOnIsolate"),
    ("Unit", "AllowIsolate"),
    ("Unit", "StopWhenUnneeded"),
    ("Unit", "CollectMode"),
    ("Service", "ExecReload"),
    ("Service", "NotifyAccess"),
    ("Service", "SyslogIdentifier"),
    ("Service", "StandardError"),
];

/// Builds the unit `name` from the entries of its file and drop-ins, in that order.
pub fn build(name: &str, entries: &[Entry], remarks: &mut Vec<Remark>) -> Unit {
    let mut unit = Unit {
        name: name.to_owned(),
        description: name.to_owned(),
        wants: BTreeSet::new(),
        requires: BTreeSet::new(),
        after: BTreeSet::new(),
        before: BTreeSet::new(),
        conditions: Vec::new(),
        kind: Kind::Target,
    };
    let mut service = Service::default();
    let mut default_dependencies = true;
    for entry in entries {
        if entry.section == "Install" || entry.section.starts_with("X-") {
            continue;
        }
        if SILENT.contains(&(entry.section.as_str(), entry.key.as_str())) {
            continue;
        }
        let outcome = Specifiers { name }
            .expand(&entry.value)
            .map_err(|error| error.to_string())
            .and_then(|text| match entry.section.as_str() {
                "Unit" if entry.key == "DefaultDependencies" => {
                    default_dependencies = boolean(&text)?;
                    Ok(())
                }
                "Unit" => unit_setting(&mut unit, &mut service, &entry.key, &text),
                "Service" => service::setting(&mut service, &entry.key, &text),
                other => Err(format!("section [{other}] is not implemented")),
            });
        if let Err(what) = outcome {
            remarks.push(Remark { place: entry.place.clone(), what });
        }
    }
    if is_service(name) {
        service.finish();
        unit.kind = Kind::Service(Box::new(service));
        if default_dependencies {
            unit.after.extend(["sysinit.target".to_owned(), "basic.target".to_owned()]);
        }
    }
    unit.after.remove(name);
    unit.before.remove(name);
    unit
}

/// Whether a unit of that name is a service.
pub fn is_service(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "service")
}

/// Whether a unit of that name is a target.
pub fn is_target(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "target")
}

fn unit_setting(
    unit: &mut Unit,
    service: &mut Service,
    key: &str,
    text: &str,
) -> Result<(), String> {
    match key {
        "Description" => text.clone_into(&mut unit.description),
        "After" => names(&mut unit.after, text),
        "Before" => names(&mut unit.before, text),
        "Wants" => names(&mut unit.wants, text),
        "Requires" | "Requisite" | "BindsTo" => names(&mut unit.requires, text),
        "StartLimitBurst" => service.start_limit.burst = number(text)?,
        "StartLimitIntervalSec" | "StartLimitInterval" => {
            service.start_limit.interval = span(text)?.unwrap_or(std::time::Duration::MAX);
        }
        _ if key.starts_with("Condition") => {
            if text.is_empty() {
                unit.conditions.clear();
            } else {
                unit.conditions.push(condition(key, text)?);
            }
        }
        _ => return Err(format!("{key}= is not implemented")),
    }
    Ok(())
}

fn condition(key: &str, text: &str) -> Result<Condition, String> {
    let (trigger, text) = text.strip_prefix('|').map_or((false, text), |rest| (true, rest));
    let (negated, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let text = text.trim();
    let path = PathBuf::from(text);
    let looked_at = match key {
        "ConditionPathExists" => Test::PathExists(path),
        "ConditionPathIsDirectory" => Test::PathIsDirectory(path),
        "ConditionPathIsSymbolicLink" => Test::PathIsSymbolicLink(path),
        "ConditionPathIsReadWrite" => Test::PathIsReadWrite(path),
        "ConditionFileNotEmpty" => Test::FileNotEmpty(path),
        "ConditionFileIsExecutable" => Test::FileIsExecutable(path),
        "ConditionDirectoryNotEmpty" => Test::DirectoryNotEmpty(path),
        "ConditionFirstBoot" => Test::FirstBoot(boolean(text)?),
        _ => return Err(format!("{key}= is not implemented; taken to hold")),
    };
    Ok(Condition { test: looked_at, negated, trigger })
}

fn names(set: &mut BTreeSet<String>, text: &str) {
    if text.is_empty() {
        set.clear();
    }
    set.extend(text.split_whitespace().map(str::to_owned));
}

fn boolean(text: &str) -> Result<bool, String> {
    value::boolean(text).ok_or_else(|| format!("`{text}` is neither yes nor no"))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number in range"))
}

fn span(text: &str) -> Result<Option<std::time::Duration>, String> {
    value::time_span(text).ok_or_else(|| format!("`{text}` is not a time span"))
}

fn word_list(text: &str) -> Result<Vec<String>, String> {
    let words = words::split(text).map_err(|error| error.to_string())?;
    Ok(words.into_iter().map(|word| word.text).collect())
}

#[cfg(test)]
mod tests;
