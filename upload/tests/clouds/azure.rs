//! Azure: page blobs by Azurite; the Resource Manager by a server of ours with the documented answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use keelson_upload::azure::blob;
use keelson_upload::azure::shared_key::SharedKey;
use keelson_upload::call::{Call, Method};
use keelson_upload::client::{Client, Patience};
use serde_json::{Value, json};

use crate::build::Build;
use crate::emulators::{Emulator, azurite};
use crate::faults::Count;
use crate::run::{Upload, has};
use crate::server::{Answer, Request, Server};

/// Azurite's account and key, which its documentation gives.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const NAME: &str = "keelson-amd64-usr-1.2.3";

/// A call of the blob service.
fn blobs(azurite: &Emulator, method: Method, rest: &str) -> (u16, Vec<u8>) {
    let client = Client::new(Patience::default()).expect("TLS");
    let url = format!("http://{}/{ACCOUNT}/{rest}", azurite.address);
    let call = Call::new("test", method, url).header("x-ms-version", "2023-11-03").expect(&[404]);
    let key = SharedKey { account: ACCOUNT.to_owned(), key: KEY.to_owned() };
    let reply = client.send(&call, &key).expect("an answer");
    (reply.status, reply.body)
}

fn container() -> Emulator {
    let azurite = azurite();
    assert_eq!(blobs(&azurite, Method::Put, "vhds?restype=container").0, 201);
    azurite
}

/// The Resource Manager as its reference has it, and the endpoint that gives a managed identity its tokens.
fn manager(refused: bool) -> Server {
    let resources: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
    Server::start("", move |request| {
        let mut resources = resources.lock().expect("no panic while held");
        if request.target.starts_with("/token") {
            let token = json!({
                "access_token": "very-secret", "expires_on": "4102444800", "resource": "r", "token_type": "Bearer",
            });
            return Answer::json(200, &token);
        }
        assert_eq!(request.header("authorization"), "Bearer very-secret");
        let (id, version) = request.target.split_once("?api-version=").expect("a version");
        assert!(["2024-07-01", "2023-07-03"].contains(&version));
        match request.method.as_str() {
            "GET" => match resources.get(id) {
                Some(resource) => Answer::json(200, resource),
                None => Answer::json(
                    404,
                    &json!({ "error": { "code": "ResourceNotFound", "message": "none" } }),
                ),
            },
            "PUT" => {
                let mut body: Value = serde_json::from_slice(&request.body).expect("JSON");
                body["properties"]["provisioningState"] = json!("Succeeded");
                if refused {
                    body["properties"]["provisioningState"] = json!("Failed");
                    body["properties"]["error"] = json!({ "message": "The blob is no VHD." });
                }
                resources.insert(id.to_owned(), body.clone());
                Answer::json(201, &body)
            }
            _ => {
                resources.remove(id);
                Answer::status(202)
            }
        }
    })
}

fn upload(build: &Build, blobs: &str, manager: &Server) -> Upload {
    let endpoint = format!("http://{blobs}/{ACCOUNT}");
    Upload::new("azure", build)
        .args(&["--subscription", "s1", "--resource-group", "g1", "--location", "westeurope"])
        .args(&["--blob-endpoint", &endpoint, "--management-endpoint", &manager.url()])
        .env("AZURE_STORAGE_ACCOUNT", ACCOUNT)
        .env("AZURE_STORAGE_KEY", KEY)
        .env("IDENTITY_ENDPOINT", &format!("{}/token", manager.url()))
        .env("IDENTITY_HEADER", "secret")
}

/// A build with a fixed VHD: the disk and a footer of 512 bytes.
fn build() -> (Build, Vec<u8>) {
    let build = Build::new();
    let mut vhd = build.disk(keelson_format::platform::Platform::Azure);
    vhd.extend_from_slice(b"conectix");
    vhd.resize(vhd.len() + 504, 0);
    build.add("disk.vhd", &vhd);
    (build, vhd)
}

fn is_page(request: &Request) -> bool {
    request.target.contains("comp=page") && request.method == "PUT"
}

#[test]
fn a_vhd_becomes_an_image_and_its_blob_goes() {
    let (azurite, manager, (build, vhd)) = (container(), manager(false), build());
    let server = Server::start(&azurite.address, |_| Answer::Forward);
    let images = upload(&build, &server.address, &manager).args(&["--keep-blob"]).images();
    let id =
        format!("/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Compute/images/{NAME}");
    assert_eq!(images, [("westeurope".to_owned(), id)]);
    assert!(
        blobs(&azurite, Method::Get, &format!("vhds/{NAME}.vhd")).1 == vhd,
        "the blob is not the VHD"
    );
    let pages: usize = server.seen(is_page).iter().map(|request| request.body.len()).sum();
    assert!(
        pages < 15 << 20,
        "{pages} bytes were sent of {} MiB with 13 MiB of data",
        vhd.len() >> 20
    );

    let [put] = &manager.seen(|request| request.method == "PUT")[..] else { panic!("not one PUT") };
    let body: Value = serde_json::from_slice(&put.body).expect("JSON");
    let disk = &body["properties"]["storageProfile"]["osDisk"];
    assert_eq!(body["properties"]["hyperVGeneration"], "V2");
    assert_eq!(disk["blobUri"], format!("{}/{ACCOUNT}/vhds/{NAME}.vhd", server.url()));
    assert_eq!(body["tags"]["keelson-version"], "1.2.3");

    let said = upload(&build, &azurite.address, &manager).failed();
    has(&said, &["g1 has an image keelson-amd64-usr-1.2.3 already"]);
    let said = upload(&build, &azurite.address, &manager).args(&["--gallery", "gal"]).failed();
    has(&said, &["has an image", "already (http", "nothing is left"]);
    let gallery = ["--gallery", "gal", "--copy-to", "northeurope", "--name", "other"];
    let images = upload(&build, &azurite.address, &manager).args(&gallery).images();
    assert!(images[0].1.ends_with("/galleries/gal/images/keelson/versions/1.2.3"));
    assert_eq!(blobs(&azurite, Method::Get, "vhds/other.vhd").0, 404);
    let put = manager
        .seen(|request| request.method == "PUT" && request.target.contains("/versions/"))
        .remove(0);
    let body: Value = serde_json::from_slice(&put.body).expect("JSON");
    let regions = &body["properties"]["publishingProfile"]["targetRegions"];
    assert_eq!(*regions, json!([{ "name": "westeurope" }, { "name": "northeurope" }]));
    assert!(build.states().is_empty());
}

#[test]
fn pages_that_arrived_are_not_sent_again_and_a_busy_server_is_asked_again() {
    let (azurite, manager, (build, vhd)) = (container(), manager(false), build());
    let pages = Count::default();
    let server = Server::start(&azurite.address, move |request| {
        let number = if is_page(request) { pages.next() } else { 0 };
        match number {
            1 => Answer::Reply(503, vec![("x-ms-error-code", "ServerBusy".to_owned())], Vec::new()),
            4.. => Answer::Mute,
            _ => Answer::Forward,
        }
    });
    let args = ["--parallel", "1", "--keep-blob"];
    let said = upload(&build, &server.address, &manager).args(&args).failed();
    has(
        &said,
        &[
            "Put Page",
            "no answer after 3 attempts",
            "blob http://",
            "az storage blob delete",
            "the same command again",
        ],
    );
    assert!(!said.contains(KEY) && !said.contains("very-secret"));
    let healthy = Server::start(&azurite.address, |_| Answer::Forward);
    upload(&build, &healthy.address, &manager).args(&args).done();
    assert_eq!(healthy.seen(|request| request.header("x-ms-blob-type") == "PageBlob").len(), 0);
    let all = server.seen(is_page).len() + healthy.seen(is_page).len();
    assert!(healthy.seen(is_page).len() < all, "all pages were sent again");
    assert!(blobs(&azurite, Method::Get, &format!("vhds/{NAME}.vhd")).1 == vhd);
}

#[test]
fn a_blob_whose_answer_was_lost_is_gone_on_with_or_removed_and_one_of_others_stays() {
    let (azurite, manager, (build, _)) = (container(), manager(false), build());
    let is_create = |request: &Request| request.header("x-ms-blob-type") == "PageBlob";
    let lost = Server::start(&azurite.address, move |request| {
        if is_create(request) { Answer::Mute } else { Answer::Forward }
    });
    let there = || blobs(&azurite, Method::Get, &format!("vhds/{NAME}.vhd")).0;
    let said = upload(&build, &lost.address, &manager).failed();
    has(&said, &["Put Blob", "no answer", "blob http://", "the same command again"]);
    assert_eq!((lost.seen(is_create).len(), there()), (1, 200));
    upload(&build, &lost.address, &manager).args(&["--abandon"]).done();
    assert_eq!(there(), 404);

    upload(&build, &lost.address, &manager).failed();
    assert_eq!(there(), 200);
    // By the same address, as the state knows the blob by it.
    let said = upload(&build, &lost.address, &manager).failed();
    has(&said, &["no answer"]);
    let state = build.states().pop().expect("a state file");
    let text = std::fs::read_to_string(&state).expect("text");
    std::fs::write(&state, text.replace(&lost.address, &azurite.address)).expect("room");
    upload(&build, &azurite.address, &manager).done();
    assert!(build.states().is_empty());

    // A call that never arrived, and then a blob of somebody else.
    let dropped = Server::start(&azurite.address, move |request| {
        if is_create(request) { Answer::Drop } else { Answer::Forward }
    });
    upload(&build, &dropped.address, &manager).args(&["--name", "other"]).failed();
    let client = Client::new(Patience::default()).expect("TLS");
    let url = format!("http://{}/{ACCOUNT}/vhds/other.vhd", azurite.address);
    let key = SharedKey { account: ACCOUNT.to_owned(), key: KEY.to_owned() };
    client.send(&blob::create(&url, 512, "another"), &key).expect("an answer");
    upload(&build, &dropped.address, &manager).args(&["--name", "other", "--abandon"]).done();
    assert_eq!(blobs(&azurite, Method::Get, "vhds/other.vhd").0, 200);
    assert!(build.states().is_empty());
}

#[test]
fn an_image_that_fails_leaves_no_blob_behind() {
    let (azurite, manager, (build, _)) = (container(), manager(true), build());
    let said = upload(&build, &azurite.address, &manager).failed();
    has(&said, &["is Failed: The blob is no VHD.", "nothing is left at the provider"]);
    assert_eq!(blobs(&azurite, Method::Get, &format!("vhds/{NAME}.vhd")).0, 404);
    assert_eq!(manager.seen(|request| request.method == "DELETE").len(), 1);

    let wrong = upload(&build, &azurite.address, &manager)
        .env("AZURE_STORAGE_KEY", "AAAA")
        .args(&["--name", "x"]);
    has(&wrong.failed(), &["Put Blob", "403"]);
    let said = upload(&build, &azurite.address, &manager)
        .args(&["--container", "none", "--name", "x"])
        .failed();
    has(&said, &["Put Blob", "404 ContainerNotFound", "nothing is left"]);
    let said = Upload::new("azure", &build).args(&["--location", "l"]).failed();
    has(&said, &["no storage account: give --storage-account"]);
}

#[test]
fn an_image_that_somebody_else_made_meanwhile_is_neither_replaced_nor_deleted() {
    let (azurite, manager, (build, _)) = (container(), manager(false), build());
    let (theirs, looks) = (json!({ "tags": { "keelson-upload": "theirs" } }), Count::default());
    let is_image = |request: &Request| request.target.contains("/images/");
    let late = Server::start(&manager.address, move |request| {
        let there = is_image(request) && request.method == "GET" && looks.next() > 1;
        if there { Answer::json(200, &theirs) } else { Answer::Forward }
    });
    let said = upload(&build, &azurite.address, &late).failed();
    has(&said, &["g1 has an image keelson-amd64-usr-1.2.3 already", "nothing is left"]);
    assert_eq!(late.seen(|request| is_image(request) && request.method != "GET").len(), 0);

    // The call never arrived, and then somebody else made it.
    let theirs = json!({ "tags": { "keelson-upload": "theirs" } });
    let dropped = Server::start(&manager.address, move |request| match request.method.as_str() {
        "PUT" => Answer::Drop,
        _ => Answer::Forward,
    });
    let other = ["--gallery", "gal"];
    let said = upload(&build, &azurite.address, &dropped).args(&other).failed();
    has(&said, &["definition /subscriptions", "the same command again"]);
    let another = [&other[..], &["--gallery-version", "2.0.0"]].concat();
    let said = upload(&build, &azurite.address, &manager).args(&another).failed();
    has(&said, &["is of an upload of another target"]);
    let taken = Server::start(&manager.address, move |request| match request.method.as_str() {
        "GET" if is_image(request) => Answer::json(200, &theirs),
        _ => Answer::Forward,
    });
    upload(&build, &azurite.address, &taken).args(&other).args(&["--abandon"]).done();
    assert_eq!(taken.seen(|request| request.method == "DELETE").len(), 0);
    assert!(build.states().is_empty());
}

#[test]
fn a_deletion_that_takes_a_while_is_waited_for_and_after_one_that_fails_the_blob_is_sent_anew() {
    let (azurite, manager, (build, _)) = (container(), manager(true), build());
    let deletes = Count::default();
    let slow = Server::start(&manager.address, move |request| {
        let number = if request.method == "DELETE" { deletes.next() } else { 0 };
        match number {
            1 => Answer::status(202),
            2 => Answer::status(409),
            _ => Answer::Forward,
        }
    });
    has(&upload(&build, &azurite.address, &slow).failed(), &["nothing is left"]);
    assert_eq!(slow.seen(|request| request.method == "DELETE").len(), 3);

    let stuck = Server::start(&manager.address, |request| match request.method.as_str() {
        "DELETE" => Answer::status(409),
        _ => Answer::Forward,
    });
    let said = upload(&build, &azurite.address, &stuck).failed();
    has(&said, &["could not be removed: Delete", "the same command again"]);
    assert_eq!(blobs(&azurite, Method::Get, &format!("vhds/{NAME}.vhd")).0, 404);
    upload(&build, &azurite.address, &self::manager(false)).done();
    assert!(build.states().is_empty());
}

#[test]
fn a_dry_run_prints_pages_and_image() {
    let (build, _) = build();
    let args = [
        "--storage-account",
        "a1",
        "--subscription",
        "s1",
        "--resource-group",
        "g1",
        "--location",
        "l1",
        "--dry-run",
    ];
    let printed = Upload::new("azure", &build).args(&args).done();
    has(
        &printed,
        &[
            "x-ms-range: bytes=0-65535",
            "Images - Create Or Update",
            "\"hyperVGeneration\": \"V2\"",
            "Delete Blob",
        ],
    );
}
