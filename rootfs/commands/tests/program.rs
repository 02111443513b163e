//! The program itself, under each of its names, with an output that takes nothing.

use std::fs::File;
use std::process::{Command, Output, Stdio};

/// The commands that have `--help`.
const COMMANDS: [&str; 21] = [
    "halt",
    "hostnamectl",
    "journalctl",
    "keelson-install",
    "networkctl",
    "poweroff",
    "reboot",
    "shutdown",
    "systemctl",
    "systemd-analyze",
    "systemd-cat",
    "systemd-detect-virt",
    "systemd-escape",
    "systemd-id128",
    "systemd-networkd-wait-online",
    "systemd-notify",
    "systemd-run",
    "systemd-sysusers",
    "systemd-tmpfiles",
    "timedatectl",
    "toolbox",
];

fn command(name: &str, argument: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keelson-commands"));
    command.args([name, argument]);
    command
}

fn full() -> File {
    File::options().write(true).open("/dev/full").expect("it is there")
}

/// A pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_and_version_that_cannot_be_written_are_an_error() {
    for name in COMMANDS {
        for argument in ["--help", "--version"] {
            let output = command(name, argument).output().expect("run");
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{name} {argument}: {}", words(&output));
            assert!(text.contains(if argument == "--help" { name } else { "keelson" }), "{text}");

            let output = command(name, argument).stdout(full()).output().expect("run");
            assert_eq!(output.status.code(), Some(1), "{name} {argument}");
            assert!(words(&output).contains("No space left"), "{name}: {}", words(&output));

            let output = command(name, argument).stdout(unread()).output().expect("run");
            assert_eq!((output.status.code(), words(&output)), (Some(0), String::new()), "{name}");
        }
    }
}

#[test]
fn an_error_that_nobody_can_read_is_an_exit_status_all_the_same() {
    for name in COMMANDS {
        let told = command(name, "--no-such-option").output().expect("run");
        let (status, text) = (told.status.code(), words(&told));
        assert!(matches!(status, Some(1 | 2)), "{name}: {status:?}");
        assert!(text.contains("no-such-option"), "{name}: {text}");
        for stderr in [full().into(), unread()] {
            let untold = command(name, "--no-such-option").stderr(stderr).status().expect("run");
            assert_eq!(untold.code(), status, "{name}");
        }
    }
}
