//! The records of a folder (ECMA-119, section 10.1; 9.1 in older editions) with Rock Ridge (IEEE P1282,
//! version 1.12), which gives files their names and modes.

/// 1980-01-01 in the form of records.
const DATE: [u8; 7] = [80, 1, 1, 0, 0, 0, 0];
const DIRECTORY: u8 = 2;

/// The name of the folder itself.
pub(super) const SELF: &[u8] = &[0];
/// The name of the folder above.
pub(super) const PARENT: &[u8] = &[1];

/// What a record is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// First block.
    pub(super) block: u32,
    /// Bytes.
    pub(super) bytes: u32,
    /// How many folders are in it, where it is one.
    pub(super) folders: Option<u32>,
    /// Serial number, from 1.
    pub(super) serial: u32,
}

/// Section 8.2.3: little-endian, then big-endian.
pub(super) fn both16(value: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (value.to_le_bytes(), value.to_be_bytes());
    [a, b, c, d]
}

/// Section 8.3.3: little-endian, then big-endian.
pub(super) fn both32(value: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&value.to_le_bytes());
    bytes[4..].copy_from_slice(&value.to_be_bytes());
    bytes
}

/// A record without Rock Ridge, as the root has it in the volume descriptor.
pub(super) fn plain(identifier: &[u8], node: Node) -> Vec<u8> {
    record(identifier, node, &[])
}

/// A record with what Rock Ridge has of it; `name` is the name that is shown, none for the folder itself
/// and the one above.
pub(super) fn with_rock_ridge(identifier: &[u8], name: Option<&str>, node: Node) -> Vec<u8> {
    let mut fields = posix(node);
    if let Some(name) = name {
        fields.extend(field(*b"NM", [&[0], name.as_bytes()].concat().as_slice()));
    }
    record(identifier, node, &fields)
}

/// The first record of the root, which says that there is Rock Ridge.
pub(super) fn root_self(node: Node) -> Vec<u8> {
    const IDENTIFIER: &[u8] = b"IEEE_1282";
    const DESCRIPTION: &[u8] =
        b"THE IEEE 1282 PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS.";
    let mut extension = Vec::new();
    for bytes in [IDENTIFIER, DESCRIPTION, &[]] {
        extension.push(u8::try_from(bytes.len()).expect("constants of less than 256 bytes"));
    }
    extension.push(1);
    extension.extend([IDENTIFIER, DESCRIPTION].concat());
    let fields = [field(*b"SP", &[0xbe, 0xef, 0]), posix(node), field(*b"ER", &extension)].concat();
    record(SELF, node, &fields)
}

/// `PX`: mode, links, owner and group, serial number.
fn posix(node: Node) -> Vec<u8> {
    let (mode, links) = match node.folders {
        Some(folders) => (0o040_555, folders + 2),
        None => (0o100_444, 1),
    };
    field(*b"PX", &[mode, links, 0, 0, node.serial].map(both32).concat())
}

/// A field of the system use sharing protocol: name, length, version, data.
fn field(name: [u8; 2], data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len() + 4).expect("names are shorter than 100 bytes");
    [&name, [length, 1].as_slice(), data].concat()
}

fn record(identifier: &[u8], node: Node, system_use: &[u8]) -> Vec<u8> {
    let mut record = vec![0, 0];
    record.extend(both32(node.block));
    record.extend(both32(node.bytes));
    record.extend(DATE);
    record.extend([if node.folders.is_some() { DIRECTORY } else { 0 }, 0, 0]);
    record.extend(both16(1));
    record.push(u8::try_from(identifier.len()).expect("at most 37 bytes"));
    record.extend(identifier);
    // Fields and records begin at even bytes.
    for part in [&[][..], system_use] {
        record.extend(part);
        if record.len() % 2 == 1 {
            record.push(0);
        }
    }
    record[0] = u8::try_from(record.len()).expect("names are shorter than 100 bytes");
    record
}
