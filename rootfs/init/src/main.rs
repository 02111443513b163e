//! PID 1 and the small commands that belong to it, in one program: the name it is called by, or the first argument,
//! says which one runs.

use std::path::Path;
use std::process::ExitCode;

use keelson_init::{bless, control, modules, pid1, shutdown};

const USAGE: &str = "\
usage: keelson-init COMMAND [ARGUMENT...], or by a link of the command's name

  init                         run as PID 1
  poweroff, reboot, halt       end the system
  shutdown [-h|-r] [now]       end the system
  modprobe [-abqv] NAME [P=V]  load a kernel module
  systemctl VERB [NAME]        start, stop, status, is-active, list-units, is-system-running, poweroff, reboot
  modules-load                 load what modules-load.d lists
  coldplug                     load the modules of the hardware found
  bless                        mark this boot as good for the boot loader

Exit status: 0 done, 1 failed, 2 used wrongly; systemctl as systemctl(1) has it.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let called = arguments.next().unwrap_or_default();
    let mut name = Path::new(&called)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut rest: Vec<String> = arguments.collect();
    let is_pid1 = rustix::process::getpid() == rustix::process::Pid::INIT;
    if (name == "init" || !is_command(&name)) && !is_pid1 && !rest.is_empty() {
        name = rest.remove(0);
    }
    match name.as_str() {
        _ if is_pid1 => pid1::run(),
        // The run levels of old that people still type after `init`.
        "0" => control::ask_for_end(shutdown::Goal::PowerOff),
        "6" => control::ask_for_end(shutdown::Goal::Reboot),
        "init" => {
            eprintln!("keelson-init: init runs as PID 1 only");
            ExitCode::from(2)
        }
        "modprobe" => modules::modprobe(&rest),
        "modules-load" => modules::modules_load(),
        "coldplug" => modules::coldplug(),
        "bless" => bless::run(),
        "systemctl" => systemctl(&rest),
        "shutdown" if rest.iter().any(|argument| argument == "-r") => {
            control::ask_for_end(shutdown::Goal::Reboot)
        }
        name => {
            if let Some(goal) = shutdown::Goal::of_command(name) {
                return control::ask_for_end(goal);
            }
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn is_command(name: &str) -> bool {
    shutdown::Goal::of_command(name).is_some()
        || matches!(name, "init" | "modprobe" | "systemctl" | "modules-load" | "coldplug" | "bless")
}

fn systemctl(arguments: &[String]) -> ExitCode {
    // Options such as --no-pager or -q change nothing here.
    let words: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    match words[..] {
        [] => control::ask("list-units"),
        [verb] if shutdown::Goal::of_command(verb).is_some() => {
            control::ask_for_end(shutdown::Goal::of_command(verb).expect("the guard has looked"))
        }
        _ => control::ask(&words.join(" ")),
    }
}
