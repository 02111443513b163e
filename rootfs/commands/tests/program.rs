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

#[test]
fn places_that_are_not_there_are_an_error_that_names_them() {
    for line in [
        "journalctl -D /nonexistent",
        "journalctl --directory=/nonexistent --disk-usage",
        "journalctl --file=/nonexistent",
        "journalctl --file=/nonexistent/*.klog --verify",
        "journalctl --root=/nonexistent",
        "journalctl --root=/nonexistent --vacuum-size=1G",
        "systemctl --root=/nonexistent list-unit-files",
        "systemctl --root=/nonexistent is-enabled a",
        "systemctl --root=/nonexistent mask a",
        "systemctl --root=/dev/null list-unit-files",
        "systemd-analyze --root=/nonexistent verify default.target",
        "systemd-cat --identifier=x /nonexistent",
        "systemd-sysusers --root=/nonexistent",
        "systemd-sysusers /nonexistent.conf",
        "systemd-tmpfiles --root=/nonexistent --cat-config",
        "systemd-tmpfiles --create /nonexistent.conf",
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keelson-commands"));
        let output = command.args(line.split(' ')).output().expect("run");
        assert_eq!(output.status.code(), Some(1), "{line}: {}", words(&output));
        // On a host without the log service that is what is not there.
        let named = ["/nonexistent", "/dev/null", "/run/systemd/journal/stdout"];
        assert!(named.iter().any(|name| words(&output).contains(name)), "{line}: {output:?}");
    }
}

#[test]
fn a_status_that_is_the_answer_stays_so_with_nobody_to_read_the_words() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("usr/lib/systemd/system");
    std::fs::create_dir_all(&folder).expect("folders");
    let text = "[Service]\nExecStart=/a\n[Install]\nWantedBy=multi-user.target\n";
    std::fs::write(folder.join("a.service"), text).expect("a file");
    let mut ask = command("systemctl", "is-enabled");
    ask.arg("--root").arg(root.path()).arg("a.service");
    let read = ask.output().expect("run");
    assert_eq!((read.status.code(), &*read.stdout), (Some(1), &b"disabled\n"[..]));
    let unread = ask.stdout(unread()).status().expect("run");
    assert_eq!(unread.code(), Some(1));
}

#[test]
fn lines_of_credentials_come_after_those_of_files() {
    let root = tempfile::tempdir().expect("a folder");
    let path = |name: &str| root.path().join(name);
    std::fs::create_dir_all(path("etc/sysusers.d")).expect("made");
    std::fs::write(path("etc/sysusers.d/a.conf"), "u one 401\n").expect("written");
    std::fs::write(path("sysusers.extra"), "u one 402\nu two 403\n").expect("written");
    std::fs::write(path("tmpfiles.extra"), "d /made\n").expect("written");
    for arguments in [&["systemd-sysusers"][..], &["systemd-tmpfiles", "--create"]] {
        let status = Command::new(env!("CARGO_BIN_EXE_keelson-commands"))
            .args(arguments)
            .arg("--root")
            .arg(root.path())
            .env("CREDENTIALS_DIRECTORY", root.path())
            .stderr(Stdio::null())
            .status()
            .expect("run");
        assert!(status.success(), "{arguments:?}");
    }
    let passwd = std::fs::read_to_string(path("etc/passwd")).expect("there");
    assert!(passwd.contains("one:x:401:") && passwd.contains("two:x:403:"), "{passwd}");
    assert!(path("made").is_dir());
}
