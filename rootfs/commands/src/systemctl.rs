//! `systemctl` (systemctl(1)): asks PID 1 over its control socket; enabling and masking is done on files here.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, bail};
use keelson_control::{Goal, Request, Verb};
use keelson_output::eprintln;

use crate::ask;
use crate::screen::{self, Screen};
use options::Options;

mod change;
mod control;
mod dependencies;
mod edit;
mod files;
mod help;
mod lists;
mod options;
mod power;
mod processes;
mod properties;
mod select;
mod show;
mod states;
mod status;
mod values;

/// Runs it. The exit status is that of systemctl(1).
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let outcome = options::parse(arguments).and_then(|options| dispatch(&options));
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// `poweroff`, `reboot`, `halt`, `shutdown` by their own names.
pub use power::{power_command, shutdown_command};

fn dispatch(options: &Options) -> Result<u8> {
    if options.help {
        screen::print(help::TEXT);
        return Ok(0);
    }
    if options.version {
        screen::print(crate::VERSION_TEXT);
        return Ok(0);
    }
    if let Some(values) = options.values {
        screen::print(&values.text(!options.no_legend && !options.quiet));
        return Ok(0);
    }
    if let Some(root) = &options.root {
        crate::files::check_root(root)?;
    }
    let verb = options.words.first().map_or("list-units", String::as_str);
    let words = options.words.get(1..).unwrap_or_default();
    let screen = screen_for(options);
    if let Some(status) = change_verb(verb, words, options)? {
        return Ok(status);
    }
    match verb {
        "list-units" => lists::units(words, options, &screen),
        "list-unit-files" => files::list(words, options, &screen),
        "list-timers" => lists::timers(words, options, &screen),
        "list-sockets" => lists::sockets(words, options, &screen),
        "list-paths" => lists::paths(words, options, &screen),
        "list-automounts" => lists::automounts(words, options, &screen),
        "list-jobs" => lists::jobs(words, options, &screen),
        "list-dependencies" => dependencies::list(words, options, &screen),
        "status" => status::run(words, options, &screen),
        "show" => show::run(words, options, &screen),
        "cat" => edit::cat(words, options, &screen),
        "edit" => edit::edit(words, options),
        "help" => edit::manual(words),
        "is-active" => states::is_active(words, options),
        "is-failed" => states::is_failed(words, options),
        "is-enabled" => files::is_enabled(words, options),
        "is-system-running" => states::is_system_running(options),
        "get-default" => files::get_default(options),
        "set-default" => files::set_default(words, options),
        "enable" | "disable" | "reenable" | "mask" | "unmask" | "link" | "revert" | "preset"
        | "preset-all" | "add-wants" | "add-requires" => files::change(verb, words, options),
        "set-property" => edit::set_property(words, options),
        _ => control::run(verb, words, options),
    }
}

/// The verbs that put jobs on units or end the system.
fn change_verb(verb: &str, words: &[String], options: &Options) -> Result<Option<u8>> {
    // Names of old that mean the same.
    let verb = match verb {
        "condrestart" => "try-restart",
        "force-reload" => "reload-or-restart",
        "condreload" | "reload-or-try-restart" => "try-reload-or-restart",
        verb => verb,
    };
    if let Ok(verb) = verb.parse::<Verb>() {
        return change::run(verb, words, options).map(Some);
    }
    if let Ok(goal) = verb.parse::<Goal>() {
        return power::run(goal, options).map(Some);
    }
    let target = match verb {
        "default" | "rescue" | "emergency" => format!("{verb}.target"),
        "exit" => return power::run(Goal::PowerOff, options).map(Some),
        "soft-reboot"
        | "suspend"
        | "hibernate"
        | "hybrid-sleep"
        | "suspend-then-hibernate"
        | "sleep"
        | "switch-root" => bail!("{verb} is not supported on this system"),
        _ => return Ok(None),
    };
    change::run(Verb::Isolate, &[target], options).map(Some)
}

fn screen_for(options: &Options) -> Screen {
    let mut screen = Screen::of_stdout();
    if options.full {
        screen.width = None;
    }
    if options.utc {
        screen.zone = crate::clock::Zone::Utc;
    }
    screen
}

/// Asks PID 1 to read its files again, unless that is not wanted.
fn reload(options: &Options) -> Result<()> {
    if options.no_reload || options.root.is_some() {
        return Ok(());
    }
    ask::ask_done(&Request::DaemonReload)
}
