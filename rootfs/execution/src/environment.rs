//! The environment of a process (systemd.exec(5), "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES").

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use keelson_units::model::{DirectoryKind, EnvironmentFile};

use crate::accounts::User;
use crate::invocation::Invocation;

pub mod file;

/// Where programs are looked for, and `$PATH`, where the unit says nothing.
pub const SEARCH_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What the start itself finds out.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// The user, where the unit has one.
    pub user: Option<&'a User>,
    /// Whether a standard stream is a terminal.
    pub terminal: Option<&'a Path>,
    /// Device and inode of the log stream.
    pub journal_stream: Option<(u64, u64)>,
    /// `$CREDENTIALS_DIRECTORY`
    pub credentials: Option<&'a Path>,
    /// The assignments of environment files.
    pub files: Vec<(String, String)>,
}

/// A variable per kind of folder.
const DIRECTORY_VARIABLES: [(DirectoryKind, &str); 5] = [
    (DirectoryKind::Runtime, "RUNTIME_DIRECTORY"),
    (DirectoryKind::State, "STATE_DIRECTORY"),
    (DirectoryKind::Cache, "CACHE_DIRECTORY"),
    (DirectoryKind::Logs, "LOGS_DIRECTORY"),
    (DirectoryKind::Configuration, "CONFIGURATION_DIRECTORY"),
];

/// The whole environment but for process numbers, later assignments over earlier ones: those of the manager, of the
/// start, `PassEnvironment=`, `Environment=`, `EnvironmentFile=`; then `UnsetEnvironment=` takes away.
pub fn build(invocation: &Invocation<'_>, facts: &Facts<'_>) -> BTreeMap<String, String> {
    let exec = invocation.exec;
    let mut all = BTreeMap::from([("PATH".to_owned(), search_path(&exec.search_path))]);
    all.extend(invocation.environment.iter().cloned());
    let mut set = |name: &str, value: String| all.insert(name.to_owned(), value);
    if let Some(id) = invocation.invocation_id {
        set("INVOCATION_ID", id.to_owned());
    }
    if let Some(user) = facts.user.filter(|_| login_environment(invocation)) {
        set("HOME", user.home.display().to_string());
        set("LOGNAME", user.name.clone());
        set("USER", user.name.clone());
        set("SHELL", user.shell.display().to_string());
    }
    if let Some(terminal) = facts.terminal {
        set("TERM", term_of(terminal).to_owned());
    }
    if let Some((device, inode)) = facts.journal_stream {
        set("JOURNAL_STREAM", format!("{device}:{inode}"));
    }
    if let Some(folder) = facts.credentials {
        set("CREDENTIALS_DIRECTORY", folder.display().to_string());
    }
    if let Some(namespace) = &exec.log_namespace {
        set("LOG_NAMESPACE", namespace.clone());
    }
    for (kind, name) in DIRECTORY_VARIABLES {
        let folders = exec.directories.get(&kind).into_iter().flatten();
        let folders: Vec<String> = folders
            .map(|folder| crate::directories::base(kind).join(&folder.path).display().to_string())
            .collect();
        if !folders.is_empty() {
            set(name, folders.join(":"));
        }
    }
    if !invocation.descriptors.is_empty() {
        let names: Vec<&str> = invocation.descriptors.iter().map(|passed| passed.name).collect();
        set("LISTEN_FDS", invocation.descriptors.len().to_string());
        set("LISTEN_FDNAMES", names.join(":"));
    }
    let passed = invocation.manager_environment.iter();
    all.extend(passed.filter(|(name, _)| exec.pass_environment.contains(name)).cloned());
    all.extend(exec.environment.clone());
    all.extend(facts.files.iter().cloned());
    all.retain(|name, value| !is_unset(&exec.unset_environment, name, value));
    all
}

/// The variables whose value is the child's process number.
pub fn pid_variables(
    invocation: &Invocation<'_>,
    all: &BTreeMap<String, String>,
) -> Vec<&'static str> {
    let wanted = [
        ("SYSTEMD_EXEC_PID", true),
        ("LISTEN_PID", !invocation.descriptors.is_empty()),
        ("WATCHDOG_PID", invocation.watchdog),
    ];
    let unset = &invocation.exec.unset_environment;
    wanted
        .into_iter()
        .filter(|(name, wanted)| *wanted && !all.contains_key(*name) && !unset.contains(*name))
        .map(|(name, _)| name)
        .collect()
}

fn login_environment(invocation: &Invocation<'_>) -> bool {
    let exec = invocation.exec;
    exec.set_login_environment.unwrap_or(exec.user.is_some() || exec.dynamic_user)
}

fn is_unset(unset: &std::collections::BTreeSet<String>, name: &str, value: &str) -> bool {
    unset.iter().any(|entry| match entry.split_once('=') {
        Some((unset_name, unset_value)) => unset_name == name && unset_value == value,
        None => entry == name,
    })
}

fn search_path(folders: &[PathBuf]) -> String {
    if folders.is_empty() {
        return SEARCH_PATH.join(":");
    }
    let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    folders.join(":")
}

/// Virtual consoles are `linux`, every other line is taken for a vt220.
fn term_of(terminal: &Path) -> &'static str {
    let name = terminal.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let number = name.strip_prefix("tty").unwrap_or("x");
    if number.chars().all(|c| c.is_ascii_digit()) { "linux" } else { "vt220" }
}

/// An environment file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("reading environment file {}: {source}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Reads all of `EnvironmentFile=`; wildcards match in order.
pub fn read_files(files: &[EnvironmentFile]) -> Result<Vec<(String, String)>, FileError> {
    let mut all = Vec::new();
    for file in files {
        let found = crate::wildcard::expand(&file.path);
        if found.is_empty() && !file.may_miss {
            let source = io::ErrorKind::NotFound.into();
            return Err(FileError { path: file.path.clone(), source });
        }
        for path in found {
            match crate::credentials::read(&path) {
                Ok(bytes) => all.extend(file::parse(&String::from_utf8_lossy(&bytes))),
                Err(_) if file.may_miss => {}
                Err(source) => return Err(FileError { path, source }),
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
