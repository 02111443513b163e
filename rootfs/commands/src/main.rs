//! The commands of the host in one program: the name it is called by, or the first argument, says which one runs.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use keelson_output::eprintln;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let called = arguments.next().unwrap_or_default();
    let mut rest: Vec<OsString> = arguments.collect();
    let name = Path::new(&called).file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(status) = keelson_commands::run(&name, rest.clone()) {
        return status;
    }
    if !rest.is_empty() {
        let name = rest.remove(0).to_string_lossy().into_owned();
        if let Some(status) = keelson_commands::run(&name, rest) {
            return status;
        }
    }
    eprintln("usage: keelson-commands COMMAND [ARGUMENT...], or by a link of the command's name");
    ExitCode::from(2)
}
