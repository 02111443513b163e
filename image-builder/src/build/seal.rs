//! Seals `/usr`: hash tree, signed statement, and the check that they fit their slot.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fs_err as fs;
use keelson_disk::content::Content;
use keelson_format::disk::{Role, Slot};
use keelson_format::signature::{
    Ed25519, RELEASE_KEYS, SlotSignature, Statement, trusted_keys_to_text,
};
use keelson_format::verity::RootHash;

use super::BuildError;
use crate::keys::KeySet;
use crate::plan::Plan;
use crate::stage::StageError;
use crate::tree::{Kind, Node, Tree};
use crate::{pkcs7, verity};

/// A `/usr` whose every byte its root hash stands for.
#[derive(Debug)]
pub(super) struct SealedUsr {
    pub(super) root_hash: RootHash,
    pub(super) data_size: u64,
    pub(super) hash_size: u64,
    pub(super) signature: SlotSignature,
}

/// How many of the largest files a message names.
const LARGEST: usize = 10;

/// Puts the release keys where programs of the host find whom they trust.
pub(super) fn add_release_keys(tree: &mut Tree, keys: &KeySet) -> Result<(), BuildError> {
    let public = keys.public();
    let text = trusted_keys_to_text([(&public, keys.name())]);
    let path = RELEASE_KEYS.trim_start_matches('/');
    let file = Kind::File(Content::Bytes(text.into_bytes()));
    tree.insert(path, Node::new(0o644, "board", file)).map_err(StageError::from)?;
    Ok(())
}

/// Makes `usr.verity` and `usr.sig.json` beside the `usr.erofs` of a folder.
pub(super) fn seal(
    plan: &Plan,
    tree: &Tree,
    folder: &Path,
    keys: &KeySet,
) -> Result<SealedUsr, BuildError> {
    let (data, hashes) = (folder.join("usr.erofs"), folder.join("usr.verity"));
    let data_size = fs::metadata(&data)?.len();
    let fits = |what, size: u64, limit: u64, name: String| {
        if size <= limit {
            return Ok(());
        }
        let largest = tree.largest(LARGEST);
        Err(BuildError::TooLarge { what, size, over: size - limit, limit: name, largest })
    };
    let slot = |role| plan.disk.partition(role).size;
    let data_slot = slot(Role::UsrData(Slot::A));
    fits("/usr", data_size, data_slot.bytes(), format!("its partition of {data_slot}"))?;
    let limit = plan.usr.limit;
    fits("/usr", data_size, limit.bytes(), format!("the board's budget of {limit}"))?;
    let root_hash = verity::write_tree(&data, &hashes, &plan.verity.salt, plan.verity.uuid)?;
    let hash_size = fs::metadata(&hashes)?.len();
    let hash_slot = slot(Role::UsrHash(Slot::A));
    fits("the hash tree", hash_size, hash_slot.bytes(), format!("its partition of {hash_slot}"))?;

    let statement = Statement {
        root_hash,
        version: plan.version.clone(),
        board: plan.board.clone(),
        data_size,
        hash_size,
    };
    let signature = keys.sign_release(statement.to_text().as_bytes());
    let pkcs7 = keys
        .verity()
        .map(|signer| pkcs7::sign_detached(root_hash.to_string().as_bytes(), signer))
        .transpose()?;
    let signature = SlotSignature {
        root_hash,
        certificate_fingerprint: keys.verity().map(|signer| hex::encode(signer.fingerprint())),
        signature: pkcs7.map(|der| BASE64.encode(der)),
        ed25519: Ed25519::new(&statement, &signature, &keys.public()),
    };
    fs::write(folder.join("usr.sig.json"), signature.to_json())?;
    Ok(SealedUsr { root_hash, data_size, hash_size, signature })
}
