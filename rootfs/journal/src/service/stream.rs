//! The protocol of /run/systemd/journal/stdout: seven lines of header, then the lines of a service's output. Pure.

/// The header of a stream.
#[expect(clippy::struct_excessive_bools, reason = "each is a line of the protocol")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// `SYSLOG_IDENTIFIER` of its lines; empty for none.
    pub identifier: String,
    /// The unit, as the manager says it; empty for none.
    pub unit: String,
    /// The level and facility of lines that name none.
    pub priority: u8,
    /// Whether `<N>` before a line gives its level.
    pub level_prefix: bool,
    /// Whether lines go to the console too.
    pub to_console: bool,
    /// Whether lines go to the kernel's ring too.
    pub to_kmsg: bool,
    /// Whether lines go to syslog too.
    pub to_syslog: bool,
}

/// How far a header has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderState {
    /// It is whole and took so many bytes.
    Whole(Header, usize),
    /// More is to come.
    Partial,
    /// It is none.
    Invalid,
}

/// The most bytes of a header.
const MAX_HEADER: usize = 4096;

/// Reads the seven lines at the beginning of a stream.
pub fn header(bytes: &[u8]) -> HeaderState {
    let mut lines = Vec::new();
    let mut at = 0;
    while lines.len() < 7 {
        let Some(end) = bytes[at..].iter().position(|byte| *byte == b'\n') else {
            return if bytes.len() > MAX_HEADER {
                HeaderState::Invalid
            } else {
                HeaderState::Partial
            };
        };
        let Ok(line) = std::str::from_utf8(&bytes[at..at + end]) else {
            return HeaderState::Invalid;
        };
        lines.push(line);
        at += end + 1;
    }
    let flag = |line: &str| match line {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    };
    let read = || {
        Some(Header {
            identifier: lines[0].to_owned(),
            unit: lines[1].to_owned(),
            priority: lines[2].parse().ok()?,
            level_prefix: flag(lines[3])?,
            to_syslog: flag(lines[4])?,
            to_kmsg: flag(lines[5])?,
            to_console: flag(lines[6])?,
        })
    };
    read().map_or(HeaderState::Invalid, |header| HeaderState::Whole(header, at))
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// A newline.
    Newline,
    /// A NUL byte.
    Nul,
    /// It was as long as a line may be.
    LineMax,
    /// The stream ended.
    Eof,
    /// Another process wrote what comes next.
    PidChange,
}

impl Break {
    /// The value of `_LINE_BREAK`; a newline has none.
    pub fn field(self) -> Option<&'static str> {
        match self {
            Self::Newline => None,
            Self::Nul => Some("nul"),
            Self::LineMax => Some("line-max"),
            Self::Eof => Some("eof"),
            Self::PidChange => Some("pid-change"),
        }
    }
}

/// The first line of `bytes`, how it ended and how many bytes it took; `None` while it is not whole.
pub fn line(bytes: &[u8], line_max: usize) -> Option<(&[u8], Break, usize)> {
    let window = &bytes[..bytes.len().min(line_max)];
    match window.iter().position(|byte| matches!(byte, b'\n' | 0)) {
        Some(end) if window[end] == 0 => Some((&bytes[..end], Break::Nul, end + 1)),
        Some(end) => Some((&bytes[..end], Break::Newline, end + 1)),
        // A newline right after a line of full length ends that line and not an empty one.
        None if bytes.get(line_max) == Some(&b'\n') => Some((window, Break::Newline, line_max + 1)),
        None if bytes.len() > line_max => Some((window, Break::LineMax, line_max)),
        None => None,
    }
}

#[cfg(test)]
mod tests;
