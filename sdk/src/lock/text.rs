//! The TOML form of a lock: parsing with positions, and the one way to write it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{Lock, Pin, SCHEMA};
use crate::digest::Digest;

/// A mistake in a lock file, where it is, and the line it is in.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}\n    {excerpt}")]
pub struct LockError {
    /// The file's name as it was given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The line itself.
    pub excerpt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawLock {
    schema: Spanned<i64>,
    suite: Spanned<String>,
    #[serde(default)]
    image: Vec<RawPin>,
    #[serde(default)]
    tools: Vec<RawPin>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawPin {
    name: Spanned<String>,
    version: String,
    architecture: Spanned<String>,
    size: u64,
    sha256: Spanned<String>,
    #[serde(default)]
    depends: Vec<Spanned<String>>,
}

pub(super) fn parse(source: &str, file: &str) -> Result<Lock, LockError> {
    let fail = |span: Range<usize>, message: String| located(source, file, span.start, message);
    let raw: RawLock = toml::from_str(source).map_err(|error| {
        fail(error.span().unwrap_or_default(), error.message().trim_end().to_owned())
    })?;
    if *raw.schema.get_ref() != SCHEMA {
        return Err(fail(
            raw.schema.span(),
            format!("schema {} is unknown, this program reads {SCHEMA}", raw.schema.get_ref()),
        ));
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if raw.suite.get_ref().is_empty() || !raw.suite.get_ref().bytes().all(plain) {
        return Err(fail(
            raw.suite.span(),
            format!("{:?} is no name of a Debian suite", raw.suite.get_ref()),
        ));
    }
    Ok(Lock {
        suite: raw.suite.into_inner(),
        image: section(raw.image, &fail)?,
        tools: section(raw.tools, &fail)?,
    })
}

fn section(
    raw: Vec<RawPin>,
    fail: &impl Fn(Range<usize>, String) -> LockError,
) -> Result<BTreeMap<String, Pin>, LockError> {
    let mut pins = BTreeMap::new();
    let mut edges = Vec::new();
    for entry in raw {
        let sha256: Digest = entry
            .sha256
            .get_ref()
            .parse()
            .map_err(|error| fail(entry.sha256.span(), format!("{error}")))?;
        if !matches!(entry.architecture.get_ref().as_str(), "amd64" | "all") {
            return Err(fail(
                entry.architecture.span(),
                format!(
                    "architecture {:?} is neither \"amd64\" nor \"all\"",
                    entry.architecture.get_ref()
                ),
            ));
        }
        let span = entry.name.span();
        let name = entry.name.into_inner();
        let pin = Pin {
            version: entry.version,
            architecture: entry.architecture.into_inner(),
            size: entry.size,
            sha256,
            depends: entry.depends.iter().map(|name| name.get_ref().clone()).collect(),
        };
        edges.extend(entry.depends);
        if pins.insert(name.clone(), pin).is_some() {
            return Err(fail(span, format!("package {name} is listed twice")));
        }
    }
    match edges.iter().find(|edge| !pins.contains_key(edge.get_ref())) {
        Some(edge) => Err(fail(
            edge.span(),
            format!("package {} is needed here but not listed", edge.get_ref()),
        )),
        None => Ok(pins),
    }
}

fn located(source: &str, file: &str, offset: usize, message: String) -> LockError {
    let before = source.get(..offset).unwrap_or(source);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    LockError {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[start..].chars().count() + 1,
        message,
        excerpt: source[start..].lines().next().unwrap_or_default().to_owned(),
    }
}

pub(super) fn write(lock: &Lock) -> String {
    let mut out = String::from(
        "# Every Debian package this board's build may use. Written by `cargo xtask update-lock`.\n",
    );
    let quoted = |text: &str| toml::Value::from(text).to_string();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "schema = {SCHEMA}\nsuite = {}", quoted(&lock.suite));
    for (table, pins) in [("image", &lock.image), ("tools", &lock.tools)] {
        for (name, pin) in pins {
            let _ = write!(
                out,
                "\n[[{table}]]\nname = {}\nversion = {}\narchitecture = {}\nsize = {}\nsha256 = \"{}\"\n",
                quoted(name),
                quoted(&pin.version),
                quoted(&pin.architecture),
                pin.size,
                pin.sha256
            );
            if !pin.depends.is_empty() {
                let names: Vec<_> = pin.depends.iter().map(|name| quoted(name)).collect();
                let _ = writeln!(out, "depends = [{}]", names.join(", "));
            }
        }
    }
    out
}
