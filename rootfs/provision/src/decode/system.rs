//! `systemd.units` and `passwd.users`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Findings;
use super::fields::Fields;
use crate::config::{Config, Unit, User};

/// The types of units (systemd.unit(5)).
const TYPES: &[&str] = &[
    "service",
    "socket",
    "device",
    "mount",
    "automount",
    "swap",
    "target",
    "path",
    "timer",
    "slice",
    "scope",
];

pub(super) fn unit(value: &Value, path: &str, findings: &mut Findings) -> Option<Unit> {
    let mut fields = Fields::open(value, path, findings)?;
    let name_at = fields.at("name");
    let name = fields.string("name", findings).unwrap_or_default();
    let enabled = fields.boolean("enabled", findings);
    let mask = fields.boolean("mask", findings).unwrap_or(false);
    let contents = fields.string("contents", findings);
    let drop_ins = fields.list("dropins", findings, drop_in);
    fields.finish(findings);
    if let Some(what) = bad_unit_name(&name) {
        findings.error(name_at, what);
        return None;
    }
    Some(Unit { at: path.to_owned(), name, enabled, mask, contents, drop_ins })
}

fn drop_in(value: &Value, path: &str, findings: &mut Findings) -> Option<(String, String)> {
    let mut fields = Fields::open(value, path, findings)?;
    let name_at = fields.at("name");
    let name = fields.string("name", findings).unwrap_or_default();
    let contents = fields.string("contents", findings);
    fields.finish(findings);
    if !name.strip_suffix(".conf").is_some_and(|stem| !stem.is_empty() && is_plain(stem)) {
        findings.error(name_at, format!("`{name}` is no name of a drop-in; write NAME.conf"));
        return None;
    }
    contents.map(|contents| (name, contents))
}

/// What is wrong with the name of a unit.
fn bad_unit_name(name: &str) -> Option<String> {
    let Some((stem, kind)) = name.rsplit_once('.') else {
        return Some(format!("`{name}` is no name of a unit; write NAME.service or the like"));
    };
    if !TYPES.contains(&kind) {
        return Some(format!("`.{kind}` is no type of unit; there are {}", TYPES.join(", ")));
    }
    (stem.is_empty() || !is_plain(stem))
        .then(|| format!("`{name}` has characters that a unit name cannot have"))
}

fn is_plain(text: &str) -> bool {
    text.len() < 240
        && !text.starts_with('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b":_.\\-@".contains(&b))
}

/// No unit and no drop-in twice.
pub(super) fn check_units(config: &Config, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for unit in &config.units {
        if let Some(first) = seen.insert(&unit.name, &unit.at) {
            findings.error(
                format!("{}.name", unit.at),
                format!("`{}` is described by {first} as well", unit.name),
            );
        }
        for (index, (name, _)) in unit.drop_ins.iter().enumerate() {
            if unit.drop_ins[..index].iter().any(|(other, _)| other == name) {
                findings.error(
                    format!("{}.dropins", unit.at),
                    format!("the drop-in `{name}` is there twice"),
                );
            }
        }
    }
}

pub(super) fn user(value: &Value, path: &str, findings: &mut Findings) -> Option<User> {
    const UNSUPPORTED: &[&str] = &[
        "uid",
        "gecos",
        "homeDir",
        "noCreateHome",
        "primaryGroup",
        "groups",
        "noUserGroup",
        "noLogInit",
        "shell",
        "shouldExist",
        "system",
    ];
    let mut fields = Fields::open(value, path, findings)?;
    let name_at = fields.at("name");
    let name = fields.string("name", findings).filter(|name| !name.is_empty());
    let keys = fields.list("sshAuthorizedKeys", findings, key);
    let password_at = fields.at("passwordHash");
    let password = fields.string("passwordHash", findings).filter(|hash| !hash.is_empty());
    if password.as_ref().is_some_and(|hash| hash.contains([':', '\n']) || !hash.starts_with('$')) {
        findings.error(password_at, "this is no hash: make one with `openssl passwd -6`");
    }
    fields.unsupported(UNSUPPORTED, findings);
    fields.finish(findings);
    if name.is_none() {
        findings.error(name_at, "a user needs a name");
    }
    Some(User { at: path.to_owned(), name: name?, keys, password })
}

fn key(value: &Value, path: &str, findings: &mut Findings) -> Option<String> {
    match value.as_str() {
        Some(text) if !text.trim().contains('\n') => Some(text.trim().to_owned()),
        _ => {
            findings.error(path, "a public key is one line of text");
            None
        }
    }
}
