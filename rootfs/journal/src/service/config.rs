//! journald.conf(5): `/etc/systemd/journald.conf` and `journald.conf.d/*.conf` of `/usr/lib`, `/run` and `/etc`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keelson_units::text::{Entry, Remark, parse};
use keelson_units::value::{Limit, boolean, time_span};

use super::rate::Rate;
use crate::store::retention::Wanted;

/// Where the log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory only.
    Volatile,
    /// On the disk, in memory before `journalctl --flush` and where the disk refuses.
    Persistent,
    /// On the disk if `/var/log/journal` exists, else in memory.
    Auto,
    /// Nowhere; lines are forwarded only.
    None,
}

/// What is forwarded where, and from which level down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Whether it is on.
    pub on: bool,
    /// The least important level that goes there.
    pub max_level: u8,
}

/// A remote syslog server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the stream is TLS (RFC 5425) and not plain (RFC 6587).
    pub tls: bool,
}

impl Remote {
    /// Reads `tcp://HOST[:PORT]` (514) or `tls://HOST[:PORT]` (6514); an IPv6 address stands in brackets.
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = value.split_once("://")?;
        let (tls, default) = match scheme {
            "tcp" => (false, 514),
            "tls" => (true, 6514),
            _ => return None,
        };
        let rest = rest.trim_end_matches('/');
        let (host, port) = match rest.strip_prefix('[') {
            Some(inner) => {
                let (host, after) = inner.split_once(']')?;
                (host, after.strip_prefix(':'))
            }
            None => match rest.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        let port = port.map_or(Some(default), |port| port.parse().ok())?;
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port, tls })
    }
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `Storage=`.
    pub storage: Storage,
    /// `System*=` limits.
    pub system: Wanted,
    /// `Runtime*=` limits.
    pub runtime: Wanted,
    /// `MaxRetentionSec=`.
    pub max_age: Option<Duration>,
    /// `MaxFileSec=`.
    pub max_file_age: Option<Duration>,
    /// `SyncIntervalSec=`.
    pub sync_interval: Duration,
    /// `RateLimitIntervalSec=` and `RateLimitBurst=`.
    pub rate: Rate,
    /// `LineMax=`, in bytes.
    pub line_max: usize,
    /// `ReadKMsg=`.
    pub read_kmsg: bool,
    /// `MaxLevelStore=`.
    pub max_level_store: u8,
    /// `ForwardToConsole=` and `MaxLevelConsole=`.
    pub console: Forward,
    /// `ForwardToKMsg=` and `MaxLevelKMsg=`.
    pub kmsg: Forward,
    /// `ForwardToSyslog=` and `MaxLevelSyslog=`.
    pub syslog: Forward,
    /// `TTYPath=`.
    pub tty: PathBuf,
    /// `X-ForwardToRemote=`.
    pub remote: Option<Remote>,
    /// `X-MaxLevelRemote=`.
    pub max_level_remote: u8,
    /// `X-RemoteTrustedCertificates=`: a file of PEM certificates.
    pub certificates: PathBuf,
    /// `X-RemoteQueueSize=`, in bytes.
    pub remote_queue: usize,
}

impl Default for Config {
    fn default() -> Self {
        let off = |max_level| Forward { on: false, max_level };
        Self {
            storage: Storage::Persistent,
            system: Wanted::default(),
            runtime: Wanted::default(),
            max_age: None,
            max_file_age: Some(Duration::from_hours(720)),
            sync_interval: Duration::from_mins(5),
            rate: Rate { interval: Duration::from_secs(30), burst: 10_000 },
            line_max: 48 << 10,
            read_kmsg: true,
            max_level_store: 7,
            console: off(6),
            kmsg: off(5),
            syslog: off(7),
            tty: PathBuf::from("/dev/console"),
            remote: None,
            max_level_remote: 7,
            certificates: PathBuf::from("/etc/ssl/certs/ca-certificates.crt"),
            remote_queue: 1 << 20,
        }
    }
}

impl Config {
    /// Reads the files below `root` and the kernel's command line; `remarks` gets what is passed over, with its place.
    pub fn load(root: &Path, remarks: &mut Vec<Remark>) -> Self {
        let mut config = Self::default();
        for path in files(root) {
            // The listing is of this moment; a file that is gone or unreadable is told and the others count.
            match std::fs::read_to_string(&path) {
                Ok(text) => config.apply(&text, &path, remarks),
                Err(error) => remarks.push(Remark {
                    place: keelson_units::text::Place { file: path, line: 0 },
                    what: error.to_string(),
                }),
            }
        }
        if let Ok(line) = std::fs::read_to_string(root.join("proc/cmdline")) {
            config.apply_command_line(&line);
        }
        config
    }

    /// Applies the text of one file.
    pub fn apply(&mut self, text: &str, file: &Path, remarks: &mut Vec<Remark>) {
        for entry in parse(text, file, remarks) {
            let what = match entry.section.as_str() {
                "Journal" => self.set(&entry).err(),
                other => Some(format!("unknown section [{other}]; passed over")),
            };
            remarks.extend(what.map(|what| Remark { place: entry.place, what }));
        }
    }

    /// `systemd.journald.forward_to_console` and its like.
    pub fn apply_command_line(&mut self, line: &str) {
        for word in
            line.split_ascii_whitespace().filter_map(|word| word.strip_prefix("systemd.journald."))
        {
            let (name, value) = word.split_once('=').unwrap_or((word, "1"));
            let (on, level) = (boolean(value), level(value));
            match name {
                "forward_to_console" => set(&mut self.console.on, on),
                "forward_to_kmsg" => set(&mut self.kmsg.on, on),
                "forward_to_syslog" => set(&mut self.syslog.on, on),
                "max_level_console" => set(&mut self.console.max_level, level),
                "max_level_kmsg" => set(&mut self.kmsg.max_level, level),
                "max_level_syslog" => set(&mut self.syslog.max_level, level),
                "max_level_store" => set(&mut self.max_level_store, level),
                _ => false,
            };
        }
    }

    fn set(&mut self, entry: &Entry) -> Result<(), String> {
        let value = entry.value.as_str();
        if value.is_empty() {
            return Ok(());
        }
        let limit = Limit::parse(value).map(|limit| limit.0.or(Some(u64::MAX)));
        let on = boolean(value);
        let level = level(value);
        let span = time_span(value);
        let done = match entry.key.as_str() {
            "Storage" => set(&mut self.storage, storage(value)),
            "SystemMaxUse" => set(&mut self.system.max_use, limit),
            "SystemKeepFree" => set(&mut self.system.keep_free, limit),
            "SystemMaxFileSize" => set(&mut self.system.max_file, limit),
            "SystemMaxFiles" => set(&mut self.system.max_files, limit),
            "RuntimeMaxUse" => set(&mut self.runtime.max_use, limit),
            "RuntimeKeepFree" => set(&mut self.runtime.keep_free, limit),
            "RuntimeMaxFileSize" => set(&mut self.runtime.max_file, limit),
            "RuntimeMaxFiles" => set(&mut self.runtime.max_files, limit),
            "MaxRetentionSec" => set(&mut self.max_age, span.map(not_zero)),
            "MaxFileSec" => set(&mut self.max_file_age, span.map(not_zero)),
            "SyncIntervalSec" => set(&mut self.sync_interval, span.flatten()),
            "RateLimitIntervalSec" | "RateLimitInterval" => {
                set(&mut self.rate.interval, span.flatten())
            }
            "RateLimitBurst" => set(&mut self.rate.burst, value.parse().ok()),
            "LineMax" => set(&mut self.line_max, size(value).map(|size| size.clamp(79, 128 << 10))),
            "ReadKMsg" => set(&mut self.read_kmsg, on),
            "MaxLevelStore" => set(&mut self.max_level_store, level),
            "ForwardToConsole" => set(&mut self.console.on, on),
            "MaxLevelConsole" => set(&mut self.console.max_level, level),
            "ForwardToKMsg" => set(&mut self.kmsg.on, on),
            "MaxLevelKMsg" => set(&mut self.kmsg.max_level, level),
            "ForwardToSyslog" => set(&mut self.syslog.on, on),
            "MaxLevelSyslog" => set(&mut self.syslog.max_level, level),
            "TTYPath" => set(&mut self.tty, Some(PathBuf::from(value))),
            "X-ForwardToRemote" => set(&mut self.remote, Remote::parse(value).map(Some)),
            "X-MaxLevelRemote" => set(&mut self.max_level_remote, level),
            "X-RemoteTrustedCertificates" => {
                set(&mut self.certificates, Some(PathBuf::from(value)))
            }
            "X-RemoteQueueSize" => set(&mut self.remote_queue, size(value)),
            // Known, and without an effect here: segments are small, sealed by a hash chain, not split by user.
            "Compress" | "Seal" | "SplitMode" | "ForwardToWall" | "MaxLevelWall"
            | "ForwardToSocket" | "MaxLevelSocket" | "Audit" => true,
            other => return Err(format!("unknown setting `{other}=`; passed over")),
        };
        if done {
            Ok(())
        } else {
            Err(format!("`{value}` is no value for {}=; passed over", entry.key))
        }
    }
}

/// The files that count, the weightiest last: journald.conf, then the drop-ins by name, `/etc` before `/run` before
/// `/usr/lib` where a name stands more than once.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut main = None;
    let mut dropins = BTreeMap::new();
    for folder in ["usr/lib/systemd", "run/systemd", "etc/systemd"] {
        let folder = root.join(folder);
        main = Some(folder.join("journald.conf")).filter(|path| path.exists()).or(main);
        for item in
            std::fs::read_dir(folder.join("journald.conf.d")).into_iter().flatten().flatten()
        {
            let path = item.path();
            if path.extension().is_some_and(|extension| extension == "conf") {
                dropins.insert(item.file_name(), path);
            }
        }
    }
    main.into_iter().chain(dropins.into_values()).collect()
}

fn set<T>(slot: &mut T, value: Option<T>) -> bool {
    let given = value.is_some();
    if let Some(value) = value {
        *slot = value;
    }
    given
}

fn storage(value: &str) -> Option<Storage> {
    match value {
        "volatile" => Some(Storage::Volatile),
        "persistent" => Some(Storage::Persistent),
        "auto" => Some(Storage::Auto),
        "none" => Some(Storage::None),
        _ => None,
    }
}

fn size(value: &str) -> Option<usize> {
    Limit::parse(value)?.0.and_then(|size| usize::try_from(size).ok())
}

fn not_zero(span: Option<Duration>) -> Option<Duration> {
    span.filter(|span| !span.is_zero())
}

/// A level by its name or number.
pub fn level(value: &str) -> Option<u8> {
    let names = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
    (0..8)
        .zip(names)
        .find(|(number, name)| value == *name || value == number.to_string())
        .map(|(number, _)| number)
}

#[cfg(test)]
mod tests;
