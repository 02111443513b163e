//! OpenStack: Glance itself; Keystone by a server of ours with the documented answers.

use keelson_disk::formats::{self, Form, Job};
use keelson_disk::platform::Overlay;
use serde_json::{Value, json};

use crate::build::Build;
use crate::emulators::{Emulator, glance};
use crate::faults::Count;
use crate::run::{Upload, get, has};
use crate::server::{Answer, Request, Server};

const NAME: &str = "keelson-amd64-usr-1.2.3";

/// Keystone in front of Glance: tokens, and a catalog that leads to `image`.
fn keystone(image: String) -> Server {
    Server::start("", move |request| {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/v3/auth/tokens"));
        if !request.text().contains("very-secret") {
            let message = "The request you have made requires authentication.";
            let error = json!({ "code": 401, "message": message, "title": "Unauthorized" });
            return Answer::json(401, &json!({ "error": error }));
        }
        let endpoint = |interface: &str, url: &str| json!({ "interface": interface, "region": "r1", "url": url });
        let endpoints =
            json!([endpoint("internal", "http://127.0.0.1:1"), endpoint("public", &image)]);
        let catalog = json!([{ "type": "compute", "endpoints": [] }, { "type": "image", "endpoints": endpoints }]);
        let body = json!({ "token": { "methods": ["password"], "catalog": catalog } });
        Answer::Reply(
            201,
            vec![("X-Subject-Token", "t1".to_owned())],
            body.to_string().into_bytes(),
        )
    })
}

fn upload(build: &Build, keystone: &Server) -> Upload {
    let clouds = format!(
        "clouds:\n  test:\n    region_name: r1\n    auth:\n      auth_url: {}/v3\n      username: u\n      \
         password: very-secret\n      project_name: p\n      user_domain_name: Default\n",
        keystone.url()
    );
    let file = build.add("clouds.yaml", clouds.as_bytes());
    Upload::new("openstack", build)
        .args(&["--cloud", "test"])
        .env("OS_CLIENT_CONFIG_FILE", &file.display().to_string())
}

fn build() -> Build {
    let build = Build::new();
    // Glance looks whether it is one.
    let job = Job {
        form: Form::Qcow2 { level: 3 },
        to: build.path().join("disk-openstack.qcow2"),
        overlay: Overlay::nothing(),
        identity: uuid::Uuid::nil(),
    };
    formats::write(&build.path().join("disk.raw"), &[job]).expect("a qcow2");
    build
}

fn size(build: &Build) -> u64 {
    std::fs::metadata(build.path().join("disk-openstack.qcow2")).expect("a file").len()
}

/// The images that Glance has.
fn images(glance: &Emulator) -> Vec<Value> {
    let url = format!("http://{}/v2/images", glance.address);
    let text = get(&url);
    let list: Value = serde_json::from_slice(&text).expect("JSON");
    list["images"].as_array().expect("a list").clone()
}

fn is_data(request: &Request) -> bool {
    request.method == "PUT" && request.target.ends_with("/file")
}

#[test]
fn a_qcow2_becomes_an_image_that_boots_by_uefi() {
    let (glance, build) = (glance(), build());
    let keystone = keystone(format!("http://{}/v2/", glance.address));
    let placed = upload(&build, &keystone)
        .args(&["--property", "hw_disk_bus=scsi", "--secure-boot", "required"])
        .images();
    assert_eq!(placed[0].0, "127.0.0.1 r1");
    let found = images(&glance);
    assert_eq!(found.len(), 1);
    let image = &found[0];
    for (key, value) in [
        ("id", placed[0].1.as_str()),
        ("name", NAME),
        ("status", "active"),
        ("visibility", "private"),
        ("disk_format", "qcow2"),
        ("hw_firmware_type", "uefi"),
        ("hw_machine_type", "q35"),
        ("hw_disk_bus", "scsi"),
        ("os_secure_boot", "required"),
        ("os_distro", "keelson"),
        ("os_version", "1.2.3"),
        ("keelson_board", "amd64-usr"),
    ] {
        assert_eq!(image[key], value, "{key}");
    }
    assert_eq!((&image["size"], &image["min_disk"]), (&json!(size(&build)), &json!(1)));
    assert!(build.states().is_empty());
    has(&upload(&build, &keystone).failed(), &["has an image keelson-amd64-usr-1.2.3 already"]);
    // By the variables of an openrc file.
    let by_variables = Upload::new("openstack", &build)
        .args(&["--name", "second"])
        .env("OS_AUTH_URL", &keystone.url())
        .env("OS_USERNAME", "u")
        .env("OS_PASSWORD", "very-secret")
        .env("OS_PROJECT_NAME", "p");
    by_variables.done();
    assert_eq!(images(&glance).len(), 2);
}

#[test]
fn data_that_was_cut_off_is_sent_again_and_one_image_stays() {
    let (glance, build) = (glance(), build());
    let attempts = Count::default();
    let server = Server::start(&glance.address, move |request| {
        if is_data(request) && attempts.next() <= 3 { Answer::Drop } else { Answer::Forward }
    });
    let keystone = keystone(server.url());
    let said = upload(&build, &keystone).failed();
    has(
        &said,
        &[
            "Upload binary image data",
            "no answer",
            "openstack --os-cloud test image delete",
            "the same command again",
        ],
    );
    assert!(!said.contains("very-secret"));
    upload(&build, &keystone).done();
    let found = images(&glance);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["status"], "active");
}

#[test]
fn an_image_whose_answer_was_lost_is_gone_on_with_or_removed() {
    let (glance, build) = (glance(), build());
    let is_create = |request: &Request| request.method == "POST";
    let lost = Server::start(&glance.address, move |request| {
        if is_create(request) { Answer::Mute } else { Answer::Forward }
    });
    let said = upload(&build, &keystone(lost.url())).failed();
    has(&said, &["Create image", "no answer", "openstack --os-cloud test image delete"]);
    assert_eq!((lost.seen(is_create).len(), images(&glance).len()), (3, 1));
    upload(&build, &keystone(lost.url())).args(&["--abandon"]).done();
    assert!(images(&glance).is_empty() && build.states().is_empty());

    let once = Count::default();
    let server = Server::start(&glance.address, move |request| {
        if is_create(request) && once.next() == 1 { Answer::Mute } else { Answer::Forward }
    });
    upload(&build, &keystone(server.url())).done();
    assert_eq!((server.seen(is_create).len(), images(&glance).len()), (2, 1));
}

#[test]
fn an_image_that_is_refused_or_arrives_otherwise_is_deleted() {
    let (glance, build) = (glance(), build());
    let full = Server::start(&glance.address, |request| {
        if is_data(request) {
            Answer::Reply(413, Vec::new(), b"Image storage quota exceeded".to_vec())
        } else {
            Answer::Forward
        }
    });
    let said = upload(&build, &keystone(full.url())).failed();
    has(&said, &["413 Image storage quota exceeded", "nothing is left at the provider"]);
    assert!(images(&glance).is_empty());

    let bytes = size(&build);
    let other = Server::start(&glance.address, move |request| {
        let is_shown = request.method == "GET" && request.target.contains("/v2/images/");
        let image = json!({ "status": "active", "size": bytes, "os_hash_algo": "sha512", "os_hash_value": "00" });
        if is_shown && !request.target.contains('?') {
            Answer::json(200, &image)
        } else {
            Answer::Forward
        }
    });
    let said = upload(&build, &keystone(other.url())).failed();
    has(&said, &["the provider has 00 of the SHA-512", "nothing is left at the provider"]);
    assert!(images(&glance).is_empty());
}

#[test]
fn credentials_are_asked_for_by_name() {
    let build = build();
    has(
        &Upload::new("openstack", &build).failed(),
        &["no credentials for OpenStack", "--cloud or OS_CLOUD"],
    );
    let keystone = keystone("http://127.0.0.1:1".to_owned());
    let wrong = Upload::new("openstack", &build)
        .env("OS_AUTH_URL", &keystone.url())
        .env("OS_USERNAME", "u")
        .env("OS_PASSWORD", "wrong")
        .failed();
    has(&wrong, &["401", "The request you have made requires authentication."]);
    let printed = upload(&build, &keystone).args(&["--dry-run"]).done();
    has(&printed, &["(credentials)", "\"hw_firmware_type\": \"uefi\"", "Upload binary image data"]);
    let without = Upload::new("openstack", &build).args(&["--dry-run"]).done();
    has(&without, &["POST https://KEYSTONE/v3/auth/tokens", "Upload binary image data"]);
    assert!(!printed.contains("very-secret"));
}
