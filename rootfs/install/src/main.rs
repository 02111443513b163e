//! `keelson-install` as a program of its own, for any Linux.

use std::process::ExitCode;

fn main() -> ExitCode {
    keelson_install::run(std::env::args_os().skip(1).collect())
}
