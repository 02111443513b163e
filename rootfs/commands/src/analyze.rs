//! `systemd-analyze` (systemd-analyze(1)): how the boot went, and whether files and expressions are right.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use keelson_control::{Answer, ClientError, Request, Timings};
use keelson_output::eprintln;
use lexopt::prelude::*;

use crate::ask;
use crate::screen::{self, Screen};

mod chain;
mod dot;
mod expressions;
mod plot;
mod tables;
mod times;
mod verify;

const HELP: &str = "\
systemd-analyze [OPTIONS...] COMMAND ...

How the boot went:
  time                     how long its parts took (the default)
  blame                    units by the time they took
  critical-chain [UNIT...] the units that the boot waited for
  plot                     a picture of it, as SVG
  dot [PATTERN...]         the units and what they need, for dot(1)

Whether things are right:
  verify FILE|UNIT...      unit files
  calendar EXPRESSION...   calendar events (--iterations=N, --base-time=TIME)
  timestamp TIME...        moments
  timespan SPAN...         spans of time

What there is:
  unit-paths               the folders of unit files
  unit-files               unit files by name
  cat-config NAME...       configuration files and their drop-ins
  exit-status [STATUS...]  exit statuses by number and name

Options:
     --root=PATH  --iterations=N  --base-time=TIME  --fuzz=SPAN  --order  --require
     --man=BOOL  --recursive-errors=MODE  --json=MODE  --no-pager  -q --quiet  -h --help  --version
";

/// The options and words.
#[derive(Debug)]
pub struct Options {
    words: Vec<String>,
    root: PathBuf,
    iterations: u32,
    base: Option<String>,
    /// Microseconds: units that were up so near to the last are shown as well.
    fuzz: u64,
    order_only: bool,
    require_only: bool,
    /// Whether units that the named ones need are judged too.
    recursive: bool,
}

/// Runs it. Exit statuses: 0, 1 something is wrong.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let outcome =
        parse(arguments).and_then(|options| options.map_or(Ok(true), |options| work(&options)));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>> {
    let mut options = Options {
        words: Vec::new(),
        root: PathBuf::from("/"),
        iterations: 1,
        base: None,
        fuzz: 0,
        order_only: false,
        require_only: false,
        recursive: true,
    };
    let text = |value: OsString| value.to_string_lossy().into_owned();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Long("root") => options.root = crate::files::root(parser.value()?),
            Long("iterations") => options.iterations = parser.value()?.parse()?,
            Long("base-time") => options.base = Some(text(parser.value()?)),
            Long("fuzz") => options.fuzz = expressions::micros(&text(parser.value()?))?,
            Long("order") => options.order_only = true,
            Long("require") => options.require_only = true,
            Long("recursive-errors") => options.recursive = text(parser.value()?) == "yes",
            Long("man" | "json" | "generators" | "from-pattern" | "to-pattern") => {
                drop(parser.value()?);
            }
            Long("no-pager" | "quiet" | "system" | "no-legend") | Short('q') => {}
            Value(word) => options.words.push(text(word)),
            other => return screen::help_or_version(other, HELP).map(|()| None),
        }
    }
    Ok(Some(options))
}

fn work(options: &Options) -> Result<bool> {
    let screen = Screen::of_stdout();
    let verb = options.words.first().map_or("time", String::as_str);
    let words = options.words.get(1..).unwrap_or_default();
    let text = match verb {
        "time" => times::summary(&finished()?),
        "blame" => times::blame(&timings()?),
        "critical-chain" => chain::text(&timings()?, words, options.fuzz, &screen)?,
        "plot" => plot::svg(&timings()?),
        "dot" => dot::text(words, options)?,
        "verify" => return verify::run(words, options),
        "calendar" => expressions::calendar(words, options, &screen)?,
        "timestamp" => expressions::timestamps(words, &screen)?,
        "timespan" => expressions::spans(words)?,
        "unit-paths" => tables::unit_paths(options),
        "unit-files" => tables::unit_files(options),
        "cat-config" => tables::cat_config(words, options)?,
        "exit-status" | "exit-codes" => tables::exit_status(words, &screen)?,
        _ => bail!("Unknown command verb '{verb}'."),
    };
    screen::print(&text);
    Ok(true)
}

fn timings() -> Result<Timings> {
    match ask::ask(&Request::Timings)? {
        Answer::Timings(timings) => Ok(*timings),
        _ => bail!(ClientError::Unexpected),
    }
}

fn finished() -> Result<Timings> {
    let timings = timings()?;
    if timings.finished == 0 {
        bail!(
            "Bootup is not yet finished. Please try again later.\nHint: Use 'systemctl list-jobs' to see active jobs"
        );
    }
    Ok(timings)
}
