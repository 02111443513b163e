//! Settings given on a command line (`set-property`, `systemd-run -p`), judged as lines of a unit file.

use std::path::Path;

use anyhow::{Result, bail};
use keelson_units::directives;
use keelson_units::facts::Facts;
use keelson_units::loader::Loader;
use keelson_units::model::{UnitKind, UnitName};

/// Refuses `NAME=VALUE` if PID 1 would pass it over in the section `section` of a unit of this kind.
pub fn judge(root: &Path, kind: UnitKind, section: &str, assignment: &str) -> Result<()> {
    let Some((name, _)) = assignment.split_once('=') else {
        bail!("`{assignment}` is not NAME=VALUE");
    };
    if directives::find(section, name).is_none() {
        bail!("Unknown assignment: {assignment}{}", directives::hint(section, name));
    }
    let unit: UnitName = format!("setting.{}", kind.suffix()).parse()?;
    let text = format!("[{section}]\n{assignment}\n");
    let read = Loader::new(root, Facts::read(root)).transient(&unit, &text);
    // Remarks on other lines are of drop-ins for all units of the kind.
    let own = |place: &keelson_units::text::Place| {
        place.line == 2 && place.file.ends_with(format!("transient/{unit}"))
    };
    match read.remarks.iter().find(|remark| own(&remark.place)) {
        Some(remark) => bail!("{}", remark.what),
        None => Ok(()),
    }
}
