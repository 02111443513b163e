//! `networkctl` (networkctl(1)): what the links are and how they are set up, and the few things to ask of the service.

mod status;
mod table;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use keelson_output::{eprintln, print};

use crate::netlink::request::{change_link, delete_link};
use crate::netlink::socket::Kernel;
use crate::service::control::{Request, ask};
use crate::service::{down, up};

const HELP: &str = "networkctl [OPTIONS...] COMMAND

Query and control the networking subsystem.

Commands:
  list [PATTERN...]      List links
  status [PATTERN...]    Show link status
  delete DEVICES...      Delete virtual netdevs
  up DEVICES...          Bring devices up
  down DEVICES...        Bring devices down
  renew DEVICES...       Renew dynamic configurations
  reconfigure DEVICES... Reconfigure interfaces
  reload                 Reload .network and .netdev files
  cat [FILE|@DEVICE...]  Show network configuration files

Options:
  -h --help              Show this help
     --version           Show package version
     --no-pager          Do not pipe output into a pager (there is none)
     --no-legend         Do not show the headers and footers
  -a --all               Show status for all links
  -l --full              Do not ellipsize output
     --json=pretty|short|off
                         Generate JSON output
";

/// How output is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Json {
    /// As text.
    #[default]
    Off,
    /// On one line.
    Short,
    /// Indented.
    Pretty,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Arguments {
    words: Vec<String>,
    json: Json,
    all: bool,
    legend: bool,
}

/// Runs the program; `args` without its name.
pub fn run(args: Vec<OsString>) -> ExitCode {
    let result = match parse(args) {
        Ok(Some(arguments)) => command(&arguments),
        Ok(None) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln(format_args!("networkctl: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn parse(args: Vec<OsString>) -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut arguments = Arguments { legend: true, ..Arguments::default() };
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => {
                print(HELP);
                return Ok(None);
            }
            Long("version") => {
                print(concat!("systemd 257 (keelson ", env!("CARGO_PKG_VERSION"), ")\n"));
                return Ok(None);
            }
            Long("no-pager" | "full") | Short('l') => {}
            Long("no-legend") => arguments.legend = false,
            Short('a') | Long("all") => arguments.all = true,
            Long("json") => {
                arguments.json = match parser.value()?.string()?.as_str() {
                    "pretty" => Json::Pretty,
                    "short" => Json::Short,
                    "off" => Json::Off,
                    other => return Err(format!("`{other}` is none of pretty, short, off").into()),
                };
            }
            Value(word) => arguments.words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

fn command(arguments: &Arguments) -> Result<(), String> {
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    let root = Path::new("/");
    let (verb, names) =
        words.split_first().map_or(("list", &[][..]), |(verb, names)| (*verb, names));
    match verb {
        "list" => table::list(root, names, arguments.json, arguments.legend),
        "status" => status::status(root, names, arguments.json, arguments.all),
        "cat" => status::cat(root, names),
        "reload" => ask(root, &Request::Reload).map_err(|error| error.to_string()),
        "renew" | "reconfigure" | "up" | "down" | "delete" if names.is_empty() => {
            Err(format!("{verb} needs the name of a link"))
        }
        "renew" | "reconfigure" | "up" | "down" | "delete" => {
            names.iter().try_for_each(|name| change(root, verb, name))
        }
        other => Err(format!("unknown command {other}")),
    }
}

fn change(root: &Path, verb: &str, name: &str) -> Result<(), String> {
    let mut kernel = Kernel::open().map_err(|error| error.to_string())?;
    let links = kernel.links().map_err(|error| error.to_string())?;
    let found = links.iter().find(|link| {
        link.name == name
            || link.alternative_names.iter().any(|other| other == name)
            || name.parse() == Ok(link.index)
    });
    let link = found.ok_or_else(|| format!("no link is called {name}"))?;
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", link.name);
    match verb {
        "renew" => ask(root, &Request::Renew(link.name.clone())).map_err(|error| told(&error)),
        "reconfigure" => {
            ask(root, &Request::Reconfigure(link.name.clone())).map_err(|error| told(&error))
        }
        "up" => kernel.ask(&change_link(link.index, &up())).map_err(|error| told(&error)),
        "down" => kernel.ask(&change_link(link.index, &down())).map_err(|error| told(&error)),
        _ => kernel.ask(&delete_link(link.index)).map_err(|error| told(&error)),
    }
}

#[cfg(test)]
mod tests;
