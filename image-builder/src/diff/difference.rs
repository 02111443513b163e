//! The values that say what differs, and the comparison of two partition tables.

use std::fmt;

use serde::Serialize;

use keelson_disk::gpt::{Partition, Table};

/// One thing that is not the same in the two images A and B.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Difference {
    /// The disks have different lengths.
    DiskBytes {
        /// Of A.
        a: u64,
        /// Of B.
        b: u64,
    },
    /// The disks have different partitions.
    Labels {
        /// The labels of A.
        a: Vec<String>,
        /// The labels of B.
        b: Vec<String>,
    },
    /// The disks have different GUIDs.
    DiskGuid {
        /// Of A.
        a: String,
        /// Of B.
        b: String,
    },
    /// A partition's entry in the table differs.
    Entry {
        /// The partition's label.
        partition: String,
        /// The field: `type`, `guid`, `first-lba`, `last-lba` or `attributes`.
        field: &'static str,
        /// Its value in A.
        a: String,
        /// Its value in B.
        b: String,
    },
    /// A file or folder is in one image only.
    OnlyIn {
        /// The partition's label.
        partition: String,
        /// The path within it.
        path: String,
        /// The image that has it.
        side: Side,
    },
    /// A file or folder has another property.
    File {
        /// The partition's label.
        partition: String,
        /// The path within it.
        path: String,
        /// Which.
        property: Property,
        /// Its value in A.
        a: String,
        /// Its value in B.
        b: String,
    },
    /// A file has other contents.
    Contents {
        /// The partition's label.
        partition: String,
        /// The path within it.
        path: String,
        /// The first byte of the file that differs, or the length of the shorter one.
        offset: u64,
        /// Length of the file in A.
        a_bytes: u64,
        /// Length of the file in B.
        b_bytes: u64,
    },
    /// A partition differs, and not by a file of it.
    Bytes {
        /// The partition's label.
        partition: String,
        /// The first byte of the partition that differs.
        offset: u64,
    },
    /// The disks differ beside the partitions: in the protective MBR, in unused bytes of a table, in a gap.
    Outside {
        /// The first byte of the disk that differs.
        offset: u64,
    },
}

/// One of the two images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The one named first.
    A,
    /// The one named second.
    B,
}

/// What of a file differs, if not its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// Whether it is a file, a folder, a link ...
    Type,
    /// The permission bits.
    Mode,
    /// The text of a link.
    Target,
    /// The short name on FAT.
    ShortName,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskBytes { a, b } => write!(f, "the disks have {a} and {b} bytes"),
            Self::Labels { a, b } => {
                write!(f, "the disks have the partitions {} and {}", a.join(" "), b.join(" "))
            }
            Self::DiskGuid { a, b } => write!(f, "the disks have the GUIDs {a} and {b}"),
            Self::Entry { partition, field, a, b } => {
                write!(f, "partition {partition}: {field} is {a} in A and {b} in B")
            }
            Self::OnlyIn { partition, path, side } => {
                write!(f, "partition {partition}: {path} is in {side} only")
            }
            Self::File { partition, path, property, a, b } => {
                write!(f, "partition {partition}: {path}: {property} is {a} in A and {b} in B")
            }
            Self::Contents { partition, path, offset, a_bytes, b_bytes } => {
                write!(f, "partition {partition}: {path}: differs from byte {offset} on")?;
                if a_bytes == b_bytes {
                    Ok(())
                } else {
                    write!(f, " ({a_bytes} bytes in A, {b_bytes} in B)")
                }
            }
            Self::Bytes { partition, offset } => {
                write!(f, "partition {partition}: differs from byte {offset} on, in no file")
            }
            Self::Outside { offset } => {
                write!(f, "the disks differ from byte {offset} on, in no partition")
            }
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "type",
            Self::Mode => "mode",
            Self::Target => "target",
            Self::ShortName => "short name",
        })
    }
}

/// Differences of length, labels, types, places and attributes.
pub(super) fn of_layout(a: &Table, b: &Table) -> Vec<Difference> {
    let mut found = Vec::new();
    if a.disk_bytes != b.disk_bytes {
        found.push(Difference::DiskBytes { a: a.disk_bytes, b: b.disk_bytes });
    }
    let labels = |table: &Table| -> Vec<String> {
        table.partitions.iter().map(|p| p.label.clone()).collect()
    };
    if labels(a) != labels(b) {
        found.push(Difference::Labels { a: labels(a), b: labels(b) });
    }
    for (here, there) in super::pairs(a, b) {
        found.extend(of_entry(here, there, "type", |p| p.type_guid.to_string()));
        found.extend(of_entry(here, there, "first-lba", |p| p.first_lba.to_string()));
        found.extend(of_entry(here, there, "last-lba", |p| p.last_lba.to_string()));
        found.extend(of_entry(here, there, "attributes", |p| format!("{:#x}", p.attributes)));
    }
    found
}

/// Differences of the GUIDs that name a disk and its partitions.
pub(super) fn of_guids(a: &Table, b: &Table) -> Vec<Difference> {
    let mut found = Vec::new();
    if a.guid != b.guid {
        found.push(Difference::DiskGuid { a: a.guid.to_string(), b: b.guid.to_string() });
    }
    for (here, there) in super::pairs(a, b) {
        found.extend(of_entry(here, there, "guid", |p| p.guid.to_string()));
    }
    found
}

fn of_entry(
    here: &Partition,
    there: &Partition,
    field: &'static str,
    value: impl Fn(&Partition) -> String,
) -> Option<Difference> {
    let (a, b) = (value(here), value(there));
    (a != b).then(|| Difference::Entry { partition: here.label.clone(), field, a, b })
}
