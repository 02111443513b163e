//! `systemd-cat`: connects a program's output, or its own input, with the log (systemd-cat(1)).

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use keelson_output::{eprintln, print};
use lexopt::prelude::*;

use crate::service::config::level;

const SOCKET: &str = "/run/systemd/journal/stdout";
const HELP: &str = "\
systemd-cat [OPTIONS...] COMMAND ...

Execute process with stdout/stderr connected to the journal.

  -h --help                      Show this help
     --version                   Show package version
  -t --identifier=STRING         Set syslog identifier
  -p --priority=PRIORITY         Set priority value
     --stderr-priority=PRIORITY  Set priority value used for stderr
     --level-prefix=BOOL         Control whether level prefix shall be parsed
";

/// What the command line says.
struct Options {
    identifier: String,
    priority: u8,
    error_priority: Option<u8>,
    level_prefix: bool,
    command: Vec<OsString>,
    only: Option<String>,
}

/// Runs `systemd-cat` with the arguments after its name.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let outcome = parse(arguments).map_err(io::Error::other).and_then(|options| {
        let Some(text) = &options.only else { return connect(&options) };
        print(text);
        Ok(())
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln(format_args!("systemd-cat: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Options, lexopt::Error> {
    let mut options = Options {
        identifier: String::new(),
        priority: 6,
        error_priority: None,
        level_prefix: true,
        command: Vec::new(),
        only: None,
    };
    let number = |text: String| {
        level(&text).ok_or_else(|| lexopt::Error::from(format!("`{text}` is no priority")))
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => options.only = Some(HELP.to_owned()),
            Long("version") => {
                options.only =
                    Some(format!("systemd 257 (keelson {})\n", env!("CARGO_PKG_VERSION")));
            }
            Short('t') | Long("identifier") => options.identifier = parser.value()?.string()?,
            Short('p') | Long("priority") => options.priority = number(parser.value()?.string()?)?,
            Long("stderr-priority") => {
                options.error_priority = Some(number(parser.value()?.string()?)?);
            }
            Long("level-prefix") => {
                let text = parser.value()?.string()?;
                let value = keelson_units::value::boolean(&text);
                options.level_prefix =
                    value.ok_or_else(|| format!("`{text}` is neither yes nor no"))?;
            }
            Value(word) => {
                options.command.push(word);
                options.command.extend(parser.raw_args()?);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

fn open(options: &Options, priority: u8) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(SOCKET).map_err(|error| {
        io::Error::new(error.kind(), format!("connecting to the log service on {SOCKET}: {error}"))
    })?;
    let prefix = u8::from(options.level_prefix);
    stream.write_all(
        format!("{}\n\n{priority}\n{prefix}\n0\n0\n0\n", options.identifier).as_bytes(),
    )?;
    Ok(stream)
}

fn connect(options: &Options) -> io::Result<()> {
    let mut output = open(options, options.priority)?;
    let Some((program, arguments)) = options.command.split_first() else {
        return io::copy(&mut io::stdin(), &mut output).map(|_| ());
    };
    let errors = match options.error_priority {
        Some(priority) => open(options, priority)?,
        None => output.try_clone()?,
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdout(Stdio::from(OwnedFd::from(output)))
        .stderr(Stdio::from(OwnedFd::from(errors)));
    let error = command.exec();
    let what = format!("starting {}: {error}", program.display());
    Err(io::Error::new(error.kind(), what))
}
