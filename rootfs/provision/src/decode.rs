//! From text to a checked [`Config`]: every mistake by its JSON path, with line and column; all of them, not the first.

use serde_json::Value;

use crate::config::Config;
use crate::positions::{Position, Positions};

mod fields;
mod resource;
mod storage;
mod system;

use fields::Fields;

/// The versions of the specification that are read.
pub const VERSIONS: &[&str] = &["3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.4.0", "3.5.0"];

/// Something about a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The JSON path, empty for the whole text.
    pub path: String,
    /// Where that stands.
    pub position: Option<Position>,
    /// What is the matter, and what to do.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)
    }
}

/// A configuration and what was passed over in it.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// What is to be applied.
    pub config: Config,
    /// Unknown keys and the like, in the order they stand in.
    pub warnings: Vec<Problem>,
}

/// What is found while decoding.
#[derive(Debug, Default)]
struct Findings {
    errors: Vec<(String, String)>,
    warnings: Vec<(String, String)>,
}

impl Findings {
    fn error(&mut self, path: impl Into<String>, what: impl Into<String>) {
        self.errors.push((path.into(), what.into()));
    }

    fn warning(&mut self, path: impl Into<String>, what: impl Into<String>) {
        self.warnings.push((path.into(), what.into()));
    }
}

/// Decodes and checks a configuration.
pub fn decode(bytes: &[u8]) -> Result<Decoded, Vec<Problem>> {
    let whole = |what: String, position| vec![Problem { path: String::new(), position, what }];
    let text = std::str::from_utf8(bytes).map_err(|error| {
        whole(format!("the configuration is not UTF-8, from byte {} on", error.valid_up_to()), None)
    })?;
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let position = Position { line: error.line(), column: error.column() };
        let hint = if text.trim_start().starts_with(['#', 'v', 's', 'i']) {
            "; Butane and cloud-config texts must be translated to Ignition first"
        } else {
            ""
        };
        whole(format!("not JSON: {error}{hint}"), Some(position))
    })?;
    let mut findings = Findings::default();
    let config = config(&value, &mut findings);
    let positions = Positions::scan(text);
    let problems = |list: Vec<(String, String)>| -> Vec<Problem> {
        list.into_iter()
            .map(|(path, what)| Problem { position: positions.of(&path), path, what })
            .collect()
    };
    if findings.errors.is_empty() {
        Ok(Decoded { config, warnings: problems(findings.warnings) })
    } else {
        Err(problems(findings.errors))
    }
}

fn config(value: &Value, findings: &mut Findings) -> Config {
    let mut config = Config::default();
    let Some(mut top) = Fields::open(value, "", findings) else { return config };
    match top.take("ignition") {
        Some(ignition) => header(ignition, findings),
        None => findings.error(
            "ignition",
            "ignition.version is missing; write \"ignition\": {\"version\": \"3.4.0\"}",
        ),
    }
    if let Some(mut storage) = top.object("storage", findings) {
        config.directories = storage.list("directories", findings, storage::directory);
        config.files = storage.list("files", findings, storage::file);
        config.links = storage.list("links", findings, storage::link);
        storage.unsupported(&["disks", "raid", "filesystems", "luks"], findings);
        storage.finish(findings);
    }
    if let Some(mut systemd) = top.object("systemd", findings) {
        config.units = systemd.list("units", findings, system::unit);
        systemd.finish(findings);
    }
    if let Some(mut passwd) = top.object("passwd", findings) {
        config.users = passwd.list("users", findings, system::user);
        passwd.unsupported(&["groups"], findings);
        passwd.finish(findings);
    }
    top.unsupported(&["kernelArguments"], findings);
    top.finish(findings);
    storage::check_paths(&config, findings);
    system::check_units(&config, findings);
    config
}

fn header(value: &Value, findings: &mut Findings) {
    let Some(mut ignition) = Fields::open(value, "ignition", findings) else { return };
    match ignition.string("version", findings) {
        Some(version) if VERSIONS.contains(&version.as_str()) => {}
        Some(version) if version.starts_with("2.") || version.starts_with("1.") => findings.error(
            "ignition.version",
            format!("specification {version} is not supported; translate the configuration to 3.x"),
        ),
        Some(version) => findings.error(
            "ignition.version",
            format!("specification `{version}` is not supported; 3.0.0 to 3.5.0 are"),
        ),
        None => {
            findings
                .error("ignition.version", "it is missing; write a version from 3.0.0 to 3.5.0");
        }
    }
    // Timeouts concern remote sources, which are refused one by one.
    ignition.take("timeouts");
    ignition.unsupported(&["config", "security", "proxy"], findings);
    ignition.finish(findings);
}

#[cfg(test)]
mod tests;
