//! What units make of each other, without a process.

use std::fs;
use std::path::Path;

use keelson_activation::timers::{LastTrigger, Moment};
use keelson_jobs::Request;
use keelson_units::facts::Facts;

use super::*;
use crate::clock;
use crate::service::{Event, Exit, Machine, State};
use crate::unit::Run;

/// A system whose units are below `root`.
pub(super) fn system(root: &Path) -> System {
    let host = Facts::default();
    System::new(Beginning {
        log: Log::nowhere(),
        events: Events::new().expect("an event loop"),
        settings: Settings::usual().clone(),
        command_line: CommandLine::default(),
        hierarchy: Hierarchy::at(root.join("cgroup")),
        loader: Loader::new(root, host.clone()),
        conditions: crate::conditions::Facts { first_boot: false, host, command_line: Vec::new() },
        server: Server::default(),
    })
}

/// The same with these units.
fn with_units(root: &Path, files: &[(&str, &str)]) -> System {
    let folder = root.join("usr/lib/systemd/system");
    fs::create_dir_all(&folder).expect("folders");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a file");
    }
    system(root)
}

/// A service that is up, as far as the system knows, with a main process of this number.
fn running(system: &mut System, name: &str, pid: Pid) -> UnitId {
    let id = system.find(&name.parse().expect("a name"));
    if let Some(run) = system.service_mut(id) {
        run.machine = Machine::default();
        (run.machine.state, run.machine.main) = (State::Running, Some(pid));
    }
    system.change(id, Activity::Active);
    system.todo.clear();
    id
}

fn stop_together(system: &mut System, unit: UnitId, others: &[UnitId]) {
    let request = Request { unit, kind: JobKind::Stop, mode: JobMode::Replace, manual: true };
    system.enqueue_all(request, others).expect("queued");
}

fn state(system: &System, id: UnitId) -> Option<State> {
    match &system.unit(id)?.run {
        Run::Service(run) => Some(run.machine.state),
        _ => None,
    }
}

#[test]
fn a_service_that_ends_before_its_stop_job_runs_is_not_restarted() {
    let root = tempfile::tempdir().expect("a folder");
    let always = "[Service]\nExecStart=/db\nRestart=always\n";
    let web = "[Unit]\nAfter=db.service\n[Service]\nExecStart=/web\n";
    let mut system = with_units(root.path(), &[("db.service", always), ("web.service", web)]);
    let (first, second) = (Pid::from_raw(i32::MAX - 1), Pid::from_raw(i32::MAX));
    let db = running(&mut system, "db.service", first.expect("above zero"));
    let web = running(&mut system, "web.service", second.expect("above zero"));
    stop_together(&mut system, web, &[db]);
    system.service_event(db, Event::Exited(first.expect("above zero"), Exit::Code(0)));
    assert_eq!(state(&system, db), Some(State::Dead));
    assert!(system.queue.job_of(db).is_none(), "its stop is done");
}

#[test]
fn a_restart_starts_what_follows_an_end_unless_it_is_direct() {
    let root = tempfile::tempdir().expect("a folder");
    let unit = |mode: &str| {
        format!(
            "[Unit]\nOnFailure=cry.service\nOnSuccess=sing.service\n\
             [Service]\nExecStart=/a\nRestart=always\nRestartMode={mode}\n"
        )
    };
    let other = "[Service]\nExecStart=/b\n";
    let files = [
        ("normal.service", unit("normal")),
        ("direct.service", unit("direct")),
        ("cry.service", other.to_owned()),
        ("sing.service", other.to_owned()),
    ];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut system = with_units(root.path(), &files);
    let pid = Pid::from_raw(i32::MAX).expect("above zero");
    for (name, code, follower) in [
        ("normal.service", 1, Some("cry.service")),
        ("normal.service", 0, Some("sing.service")),
        ("direct.service", 1, None),
        ("direct.service", 0, None),
    ] {
        let id = running(&mut system, name, pid);
        system.service_event(id, Event::Exited(pid, Exit::Code(code)));
        assert_eq!(state(&system, id), Some(State::AutoRestart));
        let started = system.todo.iter().filter_map(|todo| match todo {
            Todo::Enqueue { unit, kind: JobKind::Start, .. } => Some(system.name(*unit)),
            _ => None,
        });
        let started: Vec<String> = started.map(|name| name.as_str().to_owned()).collect();
        assert_eq!(started, Vec::from_iter(follower.map(str::to_owned)), "{name} {code}");
    }
}

#[test]
fn a_reload_sees_that_aliases_have_come_changed_and_gone() {
    let root = tempfile::tempdir().expect("a folder");
    let text = |of: &str| format!("[Unit]\nDescription={of}\n[Service]\nExecStart=/a\n");
    let (one, two) = (text("one"), text("two"));
    let mut system = with_units(root.path(), &[("one.service", &one), ("two.service", &two)]);
    let folder = root.path().join("usr/lib/systemd/system");
    let alias = folder.join("a.service");
    let name: UnitName = "a.service".parse().expect("a name");
    let mut found = |prepare: &dyn Fn()| {
        prepare();
        system.reload();
        let id = system.find(&name);
        system.unit(id).map(|run| run.unit.description.clone())
    };
    let link = |to: &str| {
        let _absent = fs::remove_file(&alias);
        std::os::unix::fs::symlink(to, &alias).expect("a link");
    };
    assert_eq!(found(&|| link("one.service")).as_deref(), Some("one"));
    assert_eq!(found(&|| link("two.service")).as_deref(), Some("two"));
    let own = || {
        fs::remove_file(&alias).expect("removed");
        fs::write(&alias, text("own")).expect("a file");
    };
    assert_eq!(found(&own).as_deref(), Some("own"));
    fs::write(folder.join("three.service"), text("three")).expect("a file");
    assert_eq!(found(&|| link("three.service")).as_deref(), Some("three"));
    assert_eq!(found(&|| fs::remove_file(&alias).expect("removed")), None);
}

#[test]
fn what_is_to_stop_starts_nothing() {
    let root = tempfile::tempdir().expect("a folder");
    let address = root.path().join("socket");
    let alone = |text: &str| format!("[Unit]\nDefaultDependencies=no\n{text}\n");
    let service = alone("[Service]\nExecStart=/a");
    let path = alone(&format!("[Path]\nPathExists={}", root.path().display()));
    let timer = alone("[Timer]\nOnActiveSec=1h");
    let socket = alone(&format!("[Socket]\nListenStream={}", address.display()));
    let files = [
        ("a.service", service.as_str()),
        ("a.path", &path),
        ("b.service", &service),
        ("b.timer", &timer),
        ("c.service", &service),
        ("c.socket", &socket),
    ];
    let mut system = with_units(root.path(), &files);
    let find = |system: &mut System, name: &str| system.find(&name.parse().expect("a name"));

    let pid = Pid::from_raw(i32::MAX).expect("above zero");
    let a = running(&mut system, "a.service", pid);
    let path = find(&mut system, "a.path");
    system.change(path, Activity::Active);
    stop_together(&mut system, path, &[a]);
    system.service_event(a, Event::Exited(pid, Exit::Code(0)));
    system.tell_triggers(a);
    assert_eq!(system.activity(path), Activity::Active);
    assert!(system.queue.job_of(a).is_none(), "a path");

    let (b, timer) = (find(&mut system, "b.service"), find(&mut system, "b.timer"));
    system.start_timer(timer);
    stop_together(&mut system, timer, &[]);
    system.timer_time(timer);
    assert_eq!(system.activity(timer), Activity::Active);
    assert!(system.queue.job_of(b).is_none(), "a timer");

    let (c, socket) = (find(&mut system, "c.service"), find(&mut system, "c.socket"));
    system.start_socket(socket);
    let mut client = std::os::unix::net::UnixStream::connect(&address).expect("it listens");
    stop_together(&mut system, socket, &[]);
    system.on_listening(socket, 0);
    assert!(system.queue.job_of(c).is_none(), "a socket");
    let read = std::io::Read::read(&mut client, &mut [0]);
    assert!(matches!(read, Ok(0) | Err(_)), "the connection is closed");
}

#[test]
fn a_socket_takes_no_path_from_a_service_that_runs() {
    let root = tempfile::tempdir().expect("a folder");
    let address = root.path().join("socket");
    let socket =
        format!("[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream={}\n", address.display());
    let service = "[Service]\nExecStart=/a\n";
    let files = [("a.service", service), ("a.socket", &socket), ("b.socket", &socket)];
    let mut system = with_units(root.path(), &files);
    let listener = std::os::unix::net::UnixListener::bind(&address).expect("the service's own");
    running(&mut system, "a.service", Pid::from_raw(i32::MAX).expect("above zero"));
    for name in ["a.socket", "b.socket"] {
        let id = system.find(&name.parse().expect("a name"));
        system.enqueue(id, JobKind::Start, JobMode::Replace, true).expect("queued");
        while let Some(job) = system.queue.take_ready(&system.graph) {
            system.run_job(&job);
        }
        assert_eq!(system.activity(id), Activity::Inactive, "{name}");
    }
    std::os::unix::net::UnixStream::connect(&address).expect("it is there");
    listener.accept().expect("it is still the service's");
}

#[test]
fn many_connections_slow_a_socket_down_and_do_not_end_it() {
    let root = tempfile::tempdir().expect("a folder");
    let address = root.path().join("socket");
    let socket = format!("[Socket]\nListenStream={}\nAccept=yes\n", address.display());
    let files = [("a.socket", socket.as_str()), ("a@.service", "[Service]\nExecStart=/a\n")];
    let mut system = with_units(root.path(), &files);
    let id = system.find(&"a.socket".parse().expect("a name"));
    system.start_socket(id);
    let connect = |_| std::os::unix::net::UnixStream::connect(&address).expect("it listens");
    let _clients: Vec<_> = (0..210).map(connect).collect();
    for _ in 0..20 {
        system.on_listening(id, 0);
    }
    let run = system.socket_mut(id).expect("a socket");
    assert_eq!(run.state, crate::unit::socket::State::Listening);
    assert_eq!(run.accepted + run.refused, 150);
    assert!(run.deadline.is_some(), "it goes on");
    assert!(run.listening[0].1.is_none(), "but not now");
    system.socket_time(id);
    assert!(system.socket_mut(id).expect("a socket").listening[0].1.is_some());
}

#[test]
fn a_clock_that_is_set_back_leaves_no_calendar_event_out() {
    const DAY: Duration = Duration::from_hours(24);
    let root = tempfile::tempdir().expect("a folder");
    let files = [("a.timer", "[Timer]\nOnCalendar=hourly\n"), ("a.service", "[Service]\n")];
    let mut system = with_units(root.path(), &files);
    let id = system.find(&"a.timer".parse().expect("a name"));
    system.start_timer(id);
    let (real, monotonic) = (clock::real(), clock::now());
    let later = Moment { real: real + 10 * DAY, monotonic };
    for last in [None, Some(LastTrigger::Now(later)), Some(LastTrigger::Stamp(later.real))] {
        let Some(Run::Timer(run)) = system.unit_mut(id).map(|unit| &mut unit.run) else {
            panic!("a timer");
        };
        (run.last, run.activated) = (last, Some(later));
        system.clock_was_set();
        let next = match system.unit(id).map(|unit| &unit.run) {
            Some(Run::Timer(run)) => run.elapse.real,
            _ => None,
        };
        assert!(next.is_some_and(|at| at < real + DAY), "{last:?}");
    }
}

#[test]
fn a_device_is_waited_for_as_long_as_fstab_says() {
    let root = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(root.path().join("etc")).expect("a folder");
    let lines = ["5s", "infinity", "0"]
        .map(|time| format!("/dev/no-{time} /{time} ext4 x-systemd.device-timeout={time}\n"));
    fs::write(root.path().join("etc/fstab"), lines.concat()).expect("a file");
    let mut system = system(root.path());
    for (time, seconds) in [("usual", Some(90)), ("5s", Some(5)), ("infinity", None), ("0", None)] {
        let name = format!("dev-no\\x2d{time}.device").parse().expect("a name");
        let id = system.find(&name);
        let before = clock::now();
        system.enqueue(id, JobKind::Start, JobMode::Replace, true).expect("queued");
        let job = system.queue.take_ready(&system.graph).expect("its turn");
        system.run_job(&job);
        let after = clock::now();
        let deadline = system.job_deadlines.pop_first().map(|(deadline, _)| deadline);
        assert_eq!(deadline.is_some(), seconds.is_some(), "{time}");
        if let (Some(deadline), Some(seconds)) = (deadline, seconds) {
            let time = Duration::from_secs(seconds);
            assert!((before + time..=after + time).contains(&deadline));
        }
    }
}

#[test]
fn starts_that_conditions_refuse_count_for_the_start_limit() {
    let root = tempfile::tempdir().expect("a folder");
    let text = "[Unit]\nDefaultDependencies=no\nConditionPathExists=/no/such\n\
                StartLimitBurst=3\n[Service]\nExecStart=/a\n";
    let mut system = with_units(root.path(), &[("a.service", text)]);
    let id = system.find(&"a.service".parse().expect("a name"));
    let mut start = || {
        system.enqueue(id, JobKind::Start, JobMode::Replace, false).expect("queued");
        while let Some(job) = system.queue.take_ready(&system.graph) {
            system.run_job(&job);
        }
        system.unit(id).map(|unit| (unit.activity, unit.limit_hit))
    };
    for number in 1..=4 {
        let expected =
            if number > 3 { (Activity::Failed, true) } else { (Activity::Inactive, false) };
        assert_eq!(start(), Some(expected), "{number}");
    }
}

#[test]
fn a_device_that_does_not_come_is_down() {
    let root = tempfile::tempdir().expect("a folder");
    let mut system = system(root.path());
    let id = system.find(&"dev-no.device".parse().expect("a name"));
    let start = system.enqueue(id, JobKind::Start, JobMode::Replace, false).expect("queued");
    let job = system.queue.take_ready(&system.graph).expect("its turn");
    system.run_job(&job);
    assert_eq!(system.queue.job_of(id).map(|job| (job.id, job.is_running())), Some((job.id, true)));
    system.job_timed_out(start.expect("a job"));
    assert!(system.queue.job_of(id).is_none());
    assert_eq!(system.activity(id), Activity::Inactive);
    let present = system.find(&"dev-null.device".parse().expect("a name"));
    system.enqueue(present, JobKind::Start, JobMode::Replace, false).expect("queued");
    while let Some(job) = system.queue.take_ready(&system.graph) {
        system.run_job(&job);
    }
    assert_eq!(system.activity(present), Activity::Active);
    assert!(system.queue.job_of(present).is_none());
}

#[test]
fn a_transient_unit_that_failed_is_kept_unless_it_is_collected() {
    for collect in [false, true] {
        let root = tempfile::tempdir().expect("a folder");
        let mut system = system(root.path());
        let name = "run-1.service".parse().expect("a name");
        system.start_transient(&name, "[Service]\nExecStart=/a\n", collect).expect("made");
        let main = Pid::from_raw(i32::MAX).expect("above zero");
        let id = running(&mut system, "run-1.service", main);
        system.service_event(id, Event::Exited(main, Exit::Code(42)));
        system.settle();
        assert_eq!(system.unit(id).is_none(), collect);
    }
}

#[test]
fn a_value_goes_with_signals_that_are_queued_only() {
    let root = tempfile::tempdir().expect("a folder");
    let mut system = with_units(root.path(), &[("a.service", "[Service]\nExecStart=/a\n")]);
    let mut child = std::process::Command::new("sleep").arg("600").spawn().expect("started");
    running(&mut system, "a.service", Pid::from_child(&child));
    let mut kill = |signal| system.kill("a.service", keelson_control::Whom::All, signal, Some(7));
    assert!(matches!(kill(libc::SIGTERM), keelson_control::Answer::Refused(_)));
    assert!(matches!(kill(libc::SIGRTMIN()), keelson_control::Answer::Done));
    let status = child.wait().expect("it ended");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGRTMIN()));
}

#[test]
fn settings_of_a_running_unit_change_with_its_file() {
    let root = tempfile::tempdir().expect("a folder");
    let groups = root.path().join("cgroup");
    let group = groups.join("system.slice/a.service");
    fs::create_dir_all(&group).expect("folders");
    fs::write(groups.join("cgroup.controllers"), "cpu memory pids\n").expect("written");
    for folder in [&groups, &groups.join("system.slice")] {
        fs::write(folder.join("cgroup.subtree_control"), "").expect("written");
    }
    for file in ["memory.max", "cpu.max", "pids.max"] {
        fs::write(group.join(file), "").expect("written");
    }
    let text = |file: &Path| fs::read_to_string(file).expect("there");
    let first = "[Service]\nExecStart=/a\nMemoryMax=5000\n";
    let mut system = with_units(root.path(), &[("a.service", first)]);
    let id = running(&mut system, "a.service", Pid::from_raw(i32::MAX).expect("above zero"));
    system.join_group(id);
    assert_eq!(text(&group.join("memory.max")), "5000");
    let second = "[Service]\nExecStart=/a\nCPUQuota=50%\nDevicePolicy=closed\n";
    let file = root.path().join("usr/lib/systemd/system/a.service");
    fs::write(file, second).expect("written");
    system.reload();
    assert!(text(&group.join("memory.max")).starts_with("max"));
    assert_eq!(text(&group.join("cpu.max")), "50000 100000");
    assert!(text(&groups.join("system.slice/cgroup.subtree_control")).contains("+cpu"));
    let stale = |system: &System| {
        system.unit(id).and_then(|unit| unit.group.as_ref()).map(|grouped| grouped.stale)
    };
    assert_eq!(stale(&system), Some(true), "the policy is for the next group");
    system.release(id, true);
    assert_eq!(stale(&system), None);
}

#[test]
fn every_step_of_a_service_on_a_socket_has_it_as_its_stream() {
    use crate::service::{Phase, Role};
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("listening");
    let alone = "[Unit]\nDefaultDependencies=no\n";
    let socket = format!("{alone}[Socket]\nListenStream={}\n", path.display());
    let service =
        format!("{alone}[Service]\nExecStart=/a\nExecStartPre=true\nStandardInput=socket\n");
    let mut system = with_units(root.path(), &[("a.socket", &socket), ("a.service", &service)]);
    let socket = system.find(&"a.socket".parse().expect("a name"));
    system.enqueue(socket, JobKind::Start, JobMode::Replace, true).expect("queued");
    system.settle();
    assert!(path.exists());
    let id = system.find(&"a.service".parse().expect("a name"));
    let event = system.spawn_for(id, Role::Control, Phase::StartPre, 0);
    assert!(matches!(event, Event::Spawned { .. }), "{event:?}");
}

#[test]
fn private_devices_close_the_policy_of_the_group() {
    use keelson_units::model::DevicePolicy::{Auto, Closed};
    let root = tempfile::tempdir().expect("a folder");
    let files = [
        ("a.service", "[Service]\nExecStart=/a\nPrivateDevices=yes\n"),
        ("b.service", "[Service]\nExecStart=/a\n"),
    ];
    let mut system = with_units(root.path(), &files);
    for (name, policy) in [("a.service", Closed), ("b.service", Auto)] {
        let id = system.find(&name.parse().expect("a name"));
        let unit = system.unit(id).map(|unit| unit.unit.clone()).expect("it is loaded");
        let resources = groups::resources(&unit).expect("a service has a group");
        assert_eq!(resources.device_policy, policy, "{name}");
    }
}
