//! The members of a JSON object, taken one by one; what is left is unknown.

use serde_json::{Map, Value};

use super::Findings;

/// An object on its way into the model.
pub(super) struct Fields<'a> {
    /// Its JSON path.
    pub(super) path: String,
    members: Vec<(&'a String, &'a Value)>,
}

impl<'a> Fields<'a> {
    /// Opens an object; anything else is an error.
    pub(super) fn open(value: &'a Value, path: &str, findings: &mut Findings) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self { path: path.to_owned(), members: members(map) }),
            other => {
                findings.error(path, format!("an object is expected here, not {}", name_of(other)));
                None
            }
        }
    }

    /// The path of a member.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Takes a member; one that is null is as good as none.
    pub(super) fn take(&mut self, key: &str) -> Option<&'a Value> {
        let index = self.members.iter().position(|(name, _)| *name == key)?;
        let (_, value) = self.members.remove(index);
        (!value.is_null()).then_some(value)
    }

    /// Takes an object.
    pub(super) fn object(&mut self, key: &str, findings: &mut Findings) -> Option<Self> {
        let path = self.at(key);
        self.take(key).and_then(|value| Self::open(value, &path, findings))
    }

    /// Takes a text.
    pub(super) fn string(&mut self, key: &str, findings: &mut Findings) -> Option<String> {
        self.typed(key, "a text", findings, |value| value.as_str().map(str::to_owned))
    }

    /// Takes a yes or no.
    pub(super) fn boolean(&mut self, key: &str, findings: &mut Findings) -> Option<bool> {
        self.typed(key, "true or false", findings, Value::as_bool)
    }

    /// Takes a number of at most `most`.
    pub(super) fn number(&mut self, key: &str, most: u32, findings: &mut Findings) -> Option<u32> {
        self.typed(key, &format!("a whole number from 0 to {most}"), findings, |value| {
            value
                .as_u64()
                .and_then(|number| u32::try_from(number).ok())
                .filter(|number| *number <= most)
        })
    }

    /// Takes a list and decodes its elements; those that cannot be are left out, with their errors.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        findings: &mut Findings,
        element: impl Fn(&Value, &str, &mut Findings) -> Option<T>,
    ) -> Vec<T> {
        let path = self.at(key);
        let Some(values) = self.typed(key, "a list", findings, Value::as_array) else {
            return Vec::new();
        };
        values
            .iter()
            .enumerate()
            .filter_map(|(index, value)| element(value, &format!("{path}[{index}]"), findings))
            .collect()
    }

    /// Refuses members of the specification that are not applied, unless they say nothing.
    pub(super) fn unsupported(&mut self, keys: &[&str], findings: &mut Findings) {
        for key in keys {
            let path = self.at(key);
            if self.take(key).is_some_and(says_something) {
                findings.error(path, "not supported by this release; remove it");
            }
        }
    }

    /// Warns of the members that are left.
    pub(super) fn finish(self, findings: &mut Findings) {
        for (key, _) in &self.members {
            findings.warning(self.at(key), "unknown key; it is passed over");
        }
    }

    fn typed<T>(
        &mut self,
        key: &str,
        expected: &str,
        findings: &mut Findings,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let read = read(value);
        if read.is_none() {
            findings.error(
                self.at(key),
                format!("{expected} is expected here, not {}", name_of(value)),
            );
        }
        read
    }
}

fn members(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    map.iter().collect()
}

/// Whether a value is more than an empty shell.
pub(super) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => map.values().any(says_something),
    }
}

fn name_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
