//! `verify`: unit files judged as PID 1 would read them: their lines, their commands, and the order of a start.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use keelson_jobs::{Graph, JobKind, Load, Queue, Request, Transaction};
use keelson_output::eprintln;
use keelson_units::facts::Facts;
use keelson_units::loader::{Loaded, Loader};
use keelson_units::model::{Body, JobMode, Unit, UnitKind, UnitName};

use super::Options;
use crate::files;
use crate::names::mangle;

/// Runs it; gives whether nothing was found.
pub fn run(words: &[String], options: &Options) -> Result<bool> {
    if words.is_empty() {
        bail!("Too few arguments.");
    }
    files::check_root(&options.root)?;
    let findings = judge(words, &options.root, options.recursive)?;
    for finding in &findings {
        eprintln(finding);
    }
    Ok(findings.is_empty())
}

/// What is wrong with units given by path or by name, in the order found, each once.
fn judge(words: &[String], root: &Path, recursive: bool) -> Result<Vec<String>> {
    let mut loader = Loader::new(root, Facts::read(root));
    let mut graph = Graph::default();
    let mut findings: Vec<String> = Vec::new();
    let mut roots = Vec::new();
    for word in words {
        let unit = load(word, &mut loader, &mut findings)?;
        if let Some(unit) = unit {
            findings.extend(about(&unit, root));
            roots.push(graph.set_unit(&unit));
        }
    }
    // What they pull in, as PID 1 would load it.
    loop {
        let unknown = graph.take_unknown();
        if unknown.is_empty() {
            break;
        }
        for id in unknown {
            let name = graph.name(id).clone();
            match loader.load(&name) {
                Loaded::Unit(unit) => {
                    if recursive {
                        findings.extend(about(&unit, root));
                    }
                    graph.set_unit(&unit);
                }
                Loaded::Masked(_) => graph.set_load(id, Load::Masked),
                Loaded::Missing => graph.set_load(id, Load::NotFound),
            }
        }
    }
    for id in roots {
        let request =
            Request { unit: id, kind: JobKind::Start, mode: JobMode::Replace, manual: false };
        let name = graph.name(id).clone();
        match Transaction::plan(&graph, &Queue::default(), &request) {
            Ok(transaction) => findings
                .extend(transaction.cycles.iter().map(|cycle| cycle_text(&name, &cycle.units))),
            Err(error) => findings.push(format!("{name}: {error}")),
        }
    }
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert(finding.clone()));
    Ok(findings)
}

fn cycle_text(name: &UnitName, units: &[UnitName]) -> String {
    let names: Vec<&str> = units.iter().map(UnitName::as_str).collect();
    format!("{name}: Found ordering cycle: {}", names.join(" -> "))
}

/// A path's text is read as the unit of its name; a name is looked for as PID 1 does.
fn load(word: &str, loader: &mut Loader, findings: &mut Vec<String>) -> Result<Option<Unit>> {
    let path = Path::new(word);
    if !word.contains('/') && !path.is_file() {
        let name = mangle(word, UnitKind::Service)?;
        return Ok(match loader.load(&name) {
            Loaded::Unit(unit) => Some(*unit),
            Loaded::Masked(_) => {
                findings.push(format!("Unit {name} is masked."));
                None
            }
            Loaded::Missing => {
                findings.push(format!("Unit {name} not found."));
                None
            }
        });
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name: UnitName =
        file.parse().with_context(|| format!("Failed to prepare filename {word}"))?;
    let name = if name.is_template() { name.with_instance("test-instance")? } else { name };
    // Whatever the file has in it is judged, bytes that are no text too.
    let bytes = fs::read(path).with_context(|| format!("reading {word}"))?;
    let mut unit = loader.transient(&name, &String::from_utf8_lossy(&bytes));
    let made_up = unit.fragment.replace(path.to_owned());
    for remark in unit.remarks.iter_mut().chain(unit.bad.iter_mut()) {
        if Some(&remark.place.file) == made_up.as_ref() {
            path.clone_into(&mut remark.place.file);
        }
    }
    Ok(Some(unit))
}

/// What is wrong with one unit.
fn about(unit: &Unit, root: &Path) -> Vec<String> {
    let mut findings: Vec<String> = unit.remarks.iter().map(ToString::to_string).collect();
    findings.extend(unit.bad.iter().map(|bad| format!("{}: {bad}", unit.name)));
    if let Body::Service(service) = &unit.body {
        let lists = [
            &service.condition,
            &service.start_pre,
            &service.start,
            &service.start_post,
            &service.reload,
            &service.stop,
            &service.stop_post,
        ];
        for command in lists.into_iter().flatten() {
            let Some(word) = command.words.first() else { continue };
            let program = Path::new(&word.text);
            if program.is_absolute()
                && !root.join(program.strip_prefix("/").unwrap_or(program)).exists()
            {
                findings.push(format!(
                    "{}: Command {} is not executable: No such file or directory",
                    unit.name,
                    program.display()
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests;
