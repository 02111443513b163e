//! OVMF's variable store: enrols a certificate, so that Secure Boot is on from the first start, and
//! adds a boot entry.
//!
//! The store is a firmware volume (PI specification, volume 3) that holds EDK2's list of
//! authenticated variables (`MdeModulePkg/Include/Guid/VariableFormat.h`). An empty store is in
//! setup mode; with a platform key (PK) in it, the firmware is in user mode and enforces `db`
//! (UEFI specification, section 32.3).

use std::ops::Range;
use std::path::Path;

use fs_err as fs;
use thiserror::Error;
use uuid::{Uuid, uuid};

use crate::setup::NetworkBoot;

/// Owner and namespace of PK and KEK.
const GLOBAL: Uuid = uuid!("8be4df61-93ca-11d2-aa0d-00e098032b8c");
/// Namespace of db.
const IMAGE_SECURITY: Uuid = uuid!("d719b2cb-3d3a-4596-a3bc-dad00e67656f");
/// Type of a list of X.509 certificates.
const X509: Uuid = uuid!("a5c059a1-94e4-4aa7-87b5-ab155c2bf072");
/// Mark of a store of authenticated variables.
const AUTHENTICATED: Uuid = uuid!("aaf32c78-947b-439a-a180-2e144ec37792");

/// Non-volatile, boot service access, runtime access.
const PLAIN: u32 = 0x07;
/// The same with time-based authenticated write access.
const AUTHENTICATED_WRITE: u32 = 0x27;
const VARIABLE_START: [u8; 2] = [0xaa, 0x55];
const VARIABLE_ADDED: u8 = 0x3f;
/// Bytes of a variable's header.
const HEADER: usize = 60;
/// Bytes of the store's own header, which follows the volume's.
const STORE_HEADER: usize = 28;

/// Why a certificate could not be enrolled.
#[derive(Debug, Error)]
pub enum VariablesError {
    /// The file system said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file is no variable store.
    #[error("no store of authenticated variables")]
    Store,
    /// The certificate does not fit.
    #[error("the variable store is full: {0} bytes more are needed")]
    Full(usize),
}

/// Writes a copy of the empty variable store `empty` to `to`, with `certificate` (X.509, DER) as
/// platform key, key exchange key and only entry of db.
pub fn enrol(empty: &Path, to: &Path, certificate: &[u8]) -> Result<(), VariablesError> {
    let store = fs::read(empty)?;
    Ok(fs::write(to, with_keys(store, certificate)?)?)
}

fn with_keys(mut store: Vec<u8>, certificate: &[u8]) -> Result<Vec<u8>, VariablesError> {
    let (mut at, end) = free_space(&store).ok_or(VariablesError::Store)?;
    let list = signature_list(certificate);
    for (name, namespace) in [("db", IMAGE_SECURITY), ("KEK", GLOBAL), ("PK", GLOBAL)] {
        at = put(&mut store, at..end, &variable(name, namespace, AUTHENTICATED_WRITE, &list))?;
    }
    Ok(store)
}

/// Adds to the variable store `store` a boot entry, the first and only one, that fetches a program by
/// HTTP over IPv4 with the address of DHCP, on the network card of a [`NetworkBoot`].
pub fn boot_from_url(store: &Path, url: &str) -> Result<(), VariablesError> {
    let mut bytes = fs::read(store)?;
    let (mut at, end) = free_space(&bytes).ok_or(VariablesError::Store)?;
    let entry = load_option("HTTP", &http_path(url));
    for (name, data) in [("Boot0000", &entry[..]), ("BootOrder", &[0, 0])] {
        at = put(&mut bytes, at..end, &variable(name, GLOBAL, PLAIN, data))?;
    }
    Ok(fs::write(store, bytes)?)
}

/// Puts a variable at the start of the free space; gives where the next one goes.
fn put(store: &mut [u8], free: Range<usize>, variable: &[u8]) -> Result<usize, VariablesError> {
    let next = free.start + variable.len();
    if next > free.end {
        return Err(VariablesError::Full(next - free.end));
    }
    store[free.start..next].copy_from_slice(variable);
    Ok(next.next_multiple_of(4))
}

/// `EFI_LOAD_OPTION` (UEFI specification, section 3.1.3) of an active entry.
fn load_option(description: &str, path: &[u8]) -> Vec<u8> {
    let mut bytes = 1_u32.to_le_bytes().to_vec();
    bytes.extend(u16::try_from(path.len()).expect("URLs are short").to_le_bytes());
    bytes.extend(description.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    bytes.extend(path);
    bytes
}

/// The device path (UEFI specification, section 10.3): PCI root bridge, PCI device, hardware address,
/// IPv4 by DHCP, URI.
fn http_path(url: &str) -> Vec<u8> {
    let mut address = [0; 33];
    address[..6].copy_from_slice(&NetworkBoot::ADDRESS);
    // The kind of interface: Ethernet.
    address[32] = 1;
    // PNP0A03 as a compressed EISA identifier, and the number of the bridge.
    let bridge = [0xd0, 0x41, 0x03, 0x0a, 0, 0, 0, 0];
    let nodes: [(u8, u8, &[u8]); 6] = [
        (2, 1, &bridge),
        (1, 1, &[0, NetworkBoot::SLOT]),
        (3, 11, &address),
        (3, 12, &[0; 23]),
        (3, 24, url.as_bytes()),
        (0x7f, 0xff, &[]),
    ];
    let mut path = Vec::new();
    for (kind, sort, data) in nodes {
        path.extend([kind, sort]);
        path.extend(u16::try_from(4 + data.len()).expect("URLs are short").to_le_bytes());
        path.extend(data);
    }
    path
}

/// Where variables can be added, and where the store ends.
fn free_space(store: &[u8]) -> Option<(usize, usize)> {
    let number = |at: usize, length: usize| {
        let bytes = store.get(at..at + length)?;
        Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let volume = number(48, 2)?;
    if store.get(volume..volume + 16)? != AUTHENTICATED.to_bytes_le() {
        return None;
    }
    let end = volume + number(volume + 16, 4)?;
    let mut at = volume + STORE_HEADER;
    while store.get(at..at + 2)? == VARIABLE_START {
        let length = HEADER + number(at + 36, 4)? + number(at + 40, 4)?;
        at = (at + length).next_multiple_of(4);
    }
    Some((at, end))
}

/// `AUTHENTICATED_VARIABLE_HEADER`, name and data.
fn variable(name: &str, namespace: Uuid, attributes: u32, data: &[u8]) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let mut bytes = Vec::with_capacity(HEADER + name.len() + data.len());
    bytes.extend(VARIABLE_START);
    bytes.extend([VARIABLE_ADDED, 0]);
    bytes.extend(attributes.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    // Time of the last change: 2020-01-01, any later signed update is newer.
    bytes.extend([0xe4, 0x07, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(length(&name));
    bytes.extend(length(data));
    bytes.extend(namespace.to_bytes_le());
    bytes.extend(name);
    bytes.extend(data);
    bytes
}

/// `EFI_SIGNATURE_LIST` of one certificate.
fn signature_list(certificate: &[u8]) -> Vec<u8> {
    let entry = 16 + certificate.len();
    let mut bytes = X509.to_bytes_le().to_vec();
    bytes.extend(number(28 + entry));
    bytes.extend(number(0));
    bytes.extend(number(entry));
    bytes.extend(GLOBAL.to_bytes_le());
    bytes.extend(certificate);
    bytes
}

fn length(bytes: &[u8]) -> [u8; 4] {
    number(bytes.len())
}

fn number(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("certificates are small").to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A volume of 4 KiB with an empty store.
    fn empty() -> Vec<u8> {
        let mut store = vec![0xff; 4096];
        store[48..50].copy_from_slice(&72_u16.to_le_bytes());
        store[72..88].copy_from_slice(&AUTHENTICATED.to_bytes_le());
        store[88..92].copy_from_slice(&number(4000));
        store
    }

    #[test]
    fn keys_follow_one_another_and_leave_the_rest_free() {
        let store = with_keys(empty(), b"certificate").expect("it fits");
        let (at, end) = free_space(&store).expect("a store");
        let list = signature_list(b"certificate").len();
        let expected = [3, 4, 3].map(|name| (HEADER + name * 2 + list).next_multiple_of(4));
        assert_eq!(at, 100 + expected.iter().sum::<usize>());
        assert_eq!(end, 72 + 4000);
        assert!(store[at..].iter().all(|byte| *byte == 0xff));
    }

    #[test]
    fn a_boot_entry_follows_the_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("variables.fd");
        let keys = with_keys(empty(), b"certificate").expect("it fits");
        let (keys_end, _) = free_space(&keys).expect("a store");
        std::fs::write(&path, keys).expect("it is written");
        boot_from_url(&path, "http://x").expect("it fits");
        let store = std::fs::read(&path).expect("it is there");
        let (at, _) = free_space(&store).expect("a store");
        let device_path = 12 + 6 + 37 + 27 + 12 + 4;
        let entry = (HEADER + 18 + 4 + 2 + 10 + device_path).next_multiple_of(4);
        assert_eq!(at, keys_end + entry + (HEADER + 20 + 2_usize).next_multiple_of(4));
        assert!(store.windows(8).any(|window| window == b"http://x"));
    }

    #[test]
    fn other_files_and_full_stores_are_refused() {
        assert!(matches!(with_keys(vec![0; 4096], b""), Err(VariablesError::Store)));
        assert!(matches!(with_keys(empty(), &[0; 4000]), Err(VariablesError::Full(_))));
        assert!(matches!(with_keys(Vec::new(), b""), Err(VariablesError::Store)));
    }
}
