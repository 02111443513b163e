//! The table of applets.

mod adopted;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::Write as _;

use keelson_applets::{clear, dmesg, free, lsmod, mount, nologin, ps, umount};
use keelson_output::eprintln;

use crate::lost_output;

/// One command.
pub(crate) struct Applet {
    name: &'static str,
    run: Run,
}

/// How a command is called; the first argument is its name. Each gives an exit status.
enum Run {
    /// A program of uutils, which wants its messages loaded first.
    Uutils(fn(Vec<OsString>) -> i32),
    /// A program that takes text alone.
    Strings(fn(&[&str]) -> i32),
    /// A program of ours: the arguments after the name, and one line of error.
    Own(fn(&[String]) -> Result<(), String>),
}

/// Our own. Sorted by name.
const OWN: &[Applet] = &[
    Applet { name: "clear", run: Run::Own(clear::run) },
    Applet { name: "dmesg", run: Run::Own(dmesg::run) },
    Applet { name: "free", run: Run::Own(free::run) },
    Applet { name: "lsmod", run: Run::Own(lsmod::run) },
    Applet { name: "mount", run: Run::Own(mount::run) },
    Applet { name: "nologin", run: Run::Own(nologin::run) },
    Applet { name: "ps", run: Run::Own(ps::run) },
    Applet { name: "umount", run: Run::Own(umount::run) },
];

/// The applet of this name.
pub(crate) fn find(name: &str) -> Option<&'static Applet> {
    all().find(|applet| applet.name == name)
}

/// All names, sorted.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = all().map(|applet| applet.name).collect();
    names.sort_unstable();
    names
}

fn all() -> impl Iterator<Item = &'static Applet> {
    adopted::UUTILS.iter().chain(adopted::FINDUTILS).chain(OWN)
}

impl Applet {
    /// Does the work and gives the exit status. `arguments` begins with the name.
    pub(crate) fn run(&self, arguments: Vec<OsString>) -> i32 {
        // `ps | head` ends as it does elsewhere; Rust's start ignores the signal.
        uucore::panic::preserve_inherited_sigpipe();
        lost_output::end_quietly(self.name);
        match self.run {
            Run::Uutils(uumain) => self.run_uutils(uumain, arguments),
            Run::Strings(main) => self.with_text(arguments, |text| {
                main(&text.iter().map(String::as_str).collect::<Vec<_>>())
            }),
            Run::Own(main) => self.with_text(arguments, |text| match main(&text[1..]) {
                Ok(()) => 0,
                Err(message) => {
                    eprintln(format_args!("{}: {message}", self.name));
                    1
                }
            }),
        }
    }

    fn run_uutils(&self, uumain: fn(Vec<OsString>) -> i32, arguments: Vec<OsString>) -> i32 {
        if let Err(error) = uucore::locale::setup_localization(adopted::message_name(self.name)) {
            eprintln(format_args!("{}: loading the messages: {error}", self.name));
        }
        let status = uumain(arguments);
        // A full disk shows at the flush: it must not look like success.
        match std::io::stdout().flush() {
            Err(error) if status == 0 => {
                eprintln(format_args!("{}: writing the output: {error}", self.name));
                1
            }
            _ => status,
        }
    }

    fn with_text(&self, arguments: Vec<OsString>, main: impl FnOnce(&[String]) -> i32) -> i32 {
        match adopted::as_text(arguments) {
            Ok(text) => main(&text),
            Err(argument) => {
                eprintln(format_args!("{}: not UTF-8: {}", self.name, argument.display()));
                1
            }
        }
    }
}
