//! Answers to what is asked over the control socket.

use keelson_control::{
    Answer, Goal, Haste, Job, JobKind as Kind, ManagerStatus, RefusalKind, Request, Schedule,
    SystemState, Timings, UnitLine, UnitTiming,
};
use keelson_jobs::{Edge, JobKind};

use super::{End, Scheduled, System};
use crate::control::{Asked, refused};
use crate::unit::Run;
use crate::{clock, shutdown};

mod change;
mod details;
mod properties;
mod status;

/// The most units of one question.
const UNITS: usize = 4096;

/// An answer, or none yet.
enum Reply {
    Now(Answer),
    Later(crate::control::Waiting),
}

impl System {
    /// A client has sent something, or takes what is left for it.
    pub fn on_client(&mut self, number: u64) {
        let mut sent = self.server.serve(number, &mut self.events);
        self.closing.append(&mut sent);
        self.answer_all(number);
    }

    /// Answers those whose wait is over.
    pub fn resume_clients(&mut self) {
        for number in self.server.resume(&mut self.events) {
            self.answer_all(number);
        }
    }

    fn answer_all(&mut self, number: u64) {
        loop {
            let reply = match self.server.next_request(number) {
                Asked::Nothing => return,
                Asked::Bad(message) => Reply::Now(refused(RefusalKind::BadRequest, message)),
                Asked::Request(request, root) if !root && !request.only_reads() => {
                    Reply::Now(refused(RefusalKind::AccessDenied, "Access denied"))
                }
                Asked::Request(request, root) => self.reply(*request, root),
            };
            match reply {
                Reply::Now(answer) => self.server.answer(number, &answer, &mut self.events),
                Reply::Later(waiting) => {
                    return self.server.wait(number, waiting, &mut self.events);
                }
            }
        }
    }

    fn reply(&mut self, request: Request, root: bool) -> Reply {
        Reply::Now(match request {
            Request::ListUnits => Answer::Units(self.unit_lines()),
            Request::ListJobs => Answer::Jobs(self.job_lines()),
            Request::Show { units } if units.len() > UNITS => {
                refused(RefusalKind::BadRequest, format!("more than {UNITS} units at once"))
            }
            Request::Show { units } => {
                Answer::Status(units.iter().map(|name| self.status_of(name, root)).collect())
            }
            Request::ShowManager => Answer::Manager(Box::new(self.manager_status())),
            Request::Timings => Answer::Timings(Box::new(self.timings())),
            Request::FdStore { unit } => self.stored(&unit),
            Request::Change { verb, units, mode, wait } => {
                return self.change_units(verb, &units, mode, wait);
            }
            Request::StartTransient { unit, text, wait, collect } => {
                return self.transient(&unit, &text, wait, collect);
            }
            Request::Kill { unit, whom, signal, value } => self.kill(&unit, whom, signal, value),
            Request::ResetFailed { units } => self.reset_failed(&units),
            Request::DaemonReload => {
                self.reload();
                Answer::Done
            }
            Request::DaemonReexec => refused(
                RefusalKind::NotSupported,
                "PID 1 of this system does not execute itself anew; it comes with /usr, and a new one with a reboot",
            ),
            Request::End { goal, haste, when, message, wall, argument } => {
                self.end_asked(goal, haste, when, message.filter(|_| wall), argument)
            }
            Request::CancelEnd { .. } => {
                self.scheduled = None;
                Answer::Done
            }
            Request::ShowEnd => Answer::Scheduled(self.scheduled.map(|scheduled| Schedule {
                goal: match scheduled.goal {
                    shutdown::Goal::PowerOff => Goal::PowerOff,
                    shutdown::Goal::Reboot => Goal::Reboot,
                    shutdown::Goal::Halt => Goal::Halt,
                },
                when: scheduled.when,
            })),
            Request::Cancel { jobs } => self.cancel(&jobs),
            Request::Clean { units, what } => self.clean(&units, &what),
            Request::Freeze { units } => self.freeze(&units, true),
            Request::Thaw { units } => self.freeze(&units, false),
            Request::ShowEnvironment => Answer::Environment(
                self.manager_environment
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect(),
            ),
            Request::SetEnvironment { assignments } => {
                for assignment in assignments {
                    if let Some((name, value)) = assignment.split_once('=') {
                        self.manager_environment.insert(name.to_owned(), value.to_owned());
                    }
                }
                Answer::Done
            }
            Request::UnsetEnvironment { names } => {
                for word in names {
                    let (name, value) = word
                        .split_once('=')
                        .map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
                    let same = self
                        .manager_environment
                        .get(name)
                        .is_some_and(|own| value.is_none_or(|value| value == own));
                    if same {
                        self.manager_environment.remove(name);
                    }
                }
                Answer::Done
            }
            Request::LogLevel => Answer::LogLevel(self.log.level),
            Request::SetLogLevel { level } => {
                self.log.level = level.min(7);
                Answer::Done
            }
        })
    }

    fn unit_lines(&self) -> Vec<UnitLine> {
        let known = self.graph.units().filter(|id| {
            use keelson_jobs::Load;
            !matches!(self.graph.facts(*id).load, Load::Merged | Load::Unknown)
        });
        known
            .map(|id| UnitLine {
                name: self.graph.name(id).as_str().to_owned(),
                load: self.load_word(id),
                active: status::active(self.activity(id)),
                sub: self.unit(id).map_or("dead", |unit| unit.sub_state()).to_owned(),
                description: self.description(id).to_string(),
                job: self.queue.job_of(id).map(|job| (job.id.0, kind(job.kind))),
                following: None,
            })
            .collect()
    }

    fn job_lines(&self) -> Vec<Job> {
        let line = |job: &keelson_jobs::Job| Job {
            id: job.id.0,
            unit: self.graph.name(job.unit).as_str().to_owned(),
            kind: kind(job.kind),
            running: job.is_running(),
        };
        self.queue.jobs().map(line).collect()
    }

    fn manager_status(&mut self) -> ManagerStatus {
        let default_target = self.default_target();
        let failed = self.failed_units().len();
        let rescue = ["rescue.target", "emergency.target"].iter().any(|name| {
            let id = name.parse().ok().and_then(|name| self.graph.id(&name));
            id.is_some_and(|id| self.activity(id).is_active())
        });
        let state = match () {
            () if self.end.is_some() => SystemState::Stopping,
            () if self.boot.finished == 0 => SystemState::Starting,
            () if rescue => SystemState::Maintenance,
            () if failed > 0 => SystemState::Degraded,
            () => SystemState::Running,
        };
        ManagerStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state,
            units: self.all_units().count(),
            jobs: self.queue.len(),
            jobs_total: self.jobs_ever,
            failed,
            since: self.boot.userspace,
            resident: resident(),
            tainted: Vec::new(),
            log_level: self.log.level,
            default_target,
            watchdog: self.settings.runtime_watchdog.map_or(0, clock::micros),
        }
    }

    fn timings(&self) -> Timings {
        let (firmware, loader) = crate::boot_times::firmware_and_loader();
        let initramfs = crate::boot_times::initramfs();
        let units = self.all_units().filter(|(_, unit)| unit.times.inactive_exit.mono > 0);
        Timings {
            firmware,
            loader,
            initramfs,
            userspace: self.boot.userspace.mono,
            units_loaded: self.boot.loaded,
            finished: self.boot.finished,
            userspace_realtime: self.boot.userspace.real,
            units: units
                .map(|(id, unit)| UnitTiming {
                    name: unit.unit.name.as_str().to_owned(),
                    activating: unit.times.inactive_exit.mono,
                    activated: unit.times.active_enter.mono,
                    deactivating: unit.times.active_exit.mono,
                    deactivated: unit.times.inactive_enter.mono,
                    after: self
                        .graph
                        .edges(id, Edge::After)
                        .map(|id| self.graph.name(id).as_str().to_owned())
                        .collect(),
                })
                .collect(),
        }
    }

    fn end_asked(
        &mut self,
        goal: Goal,
        haste: Haste,
        when: Option<u64>,
        message: Option<String>,
        argument: Option<String>,
    ) -> Answer {
        let goal = match goal {
            Goal::PowerOff => shutdown::Goal::PowerOff,
            Goal::Reboot => shutdown::Goal::Reboot,
            Goal::Halt => shutdown::Goal::Halt,
            Goal::Kexec => {
                return refused(RefusalKind::NotSupported, "no kernel is loaded for kexec");
            }
        };
        if let Some(message) = message {
            self.log.say(message);
        }
        match (when, haste) {
            (Some(when), _) => self.scheduled = Some(Scheduled { goal, when }),
            (None, Haste::Clean) => self.begin_end(goal, argument),
            (None, Haste::Forced) => self.end_now(goal, true, argument),
            (None, Haste::Immediate) => self.end_now(goal, false, argument),
        }
        Answer::Done
    }

    /// The end, for whoever runs the loop.
    pub fn end_if_ready(&self) -> Option<&End> {
        self.end.as_ref().filter(|end| end.ready)
    }

    /// Whether a unit is a service.
    fn is_service(&self, id: keelson_jobs::UnitId) -> bool {
        matches!(self.unit(id).map(|unit| &unit.run), Some(Run::Service(_)))
    }
}

/// A job's kind in the protocol's words.
fn kind(kind: JobKind) -> Kind {
    match kind {
        JobKind::Start | JobKind::ReloadOrStart => Kind::Start,
        JobKind::VerifyActive => Kind::VerifyActive,
        JobKind::Stop => Kind::Stop,
        JobKind::Reload | JobKind::TryReload => Kind::Reload,
        JobKind::Restart | JobKind::TryRestart => Kind::Restart,
        JobKind::Nop => Kind::Nop,
    }
}

/// The memory of this process in bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    pages * rustix::param::page_size() as u64
}
