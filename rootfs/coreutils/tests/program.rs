//! The program itself, with an output that takes nothing.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

#[test]
fn a_full_output_is_an_error_of_our_own_applets_and_no_panic() {
    for name in ["clear", "free", "mount", "ps"] {
        let full = File::options().write(true).open("/dev/full").expect("opened");
        let mut command = Command::new(env!("CARGO_BIN_EXE_keelson-coreutils"));
        let output = command.arg0(name).stdout(full).output().expect("run");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {words}");
        assert!(words.starts_with(&format!("{name}: writing the output: ")), "{words}");
    }
}
