//! The hash tree against `veritysetup format`.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};
use keelson_image_builder::build::Built;
use keelson_image_builder::verity;

use super::head;
use crate::build_image::BoardArgs;
use crate::output::println;
use crate::sdk::SdkArgs;
use crate::workspace;

/// How often each runs; the fastest counts.
const RUNS: u32 = 5;

/// Times both on the same file, in turns, and checks that they agree.
pub fn against_veritysetup(built: &Built, sdk: &SdkArgs) -> Result<()> {
    let manifests = BoardArgs::standard().load(&workspace::root()?)?;
    let tools = sdk.open()?.tools(&manifests.lock, &["cryptsetup-bin".to_owned()])?;
    let data = built.folder.join("usr.erofs");
    let scratch = tempfile::tempdir()?;
    let plan = &manifests.plan.verity;
    let (mut ours, mut peer, mut start_up) = (f64::MAX, f64::MAX, f64::MAX);
    let timed = |best: &mut f64, start: Instant| *best = best.min(start.elapsed().as_secs_f64());
    for _ in 0..RUNS {
        let start = Instant::now();
        let root_hash =
            verity::write_tree(&data, &scratch.path().join("ours"), &plan.salt, plan.uuid)?;
        timed(&mut ours, start);

        let start = Instant::now();
        let output = tools
            .command("veritysetup")?
            .arg("format")
            .arg(format!("--salt={}", plan.salt))
            .arg(format!("--uuid={}", plan.uuid))
            .arg(&data)
            .arg(scratch.path().join("theirs"))
            .output()?;
        timed(&mut peer, start);
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !said.contains(&root_hash.to_string()) {
            bail!("veritysetup does not agree on the root hash {root_hash}: {said}");
        }
        let start = Instant::now();
        quiet(tools.command("veritysetup")?.arg("--version"))?;
        timed(&mut start_up, start);
    }
    let megabytes = built.release.usr.data_size / 1_000_000;
    head(&format!("Hash tree of usr.erofs ({megabytes} MB), best of {RUNS}"), &["what", "s"])?;
    println(format_args!("| ours | {ours:.3} |"))?;
    println(format_args!("| veritysetup format | {peer:.3} |"))?;
    println(format_args!("| veritysetup --version, for its start alone | {start_up:.3} |"))?;
    println(format_args!(
        "\nRatio: {:.2}; with the peer's start subtracted: {:.2}\n",
        peer / ours,
        (peer - start_up) / ours
    ))?;
    Ok(())
}

fn quiet(command: &mut Command) -> Result<()> {
    if !command.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
        bail!("{command:?} failed");
    }
    Ok(())
}
