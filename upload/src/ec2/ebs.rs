//! The EBS direct interface (version 2019-11-02): a snapshot from blocks of 512 KiB, without a volume.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::call::{Body, Call, Method, Reply};
use crate::source::{Cut, Piece};

/// The name of the action that sends a block.
pub const PUT_BLOCK: &str = "PutSnapshotBlock";

/// Bytes of a block.
pub const BLOCK: u64 = 512 << 10;

/// How the interface takes an image.
pub const CUT: Cut = Cut { grain: BLOCK, most: BLOCK, pad: BLOCK };

/// What a dry run calls the snapshot.
const ASSUMED: &str = "snap-DRYRUN";

/// What a snapshot is started with.
pub struct Start<'a> {
    /// GiB of the volumes made from it.
    pub gibibytes: u64,
    /// Shown in the console.
    pub description: &'a str,
    /// Tags.
    pub tags: &'a [(String, String)],
    /// The same call with the same token gives the same snapshot.
    pub token: &'a str,
    /// Encrypted, with this key or with the account's own (`Some("")`).
    pub key: Option<&'a str>,
}

/// `StartSnapshot`.
pub fn start(endpoint: &str, start: &Start<'_>) -> Call {
    let tag = |(key, value): &(String, String)| json!({ "Key": key, "Value": value });
    let mut body = json!({
        "VolumeSize": start.gibibytes,
        "Description": start.description,
        "Tags": start.tags.iter().map(tag).collect::<Vec<_>>(),
        "ClientToken": start.token,
        // Minutes without a call after which Amazon gives the snapshot up.
        "Timeout": 1440,
    });
    if let Some(key) = start.key {
        body["Encrypted"] = json!(true);
        if !key.is_empty() {
            body["KmsKeyArn"] = json!(key);
        }
    }
    Call::new("StartSnapshot", Method::Post, format!("{endpoint}/snapshots"))
        .body(Body::Json(body))
        .assume(Reply::json(&json!({ "SnapshotId": ASSUMED, "BlockSize": BLOCK })))
}

/// `PutSnapshotBlock`.
pub fn put(endpoint: &str, snapshot: &str, piece: &Piece, bytes: Vec<u8>) -> Call {
    let index = piece.at / BLOCK;
    let checksum = STANDARD.encode(piece.sha256);
    Call::new(PUT_BLOCK, Method::Put, format!("{endpoint}/snapshots/{snapshot}/blocks/{index}"))
        .header("x-amz-Data-Length", BLOCK)
        .header("x-amz-Checksum", &checksum)
        .header("x-amz-Checksum-Algorithm", "SHA256")
        .body(Body::Bytes(Arc::new(bytes)))
        .assume(Reply::status(201).with("x-amz-checksum", &checksum))
}

/// `CompleteSnapshot`.
pub fn complete(endpoint: &str, snapshot: &str, pieces: &[Piece]) -> Call {
    let url = format!("{endpoint}/snapshots/completion/{snapshot}");
    Call::new("CompleteSnapshot", Method::Post, url)
        .header("x-amz-ChangedBlocksCount", pieces.len())
        .header("x-amz-Checksum", linear(pieces))
        .header("x-amz-Checksum-Algorithm", "SHA256")
        .header("x-amz-Checksum-Aggregation-Method", "LINEAR")
        .assume(Reply::json(&json!({ "Status": "completed" })))
}

/// The linear aggregate: the digest of all blocks' digests one after another, in the order of the blocks.
pub fn linear(pieces: &[Piece]) -> String {
    let whole = pieces.iter().fold(Sha256::new(), |hash, piece| hash.chain_update(piece.sha256));
    STANDARD.encode(whole.finalize())
}
