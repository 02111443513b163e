//! `Condition...=` and `Assert...=` of units, looked at when a unit is about to start (systemd.unit(5)).

use keelson_units::facts::Facts as Host;
use keelson_units::model::{Condition, Test};

mod files;
mod kernel;
mod version;

/// What does not change while the system runs.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whether this is the first boot.
    pub first_boot: bool,
    /// Machine ID, kernel release, architecture and the like.
    pub host: Host,
    /// The words of the kernel command line.
    pub command_line: Vec<String>,
}

impl Facts {
    /// For each condition, whether it holds.
    pub fn each(&self, conditions: &[Condition]) -> Vec<bool> {
        conditions.iter().map(|condition| self.test(&condition.test) != condition.negated).collect()
    }

    fn test(&self, test: &Test) -> bool {
        match test {
            Test::PathExists(path) => path.exists(),
            Test::PathExistsGlob(pattern) => files::glob_exists(pattern),
            Test::PathIsDirectory(path) => path.is_dir(),
            Test::PathIsSymbolicLink(path) => path.is_symlink(),
            Test::PathIsMountPoint(path) => files::is_mount_point(path),
            Test::PathIsReadWrite(path) => files::is_writable(path),
            Test::PathIsEncrypted(path) => files::is_encrypted(path),
            Test::DirectoryNotEmpty(path) => files::has_entries(path),
            Test::FileNotEmpty(path) => files::has_content(path),
            Test::FileIsExecutable(path) => files::is_executable(path),
            Test::NeedsUpdate(path) => files::needs_update(path),
            Test::Credential(name) => files::has_credential(name),
            Test::FirstBoot(wanted) => self.first_boot == *wanted,
            Test::Virtualization(text) => kernel::virtualization(text),
            Test::Architecture(name) => *name == self.host.architecture || name == "native",
            Test::Firmware(text) => kernel::firmware(text),
            Test::Host(pattern) => kernel::host(pattern, &self.host),
            Test::KernelCommandLine(text) => kernel::command_line(text, &self.command_line),
            Test::Version(text) => kernel::version(text, &self.host),
            Test::KernelModuleLoaded(name) => kernel::module_loaded(name),
            // PID 1 has no environment of its own to speak of.
            Test::Environment(text) => kernel::environment(text),
            Test::Security(name) => kernel::security(name),
            Test::Capability(name) => kernel::capability(name),
            Test::ACPower(wanted) => kernel::ac_power() == *wanted,
            Test::User(name) => matches!(name.as_str(), "root" | "0" | "@system"),
            Test::Group(name) => matches!(name.as_str(), "root" | "0"),
            Test::ControlGroupController(names) => kernel::controllers(names),
            Test::Memory(text) => version::compare_number(text, kernel::memory()),
            Test::CPUs(text) => version::compare_number(text, kernel::processors()),
            Test::CPUFeature(name) => kernel::processor_feature(name),
            Test::OSRelease(text) => kernel::os_release(text, &self.host),
            Test::MemoryPressure(text) => kernel::pressure("memory", text),
            Test::CPUPressure(text) => kernel::pressure("cpu", text),
            Test::IOPressure(text) => kernel::pressure("io", text),
        }
    }
}

/// Whether a unit with these conditions is started: all plain ones hold, and one of the `|` ones where there are any.
pub fn all(conditions: &[Condition], held: &[bool]) -> bool {
    let pairs = || conditions.iter().zip(held.iter().copied());
    let mut triggers = pairs().filter(|(condition, _)| condition.trigger).peekable();
    let triggered = triggers.peek().is_none() || triggers.any(|(_, held)| held);
    triggered && pairs().filter(|(condition, _)| !condition.trigger).all(|(_, held)| held)
}

#[cfg(test)]
mod tests;
