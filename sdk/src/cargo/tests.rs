//! Tests of the cargo runner: the environment's rules, and a small workspace built from two folders.

use std::ffi::OsStr;
use std::path::Path;

use fs_err as fs;

use super::{CargoError, WorkspaceProgram, environment, run};
use crate::{Error, Options, Progress, Sdk};

#[test]
fn compiler_settings_of_the_caller_are_dropped_and_network_settings_kept() {
    let table = [
        ("RUSTFLAGS", true),
        ("RUSTC_WRAPPER", true),
        ("RUST_BACKTRACE", true),
        ("RUSTUP_TOOLCHAIN", false),
        ("CARGO_ENCODED_RUSTFLAGS", true),
        ("CARGO_PROFILE_RELEASE_LTO", true),
        ("CARGO_MANIFEST_DIR", true),
        ("CARGO_HOME", false),
        ("CARGO_NET_OFFLINE", false),
        ("CARGO_HTTP_PROXY", false),
        ("CFLAGS_x86_64_unknown_linux_gnu", true),
        ("http_proxy", false),
        ("PATH", false),
    ];
    for (name, dropped) in table {
        assert_eq!(environment::is_dropped(OsStr::new(name)), dropped, "{name}");
    }
}

#[test]
fn package_identifiers_are_told_apart() {
    let table = [
        ("path+file:///w/sdk#keelson-sdk@0.1.0", "keelson-sdk", true),
        ("path+file:///w/probe#0.1.0", "probe", true),
        ("path+file:///w/probe#0.1.0", "robe", false),
        ("registry+https://x.example/i#serde@1.0.0", "serde", true),
    ];
    for (id, package, is) in table {
        assert_eq!(run::of_package(id, package), is, "{id}");
    }
}

fn workspace(folder: &Path, body: &str) {
    fs::create_dir_all(folder.join("src")).expect("mkdir");
    fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"tiny\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[profile.release]\nstrip = true\npanic = \"abort\"\n",
    )
    .expect("writes");
    fs::write(
        folder.join("Cargo.lock"),
        "version = 4\n\n[[package]]\nname = \"tiny\"\nversion = \"1.0.0\"\n",
    )
    .expect("writes");
    fs::write(folder.join("src/main.rs"), body).expect("writes");
}

fn sdk(cache: &Path) -> Sdk {
    Sdk::open(Options {
        cache: cache.to_owned(),
        mirror: None,
        offline: true,
        locked: true,
        progress: Progress::quiet(),
    })
    .expect("opens")
}

fn tiny() -> [WorkspaceProgram; 1] {
    [WorkspaceProgram { package: "tiny".to_owned(), binary: "tiny".to_owned() }]
}

#[test]
fn two_folders_and_two_caches_give_the_same_bytes() {
    let folder = tempfile::tempdir().expect("tempdir");
    let body = "fn main() { let n = std::env::args().count(); assert!(n < 9, \"{}\", file!()); println!(\"{n}\"); }\n";
    let mut built = Vec::new();
    for name in ["one", "two with a space and it's quote"] {
        let place = folder.path().join(name);
        workspace(&place.join("checkout"), body);
        let sdk = sdk(&place.join("cache"));
        let programs = sdk
            .build_workspace(&place.join("checkout"), &tiny(), &place.join("target"))
            .expect("builds");
        built.push(fs::read(&programs["tiny"]).expect("there"));
    }
    assert!(built[0] == built[1]);
    let text = folder.path().to_string_lossy().into_owned();
    assert!(!built[0].windows(text.len()).any(|window| window == text.as_bytes()));
}

#[test]
fn the_compilers_errors_are_shown_whole() {
    let folder = tempfile::tempdir().expect("tempdir");
    workspace(folder.path(), "fn main() { nonsense }\n");
    let error = sdk(&folder.path().join("cache"))
        .build_workspace(folder.path(), &tiny(), &folder.path().join("target"))
        .expect_err("fails");
    let Error::Cargo(CargoError::Build { output, .. }) = error else {
        panic!("{error}");
    };
    assert!(output.contains("cannot find value `nonsense`"), "{output}");
    assert!(output.contains("src/main.rs:1:13"), "{output}");
}

#[test]
fn a_crate_that_is_not_there_is_an_error_that_says_offline() {
    let folder = tempfile::tempdir().expect("tempdir");
    let program = super::CrateProgram {
        name: "keelson-no-such-crate".to_owned(),
        version: "1.0.0".to_owned(),
        features: vec!["minimal".to_owned()],
        default_features: false,
        binaries: vec!["none".to_owned()],
    };
    let error = sdk(folder.path()).build_crate(&program).expect_err("fails");
    assert!(matches!(error, Error::Cargo(CargoError::Offline { .. })), "{error}");
    let left = fs::read_dir(folder.path().join("crates")).expect("there").count();
    assert_eq!(left, 0, "nothing half made is left");
}
