//! `systemd-networkd-wait-online` (systemd-networkd-wait-online.service(8)): waits until the network service says that
//! what is required is online.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use keelson_output::{eprintln, print};
use keelson_units::glob;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

use crate::clock;
use crate::config::link_section::{OperRange, RequiredFamily};
use crate::netlink::object::Link;
use crate::netlink::socket::{Kernel, Monitor};
use crate::state::{AddressState, OperState};
use crate::text::Pairs;

const HELP: &str = "systemd-networkd-wait-online [OPTIONS...]

Block until network is configured.

  -h --help                 Show this help
     --version              Print version string
  -q --quiet                Do not show status information
  -i --interface=INTERFACE[:MIN_OPERSTATE[:MAX_OPERSTATE]]
                            Block until at least these interfaces have appeared
     --ignore=INTERFACE     Don't take these interfaces into account
  -o --operational-state=MIN_OPERSTATE[:MAX_OPERSTATE]
                            Required operational state
  -4 --ipv4                 Requires at least one IPv4 address
  -6 --ipv6                 Requires at least one IPv6 address
     --any                  Wait until at least one of the interfaces is online
     --timeout=SECS         Maximum time to wait for network connectivity
";

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Links by name, each perhaps with a range; empty is every managed link.
    pub interfaces: Vec<(String, Option<OperRange>)>,
    /// Patterns of links that do not count.
    pub ignore: Vec<String>,
    /// The range for all.
    pub range: Option<OperRange>,
    /// The families.
    pub family: Option<RequiredFamily>,
    /// One is enough.
    pub any: bool,
    /// `None` waits for ever.
    pub timeout: Option<Duration>,
    /// No words.
    pub quiet: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            ignore: Vec::new(),
            range: None,
            family: None,
            any: false,
            timeout: Some(Duration::from_mins(2)),
            quiet: false,
        }
    }
}

/// Runs the program; `args` without its name.
pub fn run(args: Vec<OsString>) -> ExitCode {
    match parse(args) {
        Ok(Some(wish)) => wait(Path::new("/"), &wish),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln(format_args!("systemd-networkd-wait-online: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn parse(args: Vec<OsString>) -> Result<Option<Wish>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut wish = Wish::default();
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
            Short('q') | Long("quiet") => wish.quiet = true,
            Short('i') | Long("interface") => {
                let text = parser.value()?.string()?;
                let (name, range) =
                    text.split_once(':').map_or((text.as_str(), None), |(n, r)| (n, Some(r)));
                wish.interfaces.push((name.to_owned(), range.map(OperRange::read).transpose()?));
            }
            Long("ignore") => wish.ignore.push(parser.value()?.string()?),
            Short('o') | Long("operational-state") => {
                wish.range = Some(OperRange::read(&parser.value()?.string()?)?);
            }
            Short('4') | Long("ipv4") => wish.family = Some(add(wish.family, RequiredFamily::Ipv4)),
            Short('6') | Long("ipv6") => wish.family = Some(add(wish.family, RequiredFamily::Ipv6)),
            Long("any") => wish.any = true,
            Long("timeout") => {
                let text = parser.value()?.string()?;
                let span = keelson_units::value::time_span(&text);
                let span = span.ok_or_else(|| format!("`{text}` is no time span"))?;
                wish.timeout = span.filter(|span| !span.is_zero());
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(wish))
}

fn add(before: Option<RequiredFamily>, now: RequiredFamily) -> RequiredFamily {
    if before.is_some_and(|before| before != now) { RequiredFamily::Both } else { now }
}

/// Waits; the files of the service are looked for below `root`.
pub fn wait(root: &Path, wish: &Wish) -> ExitCode {
    match wait_until_online(root, wish) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            if !wish.quiet {
                eprintln("Timeout occurred while waiting for network connectivity.");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln(format_args!("systemd-networkd-wait-online: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn wait_until_online(root: &Path, wish: &Wish) -> Result<bool, String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let folder = root.join("run/systemd/netif/links");
    let mut monitor = Monitor::open().map_err(|error| failed(&error))?;
    let mut kernel = Kernel::open().map_err(|error| failed(&error))?;
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)
        .map_err(|error| failed(&error))?;
    let end = wish.timeout.map(|timeout| clock::now() + timeout);
    let mut watched = false;
    loop {
        // The folder appears with the service.
        let flags = inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::DELETE;
        watched = watched || inotify::add_watch(&watch, &folder, flags).is_ok();
        let links = kernel.links().map_err(|error| failed(&error))?;
        if is_online(wish, &links, &read_states(&folder, &links)) {
            return Ok(true);
        }
        let now = clock::now();
        if end.is_some_and(|end| end <= now) {
            return Ok(false);
        }
        let most = if watched { Duration::from_hours(1) } else { Duration::from_millis(200) };
        let left =
            end.map_or(most, |end| (end.saturating_sub(now) + Duration::from_millis(1)).min(most));
        let left = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut fds = [PollFd::new(&monitor, PollFlags::IN), PollFd::new(&watch, PollFlags::IN)];
        match poll(&mut fds, Some(&left)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(failed(&error)),
        }
        while monitor.read().is_ok_and(|events| !events.is_empty()) {}
        let mut buffer = [0; 4096];
        while rustix::io::read(&watch, &mut buffer[..]).is_ok_and(|read| read > 0) {}
    }
}

fn read_states(folder: &Path, links: &[Link]) -> BTreeMap<u32, String> {
    let file = |link: &Link| -> PathBuf { folder.join(link.index.to_string()) };
    links
        .iter()
        .filter_map(|link| Some((link.index, fs::read_to_string(file(link)).ok()?)))
        .collect()
}

/// Whether the wish is fulfilled. `states` are the state files by the links' indices.
pub fn is_online(wish: &Wish, links: &[Link], states: &BTreeMap<u32, String>) -> bool {
    let named = !wish.interfaces.is_empty();
    let counts = |link: &&Link| {
        !link.is_loopback() && !wish.ignore.iter().any(|p| glob::matches(p, &link.name))
    };
    let mut verdicts = Vec::new();
    if named {
        for (name, range) in &wish.interfaces {
            let link = links
                .iter()
                .find(|link| link.name == *name || link.alternative_names.contains(name));
            verdicts.push(link.is_some_and(|link| {
                states
                    .get(&link.index)
                    .and_then(|text| link_online(wish, text, *range))
                    .unwrap_or(false)
            }));
        }
    } else {
        for link in links.iter().filter(counts) {
            // A link the service has not looked at yet may turn out to be required.
            let Some(text) = states.get(&link.index) else {
                verdicts.push(false);
                continue;
            };
            let pairs = Pairs::read(text);
            let waited_for = pairs.get("REQUIRED_FOR_ONLINE") == Some("yes");
            if waited_for {
                verdicts.extend(link_online(wish, text, None));
            }
        }
    }
    let one = verdicts.iter().any(|online| *online);
    if wish.any { one } else { one && verdicts.iter().all(|online| *online) }
}

/// Whether one link is online; `None` where it is not managed.
fn link_online(wish: &Wish, text: &str, range: Option<OperRange>) -> Option<bool> {
    let pairs = Pairs::read(text);
    let setup = pairs.get("ADMIN_STATE")?;
    if setup == "unmanaged" {
        return None;
    }
    let said =
        pairs.get("REQUIRED_OPER_STATE_FOR_ONLINE").and_then(|text| OperRange::read(text).ok());
    let range = range.or(wish.range).or(said).unwrap_or_default();
    let oper = pairs.get("OPER_STATE")?.parse::<OperState>().unwrap_or(OperState::Missing);
    let said =
        pairs.get("REQUIRED_FAMILY_FOR_ONLINE").and_then(|text| RequiredFamily::read(text).ok());
    let family = wish.family.or(said).unwrap_or_default();
    let least = if range.least < OperState::Routable {
        AddressState::Degraded
    } else {
        AddressState::Routable
    };
    let has = |key| {
        pairs
            .get(key)
            .and_then(|text| text.parse::<AddressState>().ok())
            .is_some_and(|s| s >= least)
    };
    let (v4, v6) = (has("IPV4_ADDRESS_STATE"), has("IPV6_ADDRESS_STATE"));
    let family = match family {
        RequiredFamily::Any => true,
        RequiredFamily::Ipv4 => v4,
        RequiredFamily::Ipv6 => v6,
        RequiredFamily::Both => v4 && v6,
    };
    Some(setup == "configured" && range.holds(oper) && family)
}

#[cfg(test)]
mod tests;
