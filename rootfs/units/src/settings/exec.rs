//! Setters of systemd.exec(5): user, paths, environment, standard streams, log and folders.

use std::path::{Component, Path, PathBuf};

use base64::Engine as _;

use super::value::{Mistake, Outcome, Table, Value, absolute, append, not_a, optional, put};
use crate::model::{
    Credential, DirectoryKind, EnvironmentFile, ExecSettings, Input, Output, ServiceDirectory,
};
use crate::words;

/// Levels of syslog(3), by number.
const LEVELS: &[&str] = &["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// Facilities of syslog(3), by number.
const FACILITIES: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "12", "13", "14", "15", "local0", "local1", "local2", "local3", "local4", "local5",
    "local6", "local7",
];

pub(crate) const EXEC: Table<ExecSettings> = &[
    ("User", |e, v| optional(&mut e.user, v, account)),
    ("Group", |e, v| optional(&mut e.group, v, account)),
    ("DynamicUser", |e, v| put(&mut e.dynamic_user, v.boolean())),
    ("SupplementaryGroups", |e, v| append(&mut e.supplementary_groups, v, Value::words)),
    ("SetLoginEnvironment", |e, v| optional(&mut e.set_login_environment, v, Value::boolean)),
    ("PAMName", |e, v| optional(&mut e.pam_name, v, Value::text)),
    ("WorkingDirectory", working_directory),
    ("RootDirectory", |e, v| optional(&mut e.root_directory, v, Value::path)),
    ("MountAPIVFS", |e, v| optional(&mut e.mount_api_vfs, v, Value::boolean)),
    ("BindLogSockets", |e, v| optional(&mut e.bind_log_sockets, v, Value::boolean)),
    ("Environment", environment),
    ("EnvironmentFile", |e, v| {
        append(&mut e.environment_files, v, |v| {
            let text = v.text()?;
            let (may_miss, path) = dash(&text);
            Ok(vec![EnvironmentFile { path: absolute(path)?, may_miss }])
        })
    }),
    ("PassEnvironment", |e, v| {
        if v.is_reset() {
            e.pass_environment.clear();
        }
        e.pass_environment.extend(v.words()?.into_iter().filter(|name| words::is_name(name)));
        Ok(())
    }),
    ("UnsetEnvironment", |e, v| {
        if v.is_reset() {
            e.unset_environment.clear();
        }
        e.unset_environment.extend(v.words()?);
        Ok(())
    }),
    ("ExecSearchPath", |e, v| {
        append(&mut e.search_path, v, |v| v.text()?.split(':').map(absolute).collect())
    }),
    ("StandardInput", |e, v| put(&mut e.input, input(v))),
    ("StandardInputText", |e, v| {
        if v.is_reset() {
            e.input_data.clear();
            return Ok(());
        }
        e.input_data.extend(words::unescape(&v.text()?)?.bytes());
        e.input_data.push(b'\n');
        Ok(())
    }),
    ("StandardInputData", |e, v| append(&mut e.input_data, v, base64)),
    ("StandardOutput", |e, v| optional(&mut e.output, v, output)),
    ("StandardError", |e, v| optional(&mut e.error, v, output)),
    ("TTYPath", |e, v| optional(&mut e.tty_path, v, Value::path)),
    ("TTYReset", |e, v| put(&mut e.tty_reset, v.boolean())),
    ("TTYVHangup", |e, v| put(&mut e.tty_vhangup, v.boolean())),
    ("TTYVTDisallocate", |e, v| put(&mut e.tty_vt_disallocate, v.boolean())),
    ("TTYRows", |e, v| optional(&mut e.tty_rows, v, Value::number)),
    ("TTYColumns", |e, v| optional(&mut e.tty_columns, v, Value::number)),
    ("SyslogIdentifier", |e, v| optional(&mut e.syslog_identifier, v, Value::text)),
    ("SyslogFacility", |e, v| {
        optional(&mut e.syslog_facility, v, |v| position(v, FACILITIES, "a facility of syslog"))
    }),
    ("SyslogLevel", |e, v| {
        optional(&mut e.syslog_level, v, |v| position(v, LEVELS, "a level of syslog"))
    }),
    ("SyslogLevelPrefix", |e, v| put(&mut e.no_syslog_level_prefix, v.boolean().map(|yes| !yes))),
    ("LogLevelMax", |e, v| {
        optional(&mut e.log_level_max, v, |v| position(v, LEVELS, "a level of syslog"))
    }),
    ("LogExtraFields", |e, v| append(&mut e.log_extra_fields, v, log_fields)),
    ("LogRateLimitIntervalSec", |e, v| optional(&mut e.log_rate_interval, v, Value::finite_span)),
    ("LogRateLimitBurst", |e, v| optional(&mut e.log_rate_burst, v, Value::number)),
    ("LogNamespace", |e, v| optional(&mut e.log_namespace, v, Value::text)),
    ("LogFilterPatterns", |e, v| append(&mut e.log_filter_patterns, v, |v| Ok(vec![v.text()?]))),
    ("RuntimeDirectory", |e, v| directories(e, v, DirectoryKind::Runtime)),
    ("StateDirectory", |e, v| directories(e, v, DirectoryKind::State)),
    ("CacheDirectory", |e, v| directories(e, v, DirectoryKind::Cache)),
    ("LogsDirectory", |e, v| directories(e, v, DirectoryKind::Logs)),
    ("ConfigurationDirectory", |e, v| directories(e, v, DirectoryKind::Configuration)),
    ("RuntimeDirectoryMode", |e, v| directory_mode(e, v, DirectoryKind::Runtime)),
    ("StateDirectoryMode", |e, v| directory_mode(e, v, DirectoryKind::State)),
    ("CacheDirectoryMode", |e, v| directory_mode(e, v, DirectoryKind::Cache)),
    ("LogsDirectoryMode", |e, v| directory_mode(e, v, DirectoryKind::Logs)),
    ("ConfigurationDirectoryMode", |e, v| directory_mode(e, v, DirectoryKind::Configuration)),
    ("RuntimeDirectoryPreserve", |e, v| {
        e.runtime_preserve_on_restart = v.raw == "restart";
        e.runtime_preserve = !e.runtime_preserve_on_restart && v.boolean()?;
        Ok(())
    }),
    ("TimeoutCleanSec", |e, v| put(&mut e.clean_timeout, v.span())),
    ("LoadCredential", |e, v| credential(e, v, load_credential)),
    ("SetCredential", |e, v| credential(e, v, set_credential)),
    ("ImportCredential", |e, v| append(&mut e.import_credentials, v, |v| Ok(vec![v.text()?]))),
    ("UtmpIdentifier", |e, v| optional(&mut e.utmp_identifier, v, Value::text)),
];

/// `-` before a value.
pub(super) fn dash(text: &str) -> (bool, &str) {
    text.strip_prefix('-').map_or((false, text), |rest| (true, rest))
}

/// A name as useradd(8) and more takes it, or a number (systemd.exec(5), `User=`).
fn account(value: &Value<'_>) -> Result<String, Mistake> {
    let text = value.text()?;
    let fits = !text.is_empty()
        && text.len() <= 256
        && !text.starts_with('-')
        && !text.contains([':', '/', '\0'])
        && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if fits { Ok(text) } else { Err(not_a(&text, "the name or number of a user or group")) }
}

fn working_directory(exec: &mut ExecSettings, value: &Value<'_>) -> Outcome {
    if value.is_reset() {
        exec.working_directory = None;
        exec.working_directory_may_miss = false;
        return Ok(());
    }
    let text = value.text()?;
    let (may_miss, path) = dash(&text);
    exec.working_directory = Some(if path == "~" { PathBuf::from("~") } else { absolute(path)? });
    exec.working_directory_may_miss = may_miss;
    Ok(())
}

fn environment(exec: &mut ExecSettings, value: &Value<'_>) -> Outcome {
    if value.is_reset() {
        exec.environment.clear();
        return Ok(());
    }
    let mut outcome = Ok(());
    for word in value.words()? {
        match word.split_once('=').filter(|(name, _)| words::is_name(name)) {
            Some((name, text)) => {
                exec.environment.insert(name.to_owned(), text.to_owned());
            }
            None => outcome = Err(not_a(&word, "an assignment `NAME=value`")),
        }
    }
    outcome
}

fn input(value: &Value<'_>) -> Result<Input, Mistake> {
    let text = value.text()?;
    Ok(match text.as_str() {
        "" | "null" => Input::Null,
        "tty" => Input::Tty,
        "tty-force" => Input::TtyForce,
        "tty-fail" => Input::TtyFail,
        "data" => Input::Data,
        "socket" => Input::Socket,
        "fd" => Input::Descriptor("stdin".to_owned()),
        other => match other.split_once(':') {
            Some(("file", path)) => Input::File(absolute(path)?),
            Some(("fd", name)) => Input::Descriptor(name.to_owned()),
            _ => return Err(not_a(other, "null, tty, data, socket, file:PATH or fd:NAME")),
        },
    })
}

fn output(value: &Value<'_>) -> Result<Output, Mistake> {
    let text = value.text()?;
    Ok(match text.as_str() {
        "inherit" => Output::Inherit,
        "null" => Output::Null,
        "tty" => Output::Tty,
        // Syslog is the log's own business; so systemd reads it too.
        "journal" | "syslog" => Output::Journal,
        "journal+console" | "syslog+console" => Output::JournalAndConsole,
        "kmsg" => Output::Kmsg,
        "kmsg+console" => Output::KmsgAndConsole,
        "socket" => Output::Socket,
        "fd" => Output::Descriptor("stdout".to_owned()),
        other => match other.split_once(':') {
            Some(("file", path)) => Output::File(absolute(path)?),
            Some(("append", path)) => Output::Append(absolute(path)?),
            Some(("truncate", path)) => Output::Truncate(absolute(path)?),
            Some(("fd", name)) => Output::Descriptor(name.to_owned()),
            _ => return Err(not_a(other, "journal, kmsg, null, tty, file:PATH or fd:NAME")),
        },
    })
}

fn base64(value: &Value<'_>) -> Result<Vec<u8>, Mistake> {
    let text: String = value.raw.split_whitespace().collect();
    let decoded = base64::engine::general_purpose::STANDARD.decode(text);
    decoded.map_err(|_| not_a("the value", "base64"))
}

fn position(value: &Value<'_>, names: &[&str], expected: &'static str) -> Result<u8, Mistake> {
    let by_name = names.iter().position(|name| *name == value.raw);
    let by_number = value.raw.parse::<usize>().ok().filter(|number| *number < names.len());
    let number = by_name.or(by_number).and_then(|number| u8::try_from(number).ok());
    number.ok_or_else(|| not_a(value.raw, expected))
}

fn log_fields(value: &Value<'_>) -> Result<Vec<String>, Mistake> {
    let words = value.words()?;
    let name_fits = |name: &str| {
        !name.is_empty()
            && !name.starts_with('_')
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    match words.iter().find(|word| !word.split_once('=').is_some_and(|(name, _)| name_fits(name))) {
        Some(word) => Err(not_a(word, "a field `NAME=value` in capitals")),
        None => Ok(words),
    }
}

/// `PATH[:LINK[:ro]]`, relative paths.
fn directories(exec: &mut ExecSettings, value: &Value<'_>, kind: DirectoryKind) -> Outcome {
    let list = exec.directories.entry(kind).or_default();
    append(list, value, |value| value.words()?.iter().map(|word| directory(word)).collect())
}

fn directory(word: &str) -> Result<ServiceDirectory, Mistake> {
    let mut parts = word.splitn(3, ':');
    let path = relative(parts.next().unwrap_or_default())?;
    let link = parts.next().filter(|link| !link.is_empty()).map(relative).transpose()?;
    let read_only = match parts.next() {
        None | Some("") => false,
        Some("ro") => true,
        Some(other) => return Err(not_a(other, "ro")),
    };
    Ok(ServiceDirectory { path, links: link.into_iter().collect(), read_only })
}

fn relative(text: &str) -> Result<PathBuf, Mistake> {
    let path = Path::new(text);
    let normal = path.components().all(|part| matches!(part, Component::Normal(_)));
    if text.is_empty() || !normal || text.contains('\0') {
        return Err(not_a(text, "a relative path without `..`"));
    }
    Ok(path.components().collect())
}

fn directory_mode(exec: &mut ExecSettings, value: &Value<'_>, kind: DirectoryKind) -> Outcome {
    exec.directory_modes.insert(kind, value.mode()?);
    Ok(())
}

/// Setting an ID again takes the place of what the same directive set; the other directive's is kept.
fn credential(
    exec: &mut ExecSettings,
    value: &Value<'_>,
    read: fn(&Value<'_>) -> Result<(String, Credential), Mistake>,
) -> Outcome {
    if value.is_reset() {
        exec.credentials.clear();
        return Ok(());
    }
    let (id, credential) = read(value)?;
    if id.is_empty() || id.len() > 255 || id.contains('/') || id == "." || id == ".." {
        return Err(not_a(&id, "the name of a credential"));
    }
    let known = exec.credentials.entry(id).or_default();
    known.retain(|old| std::mem::discriminant(old) != std::mem::discriminant(&credential));
    known.push(credential);
    known.sort_by_key(|credential| matches!(credential, Credential::Set(_)));
    Ok(())
}

fn load_credential(value: &Value<'_>) -> Result<(String, Credential), Mistake> {
    let text = value.text()?;
    let (id, path) = text.split_once(':').unwrap_or((&text, &text));
    let path = if path.is_empty() { id } else { path };
    if path.starts_with('/') {
        return Ok((id.to_owned(), Credential::Load(absolute(path)?)));
    }
    Ok((id.to_owned(), Credential::Load(PathBuf::from(path))))
}

fn set_credential(value: &Value<'_>) -> Result<(String, Credential), Mistake> {
    let wrong = || not_a("the value", "ID:VALUE");
    let (id, text) = value.raw.split_once(':').ok_or_else(wrong)?;
    let id = Value { raw: id, ..*value }.text()?;
    let text = words::unescape(&Value { raw: text, ..*value }.text()?)?;
    Ok((id, Credential::Set(text.into_bytes())))
}
