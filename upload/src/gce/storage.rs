//! The JSON interface of Cloud Storage (v1): a resumable upload, and the object's end.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::{Body, Call, Method, Reply, escape};

/// Bytes of a chunk: a multiple of 256 KiB.
pub const CHUNK: u64 = 8 << 20;

/// Where an object is.
pub struct Object<'a> {
    /// `https://storage.googleapis.com`.
    pub endpoint: &'a str,
    /// Bucket.
    pub bucket: &'a str,
    /// Name.
    pub name: &'a str,
}

/// The object's metadata by which an upload knows its own.
const OWNER: &str = "keelson-upload";

/// Begins a resumable upload; the answer's `location` is the session. An object of that name is not replaced.
pub fn begin(object: &Object<'_>, bytes: u64, owner: &str) -> Call {
    let Object { endpoint, bucket, name } = object;
    let name = escape(name);
    let url = format!(
        "{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&ifGenerationMatch=0&name={name}"
    );
    let session = format!("{endpoint}/upload/storage/v1/b/{bucket}/o?upload_id=DRYRUN");
    Call::new("objects.insert", Method::Post, url)
        .header("X-Upload-Content-Type", "application/gzip")
        .header("X-Upload-Content-Length", bytes)
        .body(Body::Json(json!({
            "name": object.name, "contentType": "application/gzip", "metadata": { OWNER: owner },
        })))
        .assume(Reply::status(200).with("location", &session))
}

/// Sends a chunk. 308 says that more is to come, and how far the object reaches.
pub fn chunk(session: &str, at: u64, total: u64, bytes: Vec<u8>, crc32c: &str) -> Call {
    let end = at + bytes.len() as u64;
    let assumed = if end == total {
        Reply::json(&json!({ "crc32c": crc32c, "generation": "1" }))
    } else {
        Reply::status(308).with("range", &format!("bytes=0-{}", end - 1))
    };
    Call::new("objects.insert (chunk)", Method::Put, session)
        .header("Content-Range", format!("bytes {at}-{}/{total}", end - 1))
        .body(Body::Bytes(Arc::new(bytes)))
        .expect(&[308])
        .assume(assumed)
}

/// Asks how far the object reaches. A session that is no more is 404 or 410.
pub fn ask(session: &str, total: u64) -> Call {
    Call::new("objects.insert (status)", Method::Put, session)
        .header("Content-Range", format!("bytes */{total}"))
        .expect(&[308, 404, 410])
        .assume(Reply::status(308))
}

fn address(object: &Object<'_>) -> String {
    let Object { endpoint, bucket, name } = object;
    format!("{endpoint}/storage/v1/b/{bucket}/o/{}", escape(name))
}

/// What is known of the object: 404 where there is none, which a dry run takes for granted.
pub fn get(object: &Object<'_>) -> Call {
    Call::new("objects.get", Method::Get, address(object)).expect(&[404]).assume(Reply::status(404))
}

/// Whether an object as [`get`] gives it is that of an upload.
pub fn is_of(object: &Value, owner: &str) -> bool {
    object.get("metadata").and_then(|metadata| metadata.get(OWNER)?.as_str()) == Some(owner)
}

/// Deletes the object of this generation; one that is gone or replaced is no failure.
pub fn delete(object: &Object<'_>, generation: Option<&str>) -> Call {
    let condition = generation.map_or_else(String::new, |generation| {
        format!("?ifGenerationMatch={}", escape(generation))
    });
    let url = address(object) + &condition;
    Call::new("objects.delete", Method::Delete, url).expect(&[404, 412])
}

/// How many bytes have arrived, by the `range` of a 308 (`bytes=0-262143`).
pub fn arrived(reply: &Reply) -> u64 {
    let last = reply.header("range").and_then(|range| range.rsplit('-').next());
    last.and_then(|last| last.parse::<u64>().ok()).map_or(0, |last| last.saturating_add(1))
}
