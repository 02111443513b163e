//! The program itself: what it says and where, and that nothing hangs on its being read.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_keelson-provision"))
}

#[test]
fn a_host_is_provisioned_though_the_output_takes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.ign");
    let text = r#"{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/opt/a"}]}}"#;
    fs::write(&config, text).expect("written");
    let root = folder.path().join("root");
    fs::create_dir(&root).expect("made");
    let full = || File::options().write(true).open("/dev/full").expect("opened");
    let mut command = program();
    command.arg("--root").arg(&root).arg("--config").arg(&config).stdout(full()).stderr(full());
    assert_eq!(command.status().expect("run").code(), Some(0));
    assert!(root.join("opt/a").is_file());
}

#[test]
fn what_is_wrong_is_said_with_file_and_place() {
    let folder = tempfile::tempdir().expect("a folder");
    for (text, expected) in [
        (&b"\xff{}"[..], "c.ign: the configuration is not UTF-8, from byte 0 on"),
        (br#"{"ignition":{"version":"2.3.0"}}"#, "c.ign:1:24: ignition.version: specification"),
    ] {
        fs::write(folder.path().join("c.ign"), text).expect("written");
        let mut command = program();
        command.args(["--check", "--config", "c.ign"]).current_dir(folder.path());
        let output = command.output().expect("run");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(words.starts_with(expected), "{words}");
    }
}

#[test]
fn an_argument_that_is_not_utf_8_is_refused_by_name() {
    let output = program().arg(OsStr::from_bytes(b"--\xff")).output().expect("run");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.starts_with("not UTF-8: --\u{fffd}"), "{words}");
}
