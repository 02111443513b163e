use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use keelson_units::model::{Command, ExecSettings, Input, Output};
use keelson_units::words;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{WaitOptions, WaitStatus, waitpid};

use super::*;
use crate::invocation::PassedFd;

fn command(line: &str) -> Command {
    Command {
        words: words::split(line).expect("a command line"),
        may_fail: false,
        own_argv0: false,
        privileged: false,
        keep_user: false,
        literal: true,
        shell: false,
    }
}

/// Settings that leave the log alone.
fn quiet() -> ExecSettings {
    ExecSettings { output: Some(Output::Null), ..ExecSettings::default() }
}

/// Settings whose output goes to a file in the folder.
fn told(folder: &tempfile::TempDir) -> (ExecSettings, PathBuf) {
    let path = folder.path().join("output");
    (ExecSettings { output: Some(Output::File(path.clone())), ..ExecSettings::default() }, path)
}

/// Waits for the outcome as a manager's event loop does.
fn settled(child: &mut Child) {
    let end = Instant::now() + Duration::from_secs(20);
    while let Progress::Pending(pending) = child.poll() {
        assert!(Instant::now() < end, "the child tells nothing");
        let wait = rustix::event::Timespec { tv_sec: 1, tv_nsec: 0 };
        match pending.pipe() {
            Some(pipe) => {
                poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&wait)).expect("polling works");
            }
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn run(invocation: &Invocation<'_>) -> (Child, WaitStatus) {
    let mut child = spawn(invocation, &mut Runtime::default()).expect("a process is started");
    settled(&mut child);
    let (_, status) = waitpid(Some(child.pid), WaitOptions::empty())
        .expect("it is our child")
        .expect("it has ended");
    (child, status)
}

#[test]
fn a_program_that_was_executed_is_told() {
    let (command, exec) = (command("/usr/bin/true"), quiet());
    let (child, status) = run(&Invocation::new("a.service", &command, &exec));
    assert!(matches!(child.progress, Progress::Executed));
    assert_eq!(status.exit_status(), Some(0));
}

#[test]
fn a_missing_program_fails_at_exec_with_its_status() {
    let folder = tempfile::tempdir().expect("a folder");
    let (other, _) = told(&folder);
    for exec in [quiet(), other] {
        let command = command("/usr/bin/no-such-program");
        let (child, status) = run(&Invocation::new("a.service", &command, &exec));
        let Progress::Failed(failure) = &child.progress else { panic!("{:?}", child.progress) };
        assert_eq!((failure.stage, failure.errno), (Stage::Exec, libc::ENOENT));
        assert_eq!(failure.what, "/usr/bin/no-such-program");
        assert_eq!(status.exit_status(), Some(203));
    }
}

#[test]
fn a_process_that_nobody_waits_for_tells_by_its_memory() {
    let exec = quiet();
    for (program, code) in [("/usr/bin/true", 0), ("/usr/bin/no-such-program", 203)] {
        let command = command(program);
        let mut invocation = Invocation::new("a.service", &command, &exec);
        invocation.awaited = false;
        let started = spawn(&invocation, &mut Runtime::default()).expect("a process is started");
        let Progress::Pending(pending) = &started.progress else { panic!("it is pending") };
        assert!(pending.pipe().is_none());
        let (child, status) = run(&invocation);
        assert_eq!(status.exit_status(), Some(code));
        match &child.progress {
            Progress::Executed => assert_eq!(code, 0),
            Progress::Failed(failure) => {
                assert_eq!((failure.stage, failure.what.as_str()), (Stage::Exec, program));
            }
            Progress::Pending(_) => panic!("it has ended"),
        }
        waitpid(Some(started.pid), WaitOptions::empty()).expect("it is our child");
    }
}

#[test]
fn a_process_that_nobody_waits_for_changes_no_descriptor_of_its_parent_and_gets_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let (exec, output) = told(&folder);
    let own: Vec<_> = (0..3)
        .map(|number| std::fs::read_link(format!("/proc/self/fd/{number}")))
        .map(Result::ok)
        .collect();
    let file = std::fs::File::open("/etc/passwd").expect("a file");
    let high = rustix::io::fcntl_dupfd_cloexec(&file, 700).expect("a descriptor");
    rustix::io::fcntl_setfd(&high, rustix::io::FdFlags::empty()).expect("it stays open");
    let command = command("/bin/ls -l /proc/self/fd/");
    let mut invocation = Invocation::new("a.service", &command, &exec);
    invocation.awaited = false;
    let (_, status) = run(&invocation);
    assert_eq!(status.exit_status(), Some(0));
    let listed = std::fs::read_to_string(output).expect("the program wrote");
    assert!(listed.contains("/output") && !listed.contains("/etc/passwd"), "{listed}");
    let after: Vec<_> = (0..3)
        .map(|number| std::fs::read_link(format!("/proc/self/fd/{number}")))
        .map(Result::ok)
        .collect();
    assert_eq!(own, after);
    rustix::io::fcntl_getfd(&high).expect("it is open here");
}

#[test]
fn a_missing_folder_fails_at_chdir_unless_it_may_miss() {
    for (may_miss, code) in [(false, 200), (true, 0)] {
        let exec = ExecSettings {
            working_directory: Some("/nonexistent".into()),
            working_directory_may_miss: may_miss,
            ..quiet()
        };
        let command = command("/usr/bin/true");
        let (_, status) = run(&Invocation::new("a.service", &command, &exec));
        assert_eq!(status.exit_status(), Some(code));
    }
}

#[test]
fn environment_arguments_and_numbers_arrive() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut exec, output) = told(&folder);
    exec.environment = BTreeMap::from([("A".to_owned(), "one two".to_owned())]);
    exec.umask = Some(0o027);
    let text = "echo $0 $# $1 $A $INVOCATION_ID; umask; test $$ = $SYSTEMD_EXEC_PID && echo same";
    let mut command = command(&format!("/bin/sh -c '{text}' name '${{A}}' $A"));
    command.literal = false;
    // The text is the shell's to expand.
    command.words[2].text = text.replace('$', "$$");
    let mut invocation = Invocation::new("a.service", &command, &exec);
    invocation.invocation_id = Some("0123");
    let (_, status) = run(&invocation);
    assert_eq!(status.exit_status(), Some(0));
    let text = std::fs::read_to_string(output).expect("output");
    assert_eq!(text, "name 3 one two one two 0123\n0027\nsame\n");
}

#[test]
fn descriptors_begin_at_three_and_nothing_else_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut exec, output) = told(&folder);
    exec.input = Input::Data;
    exec.input_data = b"hello".to_vec();
    let file = std::fs::File::create(folder.path().join("passed")).expect("a file");
    let text = "cat; echo; echo $LISTEN_FDS $LISTEN_FDNAMES; test $$ = $LISTEN_PID && echo same; \
                echo x >&3; echo y >&4; ls /proc/self/fd | tr '\\n' ' '";
    let mut command = command("/bin/sh -c x");
    command.words[2].text = text.to_owned();
    let passed = [
        PassedFd { fd: file.as_fd(), name: "first" },
        PassedFd { fd: file.as_fd(), name: "second" },
    ];
    let mut invocation = Invocation::new("a.service", &command, &exec);
    invocation.descriptors = &passed;
    let (_, status) = run(&invocation);
    assert_eq!(status.exit_status(), Some(0));
    let text = std::fs::read_to_string(output).expect("output");
    // 5 is the folder that ls reads.
    assert_eq!(text, "hello\n2 first:second\nsame\n0 1 2 3 4 5 ");
    let written = std::fs::read_to_string(folder.path().join("passed")).expect("written");
    assert_eq!(written, "x\ny\n");
}

#[test]
fn limits_and_schedule_are_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut exec, output) = told(&folder);
    exec.limits = BTreeMap::from([(libc::RLIMIT_NOFILE, (Some(20), Some(30)))]);
    exec.nice = Some(5);
    exec.io_class = Some(3);
    exec.timer_slack_ns = Some(77);
    let command = command(
        "/bin/sh -c 'ulimit -Sn; ulimit -Hn; cut -d\" \" -f19 /proc/self/stat; grep SigIgn /proc/self/status'",
    );
    let (_, status) = run(&Invocation::new("a.service", &command, &exec));
    assert_eq!(status.exit_status(), Some(0));
    let text = std::fs::read_to_string(output).expect("output");
    assert!(text.starts_with("20\n30\n5\n"), "{text}");
    // SIGPIPE (13) is ignored.
    let ignored = text.rsplit(char::is_whitespace).nth(1).expect("a mask");
    assert_eq!(u64::from_str_radix(ignored, 16).expect("a mask") & 1 << 12, 1 << 12);
}

#[test]
fn a_missing_log_service_is_a_remark_and_no_failure() {
    let (command, exec) = (command("/usr/bin/true"), ExecSettings::default());
    let (child, status) = run(&Invocation::new("a.service", &command, &exec));
    assert!(matches!(child.progress, Progress::Executed));
    assert_eq!(status.exit_status(), Some(0));
}

#[test]
fn a_missing_user_starts_nothing() {
    let exec = ExecSettings { user: Some("no-such-user".to_owned()), ..quiet() };
    let command = command("/usr/bin/true");
    let invocation = Invocation::new("a.service", &command, &exec);
    let error = spawn(&invocation, &mut Runtime::default()).expect_err("no such user");
    assert_eq!(error.stage.status(), 217);
    assert!(error.to_string().contains("no-such-user"), "{error}");
}

#[test]
fn many_programs_are_started_and_all_end() {
    let (command, exec) = (command("/usr/bin/true"), quiet());
    let invocation = Invocation::new("a.service", &command, &exec);
    let mut runtime = Runtime::default();
    let children: Vec<Child> =
        (0..100).map(|_| spawn(&invocation, &mut runtime).expect("started")).collect();
    for child in children {
        let outcome = waitpid(Some(child.pid), WaitOptions::empty()).expect("our child");
        assert_eq!(outcome.expect("it has ended").1.exit_status(), Some(0));
    }
}

#[test]
fn only_a_plain_service_starts_in_the_memory_of_its_parent() {
    let command = command("/usr/bin/true");
    let shares = |exec: &ExecSettings| {
        let invocation = Invocation::new("a.service", &command, exec);
        let prepared = prepare::prepare(&invocation, &mut Runtime::default()).expect("a plan");
        prepared.plan.shares_memory()
    };
    assert!(shares(&ExecSettings::default()));
    assert!(!shares(&ExecSettings { oom_score_adjust: Some(100), ..quiet() }));
    assert!(!shares(&ExecSettings { no_new_privileges: true, ..quiet() }));
}
