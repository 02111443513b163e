//! Who sent a line: the trusted fields of a process, from the credentials the kernel gives and from /proc.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::rate::Rate;
use crate::entry::{Field, field};

/// How long what was read of a process or unit counts, in microseconds.
const FRESH: u64 = 1_000_000;
/// Processes and units that are remembered.
const REMEMBERED: usize = 128;

/// Credentials of a process, checked by the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The process.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

impl Credentials {
    /// Whether the sender is root or the service's own user: such a one is believed.
    pub fn is_own(self) -> bool {
        self.uid == 0 || self.uid == rustix::process::geteuid().as_raw()
    }
}

/// What a process is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// `_PID`, `_UID`, `_GID`, `_COMM`, `_EXE`, `_CMDLINE`, `_SYSTEMD_CGROUP`, without what cannot be read.
    pub fields: Vec<Field>,
    /// The unit its cgroup is of.
    pub unit: Option<String>,
}

/// What the manager says of a unit, by links in /run/systemd/units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// The identity of its present run.
    pub invocation: Option<String>,
    /// `LogRateLimitIntervalSec=`.
    pub interval: Option<Duration>,
    /// `LogRateLimitBurst=`.
    pub burst: Option<u64>,
    /// `LogLevelMax=`.
    pub max_level: Option<u8>,
}

impl Unit {
    /// The rate that counts for the unit.
    pub fn rate(&self, default: Rate) -> Rate {
        Rate {
            interval: self.interval.unwrap_or(default.interval),
            burst: self.burst.unwrap_or(default.burst),
        }
    }
}

/// What is known of processes and units at this moment.
pub struct Senders {
    root: PathBuf,
    processes: HashMap<i32, (u64, Credentials, Rc<Process>)>,
    units: HashMap<String, (u64, Option<i32>, Rc<Unit>)>,
}

impl Senders {
    /// Reads /proc and /run below `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), processes: HashMap::new(), units: HashMap::new() }
    }

    /// The process that has `credentials`; what was read within a second counts, and longer once it is gone. What was
    /// read of another user's process of the same number never counts.
    pub fn process(&mut self, credentials: Credentials, now: u64) -> Rc<Process> {
        let known =
            self.processes.get(&credentials.pid).filter(|(_, sender, _)| *sender == credentials);
        if let Some((_, _, process)) = known.filter(|(read, ..)| now < read + FRESH) {
            return process.clone();
        }
        let folder = self.root.join("proc").join(credentials.pid.to_string());
        if let (false, Some((_, _, process))) = (folder.exists(), known) {
            return process.clone();
        }
        let process = Rc::new(read_process(&folder, credentials));
        if self.processes.len() >= REMEMBERED {
            self.processes.clear();
        }
        self.processes.insert(credentials.pid, (now, credentials, process.clone()));
        process
    }

    /// What the manager says of `name`, of which the process `pid` sent a line; what was read within a second counts. A
    /// line of another process may be of another run of the unit, however soon it comes.
    pub fn unit(&mut self, name: &str, pid: Option<i32>, now: u64) -> Rc<Unit> {
        if let Some((read, sender, unit)) = self.units.get(name)
            && now < read + FRESH
            && *sender == pid
        {
            return unit.clone();
        }
        let link = |what: &str| {
            let path = self.root.join("run/systemd/units").join(format!("{what}:{name}"));
            std::fs::read_link(path).ok().and_then(|target| target.to_str().map(str::to_owned))
        };
        let number = |what: &str| link(what).and_then(|text| text.parse::<u64>().ok());
        let unit = Rc::new(Unit {
            invocation: link("invocation"),
            interval: number("log-rate-limit-interval").map(Duration::from_micros),
            burst: number("log-rate-limit-burst"),
            max_level: number("log-level-max").and_then(|level| u8::try_from(level).ok()),
        });
        if self.units.len() >= REMEMBERED {
            self.units.clear();
        }
        self.units.insert(name.to_owned(), (now, pid, unit.clone()));
        unit
    }
}

fn read_process(folder: &Path, credentials: Credentials) -> Process {
    let mut process = Process::default();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            process.fields.push(field(name, value));
        }
    };
    put("_PID", credentials.pid.to_string());
    put("_UID", credentials.uid.to_string());
    put("_GID", credentials.gid.to_string());
    let text = |name: &str| {
        std::fs::read(folder.join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    // A process that is gone, or whose files another user may not read, has fewer fields.
    put("_COMM", text("comm").unwrap_or_default().trim_end().to_owned());
    let exe =
        std::fs::read_link(folder.join("exe")).map(|path| path.to_string_lossy().into_owned());
    put("_EXE", exe.unwrap_or_default());
    put("_CMDLINE", text("cmdline").unwrap_or_default().trim_end_matches('\0').replace('\0', " "));
    let cgroup = cgroup_path(&text("cgroup").unwrap_or_default()).unwrap_or_default();
    put("_SYSTEMD_CGROUP", cgroup.clone());
    process.unit =
        if credentials.pid == 1 { Some("init.scope".to_owned()) } else { unit_of(&cgroup) };
    process
}

/// The path of the one hierarchy (`0::/...`) in /proc/PID/cgroup.
pub fn cgroup_path(text: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

/// The unit of a cgroup: the first part of its path that is no slice.
pub fn unit_of(cgroup: &str) -> Option<String> {
    let part = cgroup.split('/').find(|part| !part.is_empty() && !part.ends_with(".slice"))?;
    let kinds = [".service", ".scope", ".socket", ".mount", ".swap", ".timer", ".path"];
    kinds.iter().any(|kind| part.ends_with(kind)).then(|| part.to_owned())
}

/// The slice of a cgroup: the last part before the unit.
pub fn slice_of(cgroup: &str) -> Option<&str> {
    cgroup
        .split('/')
        .filter(|part| !part.is_empty())
        .take_while(|part| part.ends_with(".slice"))
        .last()
}

#[cfg(test)]
mod tests;
