//! The command line of journalctl (journalctl(1)). Pure.

mod words;

use std::ffi::OsString;
use std::path::PathBuf;

use keelson_units::value::{boolean, time_span};
use lexopt::prelude::*;

use super::filter::{Filter, pattern, unit_name};
use super::output::Mode;
use crate::entry::is_field_name;
use crate::service::signals::Request;
use crate::store::retention::Vacuum;
use words::{boot, facilities, is_boot, is_count, levels, lines, moment, size};

/// How many entries are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// All.
    All,
    /// The last ones.
    Last(usize),
    /// The first ones.
    First(usize),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Show entries.
    Show,
    /// `--list-boots`.
    ListBoots,
    /// `--list-invocations`.
    ListInvocations,
    /// `--fields`.
    Names,
    /// `--field`.
    Values(String),
    /// `--disk-usage`.
    DiskUsage,
    /// `--verify`.
    Verify,
    /// `--header`.
    Header,
    /// Ask the service for something, then perhaps remove old segments.
    Maintain,
    /// `--help`.
    Help,
    /// `--version`.
    Version,
}

/// Which boot, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootChoice {
    /// Any.
    All,
    /// So many boots from the newest (0 and less) or from the oldest (1 and more).
    Offset(i64),
    /// This one, or one so many after it.
    Id(String, i64),
}

/// The whole command line.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Clone, Debug)]
pub struct Options {
    /// What is to be done.
    pub action: Action,
    /// Which entries; units may still be patterns, the boot is in `boot`.
    pub filter: Filter,
    /// Which boot.
    pub boot: BootChoice,
    /// Whether that was said.
    boot_named: bool,
    /// Which invocation of a unit, as an offset; `filter` has one given by its identity.
    pub invocation: Option<i64>,
    /// How many.
    pub lines: Option<Lines>,
    /// `--follow`.
    pub follow: bool,
    /// `--reverse`.
    pub reverse: bool,
    /// `--pager-end`.
    pub end: bool,
    /// How they look.
    pub mode: Mode,
    /// `--output-fields`.
    pub fields: Vec<String>,
    /// `--utc`.
    pub utc: bool,
    /// `--all`.
    pub all: bool,
    /// `--no-hostname`.
    pub no_hostname: bool,
    /// `--truncate-newline`.
    pub first_line: bool,
    /// `--quiet`.
    pub quiet: bool,
    /// `--no-pager`.
    pub no_pager: bool,
    /// `--cursor`.
    pub cursor: Option<String>,
    /// `--after-cursor`.
    pub after_cursor: Option<String>,
    /// `--cursor-file`.
    pub cursor_file: Option<PathBuf>,
    /// `--show-cursor`.
    pub show_cursor: bool,
    /// `--directory`.
    pub directory: Option<PathBuf>,
    /// `--file`.
    pub files: Vec<String>,
    /// `--root`.
    pub root: PathBuf,
    /// What the service is asked for.
    pub requests: Vec<Request>,
    /// What is removed.
    pub vacuum: Option<Vacuum>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            action: Action::Show,
            filter: Filter::default(),
            boot: BootChoice::All,
            boot_named: false,
            invocation: None,
            lines: None,
            follow: false,
            reverse: false,
            end: false,
            mode: Mode::Short,
            fields: Vec::new(),
            utc: false,
            all: false,
            no_hostname: false,
            first_line: false,
            quiet: false,
            no_pager: false,
            cursor: None,
            after_cursor: None,
            cursor_file: None,
            show_cursor: false,
            directory: None,
            files: Vec::new(),
            root: PathBuf::from("/"),
            requests: Vec::new(),
            vacuum: None,
        }
    }
}

impl Options {
    /// Reads the arguments after the program's name; `now` is in microseconds since 1970.
    pub fn parse(arguments: Vec<OsString>, now: u64) -> Result<Self, lexopt::Error> {
        let mut options = Self::default();
        let mut grep = None::<String>;
        let mut case_sensitive = None;
        let mut no_tail = false;
        let mut groups = vec![Vec::new()];
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('g') | Long("grep") => grep = Some(parser.value()?.string()?),
                Long("case-sensitive") => {
                    let value = parser.optional_value().map(ValueExt::string).transpose()?;
                    case_sensitive =
                        Some(value.is_none_or(|value| boolean(&value).unwrap_or(true)));
                }
                Long("no-tail") => no_tail = true,
                Value(word) => add_match(&mut groups, &word.string()?)?,
                Short(letter) => options.short(letter, &mut parser, now)?,
                Long(name) => {
                    let name = name.to_owned();
                    options.long(&name, &mut parser, now)?;
                }
            }
        }
        if let Some(text) = grep {
            let compiled = pattern(&text, case_sensitive)
                .map_err(|error| format!("--grep={text}: {error}"))?;
            options.filter.pattern = Some(compiled);
        }
        groups.retain(|group| !group.is_empty());
        options.filter.matches = groups;
        if options.end && options.lines.is_none() {
            options.lines = Some(Lines::Last(1000));
        }
        if options.follow && options.lines.is_none() && !no_tail {
            options.lines = Some(Lines::Last(10));
        }
        if matches!(
            options.mode,
            Mode::Cat
                | Mode::Export
                | Mode::Json
                | Mode::JsonPretty
                | Mode::JsonSeq
                | Mode::JsonSse
        ) {
            options.quiet = true;
        }
        Ok(options)
    }

    fn short(
        &mut self,
        letter: char,
        parser: &mut lexopt::Parser,
        now: u64,
    ) -> Result<(), lexopt::Error> {
        let name = match letter {
            'u' => "unit",
            'b' => "boot",
            'k' => "dmesg",
            'f' => "follow",
            'n' => "lines",
            'e' => "pager-end",
            'r' => "reverse",
            'p' => "priority",
            'o' => "output",
            'S' => "since",
            'U' => "until",
            't' => "identifier",
            'T' => "exclude-identifier",
            'I' => "invocation",
            'N' => "fields",
            'F' => "field",
            'q' => "quiet",
            'D' => "directory",
            'i' => "file",
            'c' => "cursor",
            'a' => "all",
            'h' => "help",
            'l' => "full",
            'x' => "catalog",
            'm' => "merge",
            other => return Err(Short(other).unexpected()),
        };
        self.long(name, parser, now)
    }

    fn long(
        &mut self,
        name: &str,
        parser: &mut lexopt::Parser,
        now: u64,
    ) -> Result<(), lexopt::Error> {
        let mut text = || parser.value().and_then(ValueExt::string);
        match name {
            "unit" | "user-unit" => {
                self.filter.units.get_or_insert_default().push(unit_name(&text()?));
            }
            "identifier" => self.filter.identifiers.push(text()?),
            "exclude-identifier" => self.filter.excluded.push(text()?),
            "priority" => self.filter.levels = Some(levels(&text()?)?),
            "facility" => self.filter.facilities = facilities(&text()?)?,
            "since" => self.filter.since = Some(moment(&text()?, now)?),
            "until" => self.filter.until = Some(moment(&text()?, now)?),
            "output" => self.mode = text()?.parse()?,
            "output-fields" => self.fields = text()?.split(',').map(str::to_owned).collect(),
            "cursor" => self.cursor = Some(text()?),
            "after-cursor" => self.after_cursor = Some(text()?),
            "cursor-file" => self.cursor_file = Some(parser.value()?.into()),
            "directory" => self.directory = Some(parser.value()?.into()),
            // An empty one is the host's own.
            "root" => match parser.value()? {
                root if root.is_empty() => self.root = "/".into(),
                root => self.root = root.into(),
            },
            "file" => self.files.push(text()?),
            "field" => self.action = Action::Values(text()?),
            "vacuum-size" => self.vacuum().size = Some(size(&text()?)?),
            "vacuum-files" => {
                self.vacuum().files =
                    Some(text()?.parse().map_err(|_| "--vacuum-files= takes a number")?);
            }
            "vacuum-time" => {
                let text = text()?;
                self.vacuum().age =
                    Some(time_span(&text).flatten().ok_or(format!("`{text}` is no time span"))?);
            }
            "boot" => {
                self.boot = boot(&optional(parser, is_boot)?.unwrap_or_default())?;
                self.boot_named = true;
            }
            "invocation" => self.set_invocation(&optional(parser, is_boot)?.unwrap_or_default())?,
            "lines" => self.lines = Some(lines(optional(parser, is_count)?.as_deref())?),
            "dmesg" => {
                self.filter.kernel = true;
                if !self.boot_named {
                    self.boot = BootChoice::Offset(0);
                }
            }
            "rotate" => self.request(Request::Rotate),
            "flush" => self.request(Request::Flush),
            "sync" => self.request(Request::Sync),
            // What the service keeps in memory goes to the disk by itself; there is nothing to give back.
            "relinquish-var" | "smart-relinquish-var" => self.action = Action::Maintain,
            "list-boots" => self.action = Action::ListBoots,
            "list-invocations" => self.action = Action::ListInvocations,
            "fields" => self.action = Action::Names,
            "disk-usage" => self.action = Action::DiskUsage,
            "verify" => self.action = Action::Verify,
            "header" => self.action = Action::Header,
            "help" => self.action = Action::Help,
            "version" => self.action = Action::Version,
            "follow" => self.follow = true,
            "reverse" => self.reverse = true,
            "pager-end" => self.end = true,
            "utc" => self.utc = true,
            "all" => self.all = true,
            "no-hostname" => self.no_hostname = true,
            "truncate-newline" => self.first_line = true,
            "quiet" => self.quiet = true,
            "no-pager" => self.no_pager = true,
            "show-cursor" => self.show_cursor = true,
            // One log for all users and no catalogue: these have nothing to change.
            "full" | "no-full" | "catalog" | "merge" | "system" | "user" => {}
            other => return Err(Long(other).unexpected()),
        }
        Ok(())
    }

    fn vacuum(&mut self) -> &mut Vacuum {
        self.action = Action::Maintain;
        self.vacuum.get_or_insert_default()
    }

    fn request(&mut self, request: Request) {
        self.action = Action::Maintain;
        self.requests.push(request);
    }

    fn set_invocation(&mut self, text: &str) -> Result<(), lexopt::Error> {
        match boot(text)? {
            BootChoice::Id(id, 0) => self.filter.invocation = Some(id),
            BootChoice::Offset(offset) => self.invocation = Some(offset),
            _ => return Err(format!("`{text}` names no invocation").into()),
        }
        Ok(())
    }
}

/// A value that is attached or, where it looks like one, the next word.
fn optional(
    parser: &mut lexopt::Parser,
    fits: fn(&str) -> bool,
) -> Result<Option<String>, lexopt::Error> {
    if let Some(value) = parser.optional_value() {
        return value.string().map(Some);
    }
    let Some(mut words) = parser.try_raw_args() else { return Ok(None) };
    match words.peek().and_then(|word| word.to_str()).filter(|word| fits(word)) {
        Some(word) => {
            let word = word.to_owned();
            words.next();
            Ok(Some(word))
        }
        None => Ok(None),
    }
}

/// `NAME=value`, `+`, or the path of a program.
fn add_match(groups: &mut Vec<Vec<(String, Vec<u8>)>>, word: &str) -> Result<(), lexopt::Error> {
    if word == "+" {
        groups.push(Vec::new());
        return Ok(());
    }
    let found = match word.split_once('=') {
        Some((name, value)) if is_field_name(name.as_bytes()) => {
            (name.to_owned(), value.as_bytes().to_vec())
        }
        None if word.starts_with('/') => {
            let path = std::fs::canonicalize(word).map_err(|error| format!("{word}: {error}"))?;
            ("_EXE".to_owned(), path.to_string_lossy().into_owned().into_bytes())
        }
        _ => return Err(format!("Failed to add match '{word}': Invalid argument").into()),
    };
    if let Some(group) = groups.last_mut() {
        group.push(found);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
