//! Images in the Resource Manager: managed images, and versions in a compute gallery.

use serde_json::{Map, Value, json};

use crate::call::{Body, Call, Method, Reply};

const IMAGES: &str = "2024-07-01";
const GALLERIES: &str = "2023-07-03";

/// The tag by which an upload knows what it made.
const OWNER: &str = "keelson-upload";

/// Tags as JSON has them.
fn object(tags: &[(String, String)]) -> Map<String, Value> {
    tags.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
}

fn done() -> Reply {
    Reply::json(&json!({ "properties": { "provisioningState": "Succeeded" } }))
}

/// The version of the interface of a resource.
fn version(id: &str) -> &'static str {
    if id.contains("/galleries/") { GALLERIES } else { IMAGES }
}

/// `Get`: 404 where there is none. `there` is what a dry run takes for granted.
pub fn get(endpoint: &str, id: &str, there: bool) -> Call {
    let url = format!("{endpoint}{id}?api-version={}", version(id));
    let assumed = if there { done() } else { Reply::status(404) };
    Call::new("Get", Method::Get, url).expect(&[404]).assume(assumed)
}

/// Whether what [`get`] gave is that of an upload.
pub fn is_of(reply: &Reply, owner: &str) -> bool {
    let tags = reply.value();
    tags.get("tags").and_then(|tags| tags.get(OWNER)?.as_str()) == Some(owner)
}

/// The tag with which an upload marks what it makes.
pub fn mark(owner: &str) -> (String, String) {
    (OWNER.to_owned(), owner.to_owned())
}

/// `Delete`; what is gone is no failure.
pub fn delete(endpoint: &str, id: &str) -> Call {
    let url = format!("{endpoint}{id}?api-version={}", version(id));
    Call::new("Delete", Method::Delete, url).expect(&[404])
}

/// `Images - Create Or Update`: a managed image of generation 2 from a blob.
pub fn image(
    endpoint: &str,
    id: &str,
    location: &str,
    blob: &str,
    tags: &[(String, String)],
) -> Call {
    let body = json!({
        "location": location,
        "tags": object(tags),
        "properties": {
            "hyperVGeneration": "V2",
            "storageProfile": {
                "osDisk": {
                    "osType": "Linux",
                    "osState": "Generalized",
                    "blobUri": blob,
                    "caching": "ReadWrite",
                    "storageAccountType": "Premium_LRS"
                }
            }
        }
    });
    let url = format!("{endpoint}{id}?api-version={IMAGES}");
    Call::new("Images - Create Or Update", Method::Put, url).body(Body::Json(body)).assume(done())
}

/// What a definition of a gallery says of its versions.
pub struct Definition<'a> {
    /// Identifier of the resource.
    pub id: &'a str,
    /// Region.
    pub location: &'a str,
    /// Publisher.
    pub publisher: &'a str,
    /// Offer and SKU.
    pub name: &'a str,
    /// `x64` or `Arm64`.
    pub architecture: &'a str,
    /// Tags.
    pub tags: &'a [(String, String)],
}

/// `Gallery Images - Create Or Update`: generation 2, with trusted launch (Secure Boot, TPM 2.0) allowed.
pub fn definition(endpoint: &str, definition: &Definition<'_>) -> Call {
    let Definition { id, location, publisher, name, architecture, tags } = definition;
    let body = json!({
        "location": location,
        "tags": object(tags),
        "properties": {
            "osType": "Linux",
            "osState": "Generalized",
            "hyperVGeneration": "V2",
            "architecture": architecture,
            "identifier": { "publisher": publisher, "offer": name, "sku": name },
            "features": [
                { "name": "SecurityType", "value": "TrustedLaunchSupported" },
                { "name": "IsAcceleratedNetworkSupported", "value": "True" }
            ]
        }
    });
    let url = format!("{endpoint}{id}?api-version={GALLERIES}");
    Call::new("Gallery Images - Create Or Update", Method::Put, url)
        .body(Body::Json(body))
        .assume(done())
}

/// What a version of a gallery's image is made with.
pub struct Version<'a> {
    /// Identifier of the resource.
    pub id: &'a str,
    /// Home region.
    pub location: &'a str,
    /// Address of the blob.
    pub blob: &'a str,
    /// Identifier of the storage account.
    pub account: &'a str,
    /// Regions that get it, the home region first.
    pub regions: &'a [String],
    /// Tags.
    pub tags: &'a [(String, String)],
}

/// `Gallery Image Versions - Create Or Update`, straight from a blob.
pub fn gallery_version(endpoint: &str, version: &Version<'_>) -> Call {
    let regions: Vec<Value> = version.regions.iter().map(|name| json!({ "name": name })).collect();
    let source = json!({ "uri": version.blob, "storageAccountId": version.account });
    let body = json!({
        "location": version.location,
        "tags": object(version.tags),
        "properties": {
            "publishingProfile": { "targetRegions": regions },
            "storageProfile": { "osDiskImage": { "source": source, "hostCaching": "ReadWrite" } },
            "safetyProfile": { "allowDeletionOfReplicatedLocations": true }
        }
    });
    let url = format!("{endpoint}{}?api-version={GALLERIES}", version.id);
    Call::new("Gallery Image Versions - Create Or Update", Method::Put, url)
        .body(Body::Json(body))
        .assume(done())
}
