//! Lines of fstab into the settings of units (systemd-fstab-generator(8)).

use std::collections::BTreeMap;
use std::path::Path;

use super::{Generated, Line, device, has_option, is_network, option, values};
use crate::escape;
use crate::model::{Relation, UnitKind, UnitName};
use crate::text::Entry;
use crate::value;

/// Options that are systemd's and relate the mount to another unit: directive of the unit named, or of the path.
const RELATIONS: &[(&str, &[&str])] = &[
    ("x-systemd.requires", &["Requires", "After"]),
    ("x-systemd.wants", &["Wants", "After"]),
    ("x-systemd.before", &["Before"]),
    ("x-systemd.after", &["After"]),
];

/// The units of all lines; of two with the same name the first counts.
pub fn units(lines: &[Line]) -> BTreeMap<UnitName, Generated> {
    let mut units = BTreeMap::new();
    for line in lines {
        let made = if line.fs_type == "swap" { swap(line) } else { mount(line) };
        for (name, generated) in made {
            units.entry(name).or_insert(generated);
        }
    }
    units
}

/// Collects the entries of one unit.
struct Writer<'a> {
    line: &'a Line,
    entries: Vec<Entry>,
}

impl<'a> Writer<'a> {
    fn new(line: &'a Line) -> Self {
        let mut writer = Self { line, entries: Vec::new() };
        writer.add("Unit", "SourcePath", "/etc/fstab");
        writer
    }

    /// Values are text: a percent sign in them is no specifier.
    fn add(&mut self, section: &str, key: &str, value: &str) {
        self.entries.push(Entry {
            section: section.to_owned(),
            key: key.to_owned(),
            value: value.replace('%', "%%"),
            place: self.line.place.clone(),
        });
    }
}

fn swap(line: &Line) -> Vec<(UnitName, Generated)> {
    let Some(what) = device(&line.what) else { return Vec::new() };
    let Some(name) = escape::path_unit(&what, UnitKind::Swap) else { return Vec::new() };
    let mut writer = Writer::new(line);
    writer.add("Swap", "What", &what.display().to_string());
    if let Some(priority) = option(&line.options, "pri") {
        writer.add("Swap", "Priority", priority);
    }
    writer.add("Swap", "Options", &line.options);
    let generated = Generated {
        entries: writer.entries,
        pulled_by: pulled_by(&line.options, "swap.target"),
        check: false,
        device_timeout: device_timeout(line),
    };
    vec![(name, generated)]
}

fn mount(line: &Line) -> Vec<(UnitName, Generated)> {
    let point = Path::new(&line.mount_point);
    let absolute = point.is_absolute() && line.mount_point != "/dev" && line.mount_point != "/proc";
    let Some(name) = escape::path_unit(point, UnitKind::Mount).filter(|_| absolute) else {
        return Vec::new();
    };
    let options = options(&line.options);
    let mut writer = Writer::new(line);
    writer.add("Mount", "What", &what(line));
    writer.add("Mount", "Where", &line.mount_point);
    if line.fs_type != "auto" {
        writer.add("Mount", "Type", &line.fs_type);
    }
    writer.add("Mount", "Options", &options);
    if let Some(timeout) = option(&options, "x-systemd.mount-timeout") {
        writer.add("Mount", "TimeoutSec", timeout);
    }
    if has_option(&options, "x-systemd.rw-only") {
        writer.add("Mount", "ReadWriteOnly", "yes");
    }
    relations(&mut writer, &options);
    let network = is_network(&line.fs_type, &options);
    let target = if network { "remote-fs.target" } else { "local-fs.target" };
    let automount = has_option(&options, "x-systemd.automount");
    let generated = Generated {
        entries: writer.entries,
        pulled_by: if automount { Vec::new() } else { pulled_by(&options, target) },
        check: line.pass > 0 && !network,
        device_timeout: device_timeout(line),
    };
    let mut units = vec![(name.clone(), generated)];
    if automount {
        units.push(self::automount(line, &name, &options, target));
    }
    units
}

fn automount(line: &Line, mount: &UnitName, options: &str, target: &str) -> (UnitName, Generated) {
    let mut writer = Writer::new(line);
    writer.add("Automount", "Where", &line.mount_point);
    if let Some(timeout) = option(options, "x-systemd.idle-timeout") {
        writer.add("Automount", "TimeoutIdleSec", timeout);
    }
    // noauto says nothing here: the automount is what is up, not the mount.
    let kept: Vec<&str> = options.split(',').filter(|option| *option != "noauto").collect();
    let pulled_by = pulled_by(&kept.join(","), target);
    let generated = Generated { entries: writer.entries, pulled_by, ..Generated::default() };
    (mount.with_kind(UnitKind::Automount), generated)
}

/// The device's node where the line names it by a tag.
fn what(line: &Line) -> String {
    match device(&line.what).filter(|_| line.what.contains('=')) {
        Some(path) => path.display().to_string(),
        None => line.what.clone(),
    }
}

/// `bg` of NFS means to go on without it and to try for ever.
fn options(options: &str) -> String {
    if has_option(options, "bg") {
        let kept: Vec<&str> = options.split(',').filter(|option| *option != "bg").collect();
        let kept = kept.join(",");
        return format!("x-systemd.mount-timeout=infinity,retry=10000,{kept},fg,nofail");
    }
    options.to_owned()
}

fn relations(writer: &mut Writer<'_>, options: &str) {
    for (name, directives) in RELATIONS {
        for value in values(options, name) {
            let Some(unit) = unit_of(value) else { continue };
            for directive in *directives {
                writer.add("Unit", directive, unit.as_str());
            }
        }
    }
    for (name, directive) in [
        ("x-systemd.requires-mounts-for", "RequiresMountsFor"),
        ("x-systemd.wants-mounts-for", "WantsMountsFor"),
    ] {
        for value in values(options, name) {
            writer.add("Unit", directive, value);
        }
    }
}

/// A unit by name, or the mount or device unit of a path.
fn unit_of(text: &str) -> Option<UnitName> {
    if text.starts_with('/') {
        let kind = if text.starts_with("/dev/") { UnitKind::Device } else { UnitKind::Mount };
        return escape::path_unit(Path::new(text), kind);
    }
    text.parse().ok()
}

fn pulled_by(options: &str, target: &str) -> Vec<(UnitName, Relation)> {
    let mut pulled = Vec::new();
    let own =
        [("x-systemd.wanted-by", Relation::Wants), ("x-systemd.required-by", Relation::Requires)];
    for (name, relation) in own {
        let units = values(options, name).filter_map(unit_of);
        pulled.extend(units.map(|unit| (unit, relation)));
    }
    if pulled.is_empty() && !has_option(options, "noauto") {
        let relation =
            if has_option(options, "nofail") { Relation::Wants } else { Relation::Requires };
        pulled.extend(target.parse().ok().map(|target| (target, relation)));
    }
    pulled
}

fn device_timeout(line: &Line) -> Option<(UnitName, Option<std::time::Duration>)> {
    let timeout = value::time_span(option(&line.options, "x-systemd.device-timeout")?)?;
    let timeout = timeout.filter(|timeout| !timeout.is_zero());
    let device = device(&line.what).filter(|path| path.starts_with("/dev"))?;
    Some((escape::path_unit(&device, UnitKind::Device)?, timeout))
}
