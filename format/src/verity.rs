//! dm-verity: root hash, salt, the superblock of the hash device, and the GUIDs that a root hash
//! gives its partitions.
//!
//! The format is that of `veritysetup` (hash type 1, SHA-256, blocks of 4096 bytes): kernel
//! documentation `admin-guide/device-mapper/verity`, cryptsetup wiki "DMVerity".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use uuid::Uuid;

use crate::guid;

/// Bytes of a data block and of a hash block. Changing it breaks installed systems.
pub const BLOCK_SIZE: u64 = 4096;

const MAGIC: &[u8; 8] = b"verity\0\0";
const ALGORITHM: &[u8] = b"sha256";

/// A value of 32 bytes that is written as 64 lower-case hexadecimal digits was not so written.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not 64 lower-case hexadecimal digits")]
pub struct HexError(pub String);

macro_rules! hex_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The value with these bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                let mut bytes = [0; 32];
                let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
                match hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) if lower => Ok(Self(bytes)),
                    _ => Err(HexError(text.to_owned())),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_bytes! {
    /// The hash of the top block of a verity tree: it stands for every byte of a `/usr`.
    RootHash
}

hex_bytes! {
    /// What is hashed before each block.
    Salt
}

impl RootHash {
    /// GUID of the data partition: the first 128 bits of the root hash
    /// (Discoverable Partitions Specification).
    pub fn data_guid(&self) -> Uuid {
        Uuid::from_bytes(guid::first_half(self.0))
    }

    /// GUID of the hash partition: the last 128 bits of the root hash
    /// (Discoverable Partitions Specification).
    pub fn hash_guid(&self) -> Uuid {
        Uuid::from_bytes(guid::second_half(self.0))
    }

    /// GUID of the signature partition. The specification leaves it free; ours is derived.
    /// Changing the derivation breaks installed systems.
    pub fn signature_guid(&self) -> Uuid {
        guid::derived(&["keelson usr-verity-sig", &self.to_string()])
    }
}

impl Salt {
    /// The salt of a board's version: derived, so that two builds agree.
    pub fn derived(board: &str, version: &str) -> Self {
        Self(guid::derived_hash(&["keelson usr salt", board, version]))
    }
}

/// The first 512 bytes of the hash device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superblock {
    /// UUID of the verity set, unused by the kernel.
    pub uuid: Uuid,
    /// Number of data blocks of [`BLOCK_SIZE`] bytes.
    pub data_blocks: u64,
    /// What is hashed before each block.
    pub salt: Salt,
}

/// Why a superblock was not accepted.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SuperblockError {
    /// Fewer than 512 bytes.
    #[error("the verity superblock is cut off after {0} of 512 bytes")]
    Short(usize),
    /// No verity magic.
    #[error("there is no verity superblock")]
    Magic,
    /// Version, hash type, algorithm, block size or salt size is not the one that we write.
    #[error("the verity superblock has {field} {found}, expected {expected}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What must stand there.
        expected: String,
    },
}

impl Superblock {
    /// The superblock as it stands on the disk.
    pub fn encode(&self) -> [u8; 512] {
        let mut bytes = [0; 512];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, MAGIC);
        put(8, &1u32.to_le_bytes());
        put(12, &1u32.to_le_bytes());
        put(16, self.uuid.as_bytes());
        put(32, ALGORITHM);
        put(64, &u32::try_from(BLOCK_SIZE).expect("4096 fits").to_le_bytes());
        put(68, &u32::try_from(BLOCK_SIZE).expect("4096 fits").to_le_bytes());
        put(72, &self.data_blocks.to_le_bytes());
        put(80, &32u16.to_le_bytes());
        put(88, self.salt.as_bytes());
        bytes
    }

    /// Reads what [`Superblock::encode`] wrote; every other variant of the format is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, SuperblockError> {
        let bytes: &[u8; 512] = bytes.first_chunk().ok_or(SuperblockError::Short(bytes.len()))?;
        if &bytes[..8] != MAGIC {
            return Err(SuperblockError::Magic);
        }
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let block = u32::try_from(BLOCK_SIZE).expect("4096 fits");
        for (field, at, expected) in [
            ("version", 8, 1),
            ("hash type", 12, 1),
            ("data block size", 64, block),
            ("hash block size", 68, block),
            ("salt size", 80, 32),
        ] {
            let found = u32_at(at);
            if found != expected {
                let (found, expected) = (found.to_string(), expected.to_string());
                return Err(SuperblockError::Field { field, found, expected });
            }
        }
        let algorithm = bytes[32..64].split(|b| *b == 0).next().unwrap_or_default();
        if algorithm != ALGORITHM {
            return Err(SuperblockError::Field {
                field: "hash algorithm",
                found: String::from_utf8_lossy(algorithm).into_owned(),
                expected: "sha256".to_owned(),
            });
        }
        Ok(Self {
            uuid: Uuid::from_bytes(std::array::from_fn(|i| bytes[16 + i])),
            data_blocks: u64::from_le_bytes(std::array::from_fn(|i| bytes[72 + i])),
            salt: Salt(std::array::from_fn(|i| bytes[88 + i])),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn superblock() -> Superblock {
        let uuid = guid::derived(&["test"]);
        Superblock { uuid, data_blocks: 7, salt: Salt::derived("board", "1") }
    }

    #[test]
    fn a_superblock_survives_its_bytes() {
        assert_eq!(Superblock::decode(&superblock().encode()), Ok(superblock()));
    }

    #[test]
    fn other_superblocks_are_refused_by_field() {
        for (at, field) in
            [(8, "version"), (12, "hash type"), (32, "hash algorithm"), (64, "data block size")]
        {
            let mut bytes = superblock().encode();
            bytes[at] ^= 4;
            match Superblock::decode(&bytes) {
                Err(SuperblockError::Field { field: found, .. }) => assert_eq!(found, field),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(Superblock::decode(&[0; 512]), Err(SuperblockError::Magic));
        assert_eq!(Superblock::decode(b"verity"), Err(SuperblockError::Short(6)));
    }

    #[test]
    fn the_halves_of_a_root_hash_name_its_partitions() {
        let hash: RootHash = "00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100"
            .parse()
            .expect("hex");
        assert_eq!(hash.data_guid().to_string(), "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(hash.hash_guid().to_string(), "ffeeddcc-bbaa-9988-7766-554433221100");
        assert!("00FF".parse::<RootHash>().is_err());
        assert!(hash.to_string().to_uppercase().parse::<RootHash>().is_err());
    }
}
