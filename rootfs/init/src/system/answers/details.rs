//! What only one type of unit has to tell.

use keelson_activation::timers::LastTrigger;
use keelson_control::{
    CommandStatus, Exit as Word, ListenStatus, MountStatus, PathStatus, ServiceStatus,
    SocketStatus, Stamp, TimerStatus, UnitStatus,
};
use keelson_units::model::{
    Automount, Body, NotifyAccess, PathCondition, Service, Socket, Timer, Trigger, Type, UnitKind,
};

use super::System;
use crate::clock;
use crate::service::{Exit, Phase};
use crate::unit::{Run, ServiceRun, SocketRun, TimerRun, UnitRun};

impl System {
    pub(super) fn fill_details(&self, status: &mut UnitStatus, unit: &UnitRun) {
        match (&unit.run, &unit.unit.body) {
            (Run::Service(run), Body::Service(service)) => {
                status.service = Some(Box::new(self.service_status(run, service)));
            }
            (Run::Socket(run), Body::Socket(socket)) => {
                status.socket = Some(socket_status(run, socket));
            }
            (Run::Timer(run), Body::Timer(timer)) => status.timer = Some(timer_status(run, timer)),
            (Run::Path(_), Body::Path(path)) => {
                let watches = path.watches.iter().map(|watch| {
                    let directive = match watch.condition {
                        PathCondition::Exists => "PathExists",
                        PathCondition::ExistsGlob => "PathExistsGlob",
                        PathCondition::Changed => "PathChanged",
                        PathCondition::Modified => "PathModified",
                        PathCondition::DirectoryNotEmpty => "DirectoryNotEmpty",
                    };
                    (directive.to_owned(), watch.path.display().to_string())
                });
                status.path = Some(PathStatus { watches: watches.collect() });
            }
            (Run::Mount(run), Body::Mount(mount)) => {
                status.mount = Some(MountStatus {
                    what: mount.what.clone(),
                    place: mount.mount_point.display().to_string(),
                    kind: mount.fs_type.clone().unwrap_or_default(),
                    options: mount.options.clone(),
                    control_pid: run
                        .control
                        .as_ref()
                        .map_or(0, |(pid, _)| pid.as_raw_nonzero().get().unsigned_abs()),
                    ..MountStatus::default()
                });
            }
            (Run::Automount(_), Body::Automount(automount)) => {
                status.mount = Some(self.automount_status(unit, automount));
            }
            (Run::Swap(run), Body::Swap(swap)) => {
                status.mount = Some(MountStatus {
                    what: swap.what.clone(),
                    options: swap.options.clone(),
                    control_pid: run
                        .control
                        .as_ref()
                        .map_or(0, |(pid, _)| pid.as_raw_nonzero().get().unsigned_abs()),
                    ..MountStatus::default()
                });
            }
            _ => {}
        }
    }

    fn automount_status(&self, unit: &UnitRun, automount: &Automount) -> MountStatus {
        let mount = self.graph.id(&unit.unit.name.with_kind(UnitKind::Mount));
        let what = match mount.and_then(|id| self.unit(id)).map(|unit| &unit.unit.body) {
            Some(Body::Mount(mount)) => mount.what.clone(),
            _ => String::new(),
        };
        MountStatus {
            what,
            place: automount.mount_point.display().to_string(),
            kind: "autofs".to_owned(),
            options: automount.extra_options.clone(),
            mounted: mount.is_some_and(|id| self.activity(id).is_active()),
            idle_timeout: automount.idle_timeout.map_or(0, clock::micros),
            ..MountStatus::default()
        }
    }

    fn service_status(&self, run: &ServiceRun, service: &Service) -> ServiceStatus {
        let machine = &run.machine;
        let number = |pid: Option<rustix::process::Pid>| {
            pid.map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs())
        };
        let restarts_at = machine.state == crate::service::State::AutoRestart;
        let restart_at = machine
            .deadline()
            .filter(|_| restarts_at)
            .map(|at| self.stamp_at(at))
            .unwrap_or_default();
        let (main, start, exit) =
            run.main.map_or((None, Stamp::default(), Stamp::default()), |(pid, start, exit)| {
                (Some(pid), start, exit)
            });
        ServiceStatus {
            kind: kind(service.kind).to_owned(),
            main_pid: number(machine.main),
            control_pid: number(machine.control),
            exec_main_pid: number(main),
            exec_main_start: start,
            exec_main_exit: exit,
            exec_main_code: machine.main_exit.map(word),
            exec_main_status: machine.main_exit.map_or(0, Exit::number),
            commands: commands(run, service),
            status_text: (!machine.status_text.is_empty()).then(|| machine.status_text.clone()),
            status_errno: machine.status_errno,
            notify_access: match ServiceRun::notify_access(service) {
                NotifyAccess::None => "none",
                NotifyAccess::Main => "main",
                NotifyAccess::Exec => "exec",
                NotifyAccess::All => "all",
            }
            .to_owned(),
            restarts: machine.restarts,
            restart_at,
            watchdog: machine.watchdog_interval().map_or(0, clock::micros),
            watchdog_at: Stamp::default(),
            fd_store: u32::try_from(run.store.len()).unwrap_or(u32::MAX),
            fd_store_max: service.fd_store_max,
        }
    }

    /// A time since boot on both clocks.
    fn stamp_at(&self, at: std::time::Duration) -> Stamp {
        let mono = clock::micros(at);
        let left = mono.saturating_sub(self.now_micros());
        Stamp { real: clock::micros(clock::real()).saturating_add(left), mono }
    }
}

fn kind(kind: Type) -> &'static str {
    match kind {
        Type::Simple => "simple",
        Type::Exec => "exec",
        Type::Forking => "forking",
        Type::Oneshot => "oneshot",
        Type::Notify => "notify",
        Type::NotifyReload => "notify-reload",
        Type::Idle => "idle",
    }
}

fn word(exit: Exit) -> Word {
    match exit {
        Exit::Code(_) => Word::Exited,
        Exit::Signal(_, false) => Word::Killed,
        Exit::Signal(_, true) => Word::Dumped,
    }
}

/// The commands of all lists, those that were run with what came of it.
fn commands(run: &ServiceRun, service: &Service) -> Vec<CommandStatus> {
    let lists = [
        (Phase::Condition, &service.condition),
        (Phase::StartPre, &service.start_pre),
        (Phase::Start, &service.start),
        (Phase::StartPost, &service.start_post),
        (Phase::Reload, &service.reload),
        (Phase::Stop, &service.stop),
        (Phase::StopPost, &service.stop_post),
    ];
    let mut all = Vec::new();
    for (phase, list) in lists {
        for (index, command) in list.iter().enumerate() {
            let ran =
                run.commands.iter().rev().find(|ran| ran.phase == phase && ran.index == index);
            let words: Vec<String> = command.words.iter().map(|word| word.text.clone()).collect();
            all.push(CommandStatus {
                directive: phase.directive().to_owned(),
                path: words.first().cloned().unwrap_or_default(),
                arguments: words,
                ignore_failure: command.may_fail,
                started: ran.map(|ran| ran.times.0).unwrap_or_default(),
                ended: ran.map(|ran| ran.times.1).unwrap_or_default(),
                pid: ran.map_or(0, |ran| ran.pid.as_raw_nonzero().get().unsigned_abs()),
                code: ran.and_then(|ran| ran.exit).map(word),
                status: ran.and_then(|ran| ran.exit).map_or(0, Exit::number),
            });
        }
    }
    all
}

fn socket_status(run: &SocketRun, socket: &Socket) -> SocketStatus {
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let listen = socket.listen.iter().map(|listen| {
        use keelson_units::model::Listen;
        let kind = match listen {
            Listen::Stream(_) => "Stream",
            Listen::Datagram(_) => "Datagram",
            Listen::SequentialPacket(_) => "SequentialPacket",
            Listen::Fifo(_) => "FIFO",
            Listen::Special(_) => "Special",
            Listen::Netlink(..) => "Netlink",
            Listen::MessageQueue(_) => "MessageQueue",
        };
        ListenStatus { kind: kind.to_owned(), address: keelson_activation::sockets::show(listen) }
    });
    SocketStatus {
        listen: listen.collect(),
        accept: socket.accept,
        accepted: small(run.accepted),
        connections: small(run.connections.len() as u64),
        refused: small(run.refused),
    }
}

fn timer_status(run: &TimerRun, timer: &Timer) -> TimerStatus {
    let span = |time: std::time::Duration| clock::span(time);
    let last = match run.last {
        Some(LastTrigger::Now(moment)) => {
            Stamp { real: clock::micros(moment.real), mono: clock::micros(moment.monotonic) }
        }
        Some(LastTrigger::Stamp(real)) => Stamp { real: clock::micros(real), mono: 0 },
        None => Stamp::default(),
    };
    let specification = |trigger: &Trigger| match trigger {
        Trigger::Active(after) => ("OnActiveSec".to_owned(), span(*after)),
        Trigger::Boot(after) => ("OnBootSec".to_owned(), span(*after)),
        Trigger::Startup(after) => ("OnStartupSec".to_owned(), span(*after)),
        Trigger::UnitActive(after) => ("OnUnitActiveSec".to_owned(), span(*after)),
        Trigger::UnitInactive(after) => ("OnUnitInactiveSec".to_owned(), span(*after)),
        Trigger::Calendar(calendar) => ("OnCalendar".to_owned(), calendar.to_string()),
    };
    TimerStatus {
        next_real: run.elapse.real.map_or(0, clock::micros),
        next_mono: run.elapse.monotonic.map_or(0, clock::micros),
        last,
        specifications: timer.triggers.iter().map(specification).collect(),
        persistent: timer.persistent,
    }
}
