//! The kernel's messages about devices: `ACTION@DEVPATH` and variables, each ended by NUL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What happened to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is there.
    Add,
    /// It is gone.
    Remove,
    /// Something about it is new.
    Change,
    /// It has another path.
    Move,
    /// It is in use.
    Online,
    /// It is not in use.
    Offline,
    /// A driver has it.
    Bind,
    /// No driver has it.
    Unbind,
}

impl Action {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "add" => Self::Add,
            "remove" => Self::Remove,
            "change" => Self::Change,
            "move" => Self::Move,
            "online" => Self::Online,
            "offline" => Self::Offline,
            "bind" => Self::Bind,
            "unbind" => Self::Unbind,
            _ => return None,
        })
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uevent {
    /// What happened.
    pub action: Action,
    /// The path below /sys, beginning with `/`.
    pub sys_path: String,
    /// `SUBSYSTEM`
    pub subsystem: String,
    /// All variables.
    pub variables: BTreeMap<String, String>,
}

impl Uevent {
    /// The node in /dev.
    pub fn node(&self) -> Option<PathBuf> {
        let name = self
            .variables
            .get("DEVNAME")
            .filter(|name| !name.split('/').any(|part| part == ".."))?;
        Some(Path::new("/dev").join(name.trim_start_matches('/')))
    }

    /// `MODALIAS`, by which a module is found.
    pub fn module_alias(&self) -> Option<&str> {
        self.variables.get("MODALIAS").map(String::as_str)
    }

    /// One variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }
}

/// Reads a message. None for those of others than the kernel, and for anything of another form.
pub fn parse(message: &[u8]) -> Option<Uevent> {
    let mut fields = message.split(|&byte| byte == 0);
    let head = std::str::from_utf8(fields.next()?).ok()?;
    let (action, sys_path) = head.split_once('@')?;
    let action = Action::of(action)?;
    if !is_plain(sys_path) {
        return None;
    }
    let variables = fields.filter_map(|field| variable(std::str::from_utf8(field).ok()?)).collect();
    Some(finish(action, sys_path, variables))
}

/// The message that the `uevent` file of a device stands for.
pub(super) fn from_file(sys_path: &str, subsystem: &str, text: &str) -> Option<Uevent> {
    let mut variables: BTreeMap<String, String> = text.lines().filter_map(variable).collect();
    variables.insert("SUBSYSTEM".to_owned(), subsystem.to_owned());
    is_plain(sys_path).then(|| finish(Action::Add, sys_path, variables))
}

fn finish(action: Action, sys_path: &str, variables: BTreeMap<String, String>) -> Uevent {
    let subsystem = variables.get("SUBSYSTEM").cloned().unwrap_or_default();
    Uevent { action, sys_path: sys_path.to_owned(), subsystem, variables }
}

fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty())?;
    Some((name.to_owned(), value.to_owned()))
}

/// Whether a path begins at the root and cannot lead elsewhere.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && !path.split('/').any(|part| part == "..")
}
