//! Runs programs of the verified `/usr` and says what they print.

use std::io::{self, BufRead as _, BufReader, pipe};
use std::process::{Command, ExitStatus, Stdio};

use crate::console::{self, Level};
use crate::refuse::{Failure, doing};

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    program: String,
    /// Its exit status.
    pub(crate) status: ExitStatus,
}

impl Ended {
    /// An error unless it ended with status 0.
    pub(crate) fn success(&self) -> Result<(), Failure> {
        if self.status.success() { Ok(()) } else { Err(self.failure()) }
    }

    /// What to say of a program that failed.
    pub(crate) fn failure(&self) -> Failure {
        doing(format!("running {}", self.program))(io::Error::other(self.status.to_string()))
    }
}

/// Runs a program to its end; each line it prints is said with the program's name.
pub(crate) fn run(
    program: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<Ended, Failure> {
    let short = program.rsplit('/').next().unwrap_or(program);
    let what = || format!("running {program}");
    let (reader, writer) = pipe().map_err(doing(what()))?;
    let mut child = {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("PATH", "/usr/bin:/usr/sbin");
        command.envs(environment.iter().copied()).stdin(Stdio::null());
        command.stdout(writer.try_clone().map_err(doing(what()))?).stderr(writer);
        command.spawn().map_err(doing(what()))?
        // The command holds the writing end: it goes here, so that the reading sees the end.
    };
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.map_err(doing(what()))?;
        console::say(Level::Info, format_args!("{short}: {}", String::from_utf8_lossy(&line)));
    }
    let status = child.wait().map_err(doing(what()))?;
    Ok(Ended { program: program.to_owned(), status })
}
