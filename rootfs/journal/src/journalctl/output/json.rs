//! The JSON modes: strings, bytes as numbers, several values as a list, long ones as null.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Style, addresses};
use crate::entry::Entry;

/// Longer values are null without `--all`.
const LONG: usize = 4096;

/// The object of an entry and a newline.
pub fn object(entry: &Entry, style: &Style, pretty: bool) -> Vec<u8> {
    let mut fields: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (name, text) in addresses(entry) {
        fields.entry(name).or_default().push(Value::String(text));
    }
    for (name, bytes) in
        entry.fields.iter().filter(|(name, _)| name == "_BOOT_ID" || style.wants(name))
    {
        fields.entry(name).or_default().push(value(bytes, style.all));
    }
    let single = |mut values: Vec<Value>| match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    };
    let object: serde_json::Map<String, Value> =
        fields.into_iter().map(|(name, values)| (name.to_owned(), single(values))).collect();
    let object = Value::Object(object);
    let text = if pretty { format!("{object:#}") } else { object.to_string() };
    let mut out = text.into_bytes();
    out.push(b'\n');
    out
}

fn value(bytes: &[u8], all: bool) -> Value {
    if bytes.len() > LONG && !all {
        return Value::Null;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n')) => {
            Value::String(text.to_owned())
        }
        _ => Value::Array(bytes.iter().map(|byte| Value::from(*byte)).collect()),
    }
}
