//! GUIDs: derived from names, never drawn.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// A GUID of RFC 9562 version 8 made of the SHA-256 of `parts`, each preceded by its length.
///
/// Changing the derivation changes the partition GUIDs of later images; installed systems are
/// updated by root hash and do not depend on it.
pub fn derived(parts: &[&str]) -> Uuid {
    Builder::from_custom_bytes(first_half(derived_hash(parts))).into_uuid()
}

/// The SHA-256 behind [`derived`], for salts and seeds of 32 bytes.
pub fn derived_hash(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

pub(crate) fn first_half(bytes: [u8; 32]) -> [u8; 16] {
    std::array::from_fn(|i| bytes[i])
}

pub(crate) fn second_half(bytes: [u8; 32]) -> [u8; 16] {
    std::array::from_fn(|i| bytes[i + 16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_depend_on_every_part_and_on_nothing_else() {
        let guid = derived(&["disk", "amd64-usr", "1.0"]);
        assert_eq!(guid, derived(&["disk", "amd64-usr", "1.0"]));
        assert_ne!(guid, derived(&["disk", "amd64-usr1", ".0"]));
        assert_eq!(guid.get_version_num(), 8);
    }
}
