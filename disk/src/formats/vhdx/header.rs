//! The header section: file type, two headers, two region tables (section 2.2).

use std::io;

use uuid::{Uuid, uuid};

use super::super::target::Target;
use super::{LOG, METADATA, MIB, TABLE};

/// Offsets of the headers and of the region tables.
const HEADERS: [u64; 2] = [64 << 10, 128 << 10];
const REGIONS: [u64; 2] = [192 << 10, 256 << 10];

/// Which regions there are (section 2.2.3.2).
const TABLE_REGION: Uuid = uuid!("2dc27766-f623-4200-9d64-115e9bfd4a08");
const METADATA_REGION: Uuid = uuid!("8b7ca206-4790-4b9a-b8fe-575f050f886e");

/// Writes the section. `guid` derives the identifiers.
pub(super) fn write(
    target: &Target,
    table_bytes: u64,
    guid: &dyn Fn(&str) -> Uuid,
) -> io::Result<()> {
    let mut kind = b"vhdxfile".to_vec();
    kind.extend("Keelson".encode_utf16().flat_map(u16::to_le_bytes)); // the creator
    target.put(0, &kind)?;
    for (at, sequence) in HEADERS.into_iter().zip(1..) {
        target.put(at, &header(sequence, guid("file"), guid("data")))?;
    }
    let regions = region_table(table_bytes);
    REGIONS.into_iter().try_for_each(|at| target.put(at, &regions))
}

/// A header (section 2.2.2): the one with the higher number counts. The log's GUID is zero: it is empty.
fn header(sequence: u64, file: Uuid, data: Uuid) -> Vec<u8> {
    let mut header = vec![0; 4096];
    let mut put = |at: usize, value: &[u8]| header[at..at + value.len()].copy_from_slice(value);
    put(0, b"head");
    put(8, &sequence.to_le_bytes());
    put(16, &file.to_bytes_le());
    put(32, &data.to_bytes_le());
    put(66, &1u16.to_le_bytes()); // version of the format
    put(68, &u32::try_from(MIB).expect("1 MiB").to_le_bytes()); // bytes of the log
    put(72, &LOG.to_le_bytes());
    sealed(header)
}

/// The region table (section 2.2.3).
fn region_table(table_bytes: u64) -> Vec<u8> {
    let mut bytes = vec![0; 64 << 10];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"regi");
    put(8, &2u32.to_le_bytes());
    let regions = [(TABLE_REGION, TABLE, table_bytes), (METADATA_REGION, METADATA, MIB)];
    for (number, (region, at, length)) in regions.into_iter().enumerate() {
        let entry = 16 + number * 32;
        put(entry, &region.to_bytes_le());
        put(entry + 16, &at.to_le_bytes());
        put(entry + 24, &u32::try_from(length).expect("a table for 64 TiB").to_le_bytes());
        put(entry + 28, &1u32.to_le_bytes()); // required
    }
    sealed(bytes)
}

/// Puts the checksum of a structure, whose place is zero until then, into its bytes 4 to 8.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = crc32c(&bytes);
    bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// CRC-32C (RFC 3720, appendix B.4). A few hundred kB in all: bit by bit will do.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    })
}
