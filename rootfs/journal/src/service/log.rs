//! From a line that came in to an entry in the store: trusted fields, limits, forwarding.

use std::collections::VecDeque;
use std::path::Path;

use keelson_units::text::Remark;

use super::config::Config;
use super::forward::Forwarders;
use super::hostname::Hostname;
use super::keeper::Keeper;
use super::lost::{self, Lost, Reason};
use super::rate::{Limiter, Rate, Verdict, burst_factor};
use super::reading::Reading;
use super::sender::{Credentials, Process, Senders, slice_of};
use crate::clock;
use crate::entry::{Field, Id, Stamp, field, get, priority};
use crate::store::retention::Space;

/// The name the service writes its own lines under.
const OWN: &str = "systemd-journald";
const OWN_UNIT: &str = "systemd-journald.service";
/// Lines of the manager that are remembered, so that their copies in the kernel's ring are not stored again.
const MANAGER_LINES: usize = 32;
/// How often lines that were not forwarded are told of, in microseconds.
const TELL_NOT_FORWARDED: u64 = 30_000_000;

/// A line as it came in.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// `_TRANSPORT`.
    pub transport: &'static str,
    /// Who sent it.
    pub credentials: Option<Credentials>,
    /// The unit, where the manager says it; otherwise that of the sender's cgroup.
    pub unit: Option<String>,
    /// What the sender says, without trusted fields; trusted ones the service adds of itself may be among them.
    pub fields: Vec<Field>,
    /// Where it goes besides, whatever the settings say.
    pub also: Also,
}

/// Where a stream's lines go besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Also {
    /// The console.
    pub console: bool,
    /// The kernel's ring.
    pub kmsg: bool,
    /// The local syslog service.
    pub syslog: bool,
}

/// The log as the service holds it.
pub struct Log {
    /// The stores.
    pub keeper: Keeper,
    /// Lines that were lost.
    pub lost: Lost,
    /// Where lines go besides.
    pub forward: Forwarders,
    /// Which stream is being read.
    pub reading: Reading,
    config: Config,
    senders: Senders,
    limiter: Limiter,
    boot: Id,
    hostname: Hostname,
    factor: u64,
    manager_lines: VecDeque<Vec<u8>>,
    /// When lines that were not forwarded are told of next, in microseconds since the boot.
    next_not_forwarded: u64,
}

impl Log {
    /// Opens the log of the host at `root`.
    pub fn open(root: &Path, config: &Config, remarks: &[Remark]) -> Self {
        let boot = clock::boot_id();
        let machine = clock::machine_id(root);
        let keeper = Keeper::open(root, machine, config, &clock::stamp(boot));
        let free = Space::of(root).map_or(0, |space| space.free);
        let mut log = Self {
            keeper,
            lost: Lost::default(),
            forward: Forwarders::new(root, config),
            reading: Reading::open(root, machine, boot),
            config: config.clone(),
            senders: Senders::new(root),
            limiter: Limiter::default(),
            boot,
            hostname: Hostname::open(root),
            factor: burst_factor(free),
            manager_lines: VecDeque::new(),
            next_not_forwarded: 0,
        };
        for remark in remarks {
            log.own(4, &remark.to_string());
        }
        log
    }

    /// Now.
    pub fn stamp(&self) -> Stamp {
        clock::stamp(self.boot)
    }

    /// Takes a line in.
    pub fn accept(&mut self, line: Line) {
        let stamp = self.stamp();
        let process = line.credentials.map(|sender| self.senders.process(sender, stamp.monotonic));
        let from_cgroup = process.as_ref().and_then(|process| process.unit.clone());
        let unit = line.unit.clone().or(from_cgroup);
        let pid = line.credentials.map(|sender| sender.pid);
        let known = unit.as_ref().map(|unit| self.senders.unit(unit, pid, stamp.monotonic));
        let level = get(&line.fields, "PRIORITY").and_then(priority);
        let ceiling = known
            .as_ref()
            .and_then(|known| known.max_level)
            .unwrap_or(7)
            .min(self.config.max_level_store);
        if level.is_some_and(|level| level > ceiling) || self.is_copy(&line) {
            return;
        }
        if let Some(unit) = unit.as_deref().filter(|_| line.transport != "kernel") {
            let rate =
                known.as_ref().map_or(self.config.rate, |known| known.rate(self.config.rate));
            let rate = Rate { burst: rate.burst.saturating_mul(self.factor), ..rate };
            let uid = line.credentials.map_or(0, |sender| sender.uid);
            match self.limiter.count(unit, uid, rate, stamp.monotonic) {
                Verdict::Suppress => return,
                Verdict::Pass(0) => {}
                Verdict::Pass(suppressed) => self.tell_suppressed(unit, suppressed),
            }
        }
        let mut fields = line.fields;
        self.add_trusted(&mut fields, process.as_deref(), unit.as_deref(), stamp.monotonic);
        fields.extend(
            known
                .and_then(|known| known.invocation.clone())
                .map(|id| field("_SYSTEMD_INVOCATION_ID", id)),
        );
        fields.push(field("_TRANSPORT", line.transport));
        self.forward.forward(&fields, &stamp, line.also, &mut self.lost);
        self.keeper.append(&stamp, &fields, &mut self.lost);
    }

    fn add_trusted(
        &mut self,
        fields: &mut Vec<Field>,
        process: Option<&Process>,
        unit: Option<&str>,
        now: u64,
    ) {
        if let Some(process) = process {
            fields.extend(process.fields.iter().cloned());
            let cgroup = get(&process.fields, "_SYSTEMD_CGROUP")
                .and_then(|path| std::str::from_utf8(path).ok());
            fields.extend(cgroup.and_then(slice_of).map(|slice| field("_SYSTEMD_SLICE", slice)));
        }
        fields.extend(unit.map(|unit| field("_SYSTEMD_UNIT", unit)));
        let name = self.hostname.at(now);
        if !name.is_empty() {
            fields.push(field("_HOSTNAME", name));
        }
    }

    /// Whether a line of the kernel's ring repeats what the manager sent by the native protocol.
    fn is_copy(&mut self, line: &Line) -> bool {
        let Some(message) = get(&line.fields, "MESSAGE") else { return false };
        if line.credentials.is_some_and(|sender| sender.pid == 1) {
            if self.manager_lines.len() >= MANAGER_LINES {
                self.manager_lines.pop_front();
            }
            self.manager_lines.push_back(message.to_vec());
            return false;
        }
        let from_user =
            get(&line.fields, "SYSLOG_FACILITY").is_some_and(|facility| facility != b"0");
        let place = self.manager_lines.iter().position(|known| known == message);
        match place.filter(|_| line.transport == "kernel" && from_user) {
            Some(place) => self.manager_lines.remove(place).is_some(),
            None => false,
        }
    }

    fn tell_suppressed(&mut self, unit: &str, count: u64) {
        self.own_fields(lost::record(Reason::RateLimit, count, Some(unit)));
    }

    /// A line of the service's own.
    pub fn own(&mut self, level: u8, message: &str) {
        // What goes wrong with the log itself must be seen where the log is not.
        let also = Also { kmsg: level <= 3, ..Also::default() };
        self.store_own(vec![field("MESSAGE", message), field("PRIORITY", level.to_string())], also);
    }

    fn own_fields(&mut self, fields: Vec<Field>) {
        self.store_own(fields, Also::default());
    }

    fn store_own(&mut self, mut fields: Vec<Field>, also: Also) {
        let stamp = self.stamp();
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let process = self.senders.process(Credentials { pid, uid, gid }, stamp.monotonic);
        fields.push(field("SYSLOG_IDENTIFIER", OWN));
        self.add_trusted(&mut fields, Some(&process), Some(OWN_UNIT), stamp.monotonic);
        fields.push(field("_TRANSPORT", "driver"));
        self.forward.forward(&fields, &stamp, also, &mut self.lost);
        self.keeper.append(&stamp, &fields, &mut self.lost);
    }

    /// What is due: gap records, the keeper's notes, overdue rate limits, syncs.
    pub fn tick(&mut self) {
        let stamp = self.stamp();
        for (unit, count) in self.limiter.overdue(stamp.monotonic) {
            self.tell_suppressed(&unit, count);
        }
        self.keeper.tick(&stamp, &mut self.lost);
        for gap in self.lost.take() {
            self.own_fields(gap);
        }
        if stamp.monotonic >= self.next_not_forwarded && self.lost.has_not_forwarded() {
            self.next_not_forwarded = stamp.monotonic + TELL_NOT_FORWARDED;
            for gap in self.lost.take_not_forwarded() {
                self.own_fields(gap);
            }
        }
        for (level, note) in std::mem::take(&mut self.keeper.notes) {
            self.own(level, &note);
        }
        if let Some(last) = self.keeper.vacuumed_to.take() {
            let message = format!("Removed old log segments up to record {last}");
            let fields = [field("MESSAGE", message), field("PRIORITY", "6")];
            self.own_fields(
                [fields.as_slice(), &[field("JOURNAL_VACUUMED_TO", last.to_string())]].concat(),
            );
        }
    }

    /// Tells what was not told yet, before the service ends.
    pub fn end(&mut self) {
        for (unit, count) in self.limiter.take() {
            self.tell_suppressed(&unit, count);
        }
        self.next_not_forwarded = 0;
        self.tick();
    }

    /// When `tick` is due next, in microseconds since the boot.
    pub fn next_due(&self) -> u64 {
        let limit = self.limiter.next_due().unwrap_or(u64::MAX);
        let told = if self.lost.has_not_forwarded() { self.next_not_forwarded } else { u64::MAX };
        self.keeper.next_due().min(limit).min(told).min(self.forward.next_due())
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }
}
