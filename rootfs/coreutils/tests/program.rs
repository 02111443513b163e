//! The program itself, with an output that takes nothing.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

fn utility(name: &str, argument: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keelson-coreutils"));
    command.arg0(name).arg(argument);
    command
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").expect("opened").into()
}

/// A pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn an_output_that_nobody_takes_ends_a_utility_of_others_without_a_panic() {
    let output = utility("xargs", "--version").stdout(full()).output().expect("run");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert_eq!(words, "xargs: writing the output: No space left on device (os error 28)\n");

    let output = utility("xargs", "--version").stdout(unread()).output().expect("run");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));

    for stderr in [full(), unread()] {
        let status = utility("find", "--no-such-option").stderr(stderr).status().expect("run");
        assert_eq!(status.code(), Some(1));
    }
}

#[test]
fn a_full_output_is_an_error_of_our_own_applets_and_no_panic() {
    for name in ["clear", "free", "mount", "ps"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keelson-coreutils"));
        let output = command.arg0(name).stdout(full()).output().expect("run");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {words}");
        assert!(words.starts_with(&format!("{name}: writing the output: ")), "{words}");
    }
}
