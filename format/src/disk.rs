//! The disk: which partitions there are, their order, labels and types.
//!
//! Types are those of the Discoverable Partitions Specification. Order, labels and types are on
//! installed disks: changing one breaks installed systems.

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

/// One of the two places a `/usr` can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Slot {
    /// The slot that a new image fills.
    A,
    /// The slot that the first update fills.
    B,
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

/// What a partition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// EFI system partition: loader, UKIs, add-ons.
    Esp,
    /// EROFS image of a slot.
    UsrData(Slot),
    /// dm-verity superblock and hash tree of a slot.
    UsrHash(Slot),
    /// Signed root hash of a slot, JSON padded with zero bytes.
    UsrSignature(Slot),
    /// Files of the platform.
    Oem,
    /// State: `/`.
    Root,
    /// GRUB's core image, where the disk also boots on BIOS.
    Bios,
}

/// Every partition in the order of the table; the first has number 1. On the disk they lie in this
/// order too, but for ROOT, which grows and so comes last.
pub const TABLE: [Role; 10] = [
    Role::Esp,
    Role::UsrData(Slot::A),
    Role::UsrHash(Slot::A),
    Role::UsrSignature(Slot::A),
    Role::UsrData(Slot::B),
    Role::UsrHash(Slot::B),
    Role::UsrSignature(Slot::B),
    Role::Oem,
    Role::Root,
    Role::Bios,
];

impl Role {
    /// The partition's name in the table.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Esp => "ESP",
            Self::UsrData(Slot::A) => "usr-A",
            Self::UsrHash(Slot::A) => "usr-A-verity",
            Self::UsrSignature(Slot::A) => "usr-A-sig",
            Self::UsrData(Slot::B) => "usr-B",
            Self::UsrHash(Slot::B) => "usr-B-verity",
            Self::UsrSignature(Slot::B) => "usr-B-sig",
            Self::Oem => "OEM",
            Self::Root => "ROOT",
            Self::Bios => "BIOS",
        }
    }

    /// The role with this label.
    pub fn from_label(label: &str) -> Option<Self> {
        TABLE.into_iter().find(|role| role.label() == label)
    }

    /// The partition type GUID for x86-64.
    pub const fn type_guid(self) -> Uuid {
        match self {
            Self::Esp => uuid!("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"),
            Self::UsrData(_) => uuid!("8484680c-9521-48c6-9c11-b0720656f69e"),
            Self::UsrHash(_) => uuid!("77ff5f63-e7b6-4633-acf4-1565b864c0e6"),
            Self::UsrSignature(_) => uuid!("e7bb33fb-06cf-4e81-8273-e543b413e2e2"),
            Self::Oem => uuid!("0fc63daf-8483-4772-8e79-3d69d8477de4"),
            Self::Root => uuid!("4f68bce3-e8cd-4db1-96e7-fbcaf984b709"),
            // Not of that specification: the one that GRUB's manual gives for its core image.
            Self::Bios => uuid!("21686148-6449-6e6f-744e-656564454649"),
        }
    }

    /// The slot the partition belongs to.
    pub const fn slot(self) -> Option<Slot> {
        match self {
            Self::UsrData(slot) | Self::UsrHash(slot) | Self::UsrSignature(slot) => Some(slot),
            Self::Esp | Self::Oem | Self::Root | Self::Bios => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_distinct_and_lead_back_to_their_roles() {
        for role in TABLE {
            assert_eq!(Role::from_label(role.label()), Some(role));
        }
        assert_eq!(Role::from_label("usr-C"), None);
    }
}
