//! The core utilities in one static program, called by their names: `/usr/bin/ls` is a link to it.
//!
//! It only finds the applet; the work is done by the crates of uutils and, for the few commands they lack,
//! by `keelson-applets`. `coreutils NAME ARGUMENTS...` calls an applet that has no link,
//! `coreutils --list` names them all.
//!
//! Exit statuses are the applet's own; 127 for a name that is none, as a shell gives for a missing command.

mod applets;
mod lost_output;
#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
mod termios_speed;

use std::ffi::OsString;
use std::path::Path;
use std::process::exit;

use keelson_output::eprintln;

/// The name of the program itself, which is not an applet.
const MULTICALL: &str = "coreutils";

/// A shell's status for a command it cannot find.
const NOT_FOUND: i32 = 127;

fn main() {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let mut name = called_as(&arguments);
    if name == MULTICALL {
        if arguments.len() < 2 {
            eprintln(format_args!("usage: {MULTICALL} --list | NAME [ARGUMENT]..."));
            exit(1);
        }
        arguments.remove(0);
        if arguments[0] == "--list" {
            exit(list());
        }
        // The utilities look at the process's arguments for their names in messages.
        uucore::set_utility_is_second_arg();
        name = called_as(&arguments);
    }
    let Some(applet) = applets::find(&name) else {
        eprintln(format_args!(
            "{MULTICALL}: no applet is named '{name}'; see '{MULTICALL} --list'"
        ));
        exit(NOT_FOUND);
    };
    exit(applet.run(arguments));
}

/// The last component of the first argument.
fn called_as(arguments: &[OsString]) -> String {
    let path = arguments.first().map(Path::new).and_then(Path::file_name);
    path.unwrap_or_default().to_string_lossy().into_owned()
}

fn list() -> i32 {
    keelson_output::print(&format!("{}\n", applets::names().join("\n")));
    0
}
