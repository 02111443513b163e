//! PID 1: brings the system up, then waits for events until the end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use keelson_execution::cgroup::Hierarchy;
use keelson_output::eprintln;
use keelson_units::facts::Facts;
use keelson_units::loader::Loader;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getpid, getrlimit, setrlimit, setsid, umask};
use rustix::system::{RebootCommand, reboot};

use crate::buttons::Buttons;
use crate::command_line::CommandLine;
use crate::control::Server;
use crate::events::{Events, Source};
use crate::hardware_watchdog::HardwareWatchdog;
use crate::log::Log;
use crate::notify::{self, NotifySocket};
use crate::settings::Settings;
use crate::shutdown::{self, Goal};
use crate::signals::{Request, Signals};
use crate::system::boot::BUILT_IN;
use crate::system::{Beginning, End, System};
use crate::{clock, conditions, identity, mounts, tmpfiles};

/// How long the words of a panic stay on the console before the machine starts anew.
const PANIC_PAUSE: Duration = Duration::from_secs(10);
/// Messages that are taken before others have their turn.
const MESSAGES: usize = 256;
/// Children that are reaped before others have their turn.
const CHILDREN: usize = 256;
/// Open files of PID 1: thousands of sockets, groups and stored descriptors.
const DESCRIPTORS: u64 = 1 << 20;

/// What the loop looks at besides the system.
struct Watched {
    signals: Signals,
    notify: Option<NotifySocket>,
    buttons: Option<Buttons>,
    watchdog: HardwareWatchdog,
    /// Whether there may be more ended children than were reaped at once.
    unreaped: bool,
}

/// Runs as PID 1. Never returns.
pub fn run() -> ! {
    umask(Mode::from_raw_mode(0o022));
    // A process group of its own, which automount points let through. One that leads a session already has it.
    let _leads = setsid();
    let mut mount_problems = mounts::mount_api();
    mount_problems.extend(mounts::share_all().err());
    let mut log = Log::open();
    std::panic::set_hook(Box::new(|information| {
        // The first process of a PID namespace has this number, too.
        if getpid().is_init() && !keelson_execution::in_namespaces() {
            on_panic(&information.to_string());
        }
        // The end of a child that was forked is not that of the host.
        eprintln(information);
    }));
    log.say(format_args!("PID 1 of Keelson {} starts", env!("CARGO_PKG_VERSION")));
    for problem in mount_problems {
        log.say(problem);
    }
    // Without events or signals nothing can be reaped or ended: the things at the start that are fatal.
    let mut events = Events::new().unwrap_or_else(|error| on_panic(&format!("epoll: {error}")));
    let signals =
        Signals::block().unwrap_or_else(|error| on_panic(&format!("blocking signals: {error}")));
    if let Err(error) = events.add(Source::Signals, signals.as_fd()) {
        on_panic(&format!("waiting for signals: {error}"));
    }
    // Ctrl-Alt-Del becomes SIGINT. In a container it is not ours to change.
    if let Err(error) = reboot(RebootCommand::CadOff) {
        log.note(format_args!("taking over Ctrl-Alt-Del: {error}"));
    }
    raise_limits(&mut log);
    let command_line = CommandLine::parse(&fs::read_to_string("/proc/cmdline").unwrap_or_default());
    let first_boot = set_up(&mut log, &command_line);
    let settings = read_settings(&mut log, &command_line);
    let mut hierarchy = Hierarchy::open();
    if !hierarchy.is_present() {
        log.say("there is no control group hierarchy: services run without groups and limits");
    }
    for problem in hierarchy.prepare() {
        log.say(problem);
    }
    let notify = NotifySocket::bind(Path::new(notify::SOCKET));
    let notify =
        notify.map_err(|error| log.say(format_args!("binding {}: {error}", notify::SOCKET))).ok();
    if let Some(Err(error)) =
        notify.as_ref().map(|notify| events.add(Source::Notify, notify.as_fd()))
    {
        log.say(format_args!("waiting for notifications: {error}"));
    }
    let server = Server::bind(Path::new(keelson_control::SOCKET), &mut events);
    let server = server.unwrap_or_else(|error| {
        log.say(format_args!("binding {}: {error}", keelson_control::SOCKET));
        Server::default()
    });
    let host = Facts::read(Path::new("/"));
    let facts = conditions::Facts {
        first_boot,
        host: host.clone(),
        command_line: command_line.words.clone(),
    };
    let loader = Loader::new(Path::new("/"), host).with_built_in(BUILT_IN);
    let watchdog = HardwareWatchdog::new(&settings, &command_line);
    let beginning = Beginning {
        log,
        events,
        settings,
        command_line,
        hierarchy,
        loader,
        conditions: facts,
        server,
    };
    let mut system = System::new(beginning);
    system.follow_mounts();
    system.follow_clock();
    system.start_boot();
    let buttons = Buttons::open(Path::new("/"), &mut system.events);
    let buttons = buttons
        .map_err(|error| system.log.say(format_args!("waiting for a power button: {error}")))
        .ok();
    let mut watched = Watched { signals, notify, buttons, watchdog, unreaped: false };
    loop {
        let more = system.settle();
        system.close_descriptors();
        system.resume_clients();
        if let Some(end) = system.end_if_ready().cloned() {
            finish(system, watched, &end);
        }
        round(&mut system, &mut watched, more);
    }
}

/// Everything before the first unit, in order. Each step that fails is said and passed over. Gives whether this is the
/// first boot.
fn set_up(log: &mut Log, command_line: &CommandLine) -> bool {
    let first_boot = identity::is_first_boot();
    // The kernel's ten messages are too few for the log and for notifications; `sysctl.d` may say otherwise.
    if let Err(error) = fs::write("/proc/sys/net/unix/max_dgram_qlen", "512\n") {
        log.note(format_args!("making queues of messages longer: {error}"));
    }
    for problem in tmpfiles::apply() {
        log.note(problem);
    }
    if first_boot
        && let Err(problem) = identity::make_machine_id(command_line.machine_id.as_deref())
    {
        log.say(problem);
    }
    match identity::set_host_name(command_line.host_name.as_deref()) {
        Ok(name) => log.note(format_args!("the host is {name}")),
        Err(error) => log.say(format_args!("setting the host name: {error}")),
    }
    if let Err(error) = identity::loopback_up() {
        log.say(format_args!("turning the loopback interface on: {error}"));
    }
    for problem in identity::apply_sysctl() {
        log.note(problem);
    }
    first_boot
}

fn read_settings(log: &mut Log, command_line: &CommandLine) -> Settings {
    let settings = Settings::read(Path::new("/"));
    for remark in &settings.remarks {
        log.note(remark);
    }
    log.level = command_line.log_level.unwrap_or(settings.log_level);
    log.show_status = command_line.show_status.unwrap_or(settings.show_status);
    settings
}

fn raise_limits(log: &mut Log) {
    let highest =
        fs::read_to_string("/proc/sys/fs/nr_open").ok().and_then(|text| text.trim().parse().ok());
    let most = highest.unwrap_or(DESCRIPTORS).min(DESCRIPTORS);
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        let own = getrlimit(Resource::Nofile);
        let least = Rlimit { current: own.maximum, maximum: own.maximum };
        if setrlimit(Resource::Nofile, least).is_err() {
            log.note(format_args!("raising the limit of open files: {error}"));
        }
    }
}

/// Waits for events, and gives each to whom it is for.
fn round(system: &mut System, watched: &mut Watched, more: bool) {
    let now = clock::now();
    let ping = watched.watchdog.turn(now, &mut system.log);
    let next = [system.next_time(), ping].into_iter().flatten().min();
    let at_once = more || watched.unreaped;
    let longest =
        if at_once { Some(Duration::ZERO) } else { next.map(|next| next.saturating_sub(now)) };
    let ready = system.events.wait(longest);
    if watched.unreaped {
        reap(system, watched);
    }
    for source in ready {
        match source {
            Source::Notify => take_messages(system, watched),
            Source::Pending(number) => {
                if let Some(pid) = rustix::process::Pid::from_raw(number.get()) {
                    system.on_pending(pid);
                }
            }
            Source::Memory(number) => system.on_memory(number),
            Source::Signals => take_signals(system, watched),
            Source::Group(id) => system.on_group(id),
            Source::Control => {
                let events = &mut system.events;
                system.server.accept(events);
            }
            Source::Client(number) => system.on_client(number),
            Source::Mounts => system.on_mounts(),
            Source::Swaps => system.on_swaps(),
            Source::Clock => system.on_clock(),
            Source::Button => take_button(system, watched),
            Source::Listening(id, index) => system.on_listening(id, index),
            Source::Path(id) => system.on_path(id),
            Source::Automount(id) => system.on_automount(id),
            Source::Stored(id, number) => system.on_stored(id, number),
        }
    }
    system.on_time(clock::now());
}

fn take_button(system: &mut System, watched: &mut Watched) {
    let Some(buttons) = &mut watched.buttons else { return };
    match buttons.pressed(&mut system.events) {
        Ok(true) => system.begin_end(Goal::PowerOff, None),
        Ok(false) => {}
        Err(error) => system.log.say(format_args!("waiting for a power button: {error}")),
    }
}

fn take_messages(system: &mut System, watched: &Watched) {
    for _ in 0..MESSAGES {
        let Some(received) = watched.notify.as_ref().and_then(NotifySocket::receive) else {
            return;
        };
        system.on_message(received);
    }
}

/// Reaps a share of the ended children. What a process said last is heard before its end.
fn reap(system: &mut System, watched: &mut Watched) {
    for _ in 0..CHILDREN {
        take_messages(system, watched);
        let Some((pid, status)) = shutdown::reap() else {
            watched.unreaped = false;
            return;
        };
        system.on_exit(pid, status);
    }
}

/// Obeys, and reaps.
fn take_signals(system: &mut System, watched: &mut Watched) {
    let requests = watched.signals.drain();
    watched.unreaped = true;
    reap(system, watched);
    for request in requests {
        match request {
            Request::Reap => {}
            Request::End(goal) => system.begin_end(goal, None),
            Request::EndNow(goal) => system.end_now(goal, true, None),
            Request::Isolate(target) => {
                system.start_target(target, keelson_units::model::JobMode::Isolate);
            }
            Request::Start(target) => {
                system.start_target(target, keelson_units::model::JobMode::ReplaceIrreversibly);
            }
            Request::Reload => system.reload(),
            Request::ShowStatus(show) => system.log.show_status = show,
            Request::LogLevel(level) => system.log.level = level,
        }
    }
}

fn finish(mut system: System, mut watched: Watched, end: &End) -> ! {
    watched.watchdog.end(end.goal, &mut system.log);
    loop {
        let error = shutdown::finish(end, &mut system.log, &watched.signals);
        system.log.say(format_args!(
            "the kernel refuses to {}: {error}; trying again in {PANIC_PAUSE:?}",
            end.goal.command()
        ));
        std::thread::sleep(PANIC_PAUSE);
    }
}

/// Says what is the matter, saves what can be saved, and starts the machine anew: PID 1 must not end.
fn on_panic(what: &str) -> ! {
    let line = format!("\r\nkeelson: PID 1 cannot go on: {what}; rebooting in {PANIC_PAUSE:?}\r\n");
    for sink in ["/dev/console", "/dev/kmsg"] {
        // There is nobody left to tell that a sink is broken.
        let _lost = fs::write(
            sink,
            line.trim_matches(if sink == "/dev/kmsg" { &['\r', '\n'][..] } else { &[] }),
        );
    }
    std::thread::sleep(PANIC_PAUSE);
    rustix::fs::sync();
    loop {
        let _refused = reboot(RebootCommand::Restart);
        std::thread::sleep(PANIC_PAUSE);
    }
}
