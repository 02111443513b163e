//! What the manager asks for: one command of one unit.

use std::os::fd::BorrowedFd;

use keelson_units::model::{Command, ExecSettings};

use crate::cgroup::Group;

/// A descriptor for `LISTEN_FDS` (sd_listen_fds(3)).
#[derive(Clone, Copy, Debug)]
pub struct PassedFd<'a> {
    /// The descriptor.
    pub fd: BorrowedFd<'a>,
    /// Its name in `LISTEN_FDNAMES`.
    pub name: &'a str,
}

/// One command of a unit, with all that is around it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Invocation<'a> {
    /// The full name of the unit.
    pub unit: &'a str,
    /// What is executed.
    pub command: &'a Command,
    /// systemd.exec(5)
    pub exec: &'a ExecSettings,
    /// The control group.
    pub group: Option<&'a Group>,
    /// The group below it that the process goes to (`DelegateSubgroup=`, or `.control`).
    pub subgroup: Option<&'a str>,
    /// `$INVOCATION_ID`, 32 hexadecimal digits.
    pub invocation_id: Option<&'a str>,
    /// Variables the manager knows; those of the unit win over them.
    pub environment: &'a [(String, String)],
    /// The manager's own environment, for `PassEnvironment=`.
    pub manager_environment: &'a [(String, String)],
    /// Whether `$WATCHDOG_PID` is set.
    pub watchdog: bool,
    /// `LISTEN_FDS`
    pub descriptors: &'a [PassedFd<'a>],
    /// What `StandardInput=socket` stands for.
    pub connection: Option<BorrowedFd<'a>>,
    /// `NonBlocking=`
    pub non_blocking: bool,
    /// `PermissionsStartOnly=`, and this is not `ExecStart=`.
    pub permissions_start_only: bool,
    /// `RootDirectoryStartOnly=`, and this is not `ExecStart=`.
    pub root_start_only: bool,
    /// Whether this is another process than the main one.
    pub control: bool,
    /// Whether somebody waits for the program to be executed.
    pub awaited: bool,
}

impl<'a> Invocation<'a> {
    /// A command with nothing around it but its settings.
    pub fn new(unit: &'a str, command: &'a Command, exec: &'a ExecSettings) -> Self {
        Self {
            unit,
            command,
            exec,
            group: None,
            subgroup: None,
            invocation_id: None,
            environment: &[],
            manager_environment: &[],
            watchdog: false,
            descriptors: &[],
            connection: None,
            non_blocking: false,
            permissions_start_only: false,
            root_start_only: false,
            control: false,
            awaited: true,
        }
    }

    /// Whether the sandbox is applied (`+` leaves it out).
    pub fn sandboxed(&self) -> bool {
        !self.command.privileged
    }

    /// Whether the user is changed (`+`, `!` and `!!` leave it as it is).
    pub fn changes_user(&self) -> bool {
        !(self.command.privileged || self.command.keep_user || self.permissions_start_only)
    }
}
