//! Glance (Image v2).

use std::path::Path;

use serde_json::{Value, json};

use crate::call::{Body, Call, Method, Reply, escape};

/// What an image is made with.
pub struct Create<'a> {
    /// Identifier, so that a repeated call makes nothing new.
    pub id: &'a str,
    /// Name; not unique.
    pub name: &'a str,
    /// `private`, `shared`, ...
    pub visibility: &'a str,
    /// GiB of the disk a machine needs at least.
    pub min_disk: u64,
    /// MiB of memory a machine needs at least.
    pub min_ram: u64,
    /// Properties.
    pub properties: &'a [(String, String)],
}

/// Images of this name; a dry run finds none.
pub fn find(endpoint: &str, name: &str) -> Call {
    let url = format!("{endpoint}/v2/images?name={}", escape(name));
    Call::new("List images", Method::Get, url).assume(Reply::json(&json!({ "images": [] })))
}

/// An image without data; 409 where the identifier is known already.
pub fn create(endpoint: &str, image: &Create<'_>) -> Call {
    let mut body = json!({
        "id": image.id,
        "name": image.name,
        "disk_format": "qcow2",
        "container_format": "bare",
        "visibility": image.visibility,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
    });
    for (key, value) in image.properties {
        body[key] = json!(value);
    }
    Call::new("Create image", Method::Post, format!("{endpoint}/v2/images"))
        .body(Body::Json(body))
        .expect(&[409])
        .assume(Reply::json(&json!({ "id": image.id, "status": "queued" })))
}

/// The data of an image.
pub fn upload(endpoint: &str, id: &str, path: &Path, bytes: u64) -> Call {
    Call::new("Upload binary image data", Method::Put, format!("{endpoint}/v2/images/{id}/file"))
        .header("Content-Type", "application/octet-stream")
        .body(Body::File { path: path.to_owned(), bytes })
        .assume(Reply::status(204))
}

/// An image as it is. `sent` is what a dry run takes for granted.
pub fn show(endpoint: &str, id: &str, bytes: u64, sha512: &str) -> Call {
    let assumed = json!({ "status": "active", "size": bytes, "os_hash_algo": "sha512", "os_hash_value": sha512 });
    Call::new("Show image", Method::Get, format!("{endpoint}/v2/images/{id}"))
        .expect(&[404])
        .assume(Reply::json(&assumed))
}

/// Lets a project use a shared image; one that may already is no failure.
pub fn share(endpoint: &str, id: &str, project: &str) -> Call {
    Call::new("Create image member", Method::Post, format!("{endpoint}/v2/images/{id}/members"))
        .body(Body::Json(json!({ "member": project })))
        .expect(&[409])
}

/// Deletes an image; one that is gone is no failure.
pub fn delete(endpoint: &str, id: &str) -> Call {
    Call::new("Delete image", Method::Delete, format!("{endpoint}/v2/images/{id}")).expect(&[404])
}

/// A text of an answer.
pub fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or("").to_owned()
}
