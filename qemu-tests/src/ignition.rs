//! Ignition configurations (specification 3.4) of tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// A configuration: files, units and users.
#[derive(Debug, Clone, Default)]
pub struct Config {
    files: Vec<Value>,
    units: Vec<Value>,
    users: Vec<Value>,
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

    /// Adds a unit that is there and not enabled.
    #[must_use]
    pub fn unit_file(mut self, name: &str, text: &str) -> Self {
        self.units.push(json!({ "name": name, "contents": text }));
        self
    }

    /// Enables a unit of the host.
    #[must_use]
    pub fn enable(mut self, name: &str) -> Self {
        self.units.push(json!({ "name": name, "enabled": true }));
        self
    }

    /// Adds a drop-in to a unit of the host.
    #[must_use]
    pub fn drop_in(mut self, unit: &str, name: &str, text: &str) -> Self {
        let drop_in = json!({ "name": name, "contents": text });
        self.units.push(json!({ "name": unit, "dropins": [drop_in] }));
        self
    }

    /// Lets a user of the host log in with a key, and with a password on consoles.
    #[must_use]
    pub fn user(mut self, name: &str, key: &str, password_hash: &str) -> Self {
        self.users.push(json!({
            "name": name,
            "sshAuthorizedKeys": [key],
            "passwordHash": password_hash,
        }));
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
            "passwd": { "users": self.users },
        })
        .to_string()
    }
}
