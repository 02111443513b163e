//! EC2 and EBS, by moto; Amazon's own SDK judges.

use std::collections::BTreeMap;
use std::fs;

use keelson_format::platform::Platform;
use serde_json::{Value, json};

use crate::build::Build;
use crate::emulators::{Emulator, moto, script};
use crate::faults::Count;
use crate::run::{Upload, has};
use crate::server::{Answer, Request, Server};

pub const HOME: &str = "eu-central-1";
const NAME: &str = "keelson-amd64-usr-1.2.3";

pub fn upload(build: &Build, address: &str) -> Upload {
    Upload::new("ec2", build)
        .args(&["--region", HOME, "--endpoint", &format!("http://{address}")])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "very-secret")
}

/// What stands in a region, as Amazon's SDK sees it.
pub fn look(moto: &Emulator, region: &str) -> Value {
    let text = script("amazon.py", &["look", &format!("http://{}", moto.address), region]);
    serde_json::from_str(&text).expect("JSON")
}

pub fn is_empty(moto: &Emulator, region: &str) {
    let found = look(moto, region);
    assert_eq!(found["images"], json!({}), "images in {region}");
    assert_eq!(found["snapshots"], json!([]), "snapshots in {region}");
}

/// The snapshot holds the disk, with the bytes of EC2's platform in it.
fn holds_the_disk(moto: &Emulator, build: &Build, snapshot: &str) {
    let path = build.path().join("read-back");
    let endpoint = format!("http://{}", moto.address);
    script("amazon.py", &["read", &endpoint, HOME, snapshot, &path.display().to_string()]);
    let mut found = fs::read(&path).expect("a file");
    let disk = build.disk(Platform::Ec2);
    found.resize(disk.len(), 0);
    assert!(found == disk, "the snapshot is not the disk");
}

fn is_block(request: &Request) -> bool {
    request.method == "PUT" && request.target.contains("/blocks/")
}

/// A proxy that answers the calls for which `fault` gives an answer.
pub fn proxy(
    moto: &Emulator,
    fault: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
) -> Server {
    Server::start(&moto.address, move |request| fault(request).unwrap_or(Answer::Forward))
}

pub fn amazon_error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
    );
    Answer::Reply(status, Vec::new(), body.into_bytes())
}

/// The fields of a form.
fn fields(request: &Request) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let digits = [rest.next().expect("two digits"), rest.next().expect("two digits")];
                let digits = std::str::from_utf8(&digits).expect("digits").to_owned();
                bytes.push(u8::from_str_radix(&digits, 16).expect("digits"));
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).expect("text")
    };
    let text = request.text();
    let pairs = text.split('&').map(|pair| pair.split_once('=').expect("a pair"));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// The form must be what Amazon's SDK sends for the same parameters.
fn is_what_the_sdk_sends(request: &Request, parameters: &Value) {
    let mut sent = fields(request);
    let action = sent["Action"].clone();
    let text = script("amazon.py", &["form", &action, &parameters.to_string()]);
    let mut expected: BTreeMap<String, String> = serde_json::from_str(&text).expect("JSON");
    // A token is drawn by each.
    for form in [&mut sent, &mut expected] {
        form.remove("ClientToken");
    }
    assert_eq!(sent, expected);
}

#[test]
fn a_disk_becomes_an_image_in_every_region_and_reads_back_the_same() {
    let (moto, build) = (moto(), Build::new());
    // moto forgets what it does not emulate; the calls are kept here.
    let server = proxy(&moto, |_| None);
    let shared = ["--copy-to", "us-east-1", "--share-account", "123456789012"];
    let images = upload(&build, &server.address).args(&shared).images();
    let places: Vec<&str> = images.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, [HOME, "us-east-1"]);
    for (place, image) in &images {
        let found = look(&moto, place);
        assert_eq!(found["images"], json!({ NAME: image }), "in {place}");
        assert_eq!(found["permissions"][NAME], json!([{ "UserId": "123456789012" }]));
    }
    let snapshot = look(&moto, HOME)["snapshots"][0].as_str().expect("a snapshot").to_owned();
    holds_the_disk(&moto, &build, &snapshot);
    assert!(build.states().is_empty(), "the state file is still there");

    let tags = json!([
        { "Key": "Name", "Value": NAME }, { "Key": "keelson-version", "Value": "1.2.3" },
        { "Key": "keelson-board", "Value": "amd64-usr" },
        { "Key": "keelson-root-hash", "Value": "0".repeat(64) },
        { "Key": "keelson-keys", "Value": "dev" },
    ]);
    let [register] = &server.seen(|request| request.is_action("RegisterImage"))[..] else {
        panic!("not one RegisterImage")
    };
    let volume = json!({ "SnapshotId": snapshot, "VolumeType": "gp3", "VolumeSize": 1, "DeleteOnTermination": true });
    is_what_the_sdk_sends(
        register,
        &json!({
            "Name": NAME, "Description": "Keelson 1.2.3 for amd64-usr, kernel 6.12.0",
            "Architecture": "x86_64", "VirtualizationType": "hvm", "BootMode": "uefi",
            "TpmSupport": "v2.0", "ImdsSupport": "v2.0", "EnaSupport": true,
            "SriovNetSupport": "simple", "RootDeviceName": "/dev/xvda",
            "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": volume }],
            "TagSpecifications": [{ "ResourceType": "image", "Tags": tags }],
        }),
    );
    let copy = &server.seen(|request| request.is_action("CopyImage"))[0];
    assert_eq!(copy.region(), "us-east-1");
    is_what_the_sdk_sends(
        copy,
        &json!({ "SourceRegion": HOME, "SourceImageId": images[0].1, "Name": NAME, "CopyImageTags": true }),
    );
    let share = &server.seen(|request| request.is_action("ModifyImageAttribute"))[0];
    is_what_the_sdk_sends(
        share,
        &json!({ "ImageId": images[0].1, "LaunchPermission": { "Add": [{ "UserId": "123456789012" }] } }),
    );
    // A second time under the same name is refused before anything is sent.
    let blocks = server.seen(is_block).len();
    let said = upload(&build, &server.address).failed();
    has(
        &said,
        &[
            "has an image keelson-amd64-usr-1.2.3 already",
            "--name",
            "nothing is left at the provider",
        ],
    );
    assert_eq!(server.seen(is_block).len(), blocks);
}

#[test]
fn a_throttled_block_is_sent_again_and_a_damaged_one_ends_the_upload_with_nothing_left() {
    let (moto, build) = (moto(), Build::new());
    let throttled = Count::default();
    let server = proxy(&moto, move |request| {
        let first = is_block(request) && throttled.next() <= 2;
        first.then(|| {
            let kind = ("x-amzn-ErrorType", "ThrottlingException".to_owned());
            Answer::Reply(400, vec![kind], b"{\"Message\":\"Rate exceeded\"}".to_vec())
        })
    });
    upload(&build, &server.address).done();
    let snapshot = look(&moto, HOME)["snapshots"][0].as_str().expect("a snapshot").to_owned();
    holds_the_disk(&moto, &build, &snapshot);

    let damaged = proxy(&moto, |request| {
        let sum = ("x-amz-Checksum", "AAAA".to_owned());
        request.target.ends_with("/blocks/11").then(|| Answer::Reply(201, vec![sum], Vec::new()))
    });
    let other = ["--name", "another", "--region", "eu-west-1"];
    let said = Upload::new("ec2", &build)
        .args(&other)
        .args(&["--endpoint", &damaged.url()])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "very-secret")
        .failed();
    has(&said, &["PutSnapshotBlock: the provider has AAAA of block 11", "nothing is left"]);
    is_empty(&moto, "eu-west-1");
    assert!(build.states().is_empty());
}

#[test]
fn an_upload_that_loses_its_connection_goes_on_where_it_stopped() {
    let (moto, build) = (moto(), Build::new());
    let blocks = Count::default();
    let server = proxy(&moto, move |request| {
        (is_block(request) && blocks.next() > 20).then_some(Answer::Drop)
    });
    let said = upload(&build, &server.address).failed();
    has(
        &said,
        &[
            "PutSnapshotBlock",
            "no answer after 3 attempts",
            "snapshot snap-",
            "not finished",
            "aws ec2 delete-snapshot --region eu-central-1",
            "the same command again",
            "--abandon",
        ],
    );
    assert!(!said.contains("very-secret"));
    let state = build.states().pop().expect("a state file");
    assert!(!fs::read_to_string(&state).expect("a state file").contains("secret"));

    // The disk is another one now: nothing is mixed.
    let disk = fs::read(build.path().join("disk.raw")).expect("a disk");
    let mut changed = disk.clone();
    changed[17] ^= 1;
    build.add("disk.raw", &changed);
    let said = upload(&build, &moto.address).failed();
    has(&said, &["is of an upload of another image", "snapshot snap-", "--restart"]);

    build.add("disk.raw", &disk);
    let healthy = proxy(&moto, |_| None);
    upload(&build, &healthy.address).done();
    let all = 1 + 2 + 6 + 1 + 18 + 1;
    let sent = healthy.seen(is_block).len();
    assert!((all - 20..all).contains(&sent), "{sent} of {all} blocks were sent again");
    let found = look(&moto, HOME);
    assert_eq!(found["snapshots"].as_array().expect("a list").len(), 1);
    holds_the_disk(&moto, &build, found["snapshots"][0].as_str().expect("text"));
    assert!(build.states().is_empty());
}

#[test]
fn what_an_interrupted_upload_left_can_be_abandoned_or_begun_anew() {
    let (moto, build) = (moto(), Build::new());
    let broken = proxy(&moto, |request| is_block(request).then_some(Answer::Drop));
    upload(&build, &broken.address).failed();
    assert_eq!(look(&moto, HOME)["snapshots"].as_array().expect("a list").len(), 1);
    upload(&build, &moto.address).args(&["--abandon"]).done();
    is_empty(&moto, HOME);
    assert!(build.states().is_empty());

    upload(&build, &broken.address).failed();
    let before = look(&moto, HOME)["snapshots"][0].clone();
    upload(&build, &moto.address).args(&["--restart"]).done();
    let after = look(&moto, HOME)["snapshots"].clone();
    assert_eq!(after.as_array().expect("a list").len(), 1);
    assert_ne!(after[0], before);
}

#[test]
fn credentials_that_are_missing_or_run_out_are_said_and_the_upload_goes_on_with_new_ones() {
    let (moto, build) = (moto(), Build::new());
    let endpoint = format!("http://{}", moto.address);
    let said =
        Upload::new("ec2", &build).args(&["--region", HOME, "--endpoint", &endpoint]).failed();
    has(&said, &["no credentials for Amazon EC2", "AWS_PROFILE", "nothing is left"]);
    has(&Upload::new("ec2", &build).failed(), &["no region: give --region"]);

    let expired = proxy(&moto, |request| {
        request
            .is_action("RegisterImage")
            .then(|| amazon_error(400, "RequestExpired", "Request has expired."))
    });
    let said = upload(&build, &expired.address).failed();
    has(
        &said,
        &[
            "RegisterImage",
            "400 RequestExpired Request has expired.",
            "snapshot snap-",
            "the same command again",
        ],
    );
    let healthy = proxy(&moto, |_| None);
    // By a profile this time, as the AWS command line reads it.
    fs::create_dir(build.path().join(".aws")).expect("a folder");
    build.add(
        ".aws/credentials",
        b"[work]\naws_access_key_id = test\naws_secret_access_key = test\n",
    );
    build.add(".aws/config", format!("[profile work]\nregion = {HOME}\n").as_bytes());
    let endpoint = healthy.url();
    Upload::new("ec2", &build).args(&["--profile", "work", "--endpoint", &endpoint]).done();
    assert_eq!(healthy.seen(is_block).len(), 0, "blocks were sent again");
    assert_eq!(look(&moto, HOME)["images"].as_object().expect("a map").len(), 1);
}

#[test]
fn a_region_that_fails_half_way_is_rolled_back_or_made_up_for() {
    let (moto, build) = (moto(), Build::new());
    let refuse = |request: &Request| {
        (request.is_action("CopyImage") && request.region() == "ap-south-1")
            .then(|| amazon_error(400, "ResourceLimitExceeded", "Too many copies."))
    };
    let copies = ["--copy-to", "us-east-1", "--copy-to", "ap-south-1"];
    let server = proxy(&moto, refuse);
    let said = upload(&build, &server.address).args(&copies).failed();
    has(
        &said,
        &["ap-south-1: CopyImage", "ResourceLimitExceeded Too many copies.", "nothing is left"],
    );
    for region in [HOME, "us-east-1", "ap-south-1"] {
        is_empty(&moto, region);
    }

    let kept = [&copies[..], &["--on-failure", "continue"]].concat();
    let said = upload(&build, &server.address).args(&kept).failed();
    has(
        &said,
        &[
            "ap-south-1: CopyImage",
            "at the provider stands:",
            "in us-east-1;",
            "the same command again",
        ],
    );
    assert_eq!(look(&moto, "us-east-1")["images"].as_object().expect("a map").len(), 1);
    let healthy = proxy(&moto, |_| None);
    let images = upload(&build, &healthy.address).args(&kept).images();
    assert_eq!(images.len(), 3);
    let registered =
        |action: &'static str| healthy.seen(move |request| request.is_action(action)).len();
    assert_eq!((registered("RegisterImage"), registered("CopyImage")), (0, 1));
    for region in [HOME, "us-east-1", "ap-south-1"] {
        assert_eq!(look(&moto, region)["images"].as_object().expect("a map").len(), 1);
    }
}

#[test]
fn what_cannot_be_removed_is_named_with_the_command_that_does() {
    let (moto, build) = (moto(), Build::new());
    let server = proxy(&moto, |request| {
        let refused = request.is_action("RegisterImage") || request.is_action("DeleteSnapshot");
        refused.then(|| amazon_error(403, "UnauthorizedOperation", "You are not authorized."))
    });
    let said = upload(&build, &server.address).failed();
    has(
        &said,
        &[
            "RegisterImage",
            "UnauthorizedOperation",
            "could not be removed: DeleteSnapshot",
            "remove it by hand with: aws ec2 delete-snapshot --region eu-central-1 --snapshot-id snap-",
        ],
    );
    upload(&build, &moto.address).args(&["--abandon"]).done();
    is_empty(&moto, HOME);
}

#[test]
fn a_dry_run_prints_every_call_and_needs_neither_network_nor_credentials() {
    let build = Build::new();
    let dry = Upload::new("ec2", &build).args(&[
        "--region",
        HOME,
        "--copy-to",
        "us-east-1",
        "--public",
        "--dry-run",
    ]);
    let printed = dry.done();
    let count = |name: &str| printed.matches(&format!("  {name}\n")).count();
    assert_eq!(count("PutSnapshotBlock"), 29);
    for (name, times) in [
        ("DescribeImages", 4),
        ("StartSnapshot", 1),
        ("CompleteSnapshot", 1),
        ("DescribeSnapshots", 1),
        ("RegisterImage", 1),
        ("CopyImage", 1),
        ("ModifyImageAttribute", 2),
    ] {
        assert_eq!(count(name), times, "{name} in:\n{printed}");
    }
    has(
        &printed,
        &[
            "POST https://ec2.us-east-1.amazonaws.com/  CopyImage",
            "LaunchPermission.Add.1.Group=all",
        ],
    );
    assert!(build.states().is_empty());
}
