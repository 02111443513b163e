//! The same tree and keys give the same bytes: a second build in another folder, with another umask,
//! locale, time zone, time of day, user and host name, under variables that change what compilers make.
//!
//! The builder is one program, which runs on both checkouts: its own bytes are in no artifact. All that the image holds
//! of the workspace is compiled a second time.

mod checkout;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keelson_qemu_tests::artifacts::workspace;
use rustix::fs::Mode;
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The surroundings of the second build. It has none of the first one's folders but the home, where keys and
/// downloads are.
const SURROUNDINGS: [(&str, &str); 15] = [
    ("CARGO_INCREMENTAL", "1"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CFLAGS", "-O1 -fno-omit-frame-pointer"),
    ("HOSTNAME", "elsewhere"),
    ("LANG", "de_DE.UTF-8"),
    ("LANGUAGE", "tr:de"),
    ("LC_ALL", "tr_TR.UTF-8"),
    ("LOGNAME", "somebody"),
    ("RAYON_NUM_THREADS", "3"),
    ("RUSTFLAGS", "-Cforce-frame-pointers=yes"),
    ("SOURCE_DATE_EPOCH", "1000000000"),
    ("TZ", "Pacific/Kiritimati"),
    ("USER", "somebody"),
    ("UUCORE_TARGET_UTIL", "cat"),
    ("ZERO_AR_DATE", "0"),
];

/// Where cargo of the first build puts things; the second one has places of its own.
const FOLDERS: [&str; 3] = ["CARGO_BUILD_BUILD_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_TARGET_DIR"];

#[test]
fn a_second_build_elsewhere_gives_the_same_bytes() -> Outcome {
    let builder = builder()?;
    // Takes no time: `cargo xtask test` has just done it.
    let first = build(Command::new(&builder).current_dir(workspace()), &[])?;

    // This process has no other test, so that nothing else sees the umask.
    rustix::process::umask(Mode::from_raw_mode(0o077));
    let checkout = workspace().join("target/reproducible/another checkout");
    checkout::copy(&workspace(), &checkout)?;
    // Past the test harness, which keeps the words of tests to itself.
    writeln!(
        std::io::stderr(),
        "building a second time in {}: minutes the first time, seconds after that",
        checkout.display()
    )?;
    let mut command = Command::new(&builder);
    command.current_dir(&checkout).envs(SURROUNDINGS);
    for folder in FOLDERS {
        command.env_remove(folder);
    }
    // Made again even where an earlier run of this test made the same.
    let second = build(&mut command, &["--force", "--version", &first.version])?;
    assert!(second.folder.starts_with(&checkout), "{} is another tree's", second.folder.display());

    let names = artifacts(&first.folder)?;
    assert_eq!(names, artifacts(&second.folder)?);
    for name in [
        "disk-ec2.raw",
        "disk-sparse.vmdk",
        "disk.qcow2",
        "disk.raw",
        "disk.raw.bmap",
        "disk.raw.zst",
        "disk.vhd",
        "disk.vhdx",
        "disk.vmdk",
        "gce.tar.gz",
        "keelson-install",
        "keelson-netboot.efi",
        "keelson.iso",
        "keelson.ova",
        "pxe/usr.img",
        "release.json",
        "SHA256SUMS",
        "SHA256SUMS.sig",
    ] {
        assert!(names.contains(name), "{name} is missing");
    }
    let mut different = Vec::new();
    for name in &names {
        if !same(&first.folder.join(name), &second.folder.join(name))? {
            different.push(name.as_str());
        }
    }
    assert!(
        different.is_empty(),
        "{} differ\n{}",
        different.join(", "),
        difference(&first.folder, &second.folder)?
    );
    Ok(())
}

/// What `build-image --json` tells.
struct Built {
    folder: PathBuf,
    version: String,
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The program behind `cargo xtask`, as cargo builds it for this tree.
fn builder() -> Outcome<PathBuf> {
    let mut command = Command::new(cargo());
    command.current_dir(workspace()).args(["build", "--locked", "--package", "xtask"]);
    let output = command.arg("--message-format=json-render-diagnostics").output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{words}", output.status);
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let built = messages
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "xtask")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    Ok(built.ok_or("cargo names no program xtask")?)
}

/// Builds the default board of the workspace that the command runs in.
fn build(command: &mut Command, arguments: &[&str]) -> Outcome<Built> {
    // cargo has set it to this package, and the builder takes it for its workspace.
    command.env_remove("CARGO_MANIFEST_DIR");
    command
        .args(["build-image", "--board", "amd64-usr", "--all-formats", "--json"])
        .args(arguments);
    let output = command.stdin(Stdio::null()).output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{words}", output.status);
    let told: Value = serde_json::from_slice(&output.stdout)?;
    let text =
        |value: &Value| value.as_str().map(str::to_owned).ok_or("build-image tells too little");
    Ok(Built { folder: text(&told["folder"])?.into(), version: text(&told["release"]["version"])? })
}

/// The paths of a build's files; those that begin with a dot are notes of the builder.
fn artifacts(folder: &Path) -> Outcome<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut folders = vec![String::new()];
    while let Some(parent) = folders.pop() {
        for entry in fs_err::read_dir(folder.join(&parent))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(format!("{parent}{name}/"));
            } else {
                names.insert(format!("{parent}{name}"));
            }
        }
    }
    Ok(names)
}

/// Whether two files have the same bytes.
fn same(one: &Path, other: &Path) -> Outcome<bool> {
    let open = |path| fs_err::File::open(path).map(|file| BufReader::with_capacity(1 << 20, file));
    let (mut one, mut other) = (open(one)?, open(other)?);
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let length = a.len().min(b.len());
        if a[..length] != b[..length] || (length == 0 && a.len() != b.len()) {
            return Ok(false);
        }
        if length == 0 {
            return Ok(true);
        }
        one.consume(length);
        other.consume(length);
    }
}

/// Which file of the disks differs first.
fn difference(one: &Path, other: &Path) -> Outcome<String> {
    let mut command = Command::new(cargo());
    let output =
        command.current_dir(workspace()).args(["xtask", "diff"]).args([one, other]).output()?;
    let words = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&words).into_owned())
}
