//! A started process as the manager sees it: its number, and how far it is.

use std::fmt;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::process::Pid;

use crate::errno::Errno;
use crate::lent::Lent;
use crate::run::report::{self, Report};
use crate::stage::Stage;

/// A process that was started.
#[derive(Debug)]
pub struct Child {
    /// Its number.
    pub pid: Pid,
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
    /// Not known yet.
    Pending(Pending),
}

/// A process that has neither executed its program nor ended, as far as is known.
#[derive(Debug)]
pub struct Pending {
    /// How it is known.
    signs: Signs,
    /// What it has told so far.
    told: Vec<u8>,
    /// What it uses of this process's memory.
    lent: ManuallyDrop<Option<Lent>>,
}

/// How it is known how far a process is.
#[derive(Debug)]
enum Signs {
    /// Readable when it has told something, executed or ended.
    Pipe(OwnedFd),
    /// By its memory. Descriptors that stay open meanwhile, as it may not have copies yet.
    Memory { _kept: Vec<OwnedFd> },
}

impl Pending {
    pub(crate) fn with_pipe(pipe: OwnedFd, lent: Lent) -> Self {
        let lent = lent.is_shared().then_some(lent);
        Self { signs: Signs::Pipe(pipe), told: Vec::new(), lent: ManuallyDrop::new(lent) }
    }

    pub(crate) fn silent(kept: Vec<OwnedFd>, lent: Lent) -> Self {
        let lent = ManuallyDrop::new(Some(lent));
        Self { signs: Signs::Memory { _kept: kept }, told: Vec::new(), lent }
    }

    /// What is readable when there is news. Without it the process is to be looked at from time to time, and when it
    /// has ended.
    pub fn pipe(&self) -> Option<BorrowedFd<'_>> {
        match &self.signs {
            Signs::Pipe(pipe) => Some(pipe.as_fd()),
            Signs::Memory { .. } => None,
        }
    }

    /// Reads what it tells; true at the end of it.
    fn read(&mut self) -> bool {
        let Signs::Pipe(pipe) = &self.signs else {
            return self.lent.as_ref().is_none_or(|lent| !lent.is_in_use());
        };
        let mut bytes = [0_u8; 1024];
        loop {
            match rustix::io::read(pipe, &mut bytes) {
                Ok(0) => return true,
                Ok(count) => self.told.extend_from_slice(&bytes[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Frees what was lent. Without this call it is lost with the value, as the process may still use it.
    fn take_back(&mut self) {
        if let Some(mut lent) = self.lent.take() {
            if matches!(self.signs, Signs::Memory { .. }) {
                self.told.extend_from_slice(lent.reports());
            }
            lent.take_back();
        }
    }
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
        let Progress::Pending(pending) = &mut self.progress else { return &self.progress };
        if pending.read() {
            self.settle();
        }
        &self.progress
    }

    /// Says that the process has ended: nothing more is waited for.
    pub fn ended(&mut self) {
        if let Progress::Pending(_) = self.poll() {
            self.settle();
        }
    }

    /// The process has executed its program or ended.
    fn settle(&mut self) {
        let Progress::Pending(pending) = &mut self.progress else { return };
        pending.take_back();
        let (progress, remarks) = interpret(report::parse(&pending.told));
        self.progress = progress;
        self.remarks.extend(remarks);
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
