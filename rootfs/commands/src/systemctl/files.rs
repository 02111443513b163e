//! What is done on unit files: `enable`, `mask`, `list-unit-files`, `is-enabled`, `set-default` and their kin.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use keelson_control::Verb;
use keelson_output::eprintln;
use keelson_units::facts::Facts;
use keelson_units::install::{self, Change, Installer, State};
use keelson_units::loader::{Loader, UnitFile};
use keelson_units::model::{Relation, UnitKind, UnitName};

use super::options::{Options, Output};
use super::{change as jobs, select};
use crate::glob;
use crate::names::mangle;
use crate::screen::{self, Paint, Screen};
use crate::table::{Cell, Table};

/// The root folder meant.
pub fn root(options: &Options) -> &Path {
    options.root.as_deref().unwrap_or(Path::new("/"))
}

/// The verbs that change links.
pub fn change(verb: &str, words: &[String], options: &Options) -> Result<u8> {
    if words.is_empty() && verb != "preset-all" {
        bail!("Too few arguments.");
    }
    let units = names(&linked(verb, words, options)?)?;
    let installer = installer(options);
    let now = if options.now && options.root.is_none() { Some(now(verb)?) } else { None };
    let named: Vec<String> = units.iter().map(|name| name.as_str().to_owned()).collect();
    // What is masked cannot be asked for any more, so it is stopped before.
    let stopped = if verb == "mask" && now.is_some() {
        jobs::run_for(Verb::Stop, &named, options)?
    } else {
        0
    };
    let changes = plan(&installer, verb, &units, options)?;
    carry_out(&changes, options)?;
    if changes.is_empty() && matches!(verb, "enable" | "disable" | "preset") && !options.quiet {
        explain_nothing(&installer, &units);
    }
    super::reload(options)?;
    match now {
        Some(now) if verb != "mask" => jobs::run_for(now, &named, options),
        _ => Ok(stopped),
    }
}

/// What `--now` adds to a verb.
fn now(verb: &str) -> Result<Verb> {
    match verb {
        "enable" | "reenable" | "preset" => Ok(Verb::Start),
        "disable" | "mask" => Ok(Verb::Stop),
        _ => bail!("--now cannot be used with {verb}"),
    }
}

fn installer(options: &Options) -> Installer {
    Installer::new(root(options), options.runtime).with_force(options.force > 0)
}

fn carry_out(changes: &[Change], options: &Options) -> Result<()> {
    install::apply(root(options), changes)?;
    if !options.quiet {
        for change in changes {
            eprintln(change);
        }
    }
    Ok(())
}

/// Words that are paths are linked first, as `link` does; gives the names.
fn linked(verb: &str, words: &[String], options: &Options) -> Result<Vec<String>> {
    if !matches!(verb, "link" | "enable" | "reenable") {
        return Ok(words.to_vec());
    }
    let (paths, mut names): (Vec<String>, Vec<String>) =
        words.iter().cloned().partition(|word| word.starts_with('/'));
    if verb == "link" && !names.is_empty() {
        bail!("link takes absolute paths of unit files");
    }
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    carry_out(&installer(options).link(&paths)?, options)?;
    let of = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    names.extend(paths.iter().filter_map(of));
    Ok(names)
}

fn plan(
    installer: &Installer,
    verb: &str,
    units: &[UnitName],
    options: &Options,
) -> Result<Vec<Change>> {
    Ok(match verb {
        "enable" => installer.enable(units)?,
        "disable" => installer.disable(units)?,
        "reenable" => installer.reenable(units)?,
        "mask" => installer.mask(units)?,
        // What is masked until the next boot is unmasked all the same.
        "unmask" => {
            let other = Installer::new(root(options), !options.runtime);
            [installer.unmask(units), other.unmask(units)].concat()
        }
        "revert" => installer.revert(units),
        "preset" => installer.preset(units)?,
        "preset-all" => installer.preset_all()?,
        "add-wants" | "add-requires" => {
            let (target, units) = units.split_first().context("Too few arguments.")?;
            let relation = if verb == "add-wants" { Relation::Wants } else { Relation::Requires };
            installer.add_relation(target, relation, units)?
        }
        _ => Vec::new(),
    })
}

fn names(words: &[String]) -> Result<Vec<UnitName>> {
    let name = |word: &String| {
        mangle(word, UnitKind::Service).with_context(|| format!("`{word}` is no unit"))
    };
    words.iter().map(name).collect()
}

/// What systemctl says of units that cannot be enabled.
fn explain_nothing(installer: &Installer, units: &[UnitName]) {
    if units.iter().any(|name| !installer.has_install(name)) {
        eprintln(format_args!(
            "The unit files have no installation config (WantedBy=, RequiredBy=, UpheldBy=,\n\
             Also=, or Alias= settings in the [Install] section, and DefaultInstance= for\n\
             template units). This means they are not meant to be enabled or disabled using systemctl."
        ));
    }
}

/// `enabled`, `static` and so on of a unit of this host, and what the presets say; none where it has no file.
pub fn enabled_state(name: &str) -> Option<(String, Option<bool>)> {
    let name: UnitName = name.parse().ok()?;
    let installer = Installer::new(Path::new("/"), false);
    match installer.state(&name) {
        State::NotFound => None,
        state => {
            let preset = state.has_preset().then(|| installer.preset_of(&name));
            Some((state.as_str().to_owned(), preset))
        }
    }
}

/// `is-enabled`. Exit statuses: 0 one is, 1 none is, 4 none is there.
pub fn is_enabled(words: &[String], options: &Options) -> Result<u8> {
    if words.is_empty() {
        bail!("Too few arguments.");
    }
    let installer = Installer::new(root(options), false);
    let states: Vec<State> = names(words)?.iter().map(|name| installer.state(name)).collect();
    for state in &states {
        if !options.quiet {
            screen::print(&format!("{}\n", state.as_str()));
        }
    }
    let missing = states.iter().all(|state| *state == State::NotFound);
    let on = states.iter().any(|state| state.exit_status() == 0);
    Ok(if on {
        0
    } else if missing {
        4
    } else {
        1
    })
}

/// `list-unit-files`
pub fn list(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    let patterns = select::patterns(words, UnitKind::Service)?;
    let mut loader = Loader::new(root(options), Facts::read(root(options)));
    let mut files = loader.known_names();
    files.retain(|file| {
        let name = file.name.as_str();
        (patterns.is_empty() || patterns.iter().any(|pattern| glob::matches(pattern, name)))
            && (options.types.is_empty()
                || options.types.iter().any(|kind| kind == file.name.kind().suffix()))
            && (options.states.is_empty()
                || options.states.iter().any(|state| state == file.state.as_str()))
    });
    files.sort_by(|a, b| {
        (a.name.kind().suffix(), a.name.as_str()).cmp(&(b.name.kind().suffix(), b.name.as_str()))
    });
    screen::print(&list_text(&files, options, screen));
    Ok(0)
}

fn list_text(files: &[UnitFile], options: &Options, screen: &Screen) -> String {
    let mut table = Table::new(&["UNIT FILE", "STATE", "PRESET"]);
    for file in files {
        let state = file.state.as_str();
        let paint = match state {
            "enabled" | "enabled-runtime" | "alias" => Paint::Green,
            "masked" | "masked-runtime" | "bad" => Paint::Red,
            "disabled" => Paint::Yellow,
            _ => Paint::Plain,
        };
        let preset = match file.preset {
            None => Cell::default(),
            Some(true) => Cell::painted("enabled", Paint::Green),
            Some(false) => Cell::painted("disabled", Paint::Yellow),
        };
        table.row(vec![file.name.as_str().into(), Cell::painted(state, paint), preset]);
    }
    match options.output {
        Output::Text if options.no_legend => table.text(screen, false),
        Output::Text => {
            format!("{}\n{} unit files listed.\n", table.text(screen, true), files.len())
        }
        Output::Json => table.json(false),
        Output::JsonPretty => table.json(true),
    }
}

/// `get-default`
pub fn get_default(options: &Options) -> Result<u8> {
    let mut loader = Loader::new(root(options), Facts::read(root(options)));
    let name: UnitName = "default.target".parse().context("a name of our own")?;
    match loader.load(&name) {
        keelson_units::loader::Loaded::Unit(unit) => {
            screen::print(&format!("{}\n", unit.name));
        }
        _ => bail!("Failed to get default target: default.target is not there"),
    }
    Ok(0)
}

/// `set-default`
pub fn set_default(words: &[String], options: &Options) -> Result<u8> {
    let [word] = words else { bail!("set-default takes one target") };
    let target = mangle(word, UnitKind::Target)?;
    if target.kind() != UnitKind::Target {
        bail!("Failed to set default target: {target} is no target");
    }
    carry_out(&installer(options).set_default(&target)?, options)?;
    super::reload(options)?;
    Ok(0)
}

#[cfg(test)]
mod tests;
