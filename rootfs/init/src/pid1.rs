//! PID 1: brings the system up, then waits for events until the end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Mode;
use rustix::process::umask;
use rustix::system::{RebootCommand, reboot};

use crate::buttons::Buttons;
use crate::cgroup::Hierarchy;
use crate::control::{self, Listener};
use crate::log::{self, Log};
use crate::notify::{self, NotifySocket};
use crate::output::OutputPipe;
use crate::shutdown::{self, Goal};
use crate::signals::{Request, Signals};
use crate::supervisor::Supervisor;
use crate::{clock, identity, mounts, process, tmpfiles};

/// How long the words of a panic stay on the console before the machine starts anew.
const PANIC_PAUSE: Duration = Duration::from_secs(10);

/// Runs as PID 1. Never returns.
pub fn run() -> ! {
    umask(Mode::from_raw_mode(0o022));
    let mount_problems = mounts::mount_api();
    let mut log = Log::open();
    std::panic::set_hook(Box::new(|information| on_panic(&information.to_string())));
    log.say(format_args!("PID 1 of Keelson {} starts", env!("CARGO_PKG_VERSION")));
    for problem in mount_problems {
        log.say(problem);
    }
    let signals = match Signals::block() {
        Ok(signals) => signals,
        // Without signals nothing can be reaped or ended: the one thing at the start that is fatal.
        Err(error) => on_panic(&format!("blocking signals: {error}")),
    };
    // Ctrl-Alt-Del becomes SIGINT. In a container it is not ours to change.
    if let Err(error) = reboot(RebootCommand::CadOff) {
        log.note(format_args!("taking over Ctrl-Alt-Del: {error}"));
    }
    let first_boot = set_up(&mut log);
    let cgroups = Hierarchy::open();
    if !cgroups.is_present() {
        log.say("there is no control group hierarchy: services run without groups and limits");
    }
    for problem in cgroups.prepare() {
        log.say(problem);
    }
    let notify = NotifySocket::bind(Path::new(notify::SOCKET));
    let notify =
        notify.map_err(|error| log.say(format_args!("binding {}: {error}", notify::SOCKET))).ok();
    let control = Listener::bind(Path::new(control::SOCKET));
    let control =
        control.map_err(|error| log.say(format_args!("binding {}: {error}", control::SOCKET))).ok();
    let mut supervisor = Supervisor::new(log, cgroups, first_boot);
    supervisor.boot();
    let mut buttons = Buttons::default();
    loop {
        if supervisor.tick() {
            break;
        }
        wait(&mut supervisor, &mut buttons, &signals, notify.as_ref(), control.as_ref());
    }
    end(supervisor, &signals)
}

/// Everything before the first service, in order. Each step that fails is said and passed over. Gives whether this is
/// the first boot.
fn set_up(log: &mut Log) -> bool {
    let first_boot = identity::is_first_boot();
    for problem in tmpfiles::apply() {
        log.note(problem);
    }
    log.open_file(Path::new(log::FILE));
    if first_boot && let Err(problem) = identity::make_machine_id() {
        log.say(problem);
    }
    match identity::set_host_name() {
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

/// Waits for events and gives them on: output first, then notifications, then ended children, so that the last words of
/// a process are heard before its end.
fn wait(
    supervisor: &mut Supervisor,
    buttons: &mut Buttons,
    signals: &Signals,
    notify: Option<&NotifySocket>,
    control: Option<&Listener>,
) {
    let look_again = buttons.look(clock::now());
    let next = supervisor.next_time().map_or(look_again, |time| time.min(look_again));
    let pause = next.saturating_sub(clock::now()).max(Duration::from_millis(1));
    let ready = {
        let mut descriptors = vec![signals.as_fd()];
        descriptors.extend(notify.map(NotifySocket::as_fd));
        descriptors.extend(control.map(Listener::as_fd));
        descriptors.extend(buttons.descriptors());
        let others = descriptors.len();
        descriptors.extend(supervisor.outputs.iter().map(OutputPipe::as_fd));
        let mut set: Vec<PollFd<'_>> =
            descriptors.iter().map(|descriptor| PollFd::new(descriptor, PollFlags::IN)).collect();
        let timeout = Timespec {
            tv_sec: i64::try_from(pause.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: pause.subsec_nanos().into(),
        };
        // An interruption leaves nothing ready, and the next round looks again.
        let _count = poll(&mut set, Some(&timeout));
        set[others..].iter().map(|one| !one.revents().is_empty()).collect::<Vec<bool>>()
    };
    supervisor.read_outputs(|index| ready.get(index).copied().unwrap_or(false));
    while let Some((sender, message)) = notify.and_then(NotifySocket::receive) {
        supervisor.on_message(sender, message);
    }
    let requests = signals.drain();
    while let Some((pid, status)) = process::reap() {
        // What it wrote last may have come after the poll.
        supervisor.read_outputs(|_| true);
        supervisor.on_exit(pid, status);
    }
    for request in requests {
        if let Request::End(goal) = request {
            supervisor.begin_end(goal);
        }
    }
    if buttons.pressed() {
        supervisor.begin_end(Goal::PowerOff);
    }
    if let Some(control) = control {
        control.serve(supervisor);
    }
}

fn end(supervisor: Supervisor, signals: &Signals) -> ! {
    let Supervisor { mut log, end, .. } = supervisor;
    let (goal, begun) = end.map_or((Goal::Reboot, clock::now()), |end| (end.goal, end.begun));
    loop {
        let error = shutdown::finish(goal, begun, &mut log, signals);
        log.say(format_args!(
            "the kernel refuses to {}: {error}; trying again in {PANIC_PAUSE:?}",
            goal.command()
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
