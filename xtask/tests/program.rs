//! The program itself, with an output that takes nothing.

use std::fs::File;
use std::process::{Command, Stdio};

#[test]
fn help_that_cannot_be_written_is_an_error_and_help_that_nobody_reads_is_none() {
    for arguments in [&["--help"][..], &["--version"], &["build-image", "--help"], &["run", "-h"]] {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
            command.args(arguments);
            command
        };
        let told = command().output().expect("run");
        assert!(told.status.success() && !told.stdout.is_empty(), "{arguments:?}");

        let full = File::options().write(true).open("/dev/full").expect("it is there");
        let output = command().stdout(full).output().expect("run");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(words.starts_with("error: writing the output: No space left"), "{words}");

        let (reader, unread) = std::io::pipe().expect("a pipe");
        drop(reader);
        let status = command().stdout(Stdio::from(unread)).status().expect("run");
        assert!(status.success(), "{arguments:?}");
    }
}
