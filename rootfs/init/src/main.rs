//! PID 1 and the small commands that belong to it, in one program: the name it is called by, or the first argument,
//! says which one runs.

use std::path::Path;
use std::process::ExitCode;

use keelson_init::{bless, devices, modules, pid1};
use keelson_output::eprintln;

const USAGE: &str = "\
usage: keelson-init COMMAND [ARGUMENT...], or by a link of the command's name

  init                         run as PID 1
  modprobe [-abqv] NAME [P=V]  load a kernel module
  modules-load                 load what modules-load.d lists
  coldplug                     load the modules of the hardware found
  devices                      keep the links in /dev, as a service
  bless                        mark this boot as good for the boot loader

Exit status: 0 done, 1 failed, 2 used wrongly.
";

const COMMANDS: [&str; 6] = ["init", "modprobe", "modules-load", "coldplug", "devices", "bless"];

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let called = arguments.next().unwrap_or_default();
    let mut name = Path::new(&called)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut rest: Vec<String> = arguments.collect();
    if rustix::process::getpid().is_init() {
        pid1::run();
    }
    if (name == "init" || !COMMANDS.contains(&name.as_str())) && !rest.is_empty() {
        name = rest.remove(0);
    }
    match name.as_str() {
        "init" => {
            eprintln("keelson-init: init runs as PID 1 only");
            ExitCode::from(2)
        }
        "modprobe" => modules::modprobe(&rest),
        "modules-load" => modules::modules_load(),
        "coldplug" => modules::coldplug(),
        "devices" => devices::run(),
        "bless" => bless::run(),
        _ => {
            eprintln(USAGE.trim_end());
            ExitCode::from(2)
        }
    }
}
