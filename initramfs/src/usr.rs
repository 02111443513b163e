//! `/usr`: checks the release key's signature, starts dm-verity, mounts EROFS.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::symlink;

use ed25519_dalek::VerifyingKey;
use keelson_format::cmdline::{Cmdline, OnCorruption};
use keelson_format::signature::{SignatureError, SlotSignature, Statement};
use keelson_format::verity::{BLOCK_SIZE, RootHash, Superblock, SuperblockError};
use rustix::mount::MountFlags;
use thiserror::Error;

use crate::devices::node;
use crate::dm::{self, Target};
use crate::mounts;
use crate::refuse::{Failure, doing};

/// No signature is larger; the partition is 1 MiB.
const SIGNATURE_LIMIT: u64 = 1 << 20;

/// Why a `/usr` was not mounted.
#[derive(Debug, Error)]
pub(crate) enum UsrError {
    /// A partition could not be read.
    #[error("{0}")]
    Read(Failure),
    /// The signature is not a release key's, or is about another `/usr`.
    #[error("{partition}: {source}")]
    Signature { partition: String, source: SignatureError },
    /// A partition is smaller than what was signed.
    #[error("{partition} ({label}) is {found} bytes, signed for {expected} bytes: it is cut off")]
    CutOff { partition: String, label: String, found: u64, expected: u64 },
    /// The hash partition does not begin with a superblock of ours.
    #[error("{partition} ({label}): {source}")]
    Superblock { partition: String, label: String, source: SuperblockError },
    /// The superblock is about another size of data.
    #[error("{partition} ({label}): its superblock is for {found} bytes, signed for {expected}")]
    DataSize { partition: String, label: String, found: u64, expected: u64 },
    /// The kernel did not take the verity table.
    #[error("{0}")]
    Verity(Failure),
    /// EROFS could not be mounted.
    #[error("{0}")]
    Mount(Failure),
}

/// A block device with a part of a `/usr`: a partition, or what stands for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    /// Kernel name, as in `vda2`, `dm-1` or `loop0`.
    pub(crate) name: String,
    /// Device number, as in `254:2`.
    pub(crate) number: String,
    /// What it is called in messages, as in `usr-A`.
    pub(crate) label: String,
    pub(crate) bytes: u64,
}

/// The three parts of a `/usr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    /// The EROFS image.
    pub(crate) data: Device,
    /// The verity superblock and hash tree.
    pub(crate) hash: Device,
    /// The signed root hash.
    pub(crate) signature: Device,
}

/// A `/usr` whose signature is good.
#[derive(Debug)]
pub(crate) struct Trusted {
    statement: Statement,
    superblock: Superblock,
    /// Fingerprint of the key that signed it.
    pub(crate) key_fingerprint: String,
}

/// Reads the signature and checks it against the release keys, the command line, the sizes of the
/// devices and the verity superblock.
pub(crate) fn check(
    parts: &Parts,
    cmdline: &Cmdline,
    keys: &[VerifyingKey],
) -> Result<Trusted, UsrError> {
    let name = parts.signature.name.clone();
    let refused = |source| UsrError::Signature { partition: name.clone(), source };
    let bytes = read(&parts.signature, SIGNATURE_LIMIT)?;
    let signature = SlotSignature::from_partition(&bytes).map_err(refused)?;
    let statement = signature.verify(keys).map_err(refused)?;
    statement.expect("root hash", &statement.root_hash, &cmdline.root_hash).map_err(refused)?;
    statement.expect("version", &statement.version, &cmdline.version).map_err(refused)?;
    statement.expect("board", &statement.board, &cmdline.board).map_err(refused)?;
    for (partition, expected) in
        [(&parts.data, statement.data_size), (&parts.hash, statement.hash_size)]
    {
        if partition.bytes < expected {
            let Device { name, label, bytes: found, .. } = partition.clone();
            let partition = name;
            return Err(UsrError::CutOff { partition, label, found, expected });
        }
    }
    let superblock = superblock(&parts.hash, statement.data_size)?;
    let key_fingerprint = signature.ed25519.key_fingerprint;
    Ok(Trusted { statement, superblock, key_fingerprint })
}

fn superblock(hash: &Device, data_size: u64) -> Result<Superblock, UsrError> {
    let (partition, label) = (hash.name.clone(), hash.label.clone());
    let superblock = match Superblock::decode(&read(hash, 512)?) {
        Ok(superblock) => superblock,
        Err(source) => return Err(UsrError::Superblock { partition, label, source }),
    };
    match superblock.data_blocks.checked_mul(BLOCK_SIZE) {
        Some(found) if found == data_size => Ok(superblock),
        found => {
            let (found, expected) = (found.unwrap_or(u64::MAX), data_size);
            Err(UsrError::DataSize { partition, label, found, expected })
        }
    }
}

/// Starts dm-verity on a trusted `/usr` and mounts it on `target`.
pub(crate) fn mount(
    trusted: &Trusted,
    parts: &Parts,
    on_corruption: OnCorruption,
    target: &str,
) -> Result<(), UsrError> {
    let Trusted { statement, superblock, .. } = trusted;
    let (data, hash) = (&parts.data.number, &parts.hash.number);
    let parameters = table(data, hash, superblock, &statement.root_hash, on_corruption);
    let sectors = statement.data_size / 512;
    let uuid = format!("CRYPT-VERITY-{}-usr", superblock.uuid.simple());
    let target_spec = Target { sectors, kind: "verity", parameters: &parameters };
    let device = dm::create("usr", &uuid, target_spec).map_err(UsrError::Verity)?;
    let link = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Ok(()),
        _ => Err(UsrError::Verity(doing("making /dev/mapper/usr")(error))),
    };
    symlink(format!("../dm-{}", device.minor), "/dev/mapper/usr").or_else(link)?;
    let flags = MountFlags::RDONLY | MountFlags::NODEV;
    mounts::on(&device.node(), target, "erofs", flags, "").map_err(UsrError::Mount)
}

/// The parameters of the verity target (kernel documentation
/// `admin-guide/device-mapper/verity`). The hash tree begins one block after its superblock.
fn table(
    data: &str,
    hash: &str,
    superblock: &Superblock,
    root_hash: &RootHash,
    on_corruption: OnCorruption,
) -> String {
    let option = match on_corruption {
        OnCorruption::Panic => "panic_on_corruption",
        OnCorruption::Restart => "restart_on_corruption",
    };
    let Superblock { data_blocks, salt, .. } = superblock;
    format!(
        "1 {data} {hash} {BLOCK_SIZE} {BLOCK_SIZE} {data_blocks} 1 sha256 {root_hash} {salt} \
         1 {option}"
    )
}

/// The first bytes of a partition, at most `limit`.
fn read(partition: &Device, limit: u64) -> Result<Vec<u8>, UsrError> {
    let node = node(&partition.name);
    let read = || {
        let mut bytes = Vec::new();
        File::open(&node)?.take(limit).read_to_end(&mut bytes).map(|_| bytes)
    };
    read().map_err(|error| {
        let what = format!("reading {node} ({})", partition.label);
        UsrError::Read(doing::<io::Error>(what)(error))
    })
}

/// The release keys that the initramfs holds.
pub(crate) fn release_keys(path: &str) -> Result<Vec<VerifyingKey>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let keys = keelson_format::signature::trusted_keys_from_text(&text)?;
    if keys.is_empty() { Err("it holds no key".to_owned()) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use keelson_format::verity::Salt;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_verity_table_is_the_kernels_text() {
        let superblock =
            Superblock { uuid: Uuid::nil(), data_blocks: 7, salt: Salt::from_bytes([0xab; 32]) };
        let hash = RootHash::from_bytes([1; 32]);
        let text = table("254:2", "254:3", &superblock, &hash, OnCorruption::Restart);
        let expected = format!(
            "1 254:2 254:3 4096 4096 7 1 sha256 {} {} 1 restart_on_corruption",
            "01".repeat(32),
            "ab".repeat(32)
        );
        assert_eq!(text, expected);
        let text = table("254:2", "254:3", &superblock, &hash, OnCorruption::Panic);
        assert!(text.ends_with(" 1 panic_on_corruption"));
    }
}
