//! The lines of `status` that every unit has.

use keelson_control::{ActiveState, LoadState, Stamp, UnitStatus};

use super::Surroundings;
use crate::clock;
use crate::screen::{Paint, Screen};
use crate::systemctl::lists::next_elapse;

/// A label and its lines.
pub type Row = (&'static str, Vec<String>);

/// The mark of a state.
pub fn mark(state: ActiveState) -> &'static str {
    match state {
        ActiveState::Active | ActiveState::Activating | ActiveState::Deactivating => "●",
        ActiveState::Reloading => "↻",
        ActiveState::Inactive | ActiveState::Maintenance => "○",
        ActiveState::Failed => "×",
    }
}

/// The colour of a state.
pub fn paint(state: ActiveState) -> Paint {
    match state {
        ActiveState::Active | ActiveState::Reloading => Paint::Green,
        ActiveState::Failed => Paint::Red,
        _ => Paint::Plain,
    }
}

/// From `Loaded:` to `Docs:`.
pub fn rows(unit: &UnitStatus, around: &Surroundings, screen: &Screen) -> Vec<Row> {
    let mut rows = vec![("Loaded", vec![loaded(unit, around, screen)])];
    let remark = |remark: &keelson_control::Remark| {
        format!("{}:{}: {}", remark.file, remark.line, remark.message)
    };
    push(&mut rows, "Warning", unit.remarks.iter().map(remark).collect());
    push(&mut rows, "Drop-In", drop_ins(&unit.drop_ins));
    rows.push(("Active", vec![active(unit, screen)]));
    if let Some(duration) = duration(unit) {
        rows.push(("Duration", vec![duration]));
    }
    push(&mut rows, "Invocation", unit.invocation.iter().cloned().collect());
    push(&mut rows, "Job", unit.job.iter().map(|(id, kind)| format!("{id} ({kind})")).collect());
    push(&mut rows, "Condition", unmet(unit, screen));
    if unit.timer.is_some() {
        rows.push(("Trigger", vec![trigger(unit, screen)]));
    }
    let marked = |name: &String| {
        let state = around.states.get(name).copied().unwrap_or(ActiveState::Inactive);
        format!("{} {name}", screen.paint(paint(state), mark(state)))
    };
    push(&mut rows, "Triggers", unit.triggers.iter().map(marked).collect());
    push(&mut rows, "TriggeredBy", unit.triggered_by.iter().map(marked).collect());
    if let Some(mount) = &unit.mount {
        push(
            &mut rows,
            "Where",
            Some(mount.place.clone()).filter(|place| !place.is_empty()).into_iter().collect(),
        );
        push(
            &mut rows,
            "What",
            Some(mount.what.clone()).filter(|what| !what.is_empty()).into_iter().collect(),
        );
    }
    push(&mut rows, "Docs", unit.documentation.clone());
    rows
}

fn push(rows: &mut Vec<Row>, label: &'static str, lines: Vec<String>) {
    if !lines.is_empty() {
        rows.push((label, lines));
    }
}

fn loaded(unit: &UnitStatus, around: &Surroundings, screen: &Screen) -> String {
    let bad = matches!(unit.load, LoadState::Error | LoadState::NotFound | LoadState::BadSetting);
    let load = screen.paint(if bad { Paint::Red } else { Paint::Plain }, unit.load.as_str());
    if let Some(error) = &unit.load_error {
        return format!("{load} (Reason: {error})");
    }
    let mut parts: Vec<String> = unit.fragment.iter().cloned().collect();
    if unit.load == LoadState::Masked {
        parts = vec![format!("Reason: Unit {} is masked.", unit.name)];
    } else if let Some((state, preset)) = &around.enabled {
        let colour = if state.starts_with("enabled") || state == "alias" {
            Paint::Green
        } else {
            Paint::Plain
        };
        let colour = if state == "disabled" { Paint::Yellow } else { colour };
        parts.push(screen.paint(colour, state));
        parts.extend(preset.map(|on| {
            let (colour, word) =
                if on { (Paint::Green, "enabled") } else { (Paint::Yellow, "disabled") };
            format!("preset: {}", screen.paint(colour, word))
        }));
    }
    if parts.is_empty() { load } else { format!("{load} ({})", parts.join("; ")) }
}

/// Drop-ins as a tree, one branch for each folder.
fn drop_ins(paths: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = paths;
    while let Some(first) = rest.first() {
        let folder = first.rsplit_once('/').map_or("", |(folder, _)| folder);
        let same = rest
            .iter()
            .take_while(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder) == folder)
            .count();
        let names: Vec<&str> = rest[..same]
            .iter()
            .map(|path| path.rsplit_once('/').map_or(path.as_str(), |(_, name)| name))
            .collect();
        rest = &rest[same..];
        lines.push(folder.to_owned());
        lines.push(format!("{}{}", if rest.is_empty() { "└─" } else { "├─" }, names.join(", ")));
    }
    lines
}

fn active(unit: &UnitStatus, screen: &Screen) -> String {
    let state = if unit.sub == unit.active.as_str() || unit.sub.is_empty() {
        unit.active.to_string()
    } else {
        format!("{} ({})", unit.active, unit.sub)
    };
    let mut text = screen.paint(paint(unit.active), &state);
    if unit.result != "success" && !unit.result.is_empty() {
        put!(text, " (Result: {})", unit.result);
    }
    let since = match unit.active {
        ActiveState::Active | ActiveState::Reloading => unit.active_enter,
        ActiveState::Inactive | ActiveState::Failed => unit.inactive_enter,
        ActiveState::Activating => unit.inactive_exit,
        ActiveState::Deactivating | ActiveState::Maintenance => unit.active_exit,
    };
    text + &when(" since ", since, screen)
}

/// `since DATE; 5s ago`, or nothing.
fn when(word: &str, stamp: Stamp, screen: &Screen) -> String {
    if stamp.real == 0 {
        return String::new();
    }
    format!(
        "{word}{}; {}",
        screen.zone.text(stamp.real),
        clock::relative(stamp.real, screen.now.real)
    )
}

/// How long it was up, of a unit that is down.
fn duration(unit: &UnitStatus) -> Option<String> {
    let down = matches!(unit.active, ActiveState::Inactive | ActiveState::Failed);
    let (up, over) = (unit.active_enter.mono, unit.active_exit.mono);
    (down && up > 0 && over >= up).then(|| clock::span(over - up, 1000))
}

fn unmet(unit: &UnitStatus, screen: &Screen) -> Vec<String> {
    let down = unit.active == ActiveState::Inactive;
    let mut lines = Vec::new();
    for (assert, at, held) in [
        (false, unit.condition_at, unit.condition_result),
        (true, unit.assert_at, unit.assert_result),
    ] {
        if held || at.real == 0 || !(down || assert && unit.active == ActiveState::Failed) {
            continue;
        }
        let kind = if assert { "assertion" } else { "condition" };
        lines.push(format!("start {kind} unmet at {}", when("", at, screen)));
        let failed: Vec<String> = unit
            .conditions
            .iter()
            .filter(|one| one.held == Some(false) && one.directive.starts_with("Assert") == assert)
            .map(|one| format!("{}={} was not met", one.directive, one.value))
            .collect();
        let last = failed.len().saturating_sub(1);
        let branch = |index| if index == last { "└─" } else { "├─" };
        lines.extend(
            failed.iter().enumerate().map(|(index, text)| format!("{}{text}", branch(index))),
        );
    }
    lines
}

fn trigger(unit: &UnitStatus, screen: &Screen) -> String {
    match next_elapse(unit, screen.now) {
        0 => "n/a".to_owned(),
        next => format!("{}; {}", screen.zone.text(next), clock::relative(next, screen.now.real)),
    }
}
