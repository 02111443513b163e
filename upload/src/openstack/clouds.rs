//! Who calls OpenStack: clouds.yaml, and the OS_* variables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

/// The settings of a cloud, whether from clouds.yaml or from the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cloud {
    /// Names without `OS_`, in small letters: `auth_url`, `username`, `project_name`, `region_name`, ...
    pub values: BTreeMap<String, String>,
}

/// Why there is no cloud.
#[derive(Debug, Error)]
pub enum CloudError {
    /// Nothing is set.
    #[error(
        "no credentials for OpenStack: name a cloud of clouds.yaml with --cloud or OS_CLOUD, or set OS_AUTH_URL and the rest (`source openrc.sh`)"
    )]
    None,
    /// A cloud is named and no file has it.
    #[error("no cloud {name} in {}", searched.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// Where it was looked for.
        searched: Vec<String>,
    },
    /// A file cannot be read.
    #[error("reading {}: {reason}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The settings are not enough.
    #[error("OpenStack: {0}")]
    Lacking(&'static str),
}

/// clouds.yaml; what is not needed here is passed over.
#[derive(Debug, Deserialize)]
struct File {
    clouds: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    auth: BTreeMap<String, Scalar>,
    region_name: Option<String>,
    interface: Option<String>,
    auth_type: Option<String>,
}

/// A project called 1234 is a number in YAML.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(i64),
    Truth(bool),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

impl Cloud {
    /// The cloud of this name (or of OS_CLOUD) in the first clouds.yaml that is there, else the OS_* variables.
    pub fn find(name: Option<&str>) -> Result<Self, CloudError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let Some(name) = name.map(str::to_owned).or_else(|| variable("OS_CLOUD")) else {
            let values: BTreeMap<String, String> = std::env::vars()
                .filter(|(_, value)| !value.is_empty())
                .filter_map(|(name, value)| {
                    Some((name.strip_prefix("OS_")?.to_ascii_lowercase(), value))
                })
                .collect();
            return if values.contains_key("auth_url") {
                Ok(Self { values })
            } else {
                Err(CloudError::None)
            };
        };
        let home = variable("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")));
        let mut files = vec![PathBuf::from("clouds.yaml")];
        files.extend(home.map(|home| home.join("openstack/clouds.yaml")));
        files.push(PathBuf::from("/etc/openstack/clouds.yaml"));
        if let Some(file) = variable("OS_CLIENT_CONFIG_FILE") {
            files = vec![PathBuf::from(file)];
        }
        let searched = files.iter().map(|path| path.display().to_string()).collect();
        let Some(path) = files.into_iter().find(|path| path.is_file()) else {
            return Err(CloudError::Unknown { name, searched });
        };
        let mut cloud = Self::read(&path, &name)?.ok_or_else(|| CloudError::Unknown {
            name: name.clone(),
            searched: vec![path.display().to_string()],
        })?;
        // Secrets may lie beside it.
        let secure = path.with_file_name("secure.yaml");
        if secure.is_file()
            && let Some(secret) = Self::read(&secure, &name)?
        {
            cloud.values.extend(secret.values);
        }
        Ok(cloud)
    }

    /// What a dry run shows where no cloud is known.
    pub fn placeholder() -> Self {
        let values = [("auth_url", "https://KEYSTONE"), ("token", "DRYRUN")];
        let values = values.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { values: BTreeMap::from(values) }
    }

    fn read(path: &Path, name: &str) -> Result<Option<Self>, CloudError> {
        let failed = |reason| CloudError::Form { path: path.to_owned(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Self::parse(&text, name).map_err(failed)
    }

    /// The cloud of this name in the text of a clouds.yaml. An error names the line and quotes nothing of the text.
    pub fn parse(text: &str, name: &str) -> Result<Option<Self>, String> {
        let mut file: File = serde_saphyr::from_str(text).map_err(|error| place(&error))?;
        let Some(entry) = file.clouds.remove(name) else { return Ok(None) };
        let mut values: BTreeMap<String, String> =
            entry.auth.into_iter().map(|(key, value)| (key, value.into_text())).collect();
        let others = [
            ("region_name", entry.region_name),
            ("interface", entry.interface),
            ("auth_type", entry.auth_type),
        ];
        values.extend(others.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        Ok(Some(Self { values }))
    }

    /// A setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

/// Where a file is wrong. The parser's own message may quote values and the lines around, and passwords are among them.
fn place(error: &serde_saphyr::Error) -> String {
    let place =
        error.location().map(|at| format!(" at line {}, column {}", at.line(), at.column()));
    format!("it is not YAML of the form of clouds.yaml{}", place.unwrap_or_default())
}

#[cfg(test)]
mod tests;
