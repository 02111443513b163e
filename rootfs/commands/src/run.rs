//! `systemd-run` (systemd-run(1)): a command as a service of its own, without a file.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use keelson_control::{ActiveState, Answer, ClientError, Outcome, Request, UnitStatus, Wait};
use keelson_output::eprintln;
use keelson_units::directives;
use keelson_units::model::UnitKind;
use lexopt::prelude::*;

use crate::clock::Now;
use crate::names::mangle;
use crate::{ask, screen, settings};

const HELP: &str = "\
systemd-run [OPTIONS...] COMMAND [ARGUMENT...]

Run the command as a transient service.

     --unit=NAME                its name; one is made up otherwise
     --description=TEXT
     --slice=SLICE
     --service-type=TYPE
  -p --property=NAME=VALUE      any setting of [Service] or [Unit]
  -E --setenv=NAME[=VALUE]
  -d --same-dir                 run in this folder
     --working-directory=PATH  --uid=USER  --gid=GROUP  --nice=LEVEL
  -r --remain-after-exit
     --wait                     wait until it is over
     --no-block                 do not wait until it has started
  -G --collect                  forget it when it is over, also where it failed
  -q --quiet  -h --help  --version
";

/// A unit to be.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    unit: String,
    text: String,
    wait: Wait,
    collect: bool,
    quiet: bool,
}

/// How the command ended, where that is no number of its own: by a signal.
const KILLED: u8 = 255;

/// Runs it. With `--wait` the exit status is that of a command that failed, 255 where a signal ended it, 1 where something
/// else failed.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let now = Now::read();
    let outcome = parse(arguments, &format!("run-{}-{}", std::process::id(), now.mono));
    match outcome.and_then(|wish| wish.map_or(Ok(0), |wish| work(&wish))) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: Vec<OsString>, made_up: &str) -> Result<Option<Wish>> {
    let mut wish = Wish {
        unit: format!("{made_up}.service"),
        text: String::new(),
        wait: Wait::Finished,
        collect: false,
        quiet: false,
    };
    let mut description = None;
    let mut settings: Vec<String> = Vec::new();
    let mut command: Vec<String> = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    let text = |value: OsString| value.to_string_lossy().into_owned();
    while let Some(option) = parser.next()? {
        let named = match &option {
            Long("slice") => Some("Slice"),
            Long("service-type") => Some("Type"),
            Long("working-directory") => Some("WorkingDirectory"),
            Long("uid") => Some("User"),
            Long("gid") => Some("Group"),
            Long("nice") => Some("Nice"),
            _ => None,
        };
        if let Some(name) = named {
            settings.push(format!("{name}={}", text(parser.value()?)));
            continue;
        }
        match option {
            Long("unit") => {
                wish.unit = mangle(&text(parser.value()?), UnitKind::Service)?.to_string();
            }
            Long("description") => description = Some(text(parser.value()?)),
            Short('p') | Long("property") => {
                let setting = text(parser.value()?);
                if !setting.contains('=') {
                    bail!("Not an assignment: {setting}");
                }
                settings::judge(Path::new("/"), UnitKind::Service, section(&setting), &setting)?;
                settings.push(setting);
            }
            Short('E') | Long("setenv") => {
                settings.push(format!("Environment={}", variable(&text(parser.value()?))));
            }
            Short('d') | Long("same-dir") => {
                settings.push(format!("WorkingDirectory={}", std::env::current_dir()?.display()));
            }
            Short('r') | Long("remain-after-exit") => {
                settings.push("RemainAfterExit=yes".to_owned());
            }
            Long("wait") => wish.wait = Wait::Inactive,
            Long("no-block") => wish.wait = Wait::Queued,
            Short('q') | Long("quiet") => wish.quiet = true,
            Short('G') | Long("collect") => wish.collect = true,
            Long("no-ask-password" | "system" | "expand-environment") => {}
            Value(program) => {
                command.push(text(program));
                command.extend(parser.raw_args()?.map(text));
            }
            other => return screen::help_or_version(other, HELP).map(|()| None),
        }
    }
    let Some(program) = command.first() else { bail!("Command line to execute required.") };
    let description = description
        .unwrap_or_else(|| format!("{program} {}", command[1..].join(" ")).trim().to_owned());
    for line in settings.iter().chain([&description]) {
        if line.contains('\n') {
            bail!("'{}' has more than one line", line.escape_debug());
        }
    }
    let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    wish.text = format!("[Unit]\nDescription={}\n", description.replace('%', "%%"));
    settings.sort_by_key(|setting| section(setting) != "Unit");
    let of_unit = settings.iter().take_while(|setting| section(setting) == "Unit").count();
    for (number, setting) in settings.iter().enumerate() {
        put!(wish.text, "{}{setting}\n", if number == of_unit { "\n[Service]\n" } else { "" });
    }
    if of_unit == settings.len() {
        put!(wish.text, "\n[Service]\n");
    }
    put!(wish.text, "ExecStart={}\n", words.join(" "));
    Ok(Some(wish))
}

/// The section a setting stands in: that of services, or of all units where only they know it.
fn section(setting: &str) -> &'static str {
    let name = setting.split_once('=').map_or(setting, |(name, _)| name);
    let known = |section| directives::find(section, name).is_some();
    if known("Unit") && !known("Service") { "Unit" } else { "Service" }
}

/// `NAME=VALUE`, or the value that this program has of NAME.
fn variable(text: &str) -> String {
    let whole = match text.split_once('=') {
        Some(_) => text.to_owned(),
        None => format!("{text}={}", std::env::var(text).unwrap_or_default()),
    };
    quoted(&whole).replace("$$", "$")
}

/// A word of a command line that means nothing but itself (systemd.service(5), "COMMAND LINES").
fn quoted(word: &str) -> String {
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '%' | '$' => out.extend([c, c]),
            c => out.push(c),
        }
    }
    out + "\""
}

fn work(wish: &Wish) -> Result<u8> {
    let request = Request::StartTransient {
        unit: wish.unit.clone(),
        text: wish.text.clone(),
        wait: wish.wait,
        // One that is waited for is asked how it ended, so it has to be there then.
        collect: wish.collect && wish.wait != Wait::Inactive,
    };
    let Answer::Outcomes(outcomes) = ask::ask(&request)? else {
        bail!(ClientError::Unexpected);
    };
    for outcome in &outcomes {
        if let Outcome::Refused(refusal) = &outcome.outcome {
            bail!("Failed to start transient service unit: {}", ask::refused(refusal));
        }
    }
    if !wish.quiet {
        eprintln(format_args!("Running as unit: {}", wish.unit));
    }
    if wish.wait != Wait::Inactive {
        return Ok(0);
    }
    // The unit may be gone by now, which it is only after it went well.
    let ended = ask::statuses(std::slice::from_ref(&wish.unit))?;
    let failed = ended.iter().find(|unit| unit.active == ActiveState::Failed);
    if failed.is_some() && wish.collect {
        ask::ask_done(&Request::ResetFailed { units: vec![wish.unit.clone()] })?;
    }
    Ok(failed.map_or(0, status_of_failed))
}

fn status_of_failed(unit: &UnitStatus) -> u8 {
    let status =
        unit.service.as_ref().and_then(|service| u8::try_from(service.exec_main_status).ok());
    match (unit.result.as_str(), status) {
        ("exit-code", Some(status @ 1..)) => status,
        ("signal", _) => KILLED,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use keelson_control::{Exit, LoadState, ServiceStatus};

    use super::*;

    #[test]
    fn the_status_of_a_command_that_failed_is_passed_on() {
        let status = |result: &str, code, status| {
            let service = ServiceStatus {
                exec_main_code: Some(code),
                exec_main_status: status,
                ..ServiceStatus::default()
            };
            let mut unit = UnitStatus::new("x.service", LoadState::Loaded);
            unit.result = result.into();
            unit.service = Some(Box::new(service));
            status_of_failed(&unit)
        };
        assert_eq!(status("exit-code", Exit::Exited, 42), 42);
        assert_eq!(status("exit-code", Exit::Exited, 0), 1, "another command of it failed");
        assert_eq!(status("signal", Exit::Killed, 15), 255);
        assert_eq!(status("timeout", Exit::Killed, 9), 1);
    }

    #[test]
    fn a_command_becomes_a_unit() {
        let arguments =
            "--unit=x|-p|CPUWeight=50|-E|A=b c|--uid=core|--wait|-G|sh|-c|echo \"$HOME\" 100%";
        let wish =
            parse(arguments.split('|').map(OsString::from).collect(), "run-1").expect("understood");
        let wish = wish.expect("something to run");
        assert_eq!((wish.unit.as_str(), wish.wait), ("x.service", Wait::Inactive));
        assert!(wish.collect);
        assert_eq!(
            wish.text,
            "[Unit]\nDescription=sh -c echo \"$HOME\" 100%%\n\n[Service]\nCPUWeight=50\nEnvironment=\"A=b c\"\n\
             User=core\nExecStart=\"sh\" \"-c\" \"echo \\\"$$HOME\\\" 100%%\"\n"
        );
        let arguments = ["-pAfter=b.service", "-pNice=5", "x"].map(OsString::from).to_vec();
        let wish = parse(arguments, "run-1").expect("understood").expect("something to run");
        assert_eq!(
            wish.text,
            "[Unit]\nDescription=x\nAfter=b.service\n\n[Service]\nNice=5\nExecStart=\"x\"\n"
        );
        for wrong in [
            "",
            "-p|CPUWeight|x",
            "-p|Bogus=1|x",
            "-p|CPUWeight=much|x",
            "--description=a\nb|x",
            "--bogus|x",
        ] {
            let arguments =
                wrong.split('|').filter(|word| !word.is_empty()).map(OsString::from).collect();
            assert!(parse(arguments, "run-1").is_err(), "{wrong}");
        }
    }
}
