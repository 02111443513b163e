//! Where the output goes: standard output, or a pager before it.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

/// The output.
pub enum Output {
    /// Standard output.
    Plain(BufWriter<Stdout>),
    /// A pager.
    Pager(Child, Option<BufWriter<ChildStdin>>),
}

impl Output {
    /// A pager where one is wanted, standard output is a terminal and `less` is there; else standard output.
    pub fn open(wanted: bool, at_end: bool) -> Self {
        let plain = || Self::Plain(BufWriter::with_capacity(1 << 16, io::stdout()));
        let off =
            |name: &str| std::env::var(name).is_ok_and(|pager| pager.is_empty() || pager == "cat");
        if !wanted || !io::stdout().is_terminal() || off("SYSTEMD_PAGER") || off("PAGER") {
            return plain();
        }
        let mut command = Command::new("less");
        // Secure mode, as systemd asks for it: a pager run by root must not start a shell.
        command.env("LESS", "FRSXMK").env("LESSSECURE", "1").stdin(Stdio::piped());
        if at_end {
            command.arg("+G");
        }
        match command.spawn() {
            Ok(mut child) => match child.stdin.take() {
                Some(input) => Self::Pager(child, Some(BufWriter::with_capacity(1 << 16, input))),
                None => plain(),
            },
            Err(_) => plain(),
        }
    }

    /// Ends the output and waits for the pager.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Pager(mut child, input) => {
                let flushed = input.map_or(Ok(()), |mut input| input.flush());
                child.wait()?;
                flushed
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Pager(_, Some(input)) => input.write(bytes),
            Self::Pager(_, None) => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Pager(_, Some(input)) => input.flush(),
            Self::Pager(_, None) => Ok(()),
        }
    }
}
