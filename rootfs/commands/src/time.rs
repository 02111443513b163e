//! `timedatectl` (timedatectl(1)): the clock, the time zone, and who sets them.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use keelson_control::{Answer, JobMode, JobResult, Outcome, Request, Verb, Wait};
use keelson_output::eprintln;
use keelson_units::calendar::Zones;
use lexopt::prelude::*;
use rustix::time::{ClockId, Timespec, clock_settime};

use crate::clock::{Zone, parse_moment, span};
use crate::screen::{self, Screen};
use crate::{ask, files};

const HELP: &str = "\
timedatectl [OPTIONS...] COMMAND ...

Query or change system time and date settings.

  status                 show them (the default)
  show                   the same for programs
  set-time TIME          set the clock
  set-timezone ZONE      set the time zone
  list-timezones         list the zones there are
  set-local-rtc BOOL     the hardware clock is in UTC here: only \"no\" is taken
  set-ntp BOOL           switch synchronization on or off
  timesync-status        show how synchronization is

  -p --property=NAME  --value  -a --all  --no-pager  --no-ask-password  -h --help  --version
";

/// The unit that sets the clock.
const NTP_UNIT: &str = "chrony.service";

#[derive(Debug, Default)]
struct Options {
    properties: Vec<String>,
    value_only: bool,
    words: Vec<String>,
}

/// Runs it.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let outcome = parse(arguments)
        .and_then(|options| options.map_or(Ok(()), |options| work(&options, Path::new("/"))));
    screen::end(outcome)
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>> {
    let mut options = Options::default();
    let text = |value: OsString| value.to_string_lossy().into_owned();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Short('p') | Long("property") => options.properties.push(text(parser.value()?)),
            Short('P') => {
                options.properties.push(text(parser.value()?));
                options.value_only = true;
            }
            Long("value") => options.value_only = true,
            Short('a')
            | Long("all" | "no-pager" | "no-ask-password" | "adjust-system-clock" | "monitor") => {}
            Value(word) => options.words.push(text(word)),
            other => return screen::help_or_version(other, HELP).map(|()| None),
        }
    }
    Ok(Some(options))
}

fn work(options: &Options, root: &Path) -> Result<()> {
    let screen = Screen::of_stdout();
    let words: Vec<&str> = options.words.iter().map(String::as_str).collect();
    match words[..] {
        [] | ["status"] => screen::print(&status(&state(root), &screen)),
        ["show"] => screen::print(&show(&state(root), options, &screen)),
        ["list-timezones"] => screen::print(&zones(root)?),
        ["set-timezone", zone] => set_zone(root, zone)?,
        ["set-time", ref time @ ..] if !time.is_empty() => set_time(&time.join(" "), &screen)?,
        ["set-local-rtc", value] => {
            if boolean(value)? {
                bail!("the hardware clock of this host is kept in UTC");
            }
        }
        ["set-ntp", value] => set_ntp(boolean(value)?)?,
        // The program that keeps the clock tells best how it does.
        ["timesync-status" | "show-timesync"] => {
            return Err(Command::new("/usr/bin/chronyc").arg("tracking").exec())
                .context("running chronyc");
        }
        [verb, ..] => bail!("Unknown command verb '{verb}', or its argument is missing."),
    }
    Ok(())
}

fn boolean(text: &str) -> Result<bool> {
    keelson_units::value::boolean(text).with_context(|| format!("Failed to parse boolean '{text}'"))
}

/// What is to be told.
#[derive(Debug)]
struct State {
    zone: String,
    rtc: Option<u64>,
    synchronized: bool,
    /// Whether the NTP unit is active; none where it is not there.
    ntp: Option<bool>,
}

fn state(root: &Path) -> State {
    let rtc = fs::read_to_string(root.join("sys/class/rtc/rtc0/since_epoch")).ok();
    State {
        zone: zone(root),
        rtc: rtc
            .and_then(|text| text.trim().parse::<u64>().ok())
            .map(|seconds| seconds * crate::clock::SECOND),
        synchronized: is_synchronized(),
        ntp: ntp(),
    }
}

/// The name of the host's zone, by where `/etc/localtime` leads.
fn zone(root: &Path) -> String {
    let target = fs::read_link(root.join("etc/localtime")).unwrap_or_default();
    let text = target.to_string_lossy();
    text.split_once("zoneinfo/").map_or_else(|| "UTC".to_owned(), |(_, name)| name.to_owned())
}

fn ntp() -> Option<bool> {
    // A host whose PID 1 does not answer has a clock all the same.
    let units = ask::statuses(&[NTP_UNIT.to_owned()]).ok()?;
    let unit = units.first().filter(|unit| unit.load == keelson_control::LoadState::Loaded)?;
    Some(unit.active == keelson_control::ActiveState::Active)
}

#[expect(unsafe_code, reason = "the safe bindings have no adjtimex")]
fn is_synchronized() -> bool {
    // SAFETY: timex is plain numbers; with no mode set the kernel only fills it in.
    unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        libc::adjtimex(&raw mut timex) >= 0 && timex.maxerror < 16_000_000
    }
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn status(state: &State, screen: &Screen) -> String {
    let now = screen.now.real;
    let local = screen.zone.civil(now);
    let (abbreviation, offset) =
        local.map_or(("UTC".to_owned(), 0), |civil| (civil.zone, civil.offset));
    let sign = if offset < 0 { '-' } else { '+' };
    let offset = offset.unsigned_abs();
    let rtc = state.rtc.map_or_else(
        || "n/a".to_owned(),
        |rtc| Zone::Utc.text(rtc).trim_end_matches(" UTC").to_owned(),
    );
    let service = match state.ntp {
        None => "n/a",
        Some(true) => "active",
        Some(false) => "inactive",
    };
    let rows = [
        ("Local time", screen.zone.text(now)),
        ("Universal time", Zone::Utc.text(now)),
        ("RTC time", rtc),
        (
            "Time zone",
            format!(
                "{} ({abbreviation}, {sign}{:02}{:02})",
                state.zone,
                offset / 3600,
                offset % 3600 / 60
            ),
        ),
        ("System clock synchronized", yes(state.synchronized).to_owned()),
        ("NTP service", service.to_owned()),
        ("RTC in local TZ", "no".to_owned()),
    ];
    rows.iter().map(|(label, value)| format!("{label:>25}: {value}\n")).collect()
}

fn show(state: &State, options: &Options, screen: &Screen) -> String {
    let rows = [
        ("Timezone", state.zone.clone()),
        ("LocalRTC", "no".to_owned()),
        ("CanNTP", yes(state.ntp.is_some()).to_owned()),
        ("NTP", yes(state.ntp == Some(true)).to_owned()),
        ("NTPSynchronized", yes(state.synchronized).to_owned()),
        ("TimeUSec", screen.zone.text(screen.now.real)),
        ("RTCTimeUSec", state.rtc.map(|rtc| screen.zone.text(rtc)).unwrap_or_default()),
    ];
    let mut out = String::new();
    for (name, value) in rows {
        if options.properties.is_empty()
            || options.properties.iter().any(|property| property == name)
        {
            let (name, equals) = if options.value_only { ("", "") } else { (name, "=") };
            put!(out, "{name}{equals}{value}\n");
        }
    }
    out
}

fn zones(root: &Path) -> Result<String> {
    let base = root.join("usr/share/zoneinfo");
    let mut names: Vec<String> = vec!["UTC".to_owned()];
    if base.is_dir() {
        below(&base, "", &mut names)?;
    }
    names.sort();
    names.dedup();
    Ok(names.join("\n") + "\n")
}

/// Names of zones are those of files that begin with a capital letter.
fn below(folder: &Path, prefix: &str, names: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
            continue;
        }
        let whole = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            below(&entry.path(), &format!("{whole}/"), names)?;
        } else {
            names.push(whole);
        }
    }
    Ok(())
}

fn set_zone(root: &Path, zone: &str) -> Result<()> {
    let sane = !zone.starts_with('/')
        && !zone.split('/').any(|part| part.is_empty() || part.starts_with('.'));
    if !sane || zone != "UTC" && Zones::new(root).named(zone).is_none() {
        bail!("Failed to set time zone: Invalid or not installed time zone '{zone}'");
    }
    let path = root.join("etc/localtime");
    files::relink(&path, &format!("../usr/share/zoneinfo/{zone}"))
        .context("Failed to set time zone")
}

fn set_time(text: &str, screen: &Screen) -> Result<()> {
    if ntp() == Some(true) {
        bail!("Failed to set time: Automatic time synchronization is enabled");
    }
    let micros = parse_moment(text, screen.now, screen.zone)
        .with_context(|| format!("Failed to parse time '{text}'"))?;
    let time = Timespec {
        tv_sec: i64::try_from(micros / crate::clock::SECOND)?,
        tv_nsec: i64::try_from(micros % crate::clock::SECOND * 1000)?,
    };
    clock_settime(ClockId::Realtime, time).context("Failed to set time")?;
    let moved = screen.now.real.abs_diff(micros);
    eprintln(format_args!("The clock was moved by {}.", span(moved, crate::clock::SECOND)));
    Ok(())
}

fn set_ntp(on: bool) -> Result<()> {
    let root = Path::new("/");
    let name = [NTP_UNIT.parse().context("a name of our own")?];
    let installer = keelson_units::install::Installer::new(root, false);
    // The image enables the unit by a link in /usr, which only a mask can hide.
    let changes = if on { installer.unmask(&name) } else { installer.mask(&name)? };
    // It is stopped while it still has its file and started once it has it again.
    if !on {
        change_ntp(Verb::Stop)?;
    }
    keelson_units::install::apply(root, &changes).context("Failed to set ntp")?;
    ask::ask_done(&Request::DaemonReload)?;
    if on { change_ntp(Verb::Start) } else { Ok(()) }
}

fn change_ntp(verb: Verb) -> Result<()> {
    let units = vec![NTP_UNIT.to_owned()];
    let request = Request::Change { verb, units, mode: JobMode::Replace, wait: Wait::Finished };
    let Answer::Outcomes(outcomes) = ask::ask(&request)? else {
        bail!(keelson_control::ClientError::Unexpected);
    };
    for outcome in outcomes {
        match outcome.outcome {
            Outcome::Refused(refusal) => bail!("Failed to set ntp: {}", ask::refused(&refusal)),
            Outcome::Finished(result) if result != JobResult::Done => {
                bail!("Failed to set ntp: the job of {} ended as {result:?}", outcome.unit)
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
