use std::collections::VecDeque;

use keelson_units::model::{
    Command, KillMode, OomPolicy, Restart, RestartMode, StartTimeout, TimeoutMode, Type,
};
use keelson_units::words::Word;
use proptest::prelude::*;

use super::*;
use crate::notify::Beat;

/// A driver that starts processes by numbering them, and knows which run.
struct World {
    service: Service,
    machine: Machine,
    now: Duration,
    next: i32,
    running: Vec<Pid>,
    /// Processes of the group that are neither main nor control.
    others: usize,
    found: Option<Pid>,
    spawns: Vec<(Role, Phase, usize)>,
    words: Vec<String>,
    states: Vec<State>,
    restarts: u32,
    refuse: bool,
}

fn command(may_fail: bool) -> Command {
    Command {
        words: vec![Word { text: "/bin/true".into(), quoted: false }],
        may_fail,
        own_argv0: false,
        privileged: false,
        keep_user: false,
        literal: false,
        shell: false,
    }
}

impl World {
    fn new(change: impl FnOnce(&mut Service)) -> Self {
        let mut service =
            Service { start: vec![command(false)], kind: Type::Simple, ..Service::default() };
        change(&mut service);
        Self {
            service,
            machine: Machine::default(),
            now: Duration::from_secs(100),
            next: 10,
            running: Vec::new(),
            others: 0,
            found: None,
            spawns: Vec::new(),
            words: Vec::new(),
            states: Vec::new(),
            restarts: 0,
            refuse: false,
        }
    }

    fn take(&mut self, event: Event) -> State {
        let mut actions: VecDeque<Action> =
            self.machine.take(&self.service, self.now, event).into();
        let mut steps = 0;
        while let Some(action) = actions.pop_front() {
            steps += 1;
            assert!(steps < 1000, "the machine never rests: {:?}", self.machine);
            if let Some(answer) = self.act(action) {
                actions.extend(self.machine.take(&self.service, self.now, answer));
            }
        }
        self.machine.state
    }

    fn act(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Spawn { role, phase, index } => {
                self.spawns.push((role, phase, index));
                if self.refuse {
                    return Some(Event::NotSpawned(203));
                }
                self.next += 1;
                let pid = Pid::from_raw(self.next).expect("above zero");
                self.running.push(pid);
                Some(Event::Spawned { pid, executed: false })
            }
            Action::Signal { processes, wait_for_group, group, number, .. } => {
                let any = processes.iter().any(|pid| self.running.contains(pid));
                let others = self.others;
                if group && number == libc::SIGKILL {
                    self.others = 0;
                }
                Some(Event::Signalled(any || (wait_for_group && others > 0)))
            }
            Action::FindMain => {
                Some(Event::Found(self.found.inspect(|pid| self.running.push(*pid))))
            }
            Action::Changed { to, .. } => {
                self.states.push(to);
                None
            }
            Action::Say { text, .. } => {
                self.words.push(text);
                None
            }
            Action::Restart => {
                self.restarts += 1;
                None
            }
            Action::Send(..)
            | Action::RemovePidFile
            | Action::Release { .. }
            | Action::Reloaded(_) => None,
        }
    }

    fn exit(&mut self, pid: Option<Pid>, exit: Exit) -> State {
        let pid = pid.expect("it runs");
        self.running.retain(|one| *one != pid);
        let state = self.take(Event::Exited(pid, exit));
        if self.running.is_empty() && self.others == 0 {
            self.take(Event::GroupEmpty)
        } else {
            state
        }
    }

    fn main(&mut self, exit: Exit) -> State {
        self.exit(self.machine.main, exit)
    }

    fn control(&mut self, exit: Exit) -> State {
        self.exit(self.machine.control, exit)
    }

    fn later(&mut self, seconds: u64) -> State {
        self.now += Duration::from_secs(seconds);
        self.take(Event::Time)
    }

    fn say(&mut self, text: &str) -> State {
        self.take(Event::Message(Box::new(Message::parse(text.as_bytes()))))
    }
}

const GOOD: Exit = Exit::Code(0);
const BAD: Exit = Exit::Code(1);
const TERM: Exit = Exit::Signal(15, false);
const KILLED: Exit = Exit::Signal(9, false);

#[test]
fn a_simple_service_runs_ends_and_is_restarted() {
    let mut world = World::new(|service| service.restart = Restart::OnFailure);
    assert_eq!(world.take(Event::Start), State::Running);
    assert_eq!(world.main(BAD), State::AutoRestart);
    assert_eq!(world.states[world.states.len() - 2..], [State::Failed, State::AutoRestart]);
    assert_eq!(world.machine.outcome, Outcome::ExitCode);
    assert_eq!(world.later(1), State::AutoRestartQueued);
    assert_eq!((world.restarts, world.machine.restarts), (1, 1));
    assert_eq!(world.take(Event::Start), State::Running);
    assert_eq!(world.machine.restarts, 1, "an automatic start keeps the count");
    assert_eq!(world.main(GOOD), State::Dead, "a clean exit is none to restart after");
}

#[test]
fn a_stop_by_job_is_no_failure_and_ends_restarts() {
    let mut world = World::new(|service| service.restart = Restart::Always);
    world.take(Event::Start);
    assert_eq!(world.take(Event::Stop), State::StopSigterm);
    assert_eq!(world.main(TERM), State::Dead);
    assert_eq!(world.machine.outcome, Outcome::Success);
    world.take(Event::Start);
    assert_eq!(world.main(BAD), State::AutoRestart);
    let actions = world.machine.clone().take(&world.service, world.now, Event::Stop);
    assert_eq!(actions.first(), Some(&Action::Release { restarting: false }), "nothing is kept");
    assert_eq!(world.take(Event::Stop), State::Dead);
}

#[test]
fn a_stop_that_waits_for_its_turn_ends_restarts_unless_it_is_cancelled() {
    let mut world = World::new(|service| service.restart = Restart::Always);
    world.take(Event::Start);
    world.machine.stop_queued = true;
    assert_eq!(world.main(GOOD), State::Dead);
    world.machine.stop_queued = false;
    world.take(Event::Start);
    assert_eq!(world.main(GOOD), State::AutoRestart);
}

#[test]
fn what_does_not_end_is_killed_with_all_of_its_group() {
    let mut world = World::new(|_| {});
    world.take(Event::Start);
    world.others = 3;
    world.take(Event::Stop);
    assert_eq!(world.main(TERM), State::FinalSigterm, "the others have not ended");
    assert_eq!(world.later(91), State::FinalSigkill);
    assert_eq!(world.take(Event::GroupEmpty), State::Failed);
    assert_eq!(world.machine.outcome, Outcome::Timeout);
    let mut world = World::new(|service| service.kill.mode = KillMode::Process);
    world.take(Event::Start);
    world.others = 3;
    world.take(Event::Stop);
    assert_eq!(world.main(TERM), State::Dead, "containers outlive their daemon");
    let mut world = World::new(|service| service.kill.mode = KillMode::Mixed);
    world.take(Event::Start);
    world.others = 3;
    world.take(Event::Stop);
    assert_eq!(world.main(TERM), State::Dead);
    assert!(world.states.contains(&State::FinalSigkill), "the others get SIGKILL at once");
}

#[test]
fn steps_run_in_order_and_a_failed_one_ends_the_start() {
    let mut world = World::new(|service| {
        service.condition = vec![command(false)];
        service.start_pre = vec![command(false), command(true)];
        service.start_post = vec![command(false)];
        service.stop = vec![command(false)];
        service.stop_post = vec![command(false)];
    });
    assert_eq!(world.take(Event::Start), State::Condition);
    assert_eq!(world.control(GOOD), State::StartPre);
    assert_eq!(world.control(GOOD), State::StartPre);
    assert_eq!(world.control(BAD), State::StartPost, "a failure that is ignored");
    assert_eq!(world.control(GOOD), State::Running);
    assert_eq!(world.take(Event::Stop), State::Stop);
    assert_eq!(world.control(GOOD), State::StopSigterm);
    assert_eq!(world.main(TERM), State::StopPost);
    assert_eq!(world.control(GOOD), State::Dead);
    assert_eq!(world.take(Event::Start), State::Condition);
    assert_eq!(
        world.control(Exit::Code(3)),
        State::StopPost,
        "the commands after it are run all the same"
    );
    assert_eq!(world.control(GOOD), State::Dead, "a condition that says no is no failure");
    assert_eq!(world.machine.outcome, Outcome::ExecCondition);
    world.take(Event::Start);
    assert_eq!(world.control(Exit::Code(255)), State::StopPost);
    assert_eq!(world.control(GOOD), State::Failed);
}

#[test]
fn a_oneshot_is_up_when_its_commands_have_ended() {
    let mut world = World::new(|service| {
        service.kind = Type::Oneshot;
        service.start.push(command(false));
        service.remain_after_exit = true;
    });
    assert_eq!(world.take(Event::Start), State::Start);
    assert_eq!(world.machine.next_time(), None, "a oneshot may take for ever");
    assert_eq!(world.main(GOOD), State::Start);
    assert_eq!(world.main(GOOD), State::Exited);
    assert_eq!(world.take(Event::Stop), State::Dead);
    world.take(Event::Start);
    assert_eq!(world.main(TERM), State::Failed, "a signal is no clean end of a oneshot");
}

#[test]
fn a_notifying_service_is_up_when_it_says_so() {
    let mut world = World::new(|service| {
        service.kind = Type::Notify;
        service.watchdog = Some(Duration::from_secs(5));
    });
    assert_eq!(world.take(Event::Start), State::Start);
    assert_eq!(world.say("EXTEND_TIMEOUT_USEC=200000000"), State::Start);
    assert_eq!(world.later(120), State::Start, "the time was extended");
    assert_eq!(world.say("READY=1\nSTATUS=up"), State::Running);
    assert_eq!(world.machine.status_text, "up");
    assert_eq!(world.later(4), State::Running);
    assert_eq!(world.say("WATCHDOG=1"), State::Running);
    assert_eq!(world.later(4), State::Running);
    assert_eq!(world.later(2), State::StopWatchdog);
    assert_eq!(world.main(Exit::Signal(6, true)), State::Failed);
    assert_eq!(world.machine.outcome, Outcome::Watchdog);
    world.take(Event::Start);
    assert_eq!(world.main(GOOD), State::Failed, "it ended without a word");
    assert_eq!(world.machine.outcome, Outcome::Protocol);
    world.take(Event::Start);
    assert_eq!(world.later(91), State::StopSigterm);
    assert_eq!(world.main(TERM), State::Failed);
    assert_eq!(world.machine.outcome, Outcome::Timeout);
}

#[test]
fn a_service_that_asks_for_time_gets_it_of_its_watchdog_too() {
    let mut world = World::new(|service| service.watchdog = Some(Duration::from_secs(5)));
    world.take(Event::Start);
    world.say("EXTEND_TIMEOUT_USEC=20000000");
    world.say("EXTEND_TIMEOUT_USEC=1000000");
    assert_eq!(world.later(19), State::Running, "a shorter time takes none away");
    world.say("WATCHDOG=1");
    assert_eq!(world.later(4), State::Running);
    assert_eq!(world.later(1), State::StopWatchdog, "after a word the usual time counts");
}

#[test]
fn a_forking_service_is_found_by_its_pid_file() {
    let mut world = World::new(|service| {
        service.kind = Type::Forking;
        service.pid_file = Some("/run/x.pid".into());
    });
    assert_eq!(world.take(Event::Start), State::Start);
    world.others = 1;
    assert_eq!(world.control(GOOD), State::Start, "the file is not there yet");
    world.found = Pid::from_raw(5000);
    world.others = 0;
    assert_eq!(world.later(1), State::Running);
    assert_eq!(world.machine.main, Pid::from_raw(5000));
    assert_eq!(world.main(GOOD), State::Dead);
    world.found = None;
    world.take(Event::Start);
    assert_eq!(world.control(GOOD), State::Failed, "nothing is left that could write the file");
    assert_eq!(world.machine.outcome, Outcome::Protocol);
}

#[test]
fn a_program_that_cannot_be_started_fails_by_type() {
    for (kind, states) in [
        (Type::Simple, vec![State::Start, State::Failed]),
        (Type::Exec, vec![State::Start, State::Failed]),
        (Type::Notify, vec![State::Start, State::Failed]),
    ] {
        let mut world = World::new(|service| service.kind = kind);
        world.refuse = true;
        world.take(Event::Start);
        assert_eq!(
            (&world.states, world.machine.main_exit),
            (&states, Some(Exit::Code(203))),
            "{kind:?}"
        );
    }
}

#[test]
fn a_reload_ends_when_the_service_says_so() {
    let mut world = World::new(|service| service.kind = Type::NotifyReload);
    world.take(Event::Start);
    world.say("READY=1");
    assert_eq!(world.take(Event::Reload), State::ReloadSignal);
    assert_eq!(
        world.say("RELOADING=1\nMONOTONIC_USEC=5"),
        State::ReloadSignal,
        "an answer to an older signal"
    );
    assert_eq!(world.say("RELOADING=1\nMONOTONIC_USEC=100000001"), State::ReloadNotify);
    assert_eq!(world.say("READY=1"), State::Running);
    let mut world = World::new(|service| service.reload = vec![command(false)]);
    world.take(Event::Start);
    assert_eq!(world.take(Event::Reload), State::Reload);
    assert_eq!(world.control(BAD), State::Running, "a failed reload fails no service");
    assert_eq!(world.machine.reload_outcome, Outcome::ExitCode);
    world.take(Event::Reload);
    assert_eq!(world.later(91), State::Running, "a reload that hangs is given up");
}

#[test]
fn a_daemon_that_a_reload_replaces_is_followed_by_its_pid_file() {
    let mut world = World::new(|service| {
        service.kind = Type::Forking;
        service.pid_file = Some("/run/x.pid".into());
        service.reload = vec![command(false)];
    });
    let [old, new] = [5000, 6000].map(Pid::from_raw);
    world.found = old;
    world.take(Event::Start);
    assert_eq!(world.control(GOOD), State::Running);
    // The old one may end before the commands do, or after.
    world.take(Event::Reload);
    assert_eq!(world.main(GOOD), State::Reload);
    world.found = new;
    assert_eq!((world.control(GOOD), world.machine.main), (State::Running, new));
    world.take(Event::Reload);
    world.found = old;
    assert_eq!((world.control(GOOD), world.machine.main), (State::Running, old));
    assert_eq!(world.exit(new, GOOD), State::Running);
    // Without a process that lives in the file nothing changes.
    world.take(Event::Reload);
    world.found = None;
    assert_eq!((world.control(GOOD), world.machine.main), (State::Running, old));
    assert_eq!(world.main(GOOD), State::Dead);
}

#[test]
fn an_idle_service_waits_and_counts_as_up() {
    let mut world = World::new(|service| service.kind = Type::Idle);
    assert_eq!(world.take(Event::Start), State::Running);
    assert!(world.spawns.is_empty() && world.machine.waits_for_idle());
    assert_eq!(world.later(5), State::Running);
    assert_eq!(world.spawns.len(), 1);
    assert_eq!(world.main(GOOD), State::Dead);
}

#[test]
fn restarts_are_decided_by_how_it_ended() {
    let ends = [GOOD, BAD, KILLED, Exit::Signal(11, true), TERM];
    for (restart, expected) in [
        (Restart::No, [false; 5]),
        (Restart::Always, [true; 5]),
        (Restart::OnSuccess, [true, false, false, false, true]),
        (Restart::OnFailure, [false, true, true, true, false]),
        (Restart::OnAbnormal, [false, false, true, true, false]),
        (Restart::OnAbort, [false, false, true, true, false]),
        (Restart::OnWatchdog, [false; 5]),
    ] {
        for (exit, expected) in ends.into_iter().zip(expected) {
            let mut world = World::new(|service| service.restart = restart);
            world.take(Event::Start);
            assert_eq!(world.main(exit) == State::AutoRestart, expected, "{restart:?} {exit:?}");
        }
    }
    let mut world = World::new(|service| {
        service.restart = Restart::Always;
        service.restart_prevent.codes.insert(1);
    });
    world.take(Event::Start);
    assert_eq!(world.main(BAD), State::Failed);
    let mut world = World::new(|service| {
        service.restart_force.codes.insert(1);
        service.restart = Restart::No;
    });
    world.take(Event::Start);
    assert_eq!(world.main(BAD), State::AutoRestart);
}

#[test]
fn the_delay_grows_in_steps() {
    let mut world = World::new(|service| {
        service.restart = Restart::Always;
        service.restart_delay = Duration::from_secs(1);
        service.restart_steps = 2;
        service.restart_max_delay = Some(Duration::from_secs(100));
    });
    world.take(Event::Start);
    for expected in [1_u32, 10, 100, 100] {
        world.main(BAD);
        let due = world.machine.deadline().expect("a time").saturating_sub(world.now);
        let error = due.as_secs_f64() - f64::from(expected);
        assert!(error.abs() < 0.01, "{due:?}");
        world.now += due;
        world.take(Event::Time);
        world.take(Event::Start);
    }
}

#[test]
fn want_of_memory_follows_the_policy() {
    for (policy, state) in [
        (OomPolicy::Continue, State::Running),
        (OomPolicy::Stop, State::StopSigterm),
        (OomPolicy::Kill, State::StopSigkill),
    ] {
        let mut world = World::new(|service| service.oom_policy = policy);
        world.take(Event::Start);
        assert_eq!(world.take(Event::OutOfMemory), state);
    }
}

fn events() -> impl Strategy<Value = u8> {
    0..24_u8
}

fn services() -> impl Strategy<Value = Service> {
    let kinds = prop::sample::select(vec![
        Type::Simple,
        Type::Exec,
        Type::Forking,
        Type::Oneshot,
        Type::Notify,
        Type::NotifyReload,
        Type::Idle,
    ]);
    let modes = prop::sample::select(vec![
        KillMode::ControlGroup,
        KillMode::Mixed,
        KillMode::Process,
        KillMode::None,
    ]);
    let restarts = prop::sample::select(vec![Restart::No, Restart::Always, Restart::OnFailure]);
    let timeouts =
        prop::sample::select(vec![TimeoutMode::Terminate, TimeoutMode::Abort, TimeoutMode::Kill]);
    (
        kinds,
        modes,
        restarts,
        timeouts,
        prop::collection::vec(0..3_usize, 7),
        prop::collection::vec(any::<bool>(), 6),
    )
        .prop_map(|(kind, mode, restart, timeout, counts, flags)| {
            let list = |at: usize| vec![command(flags[0]); counts[at]];
            let mut service = Service {
                kind,
                condition: list(0),
                start_pre: list(1),
                start: vec![command(false); counts[2].max(1)],
                start_post: list(3),
                reload: list(4),
                stop: list(5),
                stop_post: list(6),
                restart,
                remain_after_exit: flags[1],
                exit_with_group: flags[2],
                start_timeout: StartTimeout::After(Duration::from_secs(5)),
                start_timeout_mode: timeout,
                stop_timeout_mode: timeout,
                restart_mode: if flags[3] { RestartMode::Direct } else { RestartMode::Normal },
                watchdog: flags[4].then_some(Duration::from_secs(3)),
                pid_file: flags[5].then(|| "/run/x.pid".into()),
                ..Service::default()
            };
            service.kill.mode = mode;
            service
        })
}

/// States in which nothing need happen by itself.
fn rests(world: &World) -> bool {
    let machine = &world.machine;
    matches!(machine.state, State::Dead | State::Failed | State::Running | State::Exited)
        || machine.main.is_some_and(|pid| world.running.contains(&pid))
        || machine.control.is_some_and(|pid| world.running.contains(&pid))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_sequence_of_events_panics_or_leaves_a_state_that_never_ends(
        service in services(),
        sequence in prop::collection::vec((events(), any::<u8>()), 1..60),
    ) {
        let mut world = World::new(|own| *own = service);
        for (event, detail) in sequence {
            world.refuse = detail % 11 == 0;
            world.found = (detail % 3 == 0).then(|| Pid::from_raw(9000 + i32::from(detail))).flatten();
            let exit = [GOOD, BAD, TERM, KILLED, Exit::Signal(11, true)][usize::from(detail % 5)];
            match event {
                0..=3 => { world.take(Event::Start); }
                4 | 5 => { world.take(Event::Stop); }
                6 => { world.take(Event::Reload); }
                7..=10 => if world.machine.main.is_some() { world.main(exit); },
                11..=14 => if world.machine.control.is_some() { world.control(exit); },
                15 => { world.later(u64::from(detail)); }
                16 => { world.say("READY=1"); }
                17 => { world.say("RELOADING=1\nMONOTONIC_USEC=99999999999999"); }
                18 => { world.say("STOPPING=1"); }
                19 => { world.take(Event::OutOfMemory); }
                20 => { world.others = usize::from(detail % 3); }
                21 => { world.others = 0; world.take(Event::GroupEmpty); }
                22 => { world.take(Event::Reset); }
                _ => {
                    let message = Message { beat: Some(Beat::Trigger), ..Message::default() };
                    world.take(Event::Message(Box::new(message)));
                }
            }
            prop_assert!(rests(&world) || world.machine.next_time().is_some(), "{:?}", world.machine);
        }
        // Whatever it was, a stop and enough time bring it to rest.
        world.take(Event::Stop);
        world.others = 0;
        for _ in 0..40 {
            world.running.clear();
            world.later(200);
            world.take(Event::GroupEmpty);
        }
        prop_assert!(matches!(world.machine.state, State::Dead | State::Failed), "{:?}", world.machine);
    }
}
