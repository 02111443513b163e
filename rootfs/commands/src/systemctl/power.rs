//! The end of the system: `poweroff`, `reboot`, `halt`, `kexec`, `shutdown`.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use keelson_control::{Answer, ClientError, Goal, Haste, Request, Schedule};
use keelson_output::eprintln;
use rustix::system::{RebootCommand, reboot};

use super::options::Options;
use crate::clock::{MINUTE, Now, Zone, parse_moment};
use crate::{ask, screen};

mod shutdown;
mod signals;

pub use shutdown::shutdown_command;

/// `systemctl poweroff` and kin.
pub fn run(goal: Goal, options: &Options) -> Result<u8> {
    let now = Now::read();
    let when = match options.when.as_deref() {
        Some("show") => return show_planned(),
        Some("cancel" | "") => {
            ask::ask_done(&Request::CancelEnd { wall: !options.no_wall })?;
            return Ok(0);
        }
        Some("auto") => Some(now.real + MINUTE),
        Some(text) => Some(
            parse_moment(text, now, Zone::Local)
                .with_context(|| format!("--when={text} is no time"))?,
        ),
        None => None,
    };
    let haste = match options.force {
        0 => Haste::Clean,
        1 => Haste::Forced,
        _ => Haste::Immediate,
    };
    let argument = options.reboot_argument.clone().or_else(|| options.words.get(1).cloned());
    let message = options.message.clone();
    end(&Request::End { goal, haste, when, message, wall: !options.no_wall, argument })
}

/// `poweroff`, `reboot`, `halt` by their own names (halt(8)).
pub fn power_command(name: &str, arguments: Vec<OsString>) -> ExitCode {
    let outcome = parse(name, arguments).and_then(|request| match request {
        Some(request) => end(&request),
        None => Ok(0),
    });
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln(format_args!("{name}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

const HELP: &str = "\
Usage: poweroff|reboot|halt [OPTION...]

End the system.

  -p --poweroff  turn the machine off
     --reboot    start it anew
     --halt      stop it with the power on
  -f --force     kill instead of stopping units; twice: at once, without even syncing
  -w --wtmp-only does nothing, there is no wtmp
  -n --no-sync, -d --no-wtmp  taken and ignored
     --no-wall   do not tell those logged in
     --help --version
";

fn parse(name: &str, arguments: Vec<OsString>) -> Result<Option<Request>> {
    use lexopt::prelude::*;
    let mut goal: Goal = name.parse()?;
    let (mut force, mut wall, mut argument) = (0_u8, true, None);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Short('p') | Long("poweroff") => goal = Goal::PowerOff,
            Long("reboot") => goal = Goal::Reboot,
            Long("halt") => goal = Goal::Halt,
            Short('f') | Long("force") => force += 1,
            Long("no-wall") => wall = false,
            Short('d' | 'n' | 'h' | 'i') | Long("no-wtmp" | "no-sync") => {}
            Short('w') | Long("wtmp-only") => return Ok(None),
            Value(word) if goal == Goal::Reboot && argument.is_none() => {
                argument = Some(word.to_string_lossy().into_owned());
            }
            Long("help") => {
                screen::print(HELP);
                return Ok(None);
            }
            Long("version") => {
                screen::print(crate::VERSION_TEXT);
                return Ok(None);
            }
            other => bail!(other.unexpected()),
        }
    }
    let haste = [Haste::Clean, Haste::Forced, Haste::Immediate][usize::from(force.min(2))];
    Ok(Some(Request::End { goal, haste, when: None, message: None, wall, argument }))
}

/// Asks PID 1 for the end; where nobody answers, by signal.
fn end(request: &Request) -> Result<u8> {
    let Request::End { goal, haste, .. } = request else { return Ok(1) };
    if *haste == Haste::Immediate {
        return at_once(*goal);
    }
    let outcome = keelson_control::Client::connect().and_then(|mut client| client.ask(request));
    match outcome {
        Ok(Answer::Scheduled(Some(plan))) => announce(&plan),
        Ok(_) => {
            if let Request::End { goal, when: Some(when), .. } = request {
                announce(&Schedule { goal: *goal, when: *when });
            }
        }
        Err(ClientError::Refused(refusal)) => {
            bail!("Failed to {goal} the system: {}", ask::refused(&refusal))
        }
        Err(error) => {
            eprintln(format_args!("{error}; sending PID 1 a signal"));
            signals::send(*goal).with_context(|| format!("signalling PID 1 to {goal}"))?;
        }
    }
    Ok(0)
}

fn at_once(goal: Goal) -> Result<u8> {
    let command = match goal {
        Goal::PowerOff => RebootCommand::PowerOff,
        Goal::Reboot => RebootCommand::Restart,
        Goal::Halt => RebootCommand::Halt,
        Goal::Kexec => RebootCommand::Kexec,
    };
    reboot(command).with_context(|| format!("asking the kernel to {goal}"))?;
    Ok(0)
}

fn announce(plan: &Schedule) {
    let word = match plan.goal {
        Goal::PowerOff => "Shutdown",
        Goal::Reboot => "Reboot",
        Goal::Halt => "Halt",
        Goal::Kexec => "Kexec reboot",
    };
    eprintln(format_args!(
        "{word} scheduled for {}, use 'shutdown -c' to cancel.",
        Zone::Local.text(plan.when)
    ));
}

fn show_planned() -> Result<u8> {
    match ask::ask(&Request::ShowEnd)? {
        Answer::Scheduled(Some(plan)) => {
            announce(&plan);
            Ok(0)
        }
        _ => bail!("No scheduled shutdown."),
    }
}

#[cfg(test)]
mod tests;
