//! Ignition configurations (specification 3.4) of tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// A configuration: files and units.
#[derive(Debug, Clone, Default)]
pub struct Config {
    files: Vec<Value>,
    units: Vec<Value>,
}

impl Config {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file with these permission bits.
    #[must_use]
    pub fn file(mut self, path: &str, mode: u32, content: &[u8]) -> Self {
        self.files.push(json!({
            "path": path,
            "mode": mode,
            "overwrite": true,
            "contents": { "source": format!("data:;base64,{}", BASE64.encode(content)) },
        }));
        self
    }

    /// Adds a unit that is enabled.
    #[must_use]
    pub fn unit(mut self, name: &str, text: &str) -> Self {
        self.units.push(json!({ "name": name, "enabled": true, "contents": text }));
        self
    }

    /// Adds a script and a unit that runs it at each boot, when `after` is up. What it prints goes
    /// to the second serial port.
    #[must_use]
    pub fn script(self, name: &str, after: &str, script: &str) -> Self {
        let path = format!("/etc/{name}.sh");
        let unit = format!(
            "[Unit]\nDescription={name}\nAfter={after}\n\n\
             [Service]\nType=oneshot\nExecStart=/bin/sh {path}\n\n\
             [Install]\nWantedBy=multi-user.target\n"
        );
        // A session leader that opens a terminal loses what it wrote there when it exits: the
        // subshell is none.
        let script = format!("(\n{script}) >/dev/ttyS1 2>&1\nexit $?\n");
        self.file(&path, 0o755, script.as_bytes()).unit(&format!("{name}.service"), &unit)
    }

    /// The configuration's text.
    pub fn to_json(&self) -> String {
        json!({
            "ignition": { "version": "3.4.0" },
            "storage": { "files": self.files },
            "systemd": { "units": self.units },
        })
        .to_string()
    }
}
