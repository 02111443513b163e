//! Steps of a mount namespace, as the child carries them out.

use std::ffi::CString;

use crate::plan::Slot;

/// A file system to be made (fsopen(2)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// Its type.
    pub kind: CString,
    /// Its own options; those without a value are flags.
    pub options: Vec<(CString, Option<CString>)>,
    /// MOUNT_ATTR_ bits.
    pub attributes: u64,
    /// Whether the process starts without it, too.
    pub optional: bool,
}

/// A step. A path is looked up below the folder in `root`, whatever links are on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountAction {
    /// Changes how mounts travel to and from other namespaces, for all of them.
    Propagation { flags: u64 },
    /// Opens a folder.
    OpenFolder { root: Option<Slot>, path: CString, slot: Slot },
    /// A copy of what is mounted at a path, attached nowhere. One that is missing, and may be, leaves the slot empty.
    Clone { root: Slot, path: CString, recursive: bool, may_miss: bool, slot: Slot },
    /// A new file system, attached nowhere.
    Make { new: New, slot: Slot },
    /// Rights of what is in the slot.
    Attributes { slot: Slot, set: u64, clear: u64, recursive: bool },
    /// Puts what is in the slot at a path, unless that is missing and may be. `create` has the folders to make where the path is missing, each as folder
    /// and name; the last is a file if what comes there is one.
    Attach {
        slot: Slot,
        root: Slot,
        path: CString,
        may_miss: bool,
        create: Vec<(CString, CString)>,
    },
    /// Covers a path with a node of its kind that nobody can open; `nodes` are folder, file, and where they come from.
    Hide { root: Slot, path: CString, may_miss: bool, folder: Slot, file: Slot },
    /// A folder in the file system in the slot.
    Folder { slot: Slot, name: CString },
    /// A device node there.
    Node { slot: Slot, name: CString, mode: u32, device: u64 },
    /// A link there.
    Link { slot: Slot, name: CString, target: CString },
    /// Makes the folder in the slot the root, and lets go of the old one.
    ChangeRoot { slot: Slot },
}

impl MountAction {
    /// What it is about.
    pub fn subject(&self) -> &[u8] {
        match self {
            Self::OpenFolder { path, .. }
            | Self::Clone { path, .. }
            | Self::Attach { path, .. }
            | Self::Hide { path, .. }
            | Self::Folder { name: path, .. }
            | Self::Node { name: path, .. }
            | Self::Link { name: path, .. } => path.as_bytes(),
            Self::Make { new, .. } => new.kind.as_bytes(),
            Self::Propagation { .. } | Self::Attributes { .. } | Self::ChangeRoot { .. } => b"/",
        }
    }
}
