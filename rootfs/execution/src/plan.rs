//! What a child does between fork and execve, as values.
//!
//! Everything that needs memory, a decision or a look at a file is done before the fork; the child carries out the
//! list and nothing else: what another thread of its parent holds locked does not matter.

use std::ffi::CString;

use crate::image::Image;
use crate::mounts::MountAction;
use crate::seccomp::bpf::Instruction;
use crate::stage::Stage;

pub mod attributes;
pub mod privileges;
pub mod sandbox;
pub mod streams;

/// One descriptor that steps hand on: given by the parent, or opened by a step. -1 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub usize);

/// What a child does, in order.
#[derive(Debug, Default)]
pub struct Plan {
    /// The steps before execve.
    pub steps: Vec<Step>,
    /// Descriptors by [`Slot`].
    pub slots: Vec<i32>,
    /// Slots of standard input, output and error.
    pub standard: [Option<Slot>; 3],
    /// Descriptors of `LISTEN_FDS`, from number 3.
    pub passed: Vec<i32>,
    /// Steps after the descriptors are in their places and the rest will be closed.
    pub late: Vec<Step>,
    /// The working directory, and whether it may be missing.
    pub chdir: Option<(CString, bool)>,
    /// What is executed.
    pub image: Image,
    /// Namespaces the process is born in, as CLONE_ flags.
    pub namespaces: u64,
}

/// One step; a failure ends the child with the status of the stage.
#[derive(Debug)]
pub struct Step {
    /// Where it belongs.
    pub stage: Stage,
    /// What is done.
    pub action: Action,
    /// What happens when it fails.
    pub otherwise: Otherwise,
}

/// What a failure of a step means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// The process does not start.
    Fail,
    /// Told, and passed over.
    Tell,
    /// Passed over.
    Ignore,
}

/// What a step does. Paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are the arguments of the system call behind the step")]
pub enum Action {
    /// A session of its own.
    SetSid,
    /// SIGPIPE ignored or not.
    SigPipe {
        /// Whether it is ignored.
        ignored: bool,
    },
    /// Opens a file into a slot.
    Open { path: CString, flags: i32, mode: u32, slot: Slot },
    /// Opens a file for a stream; where it is a socket, connects to it.
    OpenOrConnect { path: CString, flags: i32, mode: u32, slot: Slot },
    /// Connects the log's stream socket in the slot and sends the header; /dev/kmsg takes its place if that fails.
    ConnectLog { address: Vec<u8>, header: Vec<u8>, slot: Slot },
    /// Disconnects everybody from the terminal in the slot, which is of no use afterwards.
    HangUp(Slot),
    /// Sets up the terminal in the slot.
    Terminal(Terminal),
    /// Writes a small file.
    Write { path: CString, text: Vec<u8> },
    /// A resource limit; what the kernel refuses is cut down to what it takes.
    Limit { resource: u32, soft: u64, hard: u64 },
    /// The nice level.
    Nice(i32),
    /// `sched_setattr`'s policy, flags, nice level and priority.
    Scheduler { policy: u32, flags: u64, nice: i32, priority: u32 },
    /// Processors as a bit mask.
    Affinity(Vec<u64>),
    /// NUMA policy and nodes as a bit mask.
    MemoryPolicy { mode: i32, nodes: Vec<u64> },
    /// I/O class and priority.
    IoPriority(u32),
    /// Timer slack in nanoseconds.
    TimerSlack(u64),
    /// The execution domain.
    Personality(u64),
    /// A session keyring of its own; `linked` has the user's keyring in it.
    Keyring { linked: bool },
    /// The file mode creation mask.
    Umask(u32),
    /// Changes owner of the file in the slot (a terminal).
    ChownSlot { slot: Slot, uid: u32 },
    /// Enters new namespaces (CLONE_ flags).
    Unshare(u64),
    /// Enters the namespace in the slot.
    SetNamespace { slot: Slot, kind: u64 },
    /// Brings the loopback interface up.
    LoopbackUp,
    /// A user namespace with these maps, written from outside of it.
    UserNamespace { uid_map: Vec<u8>, gid_map: Vec<u8> },
    /// Reads a credential from a socket into a file of the folder in the slot.
    SocketCredential {
        address: Vec<u8>,
        name: Vec<u8>,
        folder: Slot,
        file: CString,
        uid: u32,
        gid: u32,
    },
    /// A step of a mount namespace.
    Mount(MountAction),
    /// The supplementary groups.
    Groups(Vec<u32>),
    /// The group, all four kinds.
    Gid(u32),
    /// The user, all four kinds.
    Uid(u32),
    /// The secure bits.
    SecureBits(u32),
    /// Removes every capability that is not in the mask from the bounding set.
    BoundingSet(u64),
    /// The inheritable set is set to the mask, permitted and effective ones are kept.
    Inheritable(u64),
    /// Of the permitted set these alone are kept, and of those the effective ones are in force; the inheritable set stays.
    Capabilities { permitted: u64, effective: u64 },
    /// Raises these in the ambient set.
    Ambient(u64),
    /// No execve gives new privileges.
    NoNewPrivileges,
    /// A system call filter.
    Filter(Vec<Instruction>),
    /// The working directory.
    Chdir(CString),
}

/// How a terminal is set up (systemd.exec(5), TTYPath= and what follows).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Where it is open.
    pub slot: Slot,
    /// It becomes the controlling terminal.
    pub control: Option<Control>,
    /// The screen is cleared.
    pub clear: bool,
    /// Settings go back to sane ones.
    pub reset: bool,
    /// Rows and columns.
    pub size: Option<(u16, u16)>,
}

/// How a terminal becomes the controlling one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Waits until it is free.
    Wait,
    /// Takes it away from whom has it.
    Force,
    /// Fails if it is taken.
    Fail,
}

impl Plan {
    /// Adds a step whose failure is fatal.
    pub fn step(&mut self, stage: Stage, action: Action) {
        self.steps.push(Step { stage, action, otherwise: Otherwise::Fail });
    }

    /// Adds a step whose failure means what is said.
    pub fn step_or(&mut self, stage: Stage, action: Action, otherwise: Otherwise) {
        self.steps.push(Step { stage, action, otherwise });
    }

    /// Adds a step that needs no more descriptors.
    pub fn late_step(&mut self, stage: Stage, action: Action) {
        self.late.push(Step { stage, action, otherwise: Otherwise::Fail });
    }

    /// Whether the child can do all of it in the memory of its parent: nothing that the kernel keeps with the memory
    /// (namespaces' owners, adjustments of the OOM killer) and nothing after which others may signal or trace it.
    pub fn shares_memory(&self) -> bool {
        let plain = |step: &Step| {
            matches!(
                step.action,
                Action::SetSid
                    | Action::SigPipe { .. }
                    | Action::Open { .. }
                    | Action::OpenOrConnect { .. }
                    | Action::ConnectLog { .. }
                    | Action::Limit { .. }
                    | Action::Nice(_)
                    | Action::Scheduler { .. }
                    | Action::IoPriority(_)
                    | Action::Keyring { .. }
                    | Action::Umask(_)
                    | Action::Chdir(_)
            )
        };
        self.namespaces == 0 && self.steps.iter().chain(&self.late).all(plain)
    }

    /// A new slot.
    pub fn slot(&mut self, descriptor: i32) -> Slot {
        self.slots.push(descriptor);
        Slot(self.slots.len() - 1)
    }
}

impl Action {
    /// What it is about, for messages; never a secret.
    pub fn subject(&self) -> &[u8] {
        match self {
            Self::Open { path, .. }
            | Self::OpenOrConnect { path, .. }
            | Self::Write { path, .. }
            | Self::SocketCredential { file: path, .. }
            | Self::Chdir(path) => path.as_bytes(),
            Self::ConnectLog { .. } => b"/run/systemd/journal/stdout",
            Self::Mount(action) => action.subject(),
            _ => b"",
        }
    }
}
