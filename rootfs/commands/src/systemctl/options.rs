//! The command line of systemctl(1).

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Error, Result, bail};
use keelson_control::{CleanWhat, JobMode, LoadState, Whom};
use keelson_journal::journalctl::output::Mode;
use keelson_units::model::UnitKind;
use lexopt::prelude::*;

use super::values::Values;

/// How lists and logs are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// JSON in one line.
    Json,
    /// JSON over many lines.
    JsonPretty,
}

/// The options and words.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Options {
    /// The verb and its arguments.
    pub words: Vec<String>,
    /// `--help`
    pub help: bool,
    /// `--version`
    pub version: bool,
    /// `--type=help`, `--state=help`
    pub values: Option<Values>,
    /// `--type=`
    pub types: Vec<String>,
    /// `--state=`, `--failed`
    pub states: Vec<String>,
    /// `--property=`
    pub properties: Vec<String>,
    /// `--value`
    pub value_only: bool,
    /// `--all`
    pub all: bool,
    /// `--full`: nothing is cut; with `edit`, the whole file.
    pub full: bool,
    /// `--lines=`
    pub lines: Option<usize>,
    /// `--quiet`
    pub quiet: bool,
    /// `--no-pager`
    pub no_pager: bool,
    /// `--no-legend`
    pub no_legend: bool,
    /// `--plain`
    pub plain: bool,
    /// `--output=`, `--json=`
    pub output: Output,
    /// `--job-mode=`
    pub job_mode: Option<JobMode>,
    /// `--no-block`
    pub no_block: bool,
    /// `--wait`
    pub wait: bool,
    /// `--now`
    pub now: bool,
    /// `--runtime`
    pub runtime: bool,
    /// `--force`, counted.
    pub force: u8,
    /// `--message=`
    pub message: Option<String>,
    /// `--signal=`
    pub signal: Option<String>,
    /// `--kill-whom=`
    pub whom: Option<Whom>,
    /// `--kill-value=`
    pub kill_value: Option<i32>,
    /// `--root=`
    pub root: Option<PathBuf>,
    /// `--no-reload`
    pub no_reload: bool,
    /// `--no-wall`
    pub no_wall: bool,
    /// `--dry-run`
    pub dry_run: bool,
    /// `--reverse`
    pub reverse: bool,
    /// `--after`
    pub after: bool,
    /// `--before`
    pub before: bool,
    /// `--show-types`
    pub show_types: bool,
    /// `--what=`
    pub what: Vec<CleanWhat>,
    /// `--when=`
    pub when: Option<String>,
    /// `--stdin`
    pub stdin: bool,
    /// `--drop-in=`
    pub drop_in: Option<String>,
    /// `--timestamp=utc` and kin
    pub utc: bool,
    /// `--show-transaction`
    pub show_transaction: bool,
    /// `--reboot-argument=`
    pub reboot_argument: Option<String>,
}

/// Reads the command line, without the program's name.
pub fn parse(arguments: Vec<OsString>) -> Result<Options> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        let name = match argument {
            Short(letter) => long_of(letter)
                .map(str::to_owned)
                .with_context(|| format!("unknown option -{letter}"))?,
            Long(name) => name.to_owned(),
            Value(word) => {
                options.words.push(word.to_string_lossy().into_owned());
                continue;
            }
        };
        if !switch(&mut options, &name) {
            let value = parser.value().with_context(|| format!("option --{name}"));
            valued(&mut options, &name, value.map(|value| value.to_string_lossy().into_owned()))?;
        }
    }
    Ok(options)
}

/// The long form of a letter.
fn long_of(letter: char) -> Option<&'static str> {
    const LETTERS: [(char, &str); 17] = [
        ('h', "help"),
        ('t', "type"),
        ('p', "property"),
        ('P', "only-property"),
        ('a', "all"),
        ('l', "full"),
        ('n', "lines"),
        ('q', "quiet"),
        ('o', "output"),
        ('f', "force"),
        ('s', "signal"),
        ('r', "recursive"),
        ('T', "show-transaction"),
        ('i', "ignore-inhibitors"),
        ('H', "host"),
        ('M', "machine"),
        ('v', "verbose"),
    ];
    LETTERS.iter().find(|(own, _)| *own == letter).map(|(_, name)| *name)
}

/// Options without a value; gives whether it is one.
fn switch(options: &mut Options, name: &str) -> bool {
    let flag = match name {
        "help" => &mut options.help,
        "version" => &mut options.version,
        "value" => &mut options.value_only,
        "all" => &mut options.all,
        "full" => &mut options.full,
        "quiet" => &mut options.quiet,
        "no-pager" => &mut options.no_pager,
        "no-legend" => &mut options.no_legend,
        "plain" => &mut options.plain,
        "no-block" => &mut options.no_block,
        "wait" => &mut options.wait,
        "now" => &mut options.now,
        "runtime" => &mut options.runtime,
        "no-reload" => &mut options.no_reload,
        "no-wall" => &mut options.no_wall,
        "dry-run" => &mut options.dry_run,
        "reverse" => &mut options.reverse,
        "after" => &mut options.after,
        "before" => &mut options.before,
        "show-types" => &mut options.show_types,
        "stdin" => &mut options.stdin,
        "utc" => &mut options.utc,
        "show-transaction" => &mut options.show_transaction,
        "failed" => {
            options.states.push("failed".to_owned());
            return true;
        }
        "force" => {
            options.force = options.force.saturating_add(1);
            return true;
        }
        "fail" => return mode(options, JobMode::Fail),
        "irreversible" => return mode(options, JobMode::ReplaceIrreversibly),
        "ignore-dependencies" => return mode(options, JobMode::IgnoreDependencies),
        // There is one manager, no inhibitor, no agent that asks for passwords, and nothing that warns.
        "system" | "no-ask-password" | "ignore-inhibitors" | "recursive" | "no-warn"
        | "with-dependencies" | "verbose" | "mkdir" | "read-only" => return true,
        _ => return false,
    };
    *flag = true;
    true
}

fn mode(options: &mut Options, mode: JobMode) -> bool {
    options.job_mode = Some(mode);
    true
}

fn valued(options: &mut Options, name: &str, value: Result<String>) -> Result<()> {
    let known = match name {
        "type" => {
            let words = words(name, &value?)?;
            let upto = words.iter().position(|word| word == "help");
            options.values = upto.map(|_| Values::Types).or(options.values);
            words.iter().take(upto.unwrap_or(words.len())).try_for_each(|word| check_type(word))?;
            options.types.extend(words);
            true
        }
        // A state that is none is the state of no unit, as in systemd.
        "state" => {
            let words = words(name, &value?)?;
            if words.iter().any(|word| word == "help") {
                options.values = Some(Values::States);
            }
            options.states.extend(words);
            true
        }
        "property" => {
            options.properties.extend(split(&value?));
            true
        }
        "only-property" => {
            options.value_only = true;
            options.properties.extend(split(&value?));
            true
        }
        "lines" => {
            let text = value?;
            let number = |text: &str| {
                text.parse()
                    .with_context(|| format!("--lines={text} is neither a number nor `all`"))
            };
            options.lines = Some(if text == "all" { usize::MAX } else { number(&text)? });
            true
        }
        "output" => {
            options.output = match value?.as_str() {
                "json" => Output::Json,
                "json-pretty" => Output::JsonPretty,
                // How lines of the log look; here they look one way.
                other => other.parse::<Mode>().map(|_| Output::Text).map_err(Error::msg)?,
            };
            true
        }
        "json" => {
            options.output = match value?.as_str() {
                "short" => Output::Json,
                "pretty" => Output::JsonPretty,
                "off" => Output::Text,
                other => bail!("--json={other} is none of pretty, short, off"),
            };
            true
        }
        "job-mode" => mode(options, value?.parse()?),
        "message" => set(&mut options.message, value?),
        "signal" => set(&mut options.signal, value?),
        "kill-whom" | "kill-who" => set(&mut options.whom, value?.parse()?),
        "kill-value" => set(&mut options.kill_value, value?.parse().context("--kill-value=")?),
        "root" => {
            options.root = Some(PathBuf::from(value?)).filter(|root| !root.as_os_str().is_empty());
            true
        }
        "when" => set(&mut options.when, value?),
        "drop-in" => set(&mut options.drop_in, value?),
        "reboot-argument" => set(&mut options.reboot_argument, value?),
        "timestamp" => {
            options.utc = value?.contains("utc");
            true
        }
        "legend" => {
            options.no_legend = matches!(value?.as_str(), "no" | "false" | "0" | "off");
            true
        }
        "what" => {
            for word in value?.split(',') {
                match word {
                    "all" => options.what.extend(CleanWhat::ALL),
                    word => options.what.push(word.parse()?),
                }
            }
            true
        }
        // All checks are those of inhibitors, of which there are none; presets are always applied in full.
        "check-inhibitors" | "preset-mode" => value.is_ok(),
        "user" | "global" | "host" | "machine" | "capsule" | "image" => {
            bail!("--{name} is not supported: there is one manager, that of this system")
        }
        _ => false,
    };
    if known { Ok(()) } else { bail!("unknown option --{name}") }
}

fn check_type(word: &str) -> Result<()> {
    let kinds = UnitKind::ALL.map(UnitKind::suffix);
    if kinds.contains(&word) || word.parse::<LoadState>().is_ok() {
        return Ok(());
    }
    bail!("Unknown unit type or load state '{word}'. Types are {}", kinds.join(", "))
}

/// The words of `--type=` and `--state=`, which are nothing without any.
fn words(name: &str, value: &str) -> Result<Vec<String>> {
    if value.is_empty() {
        bail!("--{name}= requires arguments");
    }
    Ok(split(value).collect())
}

fn split(value: &str) -> impl Iterator<Item = String> + '_ {
    value.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty())
}

fn set<T>(into: &mut Option<T>, value: T) -> bool {
    *into = Some(value);
    true
}

#[cfg(test)]
mod tests;
