use keelson_units::model::Command;
use keelson_units::words;

use super::*;

/// The plan of the three streams.
fn planned(exec: &ExecSettings) -> (Prepared, Streams) {
    let command = Command {
        words: words::split("/usr/sbin/sshd -D").expect("a command line"),
        may_fail: false,
        own_argv0: false,
        privileged: false,
        keep_user: false,
        literal: false,
        shell: false,
    };
    let mut made = Prepared { plan: Plan::default(), kept: Vec::new(), remarks: Vec::new() };
    let invocation = Invocation::new("ssh.service", &command, exec);
    let streams = plan(&invocation, &Identity::default(), &mut made).expect("a plan");
    (made, streams)
}

fn actions(made: &Prepared) -> Vec<&Action> {
    made.plan.steps.iter().map(|step| &step.action).collect()
}

#[test]
fn both_outputs_share_one_stream_of_the_log() {
    let (made, streams) = planned(&ExecSettings::default());
    let [input, output, error] = made.plan.standard;
    assert_eq!(output, error);
    assert_ne!(input, output);
    assert!(streams.journal.is_some() && streams.terminal.is_none());
    let Some(Action::ConnectLog { header, .. }) = actions(&made).last().copied() else {
        panic!("the log is connected")
    };
    assert_eq!(header.as_slice(), b"sshd\nssh.service\n30\n1\n0\n0\n0\n");
}

#[test]
fn identifier_level_and_console_are_in_the_header() {
    let exec = ExecSettings {
        output: Some(Output::JournalAndConsole),
        error: Some(Output::Kmsg),
        syslog_identifier: Some("name".to_owned()),
        syslog_level: Some(3),
        no_syslog_level_prefix: true,
        ..ExecSettings::default()
    };
    let (made, _) = planned(&exec);
    let headers: Vec<&[u8]> = actions(&made)
        .into_iter()
        .filter_map(|action| match action {
            Action::ConnectLog { header, .. } => Some(header.as_slice()),
            _ => None,
        })
        .collect();
    let expected =
        [&b"name\nssh.service\n27\n0\n0\n0\n1\n"[..], b"name\nssh.service\n27\n0\n0\n1\n0\n"];
    assert_eq!(headers, expected);
}

#[test]
fn a_terminal_is_taken_once_for_all_streams() {
    let exec = ExecSettings {
        input: Input::Tty,
        output: Some(Output::Tty),
        tty_path: Some("/dev/tty1".into()),
        tty_vhangup: true,
        tty_reset: true,
        tty_rows: Some(40),
        ..ExecSettings::default()
    };
    let (made, streams) = planned(&exec);
    let [input, output, error] = made.plan.standard;
    assert_eq!((input, input), (output, error));
    assert_eq!(streams.terminal.as_deref(), Some(Path::new("/dev/tty1")));
    let actions = actions(&made);
    let hung_up = actions.iter().position(|action| matches!(action, Action::HangUp(_)));
    let taken = actions.iter().position(|action| {
        matches!(
            action,
            Action::Terminal(Terminal {
                control: Some(Control::Wait),
                reset: true,
                size: Some((40, 0)),
                ..
            })
        )
    });
    assert!(hung_up.expect("it is hung up") < taken.expect("it is taken"));
}

#[test]
fn files_are_made_with_the_mask_of_the_unit() {
    let exec = ExecSettings {
        output: Some(Output::Append("/var/log/x".into())),
        umask: Some(0o077),
        ..ExecSettings::default()
    };
    let (made, _) = planned(&exec);
    let Some(Action::OpenOrConnect { flags, mode, .. }) = actions(&made).last().copied() else {
        panic!("the file is opened")
    };
    assert_eq!((flags & libc::O_APPEND, *mode), (libc::O_APPEND, 0o600));
}

#[test]
fn streams_that_lead_nowhere_are_errors() {
    let command = Command {
        words: Vec::new(),
        may_fail: false,
        own_argv0: false,
        privileged: false,
        keep_user: false,
        literal: false,
        shell: false,
    };
    for (input, stage) in
        [(Input::Socket, Stage::Stdin), (Input::Descriptor("x".to_owned()), Stage::Stdin)]
    {
        let exec = ExecSettings { input, ..ExecSettings::default() };
        let mut made = Prepared { plan: Plan::default(), kept: Vec::new(), remarks: Vec::new() };
        let invocation = Invocation::new("a.service", &command, &exec);
        let error = plan(&invocation, &Identity::default(), &mut made).expect_err("nothing there");
        assert_eq!(error.stage, stage);
    }
}
