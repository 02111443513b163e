//! Running the host's apt programs.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fs_err as fs;

use super::{AptError, config};
use crate::progress::Meter;
use crate::sources::{self, Source};

/// How often a download's progress is looked at.
const POLL: Duration = Duration::from_millis(200);

/// How many lines of apt's errors are shown: a full disk is said once for every package.
const MOST_LINES: usize = 12;

/// What the host's own apt is configured with.
#[derive(Debug)]
pub(super) struct HostConfig {
    pub(super) sources: Vec<Source>,
    /// Where the sources were looked for, for messages.
    pub(super) places: String,
    /// Settings to keep.
    pub(super) acquire: Vec<(String, String)>,
}

impl HostConfig {
    pub(super) fn read() -> Result<Self, AptError> {
        let dump = output("apt-config", &["dump", "--no-empty"])?;
        let acquire = dump
            .lines()
            .filter_map(|line| {
                let (key, value) = line.strip_suffix("\";")?.split_once(" \"")?;
                config::is_kept(key).then(|| (key.to_owned(), value.to_owned()))
            })
            .collect();
        let paths = output(
            "apt-config",
            &["shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"],
        )?;
        let path = |name: &str| {
            paths.lines().find_map(|line| {
                let value = line.strip_prefix(name)?.strip_prefix("='")?;
                Some(value.strip_suffix('\'')?.to_owned())
            })
        };
        let list = path("LIST").unwrap_or_else(|| "/etc/apt/sources.list".to_owned());
        let parts = path("PARTS").unwrap_or_else(|| "/etc/apt/sources.list.d".to_owned());
        Ok(Self {
            sources: read_sources(Path::new(&list), Path::new(&parts))?,
            places: format!("{list} and {parts}"),
            acquire,
        })
    }
}

/// The sources of a host: the list first, then the parts by name.
fn read_sources(list: &Path, parts: &Path) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    if list.is_file() {
        found.extend(sources::parse_list(&fs::read_to_string(list)?));
    }
    let mut files = Vec::new();
    if parts.is_dir() {
        for entry in fs::read_dir(parts)? {
            files.push(entry?.path());
        }
    }
    files.sort();
    for file in files {
        let extension = file.extension().and_then(|extension| extension.to_str());
        // A file that only root may read (it may hold a password) is no source for us.
        match (extension, fs::read_to_string(&file)) {
            (Some("list"), Ok(text)) => found.extend(sources::parse_list(&text)),
            (Some("sources"), Ok(text)) => found.extend(sources::parse_deb822(&text)),
            _ => {}
        }
    }
    Ok(found)
}

fn output(program: &'static str, arguments: &[&str]) -> Result<String, AptError> {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .env_remove("APT_CONFIG")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| starting(program, &error))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn starting(program: &'static str, error: &io::Error) -> AptError {
    if error.kind() == io::ErrorKind::NotFound {
        AptError::Missing { program }
    } else {
        AptError::Io(io::Error::new(error.kind(), format!("starting {program}: {error}")))
    }
}

/// How a run of apt-get ended.
pub(super) struct Finished {
    pub(super) success: bool,
    pub(super) stdout: String,
    /// The lines a person should see.
    pub(super) output: String,
}

/// Runs apt-get in the private root; with `fetch`, in that folder and with its growth shown.
pub(super) fn apt_get(
    conf: &Path,
    fetch: Option<(&Path, &Meter)>,
    arguments: &[&str],
) -> Result<Finished, AptError> {
    let mut command = Command::new("apt-get");
    command
        .args(arguments)
        .env("APT_CONFIG", conf)
        .env("LC_ALL", "C")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some((folder, _)) = fetch {
        command.current_dir(folder);
    }
    let mut child = command.spawn().map_err(|error| starting("apt-get", &error))?;
    let mut stdout = child.stdout.take().expect("standard output is piped");
    let mut stderr = child.stderr.take().expect("standard error is piped");
    let (out, err, status) = std::thread::scope(|scope| {
        let out = scope.spawn(move || read_all(&mut stdout));
        let err = scope.spawn(move || read_all(&mut stderr));
        let status = loop {
            let Some((folder, meter)) = fetch else {
                break child.wait();
            };
            match child.try_wait() {
                Ok(Some(status)) => break Ok(status),
                Ok(None) => {
                    meter.set(bytes_in(folder));
                    std::thread::sleep(POLL);
                }
                Err(error) => break Err(error),
            }
        };
        (joined(out), joined(err), status)
    });
    let (stdout, stderr) = (out?, err?);
    let output = told(&stdout, &stderr);
    Ok(Finished { success: status?.success(), stdout, output })
}

/// The lines of apt's output a person should see: its errors with what belongs to them, each once and not
/// too many; all there is if it names none.
pub(super) fn told(stdout: &str, stderr: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut in_error = false;
    for line in stderr.lines() {
        in_error = line.starts_with("E:") || (in_error && line.starts_with("   "));
        if in_error && (line.starts_with("   ") || !lines.contains(&line)) {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        return format!("{stdout}{stderr}").trim_end().to_owned();
    }
    let more = lines.len().saturating_sub(MOST_LINES);
    let shown = lines[..lines.len() - more].join("\n");
    if more == 0 { shown } else { format!("{shown}\n... and {more} lines more") }
}

fn joined(reader: std::thread::ScopedJoinHandle<'_, io::Result<String>>) -> io::Result<String> {
    reader.join().expect("the reading thread does not panic")
}

fn read_all(stream: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Bytes of the files in a folder; what vanishes while counting does not count.
fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .filter_map(|entry| fs::metadata(entry.path()).ok())
        .map(|metadata| metadata.len())
        .sum()
}
