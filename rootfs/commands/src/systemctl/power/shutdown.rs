//! `shutdown` (shutdown(8)).

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use keelson_control::{Goal, Haste, Request};
use keelson_output::eprintln;
use lexopt::prelude::*;

use crate::clock::{MINUTE, Now, Zone, parse_moment, parse_time};
use crate::{ask, screen};

const HELP: &str = "\
Usage: shutdown [OPTION...] [TIME] [WALL MESSAGE...]

Shut down the system.

  -P --poweroff  turn the machine off (the default)
  -r --reboot    start it anew
  -H --halt      stop it with the power on
  -h             the same as --poweroff, unless --halt is given
  -k             do not shut down, just tell those logged in
  -c             cancel a pending shutdown
     --show      show a pending shutdown
     --no-wall   do not tell those logged in
     --help --version

TIME is now, +MINUTES (the default is +1) or HH:MM.
";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    /// To PID 1.
    Ask(Request),
    /// The pending shutdown.
    Show,
    /// Tell those logged in and do nothing.
    Tell(String),
    /// A text for people.
    Print(&'static str),
}

/// Runs it.
pub fn shutdown_command(arguments: Vec<OsString>) -> ExitCode {
    let outcome = parse(arguments, Now::read(), Zone::Local).and_then(|wish| match wish {
        Wish::Ask(request @ Request::End { .. }) => super::end(&request),
        Wish::Ask(request) => ask::ask_done(&request).map(|()| 0),
        Wish::Show => super::show_planned(),
        Wish::Tell(message) => {
            tell(&message);
            Ok(0)
        }
        Wish::Print(text) => {
            screen::print(text);
            Ok(0)
        }
    });
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln(format_args!("shutdown: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

pub(super) fn parse(arguments: Vec<OsString>, now: Now, zone: Zone) -> Result<Wish> {
    let mut goal = Goal::PowerOff;
    let (mut wall, mut only_tell, mut cancel) = (true, false, false);
    let mut words: Vec<String> = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Short('P') | Long("poweroff") => goal = Goal::PowerOff,
            Short('r') | Long("reboot") => goal = Goal::Reboot,
            Short('H') | Long("halt") => goal = Goal::Halt,
            Short('K') | Long("kexec") => goal = Goal::Kexec,
            // Letters of old without a meaning here: -f, -F, -t.
            Short('h' | 'f' | 'F' | 't' | 'a' | 'n') => {}
            Short('k') => only_tell = true,
            Short('c') => cancel = true,
            Long("no-wall") => wall = false,
            Long("show") => return Ok(Wish::Show),
            Long("help") => return Ok(Wish::Print(HELP)),
            Long("version") => return Ok(Wish::Print(crate::VERSION_TEXT)),
            Value(word) => words.push(word.to_string_lossy().into_owned()),
            other => bail!(other.unexpected()),
        }
    }
    if cancel {
        return Ok(Wish::Ask(Request::CancelEnd { wall }));
    }
    let when = match words.first().map(String::as_str) {
        Some("now" | "+0") => None,
        Some(word) => Some(time(word, now, zone).with_context(|| format!("`{word}` is no time"))?),
        None => Some(now.real + MINUTE),
    };
    let message =
        Some(words.get(1..).unwrap_or_default().join(" ")).filter(|message| !message.is_empty());
    if only_tell {
        return Ok(Wish::Tell(
            message.unwrap_or_else(|| format!("The system is going down for {goal}.")),
        ));
    }
    let haste = Haste::Clean;
    Ok(Wish::Ask(Request::End { goal, haste, when, message, wall, argument: None }))
}

/// `+MINUTES` or a time of day; one that has passed today is tomorrow's.
fn time(word: &str, now: Now, zone: Zone) -> Option<u64> {
    if let Some(minutes) =
        word.strip_prefix('+').or_else(|| word.parse::<u64>().is_ok().then_some(word))
    {
        return now.real.checked_add(minutes.parse::<u64>().ok()?.checked_mul(MINUTE)?);
    }
    parse_time(word)?;
    let today = parse_moment(word, now, zone)?;
    Some(if today > now.real { today } else { today + 24 * 60 * MINUTE })
}

/// Writes a message to every terminal somebody may sit at; one that cannot be written to is passed over.
fn tell(message: &str) {
    let text = format!("\r\n{message}\r\n");
    for entry in std::fs::read_dir("/dev/pts").into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().parse::<u32>().is_ok() {
            let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
            let terminal =
                std::fs::OpenOptions::new().write(true).custom_flags(flags).open(entry.path());
            let _unreachable_terminal =
                terminal.and_then(|mut terminal| terminal.write_all(text.as_bytes()));
        }
    }
}
