//! EC2 where answers are lost and clean-ups fail.

use std::fs;

use serde_json::Value;

use crate::build::Build;
use crate::ec2::{HOME, amazon_error, is_empty, look, proxy, upload};
use crate::emulators::{Emulator, moto};
use crate::faults::Count;
use crate::run::{Upload, has};
use crate::server::{Answer, Request, Server};

/// Loses the answers to a call: it is done, and nobody hears of it.
fn mute(moto: &Emulator, is: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Server {
    proxy(moto, move |request| is(request).then_some(Answer::Mute))
}

#[test]
fn what_was_made_by_calls_whose_answers_were_lost_is_gone_on_with_or_removed() {
    let (moto, build) = (moto(), Build::new());
    let start = |request: &Request| request.target == "/snapshots";
    let said = upload(&build, &mute(&moto, start).address).failed();
    has(&said, &["StartSnapshot", "snapshot in eu-central-1: it may stand", "the same command"]);
    assert!(!said.contains("nothing is left"));
    let text = fs::read_to_string(build.states().pop().expect("a state file")).expect("text");
    let state: Value = serde_json::from_str(&text).expect("JSON");
    let token = state["notes"]["token"].as_str().expect("a token").to_owned();
    let healthy = proxy(&moto, |_| None);
    upload(&build, &healthy.address).args(&["--abandon"]).done();
    let again = healthy.seen(start).remove(0).text();
    assert!(again.contains(&format!("{token}-snapshot")), "another token: {again}");
    assert!(build.states().is_empty());

    let register = |request: &Request| request.is_action("RegisterImage");
    let other = ["--name", "second"];
    let server = mute(&moto, register);
    let said = upload(&build, &server.address).args(&other).failed();
    has(&said, &["RegisterImage", "image in eu-central-1: it may stand", "snapshot snap-"]);
    assert_eq!(server.seen(register).len(), 1);
    // moto does not say which snapshot an image is of.
    let text = fs::read_to_string(build.states().pop().expect("a state file")).expect("text");
    let state: Value = serde_json::from_str(&text).expect("JSON");
    let snapshot = state["made"][0]["id"].as_str().expect("a snapshot").to_owned();
    let image = look(&moto, HOME)["images"]["second"].as_str().expect("an image").to_owned();
    let found = format!(
        "<Response><imagesSet><item><imageId>{image}</imageId><imageState>available</imageState>\
         <snapshotId>{snapshot}</snapshotId></item></imagesSet></Response>"
    );
    let healthy = proxy(&moto, move |request| {
        let answer = || Answer::Reply(200, Vec::new(), found.clone().into_bytes());
        request.is_action("DescribeImages").then(answer)
    });
    upload(&build, &healthy.address).args(&other).done();
    assert_eq!(healthy.seen(register).len(), 0, "it was registered twice");

    // An older image with the name of the command that cleans up is not taken for the copy of an earlier one.
    let copy = |request: &Request| request.is_action("CopyImage");
    let endpoint = format!("http://{}", moto.address);
    Upload::new("ec2", &build)
        .args(&["--region", "us-east-1", "--name", "older", "--endpoint", &endpoint])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "very-secret")
        .done();
    let third = ["--name", "third", "--copy-to", "us-east-1"];
    // moto does not know a token again.
    let copies = Count::default();
    let once = proxy(&moto, move |request| {
        let lost = || if copies.next() == 1 { Answer::Mute } else { Answer::Drop };
        copy(request).then(lost)
    });
    upload(&build, &once.address).args(&third).failed();
    upload(&build, &moto.address).args(&["--name", "older", "--abandon"]).done();
    let images = look(&moto, "us-east-1")["images"].clone();
    assert!(images["older"].is_string() && images["third"].is_null(), "{images}");

    let fourth = ["--name", "fourth", "--copy-to", "us-east-1"];
    let said = upload(&build, &mute(&moto, copy).address).args(&fourth).failed();
    has(&said, &["CopyImage", "image in us-east-1: it may stand"]);
    let healthy = proxy(&moto, |_| None);
    upload(&build, &healthy.address).args(&fourth).done();
    assert_eq!(healthy.seen(copy).len(), 1, "the copy was not asked for again");
}

#[test]
fn a_region_says_what_went_wrong_even_where_its_image_cannot_be_removed() {
    let (moto, build) = (moto(), Build::new());
    let server = proxy(&moto, |request| {
        let away = request.region() == "us-east-1";
        let refused = |action| away && request.is_action(action);
        if refused("CreateTags") {
            return Some(amazon_error(403, "UnauthorizedOperation", "No tags."));
        }
        refused("DeregisterImage").then(|| amazon_error(403, "UnauthorizedOperation", "It stays."))
    });
    let said = upload(&build, &server.address).args(&["--copy-to", "us-east-1"]).failed();
    has(&said, &["us-east-1: CreateTags", "No tags.", "could not be removed: DeregisterImage"]);
    upload(&build, &moto.address).args(&["--abandon"]).done();
    is_empty(&moto, "us-east-1");
}

#[test]
fn what_ec2_does_not_know_yet_is_waited_for_and_is_not_taken_as_gone() {
    let (moto, build) = (moto(), Build::new());
    let late = |moto: &Emulator, action: &'static str, code: &'static str| {
        let looks = Count::default();
        proxy(moto, move |request| {
            let by_id = request.is_action(action) && !request.text().contains("Filter.");
            (by_id && looks.next() <= 2).then(|| amazon_error(400, code, "It does not exist."))
        })
    };
    let server = late(&moto, "DescribeImages", "InvalidAMIID.NotFound");
    upload(&build, &server.address).done();
    let server = late(&moto, "DescribeSnapshots", "InvalidSnapshot.NotFound");
    upload(&build, &server.address).args(&["--name", "second"]).done();

    let (moto, build) = (self::moto(), Build::new());
    let blind = proxy(&moto, |request| {
        let by_id = request.is_action("DescribeImages") && !request.text().contains("Filter.");
        by_id.then_some(Answer::Drop)
    });
    upload(&build, &blind.address).failed();
    let server = late(&moto, "DescribeImages", "InvalidAMIID.NotFound");
    upload(&build, &server.address).args(&["--abandon"]).done();
    is_empty(&moto, HOME);
    assert!(build.states().is_empty());
}

#[test]
fn what_may_have_been_done_stays_in_doubt_whatever_is_said_later() {
    let (moto, build) = (moto(), Build::new());
    let start = |request: &Request| request.target == "/snapshots";
    let kept = || {
        let text = fs::read_to_string(build.states().pop().expect("a state file")).expect("text");
        let state: Value = serde_json::from_str(&text).expect("JSON");
        assert!(state["notes"].get("asked snapshot eu-central-1").is_some(), "{state}");
    };
    let calls = Count::default();
    let busy = proxy(&moto, move |request| {
        start(request).then(|| match calls.next() {
            1 => Answer::Mute,
            _ => amazon_error(400, "ThrottlingException", "Slow down."),
        })
    });
    let said = upload(&build, &busy.address).failed();
    has(&said, &["Slow down.; an earlier attempt had", "snapshot in eu-central-1: it may stand"]);
    kept();
    for options in [&["--quiet"][..0], &["--abandon"]] {
        let refused = proxy(&moto, move |request| {
            start(request).then(|| amazon_error(403, "AccessDeniedException", "No."))
        });
        let said = upload(&build, &refused.address).args(options).failed();
        has(&said, &["snapshot in eu-central-1: it may stand"]);
        kept();
    }
    upload(&build, &moto.address).args(&["--abandon"]).done();
    assert!(build.states().is_empty());
}

#[test]
fn a_copy_that_an_earlier_command_began_is_not_forgotten_by_one_that_does_not_name_it() {
    let (moto, build) = (moto(), Build::new());
    let blind = proxy(&moto, |request| {
        let look = request.is_action("DescribeImages") && !request.text().contains("Filter.");
        (look && request.region() == "us-east-1").then_some(Answer::Drop)
    });
    let copy = ["--copy-to", "us-east-1"];
    upload(&build, &blind.address).args(&copy).failed();
    let said = upload(&build, &moto.address).failed();
    has(&said, &["in other places than this command names", "in us-east-1, not finished"]);
    assert_eq!(build.states().len(), 1);
    assert_eq!(upload(&build, &moto.address).args(&copy).images().len(), 2);
    assert!(build.states().is_empty());
}
