//! One run of cargo: its environment, its messages, its errors.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use serde::Deserialize;

use super::{CargoError, TARGET, environment, home};
use crate::cache::Cache;
use crate::progress::Step;

/// What cargo says when it may not fetch what it needs; it does not always name the reason.
const NOT_HERE: [&str; 3] = ["offline", "could not find", "no matching package"];

/// The workspace's release profile. Published crates are built as our own programs are, and the profile of
/// a user's settings is overridden.
pub(super) const PROFILE: [(&str, &str); 6] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "true"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
];

/// cargo as the build uses it.
pub(super) struct Cargo<'a> {
    cache: &'a Cache,
    offline: bool,
    program: OsString,
    /// The user's own home of cargo.
    user_home: PathBuf,
}

/// What cargo says it made.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    target: Option<MessageTarget>,
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct MessageTarget {
    name: String,
}

impl<'a> Cargo<'a> {
    pub(super) fn new(cache: &'a Cache, offline: bool) -> io::Result<Self> {
        // Set when this program is itself run by cargo: then the same cargo is used.
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let home = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))
            .unwrap_or_else(|| PathBuf::from("/.cargo"));
        fs::create_dir_all(&home)?;
        Ok(Self { cache, offline, program, user_home: fs::canonicalize(home)? })
    }

    /// What the compiler says of itself, as `rustc ARGUMENTS` prints it.
    pub(super) fn rustc(&self, folder: &Path, arguments: &[&str]) -> Result<String, CargoError> {
        // The rustc beside cargo; a rustup proxy chooses the same toolchain for both.
        let beside = Path::new(&self.program).with_file_name("rustc");
        let program = if beside.is_file() { beside } else { "rustc".into() };
        let output = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .output()
            .map_err(|error| missing("rustc", &error))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// A command of cargo that builds what is in `folder`, in a clean environment.
    pub(super) fn command(&self, folder: &Path, target_dir: &Path) -> Result<Command, CargoError> {
        let folder = fs::canonicalize(folder)?;
        fs::create_dir_all(target_dir)?;
        let target_dir = fs::canonicalize(target_dir)?;
        let sysroot = PathBuf::from(self.rustc(&folder, &["--print", "sysroot"])?);
        let cargo_home = home::prepare(&self.user_home, &target_dir, &folder.join("Cargo.lock"))?;
        let folders = environment::Folders {
            workspace: &folder,
            cargo_home: &cargo_home,
            sysroot: &sysroot,
            target_dir: &target_dir,
        };
        let wrapper = environment::wrapper(self.cache, &folders)?;
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if environment::is_dropped(&name) {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&folder)
            .env("CARGO_HOME", &cargo_home)
            // It would judge the user's downloads by the few that this home uses.
            .env("CARGO_CACHE_AUTO_CLEAN_FREQUENCY", "never")
            .env("CARGO_TARGET_DIR", &target_dir)
            .env("CARGO_BUILD_TARGET", TARGET)
            .env("CARGO_INCREMENTAL", "0")
            .envs(PROFILE)
            .env("RUSTC_WRAPPER", wrapper)
            .env("RUSTFLAGS", "-Ctarget-feature=+crt-static")
            .env("SOURCE_DATE_EPOCH", "0")
            .env("LC_ALL", "C")
            .env("TZ", "UTC0");
        if self.offline {
            command.env("CARGO_NET_OFFLINE", "true");
        }
        Ok(command)
    }

    /// Runs a command; gives cargo's messages. `--locked` is added here, so that no run is without it.
    pub(super) fn run(
        &self,
        mut command: Command,
        what: &str,
        step: &Step,
    ) -> Result<Vec<Message>, CargoError> {
        let mut child = command
            .arg("--locked")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| missing("cargo", &error))?;
        let stdout = child.stdout.take().expect("standard output is piped");
        let stderr = child.stderr.take().expect("standard error is piped");
        let (messages, output) = std::thread::scope(|scope| {
            let messages = scope.spawn(move || read_messages(stdout));
            let output = pass_on(stderr, step);
            (messages.join().expect("the reading thread does not panic"), output)
        });
        let (messages, output) = (messages?, output?);
        if child.wait()?.success() {
            return Ok(messages);
        }
        let what = what.to_owned();
        Err(if self.offline && NOT_HERE.iter().any(|words| output.contains(words)) {
            CargoError::Offline { what, output }
        } else {
            CargoError::Build { what, output }
        })
    }
}

fn missing(program: &'static str, error: &io::Error) -> CargoError {
    if error.kind() == io::ErrorKind::NotFound {
        CargoError::Missing(program)
    } else {
        CargoError::Io(io::Error::new(error.kind(), format!("starting {program}: {error}")))
    }
}

fn read_messages(stream: impl Read) -> io::Result<Vec<Message>> {
    let mut messages = Vec::new();
    for line in BufReader::new(stream).lines() {
        // Programs that cargo runs may print lines of their own.
        if let Ok(message) = serde_json::from_str::<Message>(&line?)
            && message.reason == "compiler-artifact"
            && message.executable.is_some()
        {
            messages.push(message);
        }
    }
    Ok(messages)
}

/// Shows cargo's progress lines as they come and keeps everything for an error.
fn pass_on(stream: impl Read, step: &Step) -> io::Result<String> {
    let mut all = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let shown = line.trim_start();
        let verb = shown.split_whitespace().next().unwrap_or_default();
        if matches!(verb, "Compiling" | "Downloading" | "Downloaded" | "Updating" | "Blocking") {
            step.detail(shown);
        }
        all.push_str(&line);
        all.push('\n');
    }
    Ok(all.trim_end().to_owned())
}

/// The program of a package among cargo's messages.
pub(super) fn executable(messages: &[Message], package: &str, binary: &str) -> Option<PathBuf> {
    messages
        .iter()
        .find(|message| {
            let named = message.target.as_ref().is_some_and(|target| target.name == binary);
            named && of_package(&message.package_id, package)
        })
        .and_then(|message| message.executable.clone())
}

/// Package identifiers end in `/NAME#VERSION`, or in `#NAME@VERSION` where the folder has another name.
pub(super) fn of_package(id: &str, package: &str) -> bool {
    let Some((address, fragment)) = id.rsplit_once('#') else {
        return false;
    };
    match fragment.split_once('@') {
        Some((name, _)) => name == package,
        None => address.rsplit('/').next() == Some(package),
    }
}
