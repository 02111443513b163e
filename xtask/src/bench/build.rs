//! Builds and sizes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use fs_err as fs;
use keelson_image_builder::build::Built;

use super::head;
use crate::build_image::{self, BoardArgs};
use crate::output::println;
use crate::sdk::SdkArgs;

/// Bytes of the artifacts.
pub fn sizes(built: &Built) -> Result<()> {
    head("Sizes", &["artifact", "bytes"])?;
    for (name, artifact) in &built.release.artifacts {
        println(format_args!("| {name} | {} |", artifact.size))?;
    }
    println("")
}

/// Builds from a clean clone of the committed state.
pub fn cold(root: &Path) -> Result<()> {
    head("Cold builds, fresh clone", &["what", "s"])?;
    let scratch = tempfile::tempdir()?;
    let clone = scratch.path().join("keelson");
    run(Command::new("git").args(["clone", "--quiet"]).arg(root).arg(&clone))?;
    let build = || -> Result<Duration> {
        let start = Instant::now();
        run(cargo()
            .args(["xtask", "build-image", "--quiet"])
            .current_dir(&clone)
            .env("XDG_CACHE_HOME", scratch.path().join("cache"))
            .env_remove("CARGO_MANIFEST_DIR"))?;
        Ok(start.elapsed())
    };
    println(format_args!(
        "| nothing cached but cargo's registry: builder, packages, programs, image | {:.1} |",
        build()?.as_secs_f64()
    ))?;
    fs::remove_dir_all(clone.join("target"))?;
    fs::remove_dir_all(clone.join("build"))?;
    println(format_args!(
        "| packages and published crates cached: builder, programs, image | {:.1} |\n",
        build()?.as_secs_f64()
    ))?;
    Ok(())
}

/// Builds with everything at hand.
pub fn warm(root: &Path, sdk: &SdkArgs) -> Result<()> {
    head("Warm builds", &["what", "s"])?;
    let xtask = || {
        let mut command = cargo();
        command.args(["xtask", "build-image", "--quiet"]).current_dir(root);
        command
    };
    let time = |command: &mut Command| -> Result<f64> {
        let start = Instant::now();
        run(command.stdout(Stdio::null()))?;
        Ok(start.elapsed().as_secs_f64())
    };
    println(format_args!("| nothing changed | {:.2} |", time(&mut xtask())?))?;
    // A newer time stamp makes cargo compile the program again; --force makes all of the image.
    let main = root.join("rootfs/init/src/main.rs");
    fs::OpenOptions::new()
        .append(true)
        .open(&main)?
        .file()
        .set_modified(std::time::SystemTime::now())?;
    println(format_args!(
        "| one program of the image compiled again, all of the image made | {:.2} |\n",
        time(xtask().arg("--force"))?
    ))?;

    let mut args = build_image::Args::of(BoardArgs::standard(), sdk);
    args.force = true;
    let built = build_image::run(&args)?;
    head("Steps of the image", &["step", "s"])?;
    for (step, took) in &built.timings {
        println(format_args!("| {step} | {:.2} |", took.as_secs_f64()))?;
    }
    println(format_args!("\nPeak resident memory of the builder: {} kB\n", peak_memory()?))?;
    Ok(())
}

/// The most memory that this process had resident, in kB (proc_pid_status(5), `VmHWM`).
fn peak_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let line = line.context("/proc/self/status has no VmHWM")?;
    line.trim().trim_end_matches(" kB").parse().context("reading VmHWM")
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("running {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}
