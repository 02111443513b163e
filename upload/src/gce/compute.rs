//! The images of Compute Engine (v1): insert, what became of it, who may use it.

use serde_json::{Value, json};

use crate::call::{Body, Call, Method, Reply};

/// What an image is made with.
pub struct Insert<'a> {
    /// Name.
    pub name: &'a str,
    /// Description.
    pub description: &'a str,
    /// Address of the archive.
    pub archive: &'a str,
    /// Family.
    pub family: Option<&'a str>,
    /// Labels.
    pub labels: &'a [(String, String)],
    /// `X86_64` or `ARM64`.
    pub architecture: &'a str,
    /// Guest OS features.
    pub features: &'a [String],
    /// Locations.
    pub locations: &'a [String],
    /// PK, KEK and db in Base64.
    pub keys: Option<&'a [String; 3]>,
    /// The same insert with the same identifier is done once.
    pub request: &'a str,
}

/// `images.get`: 404 where there is none, which a dry run takes for granted.
pub fn get(endpoint: &str, project: &str, name: &str) -> Call {
    let url = format!("{endpoint}/projects/{project}/global/images/{name}");
    Call::new("images.get", Method::Get, url).expect(&[404]).assume(Reply::status(404))
}

/// `images.insert`; gives an operation.
pub fn insert(endpoint: &str, project: &str, image: &Insert<'_>) -> Call {
    let url = format!("{endpoint}/projects/{project}/global/images?requestId={}", image.request);
    let labels: serde_json::Map<String, Value> =
        image.labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    let features: Vec<Value> = image.features.iter().map(|name| json!({ "type": name })).collect();
    let mut body = json!({
        "name": image.name,
        "description": image.description,
        "labels": labels,
        "architecture": image.architecture,
        "guestOsFeatures": features,
        "rawDisk": { "source": image.archive, "containerType": "TAR" },
    });
    if let Some(family) = image.family {
        body["family"] = json!(family);
    }
    if !image.locations.is_empty() {
        body["storageLocations"] = json!(image.locations);
    }
    if let Some([pk, kek, db]) = image.keys {
        let key = |content: &String| json!({ "content": content, "fileType": "X509" });
        body["shieldedInstanceInitialState"] =
            json!({ "pk": key(pk), "keks": [key(kek)], "dbs": [key(db)] });
    }
    Call::new("images.insert", Method::Post, url)
        .body(Body::Json(body))
        .assume(Reply::json(&json!({ "name": "operation-DRYRUN" })))
}

/// `globalOperations.get`.
pub fn operation(endpoint: &str, project: &str, name: &str) -> Call {
    let url = format!("{endpoint}/projects/{project}/global/operations/{name}");
    let done = json!({ "status": "DONE" });
    Call::new("globalOperations.get", Method::Get, url).assume(Reply::json(&done))
}

/// `images.delete`; one that is gone is no failure.
pub fn delete(endpoint: &str, project: &str, name: &str) -> Call {
    let url = format!("{endpoint}/projects/{project}/global/images/{name}");
    Call::new("images.delete", Method::Delete, url).expect(&[404])
}

/// `images.setIamPolicy`: who may use the image.
pub fn share(endpoint: &str, project: &str, name: &str, members: &[String]) -> Call {
    let url = format!("{endpoint}/projects/{project}/global/images/{name}/setIamPolicy");
    let binding = json!({ "role": "roles/compute.imageUser", "members": members });
    Call::new("images.setIamPolicy", Method::Post, url)
        .body(Body::Json(json!({ "bindings": [binding] })))
}

/// What an operation ended with: code and message of its first error.
pub fn error(operation: &Value) -> Option<(String, String)> {
    let error = operation.pointer("/error/errors/0")?;
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    Some((text("code"), text("message")))
}
