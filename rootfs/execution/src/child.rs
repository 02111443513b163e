//! A started process as the manager sees it: its number, and how far it is.

use std::fmt;
use std::os::fd::OwnedFd;

use rustix::process::Pid;

use crate::errno::Errno;
use crate::run::report::{self, Report};
use crate::stage::Stage;

/// A process that was started.
#[derive(Debug)]
pub struct Child {
    /// Its number.
    pub pid: Pid,
    /// Its descriptor, where the kernel gave one.
    pub pidfd: Option<OwnedFd>,
    /// Whether it has executed its program.
    pub progress: Progress,
    /// What did not work and was passed over.
    pub remarks: Vec<String>,
}

/// How far a process is.
#[derive(Debug)]
pub enum Progress {
    /// The program runs (or has run).
    Executed,
    /// It ended before; it is reaped as any other, with the status of the stage.
    Failed(Failure),
    /// Not known yet: the descriptor becomes readable when it is.
    Pending(OwnedFd),
}

/// Why a process ended before its first instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The step.
    pub stage: Stage,
    /// Why.
    pub errno: i32,
    /// What it was about, a path or nothing.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed at step {}", self.stage.name())?;
        if !self.what.is_empty() {
            write!(f, " ({})", self.what)?;
        }
        write!(f, ": {}", Errno(self.errno))
    }
}

impl Child {
    /// Looks, without waiting, whether the process has executed its program.
    pub fn poll(&mut self) -> &Progress {
        let Progress::Pending(pipe) = &self.progress else { return &self.progress };
        let mut bytes = [0_u8; 4096];
        let mut used = 0;
        loop {
            match rustix::io::read(pipe, &mut bytes[used..]) {
                Ok(0) => break,
                Ok(count) => used += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => {
                    let progress = self.take(&bytes[..used]);
                    if matches!(progress, Progress::Failed(_)) {
                        self.progress = progress;
                    }
                    return &self.progress;
                }
            }
        }
        self.progress = self.take(&bytes[..used]);
        &self.progress
    }

    /// What reports say of a process that tells nothing more.
    fn take(&mut self, bytes: &[u8]) -> Progress {
        let (progress, remarks) = interpret(report::parse(bytes));
        self.remarks.extend(remarks);
        progress
    }
}

/// A fatal report is a failure, the others are remarks; without a fatal one the program was executed.
pub fn interpret(reports: Vec<Report>) -> (Progress, Vec<String>) {
    let mut remarks = Vec::new();
    for Report { fatal, stage, errno, subject } in reports {
        let failure = Failure { stage, errno: errno.0, what: subject };
        if fatal {
            return (Progress::Failed(failure), remarks);
        }
        remarks.push(format!("{failure}; passed over"));
    }
    (Progress::Executed, remarks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fatal_report_decides_and_the_others_are_remarks() {
        let report = |fatal, stage| Report {
            fatal,
            stage,
            errno: Errno(libc::ENOENT),
            subject: "/usr/bin/x".to_owned(),
        };
        let (progress, remarks) =
            interpret(vec![report(false, Stage::Stdout), report(true, Stage::Exec)]);
        let Progress::Failed(failure) = progress else { panic!("a failure") };
        assert_eq!(
            failure.to_string(),
            "failed at step EXEC (/usr/bin/x): No such file or directory (os error 2)"
        );
        assert_eq!(remarks.len(), 1);
        assert!(matches!(interpret(Vec::new()).0, Progress::Executed));
    }
}
