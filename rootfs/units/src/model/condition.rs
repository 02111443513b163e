//! `Condition...=` and `Assert...=` (systemd.unit(5), "CONDITIONS AND ASSERTIONS").

use std::path::PathBuf;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What is looked at.
    pub test: Test,
    /// `!`: it must not hold.
    pub negated: bool,
    /// `|`: one of all such lines is enough.
    pub trigger: bool,
}

/// What is looked at; the parameter is as it was written, specifiers filled in, without `|` and `!`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the directive of its name")]
pub enum Test {
    PathExists(PathBuf),
    PathExistsGlob(String),
    PathIsDirectory(PathBuf),
    PathIsSymbolicLink(PathBuf),
    PathIsMountPoint(PathBuf),
    PathIsReadWrite(PathBuf),
    PathIsEncrypted(PathBuf),
    DirectoryNotEmpty(PathBuf),
    FileNotEmpty(PathBuf),
    FileIsExecutable(PathBuf),
    FirstBoot(bool),
    Virtualization(String),
    Architecture(String),
    Firmware(String),
    Host(String),
    KernelCommandLine(String),
    Version(String),
    KernelModuleLoaded(String),
    Environment(String),
    Credential(String),
    Security(String),
    Capability(String),
    ACPower(bool),
    NeedsUpdate(PathBuf),
    User(String),
    Group(String),
    ControlGroupController(String),
    Memory(String),
    CPUs(String),
    CPUFeature(String),
    OSRelease(String),
    MemoryPressure(String),
    CPUPressure(String),
    IOPressure(String),
}
