//! Compute Engine: Cloud Storage by its emulator; images by a server of ours with the documented answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use keelson_disk::sparse;
use serde_json::{Value, json};

use crate::build::{Build, noise};
use crate::emulators::{Emulator, storage};
use crate::faults::Count;
use crate::run::{Upload, get, has};
use crate::server::{Answer, Request, Server};

const NAME: &str = "keelson-amd64-usr-1-2-3";
/// Three chunks.
const ARCHIVE: usize = 20 << 20;

/// Compute Engine as its reference has it, and the metadata server that gives tokens.
fn compute(refusal: Option<&'static str>) -> Server {
    let images: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
    Server::start("", move |request| {
        let mut images = images.lock().expect("no panic while held");
        let path = request.target.split('?').next().unwrap_or("");
        if path.starts_with("/computeMetadata/") {
            let token = json!({ "access_token": "very-secret", "expires_in": 3600, "token_type": "Bearer" });
            return Answer::json(200, &token);
        }
        assert_eq!(request.header("authorization"), "Bearer very-secret");
        let last = path.rsplit('/').next().unwrap_or("").to_owned();
        match (request.method.as_str(), path.contains("/operations/")) {
            ("GET", true) => {
                let error = json!({ "errors": [{ "code": refusal, "message": "It cannot be." }] });
                let mut operation =
                    json!({ "kind": "compute#operation", "name": last, "status": "DONE" });
                if refusal.is_some() {
                    operation["error"] = error;
                }
                Answer::json(200, &operation)
            }
            ("GET", false) if images.contains_key(&last) => Answer::json(200, &images[&last]),
            ("GET" | "DELETE", false) if !images.contains_key(&last) => {
                let message = format!("The resource '{path}' was not found");
                let error = json!({ "code": 404, "message": message, "errors": [{ "reason": "notFound" }] });
                Answer::json(404, &json!({ "error": error }))
            }
            ("DELETE", false) => {
                images.remove(&last);
                Answer::json(200, &json!({ "kind": "compute#operation", "status": "DONE" }))
            }
            ("POST", _) => {
                let mut body: Value = serde_json::from_slice(&request.body).expect("JSON");
                let name = body["name"].as_str().expect("a name").to_owned();
                body["status"] = json!("READY");
                images.insert(name, body);
                Answer::json(
                    200,
                    &json!({ "kind": "compute#operation", "name": "operation-1", "status": "RUNNING" }),
                )
            }
            other => panic!("{other:?} of {}", request.target),
        }
    })
}

fn upload(build: &Build, storage: &str, compute: &Server) -> Upload {
    upload_to("images", build, storage, compute)
}

fn upload_to(bucket: &str, build: &Build, storage: &str, compute: &Server) -> Upload {
    let endpoint = format!("{}/compute/v1", compute.url());
    Upload::new("gce", build)
        .args(&[
            "--project",
            "p1",
            "--bucket",
            bucket,
            "--family",
            "keelson",
            "--compute-endpoint",
            &endpoint,
        ])
        .env("STORAGE_EMULATOR_HOST", storage)
        .env("GCE_METADATA_HOST", &compute.address)
}

fn build() -> Build {
    let build = Build::new();
    build.add("gce.tar.gz", &noise("gce", ARCHIVE));
    build
}

/// Names of the objects in the bucket.
fn objects(storage: &Emulator) -> Vec<String> {
    let url = format!("http://{}/storage/v1/b/images/o", storage.address);
    let text = get(&url);
    let list: Value = serde_json::from_slice(&text).expect("JSON");
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["name"].as_str().expect("text").to_owned()).collect()
}

fn is_chunk(request: &Request) -> bool {
    request.method == "PUT" && !request.body.is_empty()
}

#[test]
fn an_archive_becomes_an_image_and_leaves_the_bucket() {
    let (storage, build, compute) = (storage(), build(), compute(None));
    let images = upload(&build, &storage.address, &compute).args(&["--keep-object"]).images();
    assert_eq!(images, [("p1".to_owned(), format!("projects/p1/global/images/{NAME}"))]);
    assert_eq!(objects(&storage), [format!("{NAME}.tar.gz")]);
    let url = format!(
        "http://{}/download/storage/v1/b/images/o/{NAME}.tar.gz?alt=media",
        storage.address
    );
    let kept = get(&url);
    let path = build.add("read-back", &kept);
    let archive = build.path().join("gce.tar.gz");
    assert_eq!(sparse::sha256(&path).expect("a file"), sparse::sha256(&archive).expect("a file"));

    let [insert] = &compute.seen(|request| request.method == "POST")[..] else {
        panic!("one insert")
    };
    let body: Value = serde_json::from_slice(&insert.body).expect("JSON");
    let (path, request) = insert.target.split_once("?requestId=").expect("an identifier");
    assert_eq!(path, "/compute/v1/projects/p1/global/images");
    assert_eq!(
        body,
        json!({
            "name": NAME, "family": "keelson", "architecture": "X86_64",
            "description": "Keelson 1.2.3 for amd64-usr, kernel 6.12.0",
            "labels": {
                "keelson-version": "1-2-3", "keelson-board": "amd64-usr", "keelson-keys": "dev",
                "keelson-root-hash": "0".repeat(63), "keelson-upload": request,
            },
            "guestOsFeatures": [{ "type": "UEFI_COMPATIBLE" }, { "type": "VIRTIO_SCSI_MULTIQUEUE" }, { "type": "GVNIC" }],
            "rawDisk": {
                "source": format!("https://storage.googleapis.com/images/{NAME}.tar.gz"), "containerType": "TAR",
            },
        })
    );
    let said = upload(&build, &storage.address, &compute).failed();
    has(&said, &["p1 has an image keelson-amd64-usr-1-2-3 already"]);
    upload(&build, &storage.address, &compute).args(&["--name", "second"]).done();
    assert_eq!(objects(&storage), [format!("{NAME}.tar.gz")]);
    assert!(build.states().is_empty());
}

#[test]
fn a_connection_that_is_lost_is_gone_on_with_from_where_the_object_reaches() {
    let (storage, build, compute) = (storage(), build(), compute(None));
    let chunks = Count::default();
    let server = Server::start(&storage.address, move |request| {
        if is_chunk(request) && chunks.next() > 1 { Answer::Drop } else { Answer::Forward }
    });
    let said = upload(&build, &server.address, &compute).failed();
    has(
        &said,
        &[
            "objects.insert",
            "no answer after 3 attempts",
            "object keelson-amd64-usr-1-2-3.tar.gz in images",
            "gcloud storage rm gs://images/",
            "the same command again",
        ],
    );
    assert!(!said.contains("upload_id") && !said.contains("very-secret"));
    let healthy = Server::start(&storage.address, |_| Answer::Forward);
    // The session was given by the first server's address.
    let state = build.states().pop().expect("a state file");
    let text =
        std::fs::read_to_string(&state).expect("text").replace(&server.address, &healthy.address);
    std::fs::write(&state, text).expect("room");
    upload(&build, &healthy.address, &compute).done();
    assert_eq!(healthy.seen(is_chunk).len(), 2, "the first chunk was sent again");
    assert_eq!(objects(&storage), [""; 0]);
}

#[test]
fn an_image_that_is_refused_leaves_no_archive_behind() {
    let (storage, build, compute) = (storage(), build(), compute(Some("QUOTA_EXCEEDED")));
    let said = upload(&build, &storage.address, &compute).failed();
    has(
        &said,
        &["image keelson-amd64-usr-1-2-3 is QUOTA_EXCEEDED: It cannot be.", "nothing is left"],
    );
    assert_eq!(objects(&storage), [""; 0]);
    assert_eq!(compute.seen(|request| request.method == "DELETE").len(), 1);
    assert!(build.states().is_empty());
}

#[test]
fn an_image_whose_answer_was_lost_is_gone_on_with_or_removed_and_what_is_of_others_stays() {
    let (storage, build, compute) = (storage(), build(), compute(None));
    let is_insert = |request: &Request| request.method == "POST";
    let lost = Server::start(&compute.address, move |request| {
        if is_insert(request) { Answer::Mute } else { Answer::Forward }
    });
    let said = upload(&build, &storage.address, &lost).failed();
    has(&said, &["images.insert", "image keelson-amd64-usr-1-2-3 in p1", "the same command again"]);
    // Compute Engine does not remember the request any more.
    let late = Server::start(&compute.address, move |request| {
        let error = json!({ "error": { "errors": [{ "reason": "alreadyExists" }] } });
        if is_insert(request) { Answer::json(409, &error) } else { Answer::Forward }
    });
    upload(&build, &storage.address, &late).done();
    assert_eq!(objects(&storage), [""; 0]);
    assert!(build.states().is_empty());

    // The image of another upload that came between is not removed, and neither is its object.
    let blind = Server::start(&compute.address, move |request| {
        let error = json!({ "error": { "errors": [{ "reason": "alreadyExists" }] } });
        let first = request.method == "GET" && request.target.ends_with("/images/other");
        match request.method.as_str() {
            "POST" => Answer::json(409, &error),
            _ if first => Answer::json(404, &error),
            _ => Answer::Forward,
        }
    });
    let said = upload(&build, &storage.address, &blind).args(&["--name", "other"]).failed();
    has(&said, &["p1 has an image other already", "nothing is left"]);
    assert_eq!(compute.seen(|request| request.method == "DELETE").len(), 0);
}

#[test]
fn an_object_that_somebody_else_put_there_meanwhile_stays_and_one_whose_answer_was_lost_goes() {
    let (storage, build, compute) = (storage(), build(), compute(None));
    let taken = Server::start(&storage.address, |request| {
        let error = json!({ "error": { "errors": [{ "reason": "conditionNotMet" }] } });
        let theirs = json!({ "generation": "7", "crc32c": "AAAAAA==" });
        match request.method.as_str() {
            "PUT" => Answer::json(412, &error),
            "GET" => Answer::json(200, &theirs),
            _ => Answer::Forward,
        }
    });
    let said = upload(&build, &taken.address, &compute).failed();
    has(&said, &["412", "nothing is left"]);
    upload(&build, &taken.address, &compute).args(&["--abandon"]).done();
    assert_eq!(taken.seen(|request| request.method == "DELETE").len(), 0);

    let chunks = Count::default();
    let lost = Server::start(&storage.address, move |request| {
        if is_chunk(request) && chunks.next() > 2 { Answer::Mute } else { Answer::Forward }
    });
    upload(&build, &lost.address, &compute).failed();
    assert_eq!(objects(&storage), [format!("{NAME}.tar.gz")]);
    // The bucket is that of the earlier command.
    let other = ["--abandon", "--name", "other"];
    upload_to("elsewhere", &build, &storage.address, &compute).args(&other).done();
    assert_eq!(objects(&storage), [""; 0]);
    assert!(build.states().is_empty());
}

#[test]
fn a_dry_run_prints_the_insert() {
    let build = build();
    let dry =
        Upload::new("gce", &build).args(&["--project", "p1", "--bucket", "images", "--dry-run"]);
    let printed = dry.done();
    has(
        &printed,
        &[
            "Content-Range: bytes 16777216-20971519/20971520",
            "images.insert",
            "\"UEFI_COMPATIBLE\"",
            "objects.delete",
        ],
    );
    has(
        &Upload::new("gce", &build).args(&["--bucket", "b"]).failed(),
        &["no project: give --project"],
    );
}
