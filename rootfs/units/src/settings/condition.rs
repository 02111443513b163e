//! Setters of `Condition...=` and `Assert...=` (systemd.unit(5), "CONDITIONS AND ASSERTIONS").

use super::value::{Mistake, Outcome, Value, absolute, not_a};
use crate::model::{Condition, Test};

/// Reads one line into a list; none where the directive is neither. `AssertX` and `ConditionX` are the same test.
pub(crate) fn condition(
    list: &mut Vec<Condition>,
    test_name: &str,
    value: &Value<'_>,
) -> Option<Outcome> {
    let make = TESTS.iter().find(|(name, _)| *name == test_name).map(|(_, make)| *make)?;
    Some(add(list, make, value))
}

fn add(list: &mut Vec<Condition>, make: Make, value: &Value<'_>) -> Outcome {
    if value.is_reset() {
        list.clear();
        return Ok(());
    }
    let (trigger, rest) = strip(value.raw, '|');
    let (negated, rest) = strip(rest, '!');
    let parameter = Value { raw: rest, ..*value }.text()?;
    list.push(Condition { test: make(&parameter)?, negated, trigger });
    Ok(())
}

fn strip(text: &str, mark: char) -> (bool, &str) {
    match text.strip_prefix(mark) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    }
}

type Make = fn(&str) -> Result<Test, Mistake>;

const TESTS: &[(&str, Make)] = &[
    ("PathExists", |text| absolute(text).map(Test::PathExists)),
    ("PathExistsGlob", |text| absolute(text).map(|_| Test::PathExistsGlob(text.to_owned()))),
    ("PathIsDirectory", |text| absolute(text).map(Test::PathIsDirectory)),
    ("PathIsSymbolicLink", |text| absolute(text).map(Test::PathIsSymbolicLink)),
    ("PathIsMountPoint", |text| absolute(text).map(Test::PathIsMountPoint)),
    ("PathIsReadWrite", |text| absolute(text).map(Test::PathIsReadWrite)),
    ("PathIsEncrypted", |text| absolute(text).map(Test::PathIsEncrypted)),
    ("DirectoryNotEmpty", |text| absolute(text).map(Test::DirectoryNotEmpty)),
    ("FileNotEmpty", |text| absolute(text).map(Test::FileNotEmpty)),
    ("FileIsExecutable", |text| absolute(text).map(Test::FileIsExecutable)),
    ("FirstBoot", |text| boolean(text).map(Test::FirstBoot)),
    ("Virtualization", |text| Ok(Test::Virtualization(text.to_owned()))),
    ("Architecture", |text| Ok(Test::Architecture(text.to_owned()))),
    ("Firmware", |text| Ok(Test::Firmware(text.to_owned()))),
    ("Host", |text| Ok(Test::Host(text.to_owned()))),
    ("KernelCommandLine", |text| Ok(Test::KernelCommandLine(text.to_owned()))),
    ("KernelVersion", |text| Ok(Test::Version(text.to_owned()))),
    ("Version", |text| Ok(Test::Version(text.to_owned()))),
    ("KernelModuleLoaded", |text| Ok(Test::KernelModuleLoaded(text.to_owned()))),
    ("Environment", |text| Ok(Test::Environment(text.to_owned()))),
    ("Credential", |text| Ok(Test::Credential(text.to_owned()))),
    ("Security", |text| Ok(Test::Security(text.to_owned()))),
    ("Capability", |text| Ok(Test::Capability(text.to_owned()))),
    ("ACPower", |text| boolean(text).map(Test::ACPower)),
    ("NeedsUpdate", |text| absolute(text).map(Test::NeedsUpdate)),
    ("User", |text| Ok(Test::User(text.to_owned()))),
    ("Group", |text| Ok(Test::Group(text.to_owned()))),
    ("ControlGroupController", |text| Ok(Test::ControlGroupController(text.to_owned()))),
    ("Memory", |text| Ok(Test::Memory(text.to_owned()))),
    ("CPUs", |text| Ok(Test::CPUs(text.to_owned()))),
    ("CPUFeature", |text| Ok(Test::CPUFeature(text.to_owned()))),
    ("OSRelease", |text| Ok(Test::OSRelease(text.to_owned()))),
    ("MemoryPressure", |text| Ok(Test::MemoryPressure(text.to_owned()))),
    ("CPUPressure", |text| Ok(Test::CPUPressure(text.to_owned()))),
    ("IOPressure", |text| Ok(Test::IOPressure(text.to_owned()))),
];

fn boolean(text: &str) -> Result<bool, Mistake> {
    crate::value::boolean(text).ok_or_else(|| not_a(text, "yes or no"))
}
