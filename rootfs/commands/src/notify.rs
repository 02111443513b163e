//! `systemd-notify` (systemd-notify(1)): tells PID 1 about a service, for shell scripts.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use keelson_output::eprintln;
use lexopt::prelude::*;
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketType, sendto, socket};

use crate::{ask, screen};

const HELP: &str = "\
systemd-notify [OPTIONS...] [VARIABLE=VALUE...]
systemd-notify [OPTIONS...] --exec [VARIABLE=VALUE...] ; COMMAND ...

Notify the init system about service status updates.

     --ready           the service has started
     --reloading       it reads its configuration anew
     --stopping        it is shutting down
     --pid[=PID]       the main process; this one's parent by default
     --status=TEXT     a status for people
     --booted          whether the system was booted by this init
     --no-block        do not wait until it is taken
     --exec            then run a command
  -h --help  --version
";

#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    lines: Vec<String>,
    command: Option<Vec<OsString>>,
    booted: bool,
    text: Option<&'static str>,
}

/// Runs it. Exit statuses: 0, 1 nobody is told.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    match parse(arguments).and_then(|wish| work(&wish)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln(format_args!("systemd-notify: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Wish> {
    let mut wish = Wish::default();
    let mut command = None;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Long("ready") => wish.lines.push("READY=1".to_owned()),
            Long("reloading") => {
                let now = crate::clock::Now::read().mono;
                wish.lines.push(format!("RELOADING=1\nMONOTONIC_USEC={now}"));
            }
            Long("stopping") => wish.lines.push("STOPPING=1".to_owned()),
            Long("pid") => {
                let told =
                    parser.optional_value().map(|value| value.to_string_lossy().into_owned());
                let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
                let pid = match told.as_deref() {
                    None | Some("auto" | "parent" | "") => parent.to_string(),
                    Some("self") => std::process::id().to_string(),
                    Some(pid) => pid
                        .parse::<u32>()
                        .with_context(|| format!("'{pid}' is no process"))?
                        .to_string(),
                };
                wish.lines.push(format!("MAINPID={pid}"));
            }
            Long("status") => {
                wish.lines.push(format!("STATUS={}", parser.value()?.to_string_lossy()));
            }
            Long("booted") => wish.booted = true,
            Long("no-block") => {}
            Long("uid") => drop(parser.value()?),
            Long("exec") => command = Some(Vec::new()),
            Short('h') | Long("help") => wish.text = Some(HELP),
            Long("version") => wish.text = Some(crate::VERSION_TEXT),
            Value(word) if word == ";" && command.is_some() => {
                command = Some(parser.raw_args()?.collect());
                break;
            }
            Value(word) => wish.lines.push(word.to_string_lossy().into_owned()),
            other => bail!(other.unexpected()),
        }
    }
    wish.command = command;
    Ok(wish)
}

fn work(wish: &Wish) -> Result<bool> {
    if let Some(text) = wish.text {
        screen::print(text);
        return Ok(true);
    }
    if wish.booted {
        return Ok(ask::ask(&keelson_control::Request::LogLevel).is_ok()
            || std::path::Path::new("/run/systemd/system").is_dir());
    }
    if wish.lines.is_empty() && wish.command.is_none() {
        bail!("Nothing to send.");
    }
    let told = send(&wish.lines.join("\n"))?;
    if let Some((program, rest)) = wish.command.as_ref().and_then(|command| command.split_first()) {
        return Err(Command::new(program).args(rest).exec())
            .with_context(|| format!("running {}", program.display()));
    }
    if !told {
        bail!("No status data could be sent: $NOTIFY_SOCKET was not set");
    }
    Ok(true)
}

/// Gives whether there is somebody to tell.
fn send(text: &str) -> Result<bool> {
    let Some(path) = std::env::var("NOTIFY_SOCKET").ok().filter(|path| !path.is_empty()) else {
        return Ok(false);
    };
    let address = match path.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes())?,
        None => SocketAddrUnix::new(path.as_str())?,
    };
    let socket = socket(AddressFamily::UNIX, SocketType::DGRAM, None)?;
    sendto(&socket, text.as_bytes(), SendFlags::NOSIGNAL, &address)
        .with_context(|| format!("sending to {path}"))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_lines() {
        let parsed = |line: &str| parse(line.split('|').map(OsString::from).collect());
        let wish = parsed("--ready|--status=All well|--pid=12|FDSTORE=1").expect("understood");
        assert_eq!(wish.lines, ["READY=1", "STATUS=All well", "MAINPID=12", "FDSTORE=1"]);
        let wish = parsed("--exec|--ready|;|echo|--ready").expect("understood");
        assert_eq!(
            (wish.lines, wish.command),
            (vec!["READY=1".into()], Some(vec!["echo".into(), "--ready".into()]))
        );
        assert!(parsed("--pid=x").is_err() && parsed("--bogus").is_err());
    }
}
