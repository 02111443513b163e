//! The boot: what is started first, when it is complete, and what is said then.

use keelson_jobs::{Activity, JobKind, UnitId};
use keelson_units::model::{JobMode, UnitName};

use super::System;
use crate::unit::Run;
use crate::{clock, log};

/// What a boot starts where nothing else is asked for.
const DEFAULT: &str = "default.target";
/// What is started where the default cannot be.
const FALLBACKS: [&str; 3] = ["multi-user.target", "rescue.target", "emergency.target"];
/// What must not fail for a boot to count as good.
const COMPLETE: &str = "boot-complete.target";
/// What a good boot starts at its end.
const BLESS: &str = "keelson-bless.service";
/// Written when the boot is complete.
pub const COMPLETE_FILE: &str = "/run/keelson/boot-complete";

/// Units of this program, which a file of the same name replaces.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("keelson-bless.service", include_str!("../builtin/keelson-bless.service")),
    ("keelson-coldplug.service", include_str!("../builtin/keelson-coldplug.service")),
    ("keelson-devices.service", include_str!("../builtin/keelson-devices.service")),
    ("keelson-modules-load.service", include_str!("../builtin/keelson-modules-load.service")),
];
/// Those of them that every boot starts.
const OWN: [&str; 3] =
    ["keelson-modules-load.service", "keelson-coldplug.service", "keelson-devices.service"];

/// Times of the boot, since the kernel's start.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootTimes {
    /// When PID 1 began.
    pub userspace: keelson_control::Stamp,
    /// When the first units were loaded.
    pub loaded: u64,
    /// When all jobs of the boot had ended; zero before.
    pub finished: u64,
}

impl System {
    /// Queues what a boot starts.
    pub fn start_boot(&mut self) {
        self.boot.userspace = clock::stamp();
        let default = self.start_default();
        let names = OWN
            .iter()
            .copied()
            .map(str::to_owned)
            .chain(self.command_line.wants.iter().map(ToString::to_string))
            .collect::<Vec<_>>();
        for name in &names {
            self.start_at_boot(name);
        }
        if default.as_deref() == Some("multi-user.target")
            || default.as_deref() == Some("graphical.target")
        {
            self.start_at_boot(COMPLETE);
        }
        self.tell_of_fstab();
        self.boot.loaded = clock::micros(clock::now());
    }

    fn start_default(&mut self) -> Option<String> {
        let asked = self.command_line.unit.clone().map(|name| name.as_str().to_owned());
        let names =
            asked.into_iter().chain([DEFAULT.to_owned()]).chain(FALLBACKS.map(str::to_owned));
        for name in names.collect::<Vec<_>>() {
            let Ok(unit) = name.parse::<UnitName>() else { continue };
            let id = self.find(&unit);
            match self.enqueue(id, JobKind::Start, JobMode::Replace, false) {
                Ok(_) => return Some(self.name(id).as_str().to_owned()),
                Err(error) => self.log.say(format_args!("{name} cannot be started: {error}")),
            }
        }
        None
    }

    fn start_at_boot(&mut self, name: &str) {
        let Ok(unit) = name.parse::<UnitName>() else { return };
        let id = self.find(&unit);
        if let Err(error) = self.enqueue(id, JobKind::Start, JobMode::Fail, false) {
            self.log.say(format_args!("{name}: {error}"));
        }
    }

    /// The target a boot starts, for `systemctl`.
    pub fn default_target(&mut self) -> String {
        let id = DEFAULT.parse().map(|name| self.find(&name));
        id.map_or_else(|_| DEFAULT.to_owned(), |id| self.name(id).as_str().to_owned())
    }

    /// No job is left: the first time, the boot is complete.
    pub(super) fn on_quiet(&mut self) {
        if self.boot.finished > 0 || self.end.is_some() || self.boot.loaded == 0 {
            return;
        }
        self.boot.finished = clock::micros(clock::now());
        self.log.up = true;
        let failures = self.failed_units();
        let time = clock::now().as_secs_f64();
        self.log
            .say(format_args!("boot complete in {time:.3} s (kernel), {} failed", failures.len()));
        let text = format!("seconds={time:.3}\nfailed={}\n", failures.join(" "));
        if let Err(error) = std::fs::write(COMPLETE_FILE, text) {
            self.log.say(format_args!("writing {COMPLETE_FILE}: {error}"));
        }
        let complete = COMPLETE.parse().ok().and_then(|name| self.graph.id(&name));
        match complete.map(|id| self.activity(id)) {
            Some(Activity::Active) => self.start_at_boot(BLESS),
            Some(_) => self.log.say("the boot is not blessed: boot-complete.target is not reached"),
            None => {}
        }
    }

    /// What has failed, or fails again and again.
    pub(super) fn failed_units(&self) -> Vec<String> {
        use crate::service::State;
        let fails = |id: UnitId| match self.unit(id) {
            Some(unit) => match &unit.run {
                Run::Service(run) => {
                    matches!(
                        run.machine.state,
                        State::Failed | State::AutoRestart | State::AutoRestartQueued
                    )
                }
                _ => unit.activity == Activity::Failed,
            },
            None => false,
        };
        self.graph
            .units()
            .filter(|id| fails(*id))
            .map(|id| self.name(id).as_str().to_owned())
            .collect()
    }

    /// Ctrl-Alt-Del, signals and buttons start a target by name.
    pub fn start_target(&mut self, name: &str, mode: JobMode) {
        let Ok(unit) = name.parse::<UnitName>() else { return };
        let id = self.find(&unit);
        if let Err(error) = self.enqueue(id, JobKind::Start, mode, false) {
            self.log.say(format_args!("{name}: {error}"));
        } else {
            self.tell(id, log::INFO, "started by a signal");
        }
    }
}
