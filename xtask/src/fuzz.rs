//! `cargo xtask fuzz`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use fs_err as fs;

use crate::output::println;
use crate::workspace;

/// Feed random input to the parsers that read what others wrote
///
/// Needs a C++ compiler. What is found is kept in target/fuzz/TARGET/ and shown; the inputs that reached new code are
/// kept beside it and used again.
#[derive(clap::Args)]
pub struct Args {
    /// One of units, values, log, dhcp, netlink, control and modprobe; all of them if left out
    target: Option<String>,
    /// How long each runs
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// The targets, each with folders of the workspace whose files are good beginnings.
const TARGETS: [(&str, &[&str]); 7] = [
    ("units", &["rootfs/files/usr/lib/systemd/system"]),
    ("values", &[]),
    ("log", &[]),
    ("dhcp", &[]),
    ("netlink", &[]),
    ("control", &[]),
    ("modprobe", &["rootfs/files/usr/lib/modprobe.d"]),
];

/// What cargo-fuzz passes for `--sanitizer none`: coverage of edges and of comparisons, which stable Rust has; and the
/// checks of a development build.
const FLAGS: [&str; 8] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Ccodegen-units=1",
];

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

pub fn main(args: &Args) -> Result<ExitCode> {
    let root = workspace::root()?;
    let chosen = |name: &str| args.target.as_deref().is_none_or(|target| target == name);
    let targets: Vec<_> = TARGETS.into_iter().filter(|(name, _)| chosen(name)).collect();
    if targets.is_empty() {
        bail!("there is no such target: use {}", TARGETS.map(|(name, _)| name).join(", "));
    }
    let folder = root.join("target/fuzz");
    build(&root, &folder, &targets)?;
    let mut failed = Vec::new();
    for (name, seeds) in targets {
        println(format_args!("{name}: {} s", args.seconds))?;
        if !run(&root, &folder, name, seeds, args.seconds)? {
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("input that fails was found for {}: see {}", failed.join(", "), folder.display())
}

fn build(root: &Path, folder: &Path, targets: &[(&str, &[&str])]) -> Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "build",
        "--locked",
        "--release",
        "--package",
        "keelson-fuzz",
        "--features",
        "run",
    ]);
    cargo.args(["--target", TRIPLE, "--target-dir"]).arg(folder);
    for (name, _) in targets {
        cargo.args(["--bin", name]);
    }
    cargo.current_dir(root).env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    // The whole of a crate is instrumented in a few seconds only without link-time optimization.
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_STRIP", "false");
    cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2");
    let status = cargo.status().context("running cargo build")?;
    if !status.success() {
        bail!("building the fuzz targets failed");
    }
    Ok(())
}

/// Runs one target; says whether nothing was found.
fn run(root: &Path, folder: &Path, name: &str, seeds: &[&str], seconds: u32) -> Result<bool> {
    let kept = folder.join(name);
    let corpus = kept.join("corpus");
    fs::create_dir_all(&corpus)?;
    let program: PathBuf = folder.join(TRIPLE).join("release").join(name);
    let mut command = Command::new(program);
    command.arg(&corpus).args(seeds.iter().map(|seed| root.join(seed)));
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", kept.display()));
    command.args(["-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]);
    Ok(command.status().with_context(|| format!("running the target {name}"))?.success())
}
