//! `journalctl`: reading, checking and tidying the log (journalctl(1)).

mod boots;
pub mod filter;
mod help;
mod lists;
pub mod options;
pub mod output;
mod pager;
mod show;
pub mod when;

use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use keelson_output::eprintln;

use crate::clock;
use crate::service::control;
use crate::store::directory;
use crate::store::reader::{Reader, Source};
use crate::store::retention;
use crate::store::segment::SegmentError;
use options::{Action, Options};
use output::Style;
use pager::Output;

/// What ends the program.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// With a message.
    #[error("{0}")]
    Told(String),
    /// Nobody reads the output any more.
    #[error("nobody reads the output")]
    Closed,
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Told(error.to_string()),
        }
    }
}

/// Runs `journalctl` with the arguments after its name.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments, clock::realtime()) {
        Ok(options) => options,
        Err(error) => {
            eprintln(format_args!("journalctl: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match act(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln(problem);
            ExitCode::FAILURE
        }
    }
}

fn act(options: &Options) -> Result<bool, Problem> {
    if options.action == Action::Maintain {
        return maintain(options).map(|()| true);
    }
    let mut out = Output::open(!options.no_pager && !options.follow, options.end);
    let outcome = look(options, &mut out);
    let ended = out.finish();
    match outcome.and_then(|sound| ended.map(|()| sound).map_err(Problem::from)) {
        // Who reads the output has seen enough.
        Err(Problem::Closed) => Ok(true),
        other => other,
    }
}

/// Refuses places of the command line that are not there: they would look like an empty log.
fn check_places(options: &Options) -> Result<(), Problem> {
    let failed = |place: &dyn std::fmt::Display, error: &dyn std::fmt::Display| {
        Problem::Told(format!("Failed to open {place}: {error}"))
    };
    if options.root != Path::new("/") {
        std::fs::read_dir(&options.root)
            .map_err(|error| failed(&options.root.display(), &error))?;
    }
    if let Some(directory) = &options.directory {
        match std::fs::read_dir(directory) {
            // What to do about it is told where the log is read.
            Err(error) if error.kind() != ErrorKind::PermissionDenied => {
                return Err(failed(&directory.display(), &error));
            }
            _ => {}
        }
    }
    for pattern in &options.files {
        let found = expand(pattern);
        if found.is_empty() {
            return Err(failed(pattern, &"no file is called so"));
        }
        for path in found {
            std::fs::metadata(&path).map_err(|error| failed(&path.display(), &error))?;
        }
    }
    Ok(())
}

/// Where the log of the command line is.
fn sources(options: &Options) -> Vec<Source> {
    if !options.files.is_empty() {
        return options
            .files
            .iter()
            .flat_map(|pattern| expand(pattern))
            .map(Source::File)
            .collect();
    }
    if let Some(directory) = &options.directory {
        let holds = directory::segments(directory).is_ok_and(|segments| !segments.is_empty());
        if holds {
            return vec![Source::Folder(directory.clone())];
        }
        let below =
            std::fs::read_dir(directory).into_iter().flatten().flatten().map(|item| item.path());
        return below.filter(|path| path.is_dir()).map(Source::Folder).collect();
    }
    // A host without an identity, or another's file system, is read whole.
    let machine = Some(clock::machine_id(&options.root))
        .filter(|machine| *machine != crate::entry::Id::default());
    directory::folders(&options.root, machine).into_iter().map(Source::Folder).collect()
}

/// The files a pattern of `--file=` names.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let path = Path::new(pattern);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !filter::is_glob(name) {
        return vec![path.to_owned()];
    }
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let items = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = items
        .filter(|item| item.file_name().to_str().is_some_and(|text| filter::glob(name, text)))
        .map(|item| item.path())
        .collect();
    found.sort();
    found
}

fn look(options: &Options, out: &mut Output) -> Result<bool, Problem> {
    match options.action {
        Action::Help => return Ok(out.write_all(help::TEXT.as_bytes()).map(|()| true)?),
        Action::Version => {
            writeln!(out, "systemd 257 (keelson {})", env!("CARGO_PKG_VERSION"))?;
            return Ok(true);
        }
        _ => {}
    }
    check_places(options)?;
    let list = sources(options);
    match options.action {
        Action::DiskUsage => return Ok(lists::usage(&list, out).map(|()| true)?),
        Action::Verify => return Ok(lists::verify(&list, options.quiet, out)?),
        _ => {}
    }
    let mut reader = Reader::open(&list);
    complain(options, &reader)?;
    match &options.action {
        Action::ListBoots => lists::boots(options, &reader, out)?,
        Action::Header => lists::headers(&reader, out)?,
        Action::Names => lists::names(&mut reader, out)?,
        Action::Values(field) => {
            let filter = show::settle(options, &mut reader)?;
            lists::values(field, &filter, &mut reader, out)?;
        }
        Action::ListInvocations => {
            let filter = show::settle(options, &mut reader)?;
            lists::invocation_list(options, &filter, &mut reader, out)?;
        }
        _ => {
            let style = style(options);
            show::run(options, &style, &mut reader, &|| sources(options), out)?;
        }
    }
    Ok(true)
}

fn style(options: &Options) -> Style {
    let forced = std::env::var("SYSTEMD_COLORS")
        .ok()
        .and_then(|value| keelson_units::value::boolean(&value));
    let plain = std::env::var_os("NO_COLOR").is_some()
        || std::env::var("TERM").is_ok_and(|term| term == "dumb");
    Style {
        mode: options.mode,
        utc: options.utc,
        no_hostname: options.no_hostname,
        all: options.all,
        first_line: options.first_line,
        colours: forced.unwrap_or_else(|| io::stdout().is_terminal() && !plain),
        fields: options.fields.clone(),
    }
}

/// Says what could not be read; with nothing to read, that is the end.
fn complain(options: &Options, reader: &Reader) -> Result<(), Problem> {
    let denied = |error: &SegmentError| match error {
        SegmentError::Io { source, .. } => source.kind() == ErrorKind::PermissionDenied,
        SegmentError::Header(_) => false,
    };
    let nothing = reader.segments().next().is_none();
    if nothing && reader.refused.iter().any(denied) {
        if !options.quiet {
            eprintln("Hint: Users in group 'systemd-journal' can see the log.");
        }
        return Err(Problem::Told(
            "No journal files were opened due to insufficient permissions.".to_owned(),
        ));
    }
    if nothing && reader.refused.is_empty() && !options.quiet {
        eprintln("No journal files were found.");
    }
    for error in reader.refused.iter().filter(|error| !denied(error) && !options.quiet) {
        eprintln(format_args!("{error}; passed over"));
    }
    Ok(())
}

/// Asks the service, then removes closed segments.
fn maintain(options: &Options) -> Result<(), Problem> {
    check_places(options)?;
    for request in &options.requests {
        control::ask(&options.root, *request).map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => {
                Problem::Told("Access denied: only root may ask the log service".to_owned())
            }
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                Problem::Told("The log service does not run (systemd-journald.service)".to_owned())
            }
            _ => Problem::Told(format!("Asking the log service: {error}")),
        })?;
    }
    let Some(vacuum) = options.vacuum else { return Ok(()) };
    for source in sources(options) {
        let Source::Folder(folder) = source else { continue };
        let removed = retention::vacuum(&folder, vacuum, SystemTime::now())
            .map_err(|error| Problem::Told(format!("{}: {error}", folder.display())))?;
        let mut bytes = 0;
        for segment in &removed {
            bytes += segment.bytes;
            if !options.quiet {
                eprintln(format_args!(
                    "Deleted archived journal {} ({}).",
                    segment.path.display(),
                    output::short::bytes(segment.bytes)
                ));
            }
        }
        tell_removed(&options.root, &folder);
        if !options.quiet {
            eprintln(format_args!(
                "Vacuuming done, freed {} of archived journals from {}.",
                output::short::bytes(bytes),
                folder.display()
            ));
        }
    }
    io::stdout().flush()?;
    Ok(())
}

/// Leaves a record of the removal, by which `--verify` knows it from a theft. Without a service there is none.
fn tell_removed(root: &Path, folder: &Path) {
    let reader = Reader::open(&[Source::Folder(folder.to_owned())]);
    let first = reader.segments().map(|segment| segment.header.first_sequence).min();
    let Some(last) = first.and_then(|first| first.checked_sub(1)).filter(|last| *last > 0) else {
        return;
    };
    let text = format!(
        "MESSAGE=Removed old log segments up to record {last}\nPRIORITY=6\nSYSLOG_IDENTIFIER=journalctl\n\
         JOURNAL_VACUUMED_TO={last}\n"
    );
    let socket = std::os::unix::net::UnixDatagram::unbound();
    let sent = socket.and_then(|socket| {
        socket.send_to(text.as_bytes(), root.join("run/systemd/journal/socket"))
    });
    if let Err(error) = sent {
        eprintln(format_args!("The removal is not noted in the log: {error}"));
    }
}
