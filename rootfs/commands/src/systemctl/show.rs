//! `show`: properties for programs.

use anyhow::{Result, bail};
use keelson_control::{Answer, ClientError, ManagerStatus, Request};
use keelson_units::model::UnitKind;
use serde_json::{Map, Value};

use super::options::{Options, Output};
use super::{properties, select};
use crate::ask;
use crate::screen::{self, Screen};

/// Runs it.
pub fn run(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    if words.is_empty() {
        let Answer::Manager(manager) = ask::ask(&Request::ShowManager)? else {
            bail!(ClientError::Unexpected);
        };
        screen::print(&text(&[manager_properties(&manager, screen)], options));
        return Ok(0);
    }
    let units = ask::statuses(&select::names(words, UnitKind::Service)?)?;
    let all: Vec<Vec<(String, String)>> =
        units.iter().map(|unit| properties::of(unit, screen.zone)).collect();
    screen::print(&text(&all, options));
    Ok(0)
}

/// The properties wanted, of each unit, with an empty line between units.
fn text(units: &[Vec<(String, String)>], options: &Options) -> String {
    if options.output != Output::Text {
        return json(units, options);
    }
    let mut blocks = Vec::new();
    for properties in units {
        let mut block = String::new();
        for (name, value) in wanted(properties, options) {
            // Empty ones are left out where nothing is asked for by name.
            if value.is_empty() && options.properties.is_empty() && !options.all {
                continue;
            }
            let (name, equals) = if options.value_only { ("", "") } else { (name, "=") };
            put!(block, "{name}{equals}{value}\n");
        }
        blocks.push(block);
    }
    blocks.join("\n")
}

fn json(units: &[Vec<(String, String)>], options: &Options) -> String {
    let object = |properties: &Vec<(String, String)>| {
        let fields = wanted(properties, options).into_iter();
        Value::Object(
            fields
                .map(|(name, value)| (name.to_owned(), Value::from(value)))
                .collect::<Map<_, _>>(),
        )
    };
    let all: Vec<Value> = units.iter().map(object).collect();
    let pretty = options.output == Output::JsonPretty;
    let text =
        if pretty { serde_json::to_string_pretty(&all) } else { serde_json::to_string(&all) };
    text.expect("values have text keys") + "\n"
}

/// In the order asked, or all.
fn wanted<'a>(properties: &'a [(String, String)], options: &'a Options) -> Vec<(&'a str, &'a str)> {
    let pair = |(name, value): &'a (String, String)| (name.as_str(), value.as_str());
    if options.properties.is_empty() {
        return properties.iter().map(pair).collect();
    }
    let find = |wanted: &'a String| properties.iter().find(|(name, _)| name == wanted).map(pair);
    options.properties.iter().filter_map(find).collect()
}

fn manager_properties(manager: &ManagerStatus, screen: &Screen) -> Vec<(String, String)> {
    let pairs = [
        ("Version", manager.version.clone()),
        ("Architecture", std::env::consts::ARCH.replace('_', "-")),
        ("Tainted", manager.tainted.join(":")),
        ("UserspaceTimestamp", properties::moment(manager.since.real, screen.zone)),
        ("UserspaceTimestampMonotonic", manager.since.mono.to_string()),
        ("LogLevel", manager.log_level.to_string()),
        ("NNames", manager.units.to_string()),
        ("NFailedUnits", manager.failed.to_string()),
        ("NJobs", manager.jobs.to_string()),
        ("NInstalledJobs", manager.jobs_total.to_string()),
        ("RuntimeWatchdogUSec", manager.watchdog.to_string()),
        ("DefaultTarget", manager.default_target.clone()),
        ("MemoryResident", manager.resident.to_string()),
        ("SystemState", manager.state.to_string()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

#[cfg(test)]
mod tests;
