//! The container test's image: an OCI image layout in a tar archive, the same bytes every time.
//!
//! OCI image specification 1.1: `image-layout.md`, `manifest.md`, `config.md`.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The name that the image has after its import.
pub const NAME: &str = "docker.io/keelson/probe:latest";

/// The program's path in the image.
pub const PROGRAM: &str = "/probe";

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// The archive of a layer that holds a static `program` at [`PROGRAM`], and the empty folders that a runtime mounts over.
pub fn layer(program: &[u8]) -> Vec<u8> {
    let mut layer = Archive::new();
    for folder in ["dev", "etc", "proc", "sys"] {
        layer.folder(folder);
    }
    layer.file(PROGRAM.trim_start_matches('/'), 0o755, program);
    layer.finish()
}

/// An archive of an image whose one [`layer`] holds a static `program`, its entry point.
pub fn image(program: &[u8]) -> Vec<u8> {
    let layer = layer(program);
    let config = text(&json!({
        "architecture": "amd64",
        "os": "linux",
        "config": { "Entrypoint": [PROGRAM], "Env": ["PATH=/"], "WorkingDir": "/" },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
        "history": [{ "created_by": "keelson-qemu-tests" }],
    }));
    let manifest = text(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, &config),
        "layers": [descriptor(LAYER, &layer)],
    }));
    let mut entry = descriptor(MANIFEST, &manifest);
    entry["platform"] = json!({ "architecture": "amd64", "os": "linux" });
    entry["annotations"] = json!({
        "io.containerd.image.name": NAME,
        "org.opencontainers.image.ref.name": "latest",
    });
    let index = text(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
    }));

    let mut archive = Archive::new();
    archive.file("oci-layout", 0o644, &text(&json!({ "imageLayoutVersion": "1.0.0" })));
    archive.file("index.json", 0o644, &index);
    archive.folder("blobs");
    archive.folder("blobs/sha256");
    for blob in [&config, &manifest, &layer] {
        archive.file(&format!("blobs/sha256/{}", hash(blob)), 0o644, blob);
    }
    archive.finish()
}

/// A tar archive in memory whose entries belong to root and to the beginning of time.
struct Archive(tar::Builder<Vec<u8>>);

impl Archive {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    fn folder(&mut self, path: &str) {
        self.add(&format!("{path}/"), tar::EntryType::Directory, 0o755, &[]);
    }

    fn file(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.add(path, tar::EntryType::Regular, mode, content);
    }

    fn add(&mut self, path: &str, kind: tar::EntryType, mode: u32, content: &[u8]) {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        self.0
            .append_data(&mut header, path, content)
            .expect("short relative paths, and writing to memory cannot fail");
    }

    fn finish(self) -> Vec<u8> {
        self.0.into_inner().expect("writing to memory cannot fail")
    }
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() })
}

fn text(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hash(content))
}

fn hash(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_blob_has_the_name_and_size_that_point_to_it() {
        let image = image(b"program");
        let mut archive = tar::Archive::new(&image[..]);
        let mut blobs = std::collections::BTreeMap::new();
        for entry in archive.entries().expect("a tar archive") {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").display().to_string();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).expect("content");
            blobs.insert(path, content);
        }
        let open = |descriptor: &Value| {
            let name = descriptor["digest"].as_str().expect("a digest");
            let blob = &blobs[&format!("blobs/sha256/{}", &name["sha256:".len()..])];
            assert_eq!(digest(blob), name);
            assert_eq!(descriptor["size"], blob.len());
            blob.clone()
        };
        let json = |text: &[u8]| serde_json::from_slice::<Value>(text).expect("JSON");
        let manifest = json(&open(&json(&blobs["index.json"])["manifests"][0]));
        let config = json(&open(&manifest["config"]));
        let layer = open(&manifest["layers"][0]);
        assert_eq!(config["rootfs"]["diff_ids"][0], digest(&layer));
    }

    #[test]
    fn the_image_is_the_same_every_time() {
        assert_eq!(hash(&image(b"program")), hash(&image(b"program")));
        assert_eq!(image(b"x").len() % 512, 0);
    }
}
