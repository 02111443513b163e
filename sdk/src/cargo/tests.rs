//! Tests of the cargo runner: the environment's rules, and a small workspace built from two folders.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::{CargoError, WorkspaceProgram, environment, home, run};
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
        ("CARGO_HOME", true),
        ("CARGO_NET_OFFLINE", false),
        ("CARGO_HTTP_PROXY", false),
        ("CFLAGS_x86_64_unknown_linux_gnu", true),
        ("LANG", true),
        ("LANGUAGE", true),
        ("LC_ALL", true),
        ("UUCORE_TARGET_UTIL", true),
        ("LANGTON", false),
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

/// A user's home of cargo with settings, beside a target folder.
fn homes(folder: &Path) -> (PathBuf, PathBuf) {
    let (user, target) = (folder.join("user's"), folder.join("target"));
    fs::create_dir_all(&user).expect("mkdir");
    fs::create_dir_all(&target).expect("mkdir");
    fs::write(user.join("config.toml"), "[http]\ncainfo = \"certificates.pem\"\n").expect("writes");
    fs::write(user.join("credentials.toml"), "[registry]\ntoken = \"secret\"\n").expect("writes");
    (user, target)
}

#[test]
fn the_home_shares_downloads_locks_settings_and_credentials_and_nothing_else() {
    let folder = tempfile::tempdir().expect("tempdir");
    let (user, target) = homes(folder.path());
    fs::create_dir_all(user.join("registry/src/index/uu_other-1.0.0")).expect("mkdir");
    let home = home::prepare(&user, &target, &folder.path().join("Cargo.lock")).expect("prepares");
    fs::write(home.join("registry/cache/one.crate"), "1").expect("writes");
    fs::write(home.join("registry/index/config.json"), "{}").expect("writes");
    fs::write(home.join(".package-cache"), "").expect("writes");
    for shared in ["registry/cache/one.crate", "registry/index/config.json", ".package-cache"] {
        assert!(user.join(shared).is_file(), "{shared}");
    }
    let token = fs::read_to_string(home.join("credentials.toml")).expect("there");
    assert!(token.contains("secret"));
    assert_eq!(fs::read_dir(home.join("registry/src")).expect("there").count(), 0);
    assert_eq!(
        home::prepare(&user, &target, &folder.path().join("Cargo.lock")).expect("again"),
        home
    );
}

#[test]
fn the_home_follows_the_user_to_another_one() {
    let folder = tempfile::tempdir().expect("tempdir");
    let (user, target) = homes(folder.path());
    let lock = folder.path().join("Cargo.lock");
    let home = home::prepare(&user, &target, &lock).expect("prepares");
    let other = folder.path().join("other");
    fs::create_dir(&other).expect("mkdir");
    home::prepare(&other, &target, &lock).expect("prepares");
    assert_eq!(
        fs::read_link(home.join("registry/cache")).expect("a link"),
        other.join("registry/cache")
    );
    assert_eq!(fs::read_to_string(home.join("config.toml")).expect("there"), "");
}

#[test]
fn sources_that_the_lock_does_not_name_go_away() {
    let folder = tempfile::tempdir().expect("tempdir");
    let (user, target) = homes(folder.path());
    let sources = target.join("cargo-home/registry/src/index");
    for name in ["uu_cat-1.0.0", "uu_cat-2.0.0", "uu_dog-1.0.0"] {
        fs::create_dir_all(sources.join(name).join("locales")).expect("mkdir");
    }
    let lock = folder.path().join("Cargo.lock");
    fs::write(&lock, "version = 4\n\n[[package]]\nname = \"uu_cat\"\nversion = \"2.0.0\"\n")
        .expect("writes");
    home::prepare(&user, &target, &lock).expect("prepares");
    let left: Vec<_> = fs::read_dir(&sources)
        .expect("there")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["uu_cat-2.0.0"]);
}

#[test]
fn cargo_reads_the_users_settings_where_they_are() {
    let folder = tempfile::tempdir().expect("tempdir");
    let (user, target) = homes(folder.path());
    let home = home::prepare(&user, &target, &folder.path().join("Cargo.lock")).expect("prepares");
    // `cargo config get` is not stable; an alias shows the same.
    fs::write(user.join("config.toml"), "[alias]\nkeelson-alias = \"version\"\n").expect("writes");
    let output =
        std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .arg("keelson-alias")
            .env("CARGO_HOME", home)
            .current_dir(folder.path())
            .output()
            .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_profile_is_the_workspaces_own() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(path).expect("there")).expect("a manifest");
    let release = manifest["profile"]["release"].as_table().expect("a table");
    let variable = |(key, value): (&String, &toml::Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (format!("CARGO_PROFILE_RELEASE_{}", key.to_uppercase().replace('-', "_")), text)
    };
    let mut wanted: BTreeMap<_, _> = release.iter().map(variable).collect();
    // cargo's own default for this profile, which a user's settings may change too.
    wanted.insert("CARGO_PROFILE_RELEASE_DEBUG".to_owned(), "false".to_owned());
    let set = run::PROFILE.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(BTreeMap::from(set), wanted);
}
