//! Tests of the private root's configuration and of the advice given for apt's errors.

use std::path::Path;

use super::{advice, config, run};

#[test]
fn the_configuration_is_private_and_keeps_the_hosts_proxy() {
    let kept = [("Acquire::http::Proxy".to_owned(), "http://proxy.example:3128".to_owned())];
    let text = config::write(Path::new("/c"), &kept).expect("writes");
    for line in [
        "Dir::State \"/c/state\";",
        "Dir::State::status \"/c/status\";",
        "Dir::Cache \"/c/cache\";",
        "Dir::Log \"/c/log\";",
        "Dir::Etc::sourceparts \"/c/sources\";",
        "Dir::Etc::parts \"/dev/null\";",
        "Dir::Etc::trustedparts \"/dev/null\";",
        "APT::Sandbox::User \"\";",
        "APT::Architecture \"amd64\";",
        "Acquire::AllowInsecureRepositories \"false\";",
        "Acquire::http::Proxy \"http://proxy.example:3128\";",
        "Acquire::Retries \"3\";",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is not in\n{text}");
    }
}

#[test]
fn only_settings_of_the_network_and_of_validity_are_kept() {
    let table = [
        ("Acquire::http::Proxy", true),
        ("Acquire::HTTP::Proxy-Auto-Detect", true),
        ("Acquire::https::Verify-Peer", true),
        ("Acquire::Retries", true),
        ("Acquire::Check-Valid-Until", true),
        ("Acquire::AllowInsecureRepositories", false),
        ("Acquire::IndexTargets::deb::Packages", false),
        ("APT::Update::Post-Invoke::", false),
        ("Acquire::httpx", false),
    ];
    for (key, kept) in table {
        assert_eq!(config::is_kept(key), kept, "{key}");
    }
}

#[test]
fn a_path_that_cannot_be_quoted_is_refused() {
    config::write(Path::new("/a\"b"), &[]).expect_err("refused");
}

#[test]
fn each_kind_of_trouble_has_its_advice() {
    let table = [
        ("E: Write error - write (28: No space left on device)", "the disk is full"),
        ("W: GPG error: ... NO_PUBKEY 0123", "the archive's signature"),
        ("E: Failed to fetch ... Hash Sum mismatch", "the mirror gives other bytes"),
        ("E: Failed to fetch ... Could not resolve 'm.example'", "the mirror does not answer"),
        ("E: The repository '...' does not have a Release file.", "the mirror does not hold"),
        ("E: something new", "see apt's messages"),
    ];
    for (output, start) in table {
        assert!(advice(output).starts_with(start), "{output}: {}", advice(output));
    }
}

#[test]
fn errors_are_shown_without_repetition_and_not_too_many() {
    let text = run::told(
        "Get:1\n",
        "W: noise\nE: one\n   - detail\nW: noise\n   - of noise\nE: one\nE: two\n",
    );
    assert_eq!(text, "E: one\n   - detail\nE: two");
    let many = (0..99).map(|n| format!("E: {n}")).collect::<Vec<_>>().join("\n");
    let text = run::told("", &many);
    assert_eq!(text.lines().count(), 13);
    assert!(text.ends_with("... and 87 lines more"), "{text}");
    assert_eq!(run::told("out\n", "W: err\n"), "out\nW: err");
}
