//! Real processes that nobody waits for.

use keelson_execution::{Invocation, Runtime, spawn};
use keelson_units::model::{Command, ExecSettings, Output};
use keelson_units::words;

use super::*;

fn child(line: &str, output: Output) -> Child {
    let command = Command {
        words: words::split(line).expect("a command line"),
        may_fail: false,
        own_argv0: false,
        privileged: false,
        keep_user: false,
        literal: true,
        shell: false,
    };
    let exec = ExecSettings { output: Some(output), ..ExecSettings::default() };
    let mut invocation = Invocation::new("a.service", &command, &exec);
    invocation.awaited = false;
    spawn(&invocation, &mut Runtime::default()).expect("a process is started")
}

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn one_that_has_executed_is_given_once_and_then_nothing_is_due() {
    let mut silent = Silent::default();
    let child = child("/usr/bin/true", Output::Null);
    let pid = child.pid;
    silent.add(child, at(100));
    assert_eq!(silent.due(), Some(at(100) + FIRST));
    rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty()).expect("our child");
    let settled = silent.settled(at(101));
    assert_eq!(settled.iter().map(|child| child.pid).collect::<Vec<_>>(), [pid]);
    assert!(matches!(settled[0].progress, Progress::Executed));
    assert_eq!((silent.due(), silent.settled(at(102)).len()), (None, 0));
    assert!(silent.ended(pid).is_none());
}

#[test]
fn one_that_is_held_up_is_looked_at_ever_more_rarely() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
        .expect("a FIFO");
    // Opening it waits for a reader.
    let child = child("/usr/bin/true", Output::File(path));
    let pid = child.pid;
    let mut silent = Silent::default();
    let mut now = at(100);
    silent.add(child, now);
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let due = silent.due().expect("it is looked at again");
        pauses.push(due.saturating_sub(now));
        now = due;
        assert!(silent.settled(now).is_empty());
    }
    assert!(pauses.windows(2).all(|pair| pair[1] >= pair[0]), "{pauses:?}");
    assert_eq!(pauses.last(), Some(&LONGEST));
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ours");
    rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty()).expect("our child");
    assert_eq!(silent.ended(pid).map(|child| child.pid), Some(pid));
    assert!(silent.settled(now + LONGEST).is_empty() && silent.due().is_none());
}
