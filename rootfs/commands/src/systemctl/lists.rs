//! `list-units`, `list-timers`, `list-sockets`, `list-paths`, `list-automounts`, `list-jobs`.

use anyhow::{Result, bail};
use keelson_control::{ActiveState, Answer, Job, LoadState, Request, UnitLine, UnitStatus};
use keelson_units::model::UnitKind;
use serde_json::Value;

use super::options::{Options, Output};
use super::select;
use crate::screen::{self, Paint, Screen};
use crate::table::{Cell, Table};
use crate::{ask, clock, glob};

/// `list-units`
pub fn units(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    let patterns = select::patterns(words, UnitKind::Service)?;
    let mut units = ask::units()?;
    units.retain(|unit| select::shown(unit, &patterns, options));
    screen::print(&units_text(&units, options, screen));
    Ok(0)
}

fn units_text(units: &[UnitLine], options: &Options, screen: &Screen) -> String {
    let jobs = units.iter().any(|unit| unit.job.is_some());
    let mut columns = vec!["", "UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"];
    if jobs {
        columns.insert(5, "JOB");
    }
    if options.plain {
        columns.remove(0);
    }
    let mut table = Table::new(&columns);
    for unit in units {
        table.row(unit_row(unit, jobs, options));
    }
    let legend = "\nLegend: LOAD   → Reflects whether the unit definition was properly loaded.\n        \
         ACTIVE → The high-level unit activation state, i.e. generalization of SUB.\n        \
         SUB    → The low-level unit activation state, values depend on unit type.\n";
    let mut out = table_text(&table, options, screen);
    if options.no_legend || options.output != Output::Text {
        return out;
    }
    if units.is_empty() {
        out.clear();
    } else {
        out += legend;
        out += if jobs { "        JOB    → Pending job for the unit.\n" } else { "" };
        out.push('\n');
    }
    let paint = if units.is_empty() { Paint::Red } else { Paint::Bold };
    let count = screen.paint(paint, &format!("{} loaded units listed.", units.len()));
    let all = options.all || !options.states.is_empty();
    put!(
        out,
        "{count}{}\n",
        if all { "" } else { " Pass --all to see loaded but inactive units, too." }
    );
    out + "To show all installed unit files use 'systemctl list-unit-files'.\n"
}

fn unit_row(unit: &UnitLine, jobs: bool, options: &Options) -> Vec<Cell> {
    let bad_load =
        matches!(unit.load, LoadState::NotFound | LoadState::BadSetting | LoadState::Error);
    let load = if bad_load { Paint::Red } else { Paint::Plain };
    let active = if unit.active == ActiveState::Failed { Paint::Red } else { Paint::Plain };
    let mark = match (bad_load || unit.load == LoadState::Masked, unit.active) {
        (_, ActiveState::Failed) => Cell::painted("●", Paint::Red),
        (true, _) => Cell::painted("●", Paint::Yellow),
        _ => Cell::default(),
    };
    let mut row = vec![
        mark,
        Cell::painted(&unit.name, if bad_load { load } else { active }),
        Cell::painted(unit.load.as_str(), load),
        Cell::painted(unit.active.as_str(), active),
        Cell::painted(&unit.sub, active),
        Cell::from(&unit.description),
    ];
    if jobs {
        row.insert(5, unit.job.map_or(Cell::default(), |(_, kind)| kind.as_str().into()));
    }
    if options.plain {
        row.remove(0);
    }
    row
}

fn table_text(table: &Table, options: &Options, screen: &Screen) -> String {
    match options.output {
        Output::Text => table.text(screen, !options.no_legend),
        Output::Json => table.json(false),
        Output::JsonPretty => table.json(true),
    }
}

/// Units of one type in full, as the lists of that type want them.
fn in_full(words: &[String], kind: UnitKind, options: &Options) -> Result<Vec<UnitStatus>> {
    let patterns = select::patterns(words, kind)?;
    let suffix = format!(".{}", kind.suffix());
    let meant = |unit: &UnitLine| {
        unit.name.ends_with(&suffix)
            && (patterns.is_empty()
                || patterns.iter().any(|pattern| glob::matches(pattern, &unit.name)))
            && (options.all || unit.active != ActiveState::Inactive)
    };
    let names: Vec<String> =
        ask::units()?.into_iter().filter(meant).map(|unit| unit.name).collect();
    ask::statuses(&names)
}

fn counted(out: String, count: usize, what: &str, options: &Options) -> String {
    if options.no_legend || options.output != Output::Text {
        return out;
    }
    let more = format!("Pass --all to see loaded but inactive {what}, too.\n");
    format!("{out}\n{count} {what} listed.\n{}", if options.all { "" } else { &more })
}

/// `list-timers`
pub fn timers(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    let units = in_full(words, UnitKind::Timer, options)?;
    screen::print(&timers_text(&units, options, screen));
    Ok(0)
}

fn timers_text(units: &[UnitStatus], options: &Options, screen: &Screen) -> String {
    let mut table = Table::new(&["NEXT", ">LEFT", "LAST", ">PASSED", "UNIT", "ACTIVATES"]);
    let mut rows: Vec<(u64, &UnitStatus)> =
        units.iter().map(|unit| (next_elapse(unit, screen.now), unit)).collect();
    rows.sort_by_key(|(next, unit)| (if *next == 0 { u64::MAX } else { *next }, unit.name.clone()));
    for (next, unit) in rows {
        let last = unit.timer.as_ref().map_or(0, |timer| timer.last.real);
        let now = screen.now.real;
        let left =
            if next == 0 { String::new() } else { clock::distance(next.saturating_sub(now)) };
        let passed = if last == 0 { String::new() } else { clock::relative(last, now) };
        table.row(vec![
            moment(next, screen),
            Cell::valued(left, micros(next)),
            moment(last, screen),
            Cell::valued(passed, micros(last)),
            Cell::from(&unit.name),
            Cell::from(unit.triggers.join(" ")),
        ]);
    }
    counted(table_text(&table, options, screen), units.len(), "timers", options)
}

/// When a timer elapses next, by the wall clock; 0 is not.
pub fn next_elapse(unit: &UnitStatus, now: clock::Now) -> u64 {
    let Some(timer) = &unit.timer else { return 0 };
    let by_mono = (timer.next_mono > 0)
        .then(|| now.real.saturating_add(timer.next_mono).saturating_sub(now.mono));
    let by_real = (timer.next_real > 0).then_some(timer.next_real);
    by_mono.into_iter().chain(by_real).min().unwrap_or(0)
}

fn moment(micros_real: u64, screen: &Screen) -> Cell {
    let text = if micros_real == 0 { String::new() } else { screen.zone.text(micros_real) };
    Cell::valued(text, micros(micros_real))
}

fn micros(micros: u64) -> Value {
    if micros == 0 { Value::Null } else { Value::from(micros) }
}

/// `list-sockets`
pub fn sockets(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    let units = in_full(words, UnitKind::Socket, options)?;
    screen::print(&sockets_text(&units, options, screen));
    Ok(0)
}

fn sockets_text(units: &[UnitStatus], options: &Options, screen: &Screen) -> String {
    let mut columns = vec!["LISTEN", "TYPE", "UNIT", "ACTIVATES"];
    if !options.show_types {
        columns.remove(1);
    }
    let mut rows: Vec<[String; 4]> = Vec::new();
    for unit in units {
        for listen in unit.socket.iter().flat_map(|socket| &socket.listen) {
            rows.push([
                listen.address.clone(),
                listen.kind.clone(),
                unit.name.clone(),
                unit.triggers.join(" "),
            ]);
        }
    }
    rows.sort();
    let mut table = Table::new(&columns);
    for [address, kind, unit, activates] in rows.clone() {
        let mut row: Vec<Cell> = vec![address.into(), kind.into(), unit.into(), activates.into()];
        if !options.show_types {
            row.remove(1);
        }
        table.row(row);
    }
    counted(table_text(&table, options, screen), rows.len(), "sockets", options)
}

/// `list-paths`
pub fn paths(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    let units = in_full(words, UnitKind::Path, options)?;
    let mut table = Table::new(&["PATH", "CONDITION", "UNIT", "ACTIVATES"]);
    for unit in &units {
        for (condition, path) in unit.path.iter().flat_map(|path| &path.watches) {
            table.row(vec![
                path.into(),
                condition.into(),
                (&unit.name).into(),
                unit.triggers.join(" ").into(),
            ]);
        }
    }
    screen::print(&counted(table_text(&table, options, screen), table.len(), "paths", options));
    Ok(0)
}

/// `list-automounts`
pub fn automounts(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    let units = in_full(words, UnitKind::Automount, options)?;
    let mut table = Table::new(&["WHAT", "WHERE", "MOUNTED", "IDLE-TIMEOUT", "UNIT"]);
    for unit in &units {
        let mount = unit.mount.clone().unwrap_or_default();
        let idle = mount.idle_timeout;
        let text = if idle == 0 { String::new() } else { clock::span(idle, 1) };
        table.row(vec![
            mount.what.into(),
            mount.place.into(),
            if mount.mounted { "yes" } else { "no" }.into(),
            Cell::valued(text, micros(idle)),
            (&unit.name).into(),
        ]);
    }
    screen::print(&counted(
        table_text(&table, options, screen),
        table.len(),
        "automounts",
        options,
    ));
    Ok(0)
}

/// `list-jobs`
pub fn jobs(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    let patterns = select::patterns(words, UnitKind::Service)?;
    let Answer::Jobs(mut jobs) = ask::ask(&Request::ListJobs)? else {
        bail!(keelson_control::ClientError::Unexpected);
    };
    jobs.retain(|job| {
        patterns.is_empty() || patterns.iter().any(|pattern| glob::matches(pattern, &job.unit))
    });
    screen::print(&jobs_text(&jobs, options, screen));
    Ok(0)
}

fn jobs_text(jobs: &[Job], options: &Options, screen: &Screen) -> String {
    let mut table = Table::new(&[">JOB", "UNIT", "TYPE", "STATE"]);
    for job in jobs {
        table.row(vec![
            Cell::valued(job.id.to_string(), job.id),
            Cell::painted(&job.unit, if job.running { Paint::Bold } else { Paint::Plain }),
            job.kind.as_str().into(),
            if job.running { "running" } else { "waiting" }.into(),
        ]);
    }
    if jobs.is_empty() && options.output == Output::Text {
        return if options.no_legend { String::new() } else { "No jobs running.\n".to_owned() };
    }
    let out = table_text(&table, options, screen);
    if options.no_legend || options.output != Output::Text {
        out
    } else {
        format!("{out}\n{} jobs listed.\n", jobs.len())
    }
}

#[cfg(test)]
mod tests;
