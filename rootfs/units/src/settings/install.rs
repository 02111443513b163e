//! Setters of `[Install]` (systemd.unit(5)).

use super::value::{Outcome, Table, Value, optional};
use crate::model::{Install, UnitName};

pub(crate) const INSTALL: Table<Install> = &[
    ("Alias", |i, v| names(&mut i.aliases, v)),
    ("WantedBy", |i, v| names(&mut i.wanted_by, v)),
    ("RequiredBy", |i, v| names(&mut i.required_by, v)),
    ("UpheldBy", |i, v| names(&mut i.upheld_by, v)),
    ("Also", |i, v| names(&mut i.also, v)),
    ("DefaultInstance", |i, v| optional(&mut i.default_instance, v, Value::text)),
];

fn names(list: &mut Vec<UnitName>, value: &Value<'_>) -> Outcome {
    if value.is_reset() {
        list.clear();
        return Ok(());
    }
    let (names, outcome) = value.names();
    list.extend(names);
    outcome
}
