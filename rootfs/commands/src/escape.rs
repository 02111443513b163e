//! `systemd-escape` (systemd-escape(1)): texts as parts of unit names.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use keelson_output::eprintln;
use keelson_units::escape;
use keelson_units::model::{UnitKind, UnitName};
use lexopt::prelude::*;

use crate::names::mangle;
use crate::screen;

const HELP: &str = "\
systemd-escape [OPTIONS...] [NAME...]

Escape strings for usage in unit names.

     --suffix=SUFFIX      append this unit suffix
     --template=TEMPLATE  insert as the instance of this template
     --instance           with --unescape, show just the instance part
  -u --unescape           undo it
  -m --mangle             names as systemctl takes them
  -p --path               the strings are paths
  -h --help  --version
";

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Options {
    suffix: Option<String>,
    template: Option<UnitName>,
    instance: bool,
    unescape: bool,
    mangle: bool,
    path: bool,
}

/// Runs it.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    match work(arguments) {
        Ok(text) => {
            screen::print(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln(format_args!("systemd-escape: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn work(arguments: Vec<OsString>) -> Result<String> {
    let mut options = Options::default();
    let mut words = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    let text = |value: OsString| value.to_string_lossy().into_owned();
    while let Some(option) = parser.next()? {
        match option {
            Long("suffix") => options.suffix = Some(text(parser.value()?)),
            Long("template") => options.template = Some(text(parser.value()?).parse()?),
            Long("instance") => options.instance = true,
            Short('u') | Long("unescape") => options.unescape = true,
            Short('m') | Long("mangle") => options.mangle = true,
            Short('p') | Long("path") => options.path = true,
            Short('h') | Long("help") => return Ok(HELP.to_owned()),
            Long("version") => return Ok(crate::VERSION_TEXT.to_owned()),
            Value(word) => words.push(text(word)),
            other => bail!(other.unexpected()),
        }
    }
    if words.is_empty() {
        bail!("Not enough arguments.");
    }
    let done: Vec<String> = words.iter().map(|word| one(word, &options)).collect::<Result<_>>()?;
    Ok(done.join(" ") + "\n")
}

fn one(word: &str, options: &Options) -> Result<String> {
    if options.mangle {
        return Ok(mangle(word, UnitKind::Service)?.to_string());
    }
    if options.unescape {
        return unescaped(word, options).with_context(|| format!("Failed to unescape '{word}'"));
    }
    let escaped = if options.path {
        escape::escape_path(Path::new(word))
            .with_context(|| format!("Failed to escape '{word}'"))?
    } else {
        escape::escape(word)
    };
    match (&options.template, &options.suffix) {
        (Some(template), _) => Ok(template.with_instance(&escaped)?.to_string()),
        (None, Some(suffix)) => Ok(format!("{escaped}.{}", suffix.trim_start_matches('.'))),
        (None, None) => Ok(escaped),
    }
}

fn unescaped(word: &str, options: &Options) -> Option<String> {
    let part = if options.instance || options.template.is_some() {
        let name: UnitName = word.parse().ok()?;
        if options
            .template
            .as_ref()
            .is_some_and(|template| name.template().as_ref() != Some(template))
        {
            return None;
        }
        name.instance()?.to_owned()
    } else {
        word.to_owned()
    };
    if options.path {
        return escape::unescape_path(&part);
    }
    escape::unescape(&part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_back() {
        for (line, text) in [
            ("Hallöchen, Meister", "Hall\\xc3\\xb6chen\\x2c\\x20Meister"),
            ("-p|/tmp//waldi/foobar/", "tmp-waldi-foobar"),
            (
                "--template=systemd-nspawn@.service|My Container",
                "systemd-nspawn@My\\x20Container.service",
            ),
            ("-u|a-b\\x2d", "a/b-"),
            ("-up|tmp-waldi", "/tmp/waldi"),
            ("--suffix=mount|-p|/tmp/x", "tmp-x.mount"),
            ("-m|ssh", "ssh.service"),
            ("-u|--instance|a@b-c.service", "b/c"),
            ("a|b c", "a b\\x20c"),
        ] {
            let arguments = line.split('|').map(OsString::from).collect();
            assert_eq!(work(arguments).expect(line), format!("{text}\n"), "{line}");
        }
        for wrong in ["", "--bogus", "-u|--instance|plain.service"] {
            let arguments =
                wrong.split('|').filter(|word| !word.is_empty()).map(OsString::from).collect();
            assert!(work(arguments).is_err(), "{wrong}");
        }
    }
}
