//! The header ("Hosted Sparse Extent Header") and the descriptor ("The Descriptor File").

use uuid::Uuid;

use super::{ENTRIES, GRAIN, SECTOR};

/// Where the descriptor is, and how much room it has: sectors.
pub(super) const DESCRIPTOR: u64 = 1;
pub(super) const DESCRIPTOR_SECTORS: u64 = 20;

/// The header's flags: line ends are as they were written; there are two directories; grains are compressed; markers
/// say what each part is.
const LINE_ENDS: u32 = 1;
const TWO_DIRECTORIES: u32 = 1 << 1;
const COMPRESSED: u32 = 1 << 16;
const MARKERS: u32 = 1 << 17;

/// What a header says of where things are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// Directories at these sectors, grains from `overhead` on.
    Sparse { redundant: u64, directory: u64, overhead: u64 },
    /// A stream whose directory is at this sector.
    Stream { directory: u64, overhead: u64 },
}

/// The header of an extent for a disk of `bytes` bytes.
pub(super) fn header(bytes: u64, layout: Layout) -> [u8; 512] {
    let (version, flags, redundant, directory, overhead, compression) = match layout {
        Layout::Sparse { redundant, directory, overhead } => {
            (1u32, LINE_ENDS | TWO_DIRECTORIES, redundant, directory, overhead, 0u16)
        }
        Layout::Stream { directory, overhead } => {
            (3, LINE_ENDS | COMPRESSED | MARKERS, 0, directory, overhead, 1)
        }
    };
    let mut header = [0; 512];
    let mut put = |at: usize, value: &[u8]| header[at..at + value.len()].copy_from_slice(value);
    put(0, b"KDMV");
    put(4, &version.to_le_bytes());
    put(8, &flags.to_le_bytes());
    put(12, &bytes.div_ceil(SECTOR).to_le_bytes());
    put(20, &GRAIN.to_le_bytes());
    put(28, &DESCRIPTOR.to_le_bytes());
    put(36, &DESCRIPTOR_SECTORS.to_le_bytes());
    put(44, &u32::try_from(ENTRIES).expect("512").to_le_bytes());
    put(48, &redundant.to_le_bytes());
    put(56, &directory.to_le_bytes());
    put(64, &overhead.to_le_bytes());
    put(73, b"\n \r\n"); // shows whether the file went through a transfer that changes line ends
    put(77, &compression.to_le_bytes());
    header
}

/// The descriptor, filled up to its room. `kind` is the `createType`.
pub(super) fn descriptor(bytes: u64, kind: &str, file: &str, identity: &Uuid) -> Vec<u8> {
    let sectors = bytes.div_ceil(SECTOR);
    let cylinders = (sectors / (255 * 63)).clamp(1, 65535);
    // The content's number: any will do but the one that stands for "no parent" and 0xfffffffe.
    let content = identity.as_fields().0 & 0x7fff_ffff;
    let mut text = format!(
        "# Disk DescriptorFile\n\
         version=1\n\
         CID={content:08x}\n\
         parentCID=ffffffff\n\
         createType=\"{kind}\"\n\
         \n\
         # Extent description\n\
         RW {sectors} SPARSE \"{file}\"\n\
         \n\
         # The Disk Data Base\n\
         #DDB\n\
         \n\
         ddb.adapterType = \"lsilogic\"\n\
         ddb.geometry.cylinders = \"{cylinders}\"\n\
         ddb.geometry.heads = \"255\"\n\
         ddb.geometry.sectors = \"63\"\n\
         ddb.uuid = \"{}\"\n\
         ddb.virtualHWVersion = \"13\"\n",
        ddb_uuid(identity)
    )
    .into_bytes();
    let room = usize::try_from(DESCRIPTOR_SECTORS * SECTOR).expect("10 kB");
    debug_assert!(text.len() <= room);
    text.resize(room, 0);
    text
}

/// A UUID as VMware writes it: bytes apart, a dash in the middle.
fn ddb_uuid(uuid: &Uuid) -> String {
    let bytes: Vec<String> = uuid.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}", bytes[..8].join(" "), bytes[8..].join(" "))
}
