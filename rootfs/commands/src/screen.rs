//! What the output goes to: colours, width, time zone.

use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use keelson_output::eprintln;
pub use keelson_output::print;
use lexopt::prelude::*;

use crate::clock::{Now, Zone};

/// What the output goes to.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Whether escape sequences are wanted.
    pub colours: bool,
    /// Columns of the terminal; none is no limit.
    pub width: Option<usize>,
    /// The zone of times.
    pub zone: Zone,
    /// The present, the same for a whole output.
    pub now: Now,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    #[default]
    Plain,
    /// Good.
    Green,
    /// Bad.
    Red,
    /// To be noticed.
    Yellow,
    /// Unimportant.
    Grey,
    /// A heading.
    Underline,
    /// Emphasis.
    Bold,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Green => "0;1;32",
            Self::Red => "0;1;31",
            Self::Yellow => "0;1;38;5;185",
            Self::Grey => "0;38;5;245",
            Self::Underline => "0;4",
            Self::Bold => "0;1;39",
        }
    }
}

/// Says why a command failed, and gives its exit status.
pub fn end(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves the options that every command has, `--help` and `--version`; any other is not known to it.
pub fn help_or_version(option: lexopt::Arg<'_>, help: &str) -> anyhow::Result<()> {
    match option {
        Short('h') | Long("help") => print(help),
        Long("version") => print(crate::VERSION_TEXT),
        other => return Err(other.unexpected().into()),
    }
    Ok(())
}

impl Screen {
    /// Standard output: colours on a terminal unless `$SYSTEMD_COLORS` or `$NO_COLOR` say otherwise.
    pub fn of_stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let width = terminal.then(|| {
            let told = env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
            let size = rustix::termios::tcgetwinsize(io::stdout())
                .ok()
                .map(|size| usize::from(size.ws_col));
            told.or(size).filter(|columns| *columns > 0).unwrap_or(80)
        });
        Self { colours: wants_colours(terminal), width, zone: Zone::Local, now: Now::read() }
    }

    /// No terminal, UTC, a fixed time: for golden outputs.
    #[cfg(test)]
    pub fn plain(now: Now) -> Self {
        Self { colours: false, width: None, zone: Zone::Utc, now }
    }

    /// A text with its colour.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        if !self.colours || paint == Paint::Plain || text.is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{}m{text}\x1b[0m", paint.code())
    }

    /// Adds a line, cut to the width.
    pub fn line(&self, out: &mut String, text: &str) {
        // A string takes all that is written.
        let _infallible = writeln!(out, "{}", self.cut(text));
    }

    /// A text without colours cut to the width.
    pub fn cut(&self, text: &str) -> String {
        self.width.map_or_else(|| text.to_owned(), |width| ellipsize(text, width))
    }
}

fn wants_colours(terminal: bool) -> bool {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    match set("SYSTEMD_COLORS").as_deref() {
        Some("0" | "no" | "false" | "off" | "n" | "f") => false,
        Some(_) => true,
        None => terminal && set("NO_COLOR").is_none() && env::var("TERM").as_deref() != Ok("dumb"),
    }
}

/// The first characters of a text with `…` for the rest.
pub fn ellipsize(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(Some('…')).collect()
}
