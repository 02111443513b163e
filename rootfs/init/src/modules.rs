//! `modprobe`, `modules-load` and `coldplug`: kernel modules by name, by list and by hardware found, with the options,
//! aliases, soft dependencies and the blacklist of `modprobe.d` (modprobe.d(5)).

use std::fs;
use std::process::ExitCode;

use keelson_kernel_modules::{LoadError, Modules};
use keelson_output::eprintln;

use crate::folders;

const FOLDERS: &[&str] = &["/usr/lib/modules-load.d", "/run/modules-load.d", "/etc/modules-load.d"];
/// Drivers make new devices appear, whose drivers make new ones: after this many rounds it is enough.
const ROUNDS: usize = 4;

/// What the arguments of `modprobe` ask for, of modprobe(8).
#[derive(Debug, Default, PartialEq, Eq)]
struct Request<'a> {
    quiet: bool,
    all: bool,
    names: Vec<&'a str>,
}

fn parse<'a>(arguments: &[&'a str]) -> Result<Request<'a>, String> {
    let mut request = Request::default();
    let mut options = true;
    for argument in arguments {
        match (options, *argument) {
            (true, "--") => options = false,
            (true, "--all") => request.all = true,
            (true, "--quiet") => request.quiet = true,
            (true, "--use-blacklist" | "--verbose" | "--syslog" | "--first-time") => {}
            (true, long) if long.starts_with("--") => {
                return Err(format!("option {long} is not implemented"));
            }
            (true, short) if short.len() > 1 && short.starts_with('-') => {
                for letter in short[1..].chars() {
                    match letter {
                        'a' => request.all = true,
                        'q' => request.quiet = true,
                        'b' | 'v' | 's' => {}
                        other => return Err(format!("option -{other} is not implemented")),
                    }
                }
            }
            (_, name) => request.names.push(name),
        }
    }
    if request.names.is_empty() { Err("no module is named".to_owned()) } else { Ok(request) }
}

/// `modprobe [-abqv] [--] NAME [PARAMETER...]`, as people, units and the kernel call it.
pub fn modprobe(arguments: &[String]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let request = match parse(&arguments) {
        Ok(request) => request,
        Err(what) => {
            eprintln(format_args!(
                "modprobe: {what}\nusage: modprobe [-abqv] [--] NAME [PARAMETER=VALUE...]"
            ));
            return ExitCode::from(2);
        }
    };
    let modules = match Modules::open_running() {
        Ok(modules) => modules,
        Err(error) => {
            eprintln(format_args!("modprobe: {error}"));
            return ExitCode::FAILURE;
        }
    };
    if !request.quiet {
        modules.remarks().iter().for_each(|remark| eprintln(format_args!("modprobe: {remark}")));
    }
    let (names, parameters) =
        if request.all { (&request.names[..], &[][..]) } else { request.names.split_at(1) };
    let parameters = parameters.join(" ");
    let mut code = ExitCode::SUCCESS;
    for name in names {
        if let Err(error) = modules.load(name, &parameters) {
            if !(request.quiet && matches!(error, LoadError::NotFound { .. })) {
                eprintln(format_args!("modprobe: {error}"));
            }
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// Loads what `modules-load.d` lists (modules-load.d(5)).
pub fn modules_load() -> ExitCode {
    let modules = match Modules::open_running() {
        Ok(modules) => modules,
        Err(error) => {
            eprintln(error);
            return ExitCode::FAILURE;
        }
    };
    let mut code = ExitCode::SUCCESS;
    for path in folders::files(FOLDERS, "conf") {
        let text = fs::read_to_string(&path).unwrap_or_default();
        for (index, name) in text.lines().map(str::trim).enumerate() {
            if name.is_empty() || name.starts_with(['#', ';']) {
                continue;
            }
            if let Err(error) = modules.load(name, "") {
                eprintln(format_args!("{}:{}: {error}", path.display(), index + 1));
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

/// Loads the modules of the hardware found. One that fails is said and is no failure of the boot, and so is what is
/// wrong in `modprobe.d`.
pub fn coldplug() -> ExitCode {
    let modules = match Modules::open_running() {
        Ok(modules) => modules,
        Err(error) => {
            eprintln(error);
            return ExitCode::FAILURE;
        }
    };
    modules.remarks().iter().for_each(eprintln);
    let count = || fs::read_to_string("/proc/modules").map_or(0, |text| text.lines().count());
    for _ in 0..ROUNDS {
        let before = count();
        for error in modules.coldplug() {
            eprintln(error);
        }
        if count() == before {
            break;
        }
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_people_units_and_the_kernel_are_understood() {
        for (arguments, quiet, all, names) in [
            (&["overlay"][..], false, false, &["overlay"][..]),
            (&["-q", "--", "fs-vfat"], true, false, &["fs-vfat"]),
            (&["-abq", "a", "b"], true, true, &["a", "b"]),
            (&["--all", "--quiet", "a"], true, true, &["a"]),
            (&["loop", "max_loop=8"], false, false, &["loop", "max_loop=8"]),
            (&["--", "-x"], false, false, &["-x"]),
        ] {
            let names = names.to_vec();
            assert_eq!(parse(arguments), Ok(Request { quiet, all, names }), "{arguments:?}");
        }
        for arguments in [&[][..], &["-r", "a"], &["--remove", "a"], &["-q"]] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
