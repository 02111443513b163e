//! The program itself, where nobody reads what it says.

use std::fs::File;
use std::process::Command;

#[test]
fn an_error_that_nobody_can_read_is_an_exit_status_all_the_same() {
    for (arguments, status) in [
        (&[][..], 2),
        (&["init"], 2),
        (&["modprobe"], 2),
        (&["modprobe", "--", "no_such_module"], 1),
        // There is no host here that could be blessed.
        (&["bless"], 1),
    ] {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_keelson-init"));
            command.args(arguments);
            command
        };
        let told = command().output().expect("run");
        assert!(!told.stderr.is_empty(), "{arguments:?}");
        assert_eq!(told.status.code(), Some(status), "{arguments:?}");

        let full = File::options().write(true).open("/dev/full").expect("it is there");
        let (reader, unread) = std::io::pipe().expect("a pipe");
        drop(reader);
        for stderr in [full.into(), unread.into()] {
            let stderr: std::process::Stdio = stderr;
            let untold = command().stderr(stderr).status().expect("run");
            assert_eq!(untold.code(), Some(status), "{arguments:?}");
        }
    }
}
