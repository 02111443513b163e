//! The formats of the disk against `cp --sparse=always` of the raw disk and `qemu-img convert`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};
use fs_err as fs;
use keelson_disk::formats::{self, Form, Job, Machine};
use keelson_disk::platform::Overlay;
use keelson_format::guid;
use keelson_image_builder::build::Built;

use super::head;
use crate::build_image::BoardArgs;
use crate::output::println;
use crate::sdk::SdkArgs;
use crate::workspace;

/// How often each runs, all of them in turns; the fastest counts.
const RUNS: u32 = 5;

/// What is written: name, format, and the arguments of `qemu-img convert` for the same.
type Row = (&'static str, Form, Option<&'static [&'static str]>);

fn rows() -> Vec<Row> {
    let machine = Machine { name: "Keelson".to_owned(), version: "0".to_owned() };
    vec![
        ("disk-ec2.raw", Form::Raw, Some(&["-O", "raw"])),
        ("disk.raw.zst", Form::Zst { level: 9 }, None),
        ("disk.raw.bmap", Form::Bmap, None),
        (
            "disk.qcow2",
            Form::Qcow2 { level: 3 },
            Some(&["-c", "-O", "qcow2", "-o", "compression_type=zstd"]),
        ),
        ("disk-sparse.vmdk", Form::VmdkSparse, Some(&["-O", "vmdk"])),
        ("disk.vmdk", Form::VmdkStream, Some(&["-O", "vmdk", "-o", "subformat=streamOptimized"])),
        ("keelson.ova", Form::Ova(machine), None),
        ("disk.vhd", Form::Vhd, Some(&["-O", "vpc", "-o", "subformat=fixed,force_size=on"])),
        ("disk.vhdx", Form::Vhdx, Some(&["-O", "vhdx"])),
        ("gce.tar.gz", Form::Gce, None),
    ]
}

/// Writes every format alone and all in one pass, in turns with its peers.
pub fn against_copy(built: &Built, sdk: &SdkArgs) -> Result<()> {
    let manifests = BoardArgs::standard().load(&workspace::root()?)?;
    let tools = sdk.open()?.tools(&manifests.lock, &["qemu-utils".to_owned()])?;
    let raw = built.folder.join("disk.raw");
    // On the file system of the image, as a build is.
    let scratch = tempfile::tempdir_in(&built.folder)?;
    let to = scratch.path().join("out");
    let rows = rows();
    let job = |form: &Form, to: &Path| Job {
        form: form.clone(),
        to: to.to_owned(),
        overlay: Overlay::nothing(),
        identity: guid::derived(&["bench"]),
    };
    let (mut copy, mut together) = (f64::MAX, f64::MAX);
    let mut ours = vec![f64::MAX; rows.len()];
    let mut peers = vec![f64::MAX; rows.len()];
    let out = std::slice::from_ref(&to);
    for _ in 0..RUNS {
        timed(&mut copy, out, || run(Command::new("cp").arg("--sparse=always").args([&raw, &to])))?;
        for (number, (_, form, peer)) in rows.iter().enumerate() {
            let job = job(form, &to);
            timed(&mut ours[number], out, || {
                Ok(formats::write(&raw, std::slice::from_ref(&job))?)
            })?;
            if let Some(arguments) = peer {
                let mut command = tools.command("qemu-img")?;
                command.args(["convert", "-f", "raw"]).args(*arguments).args([&raw, &to]);
                timed(&mut peers[number], out, || run(&mut command))?;
            }
        }
        let all: Vec<Job> =
            rows.iter().map(|(name, form, _)| job(form, &scratch.path().join(name))).collect();
        let files: Vec<PathBuf> = all.iter().map(|job| job.to.clone()).collect();
        timed(&mut together, &files, || Ok(formats::write(&raw, &all)?))?;
    }
    let columns = ["format", "s", "speed to cp's", "qemu-img convert, s"];
    head(&format!("Formats of the disk, best of {RUNS}"), &columns)?;
    println(format_args!("| cp --sparse=always | {copy:.3} | 1.00 | |"))?;
    for ((name, _, peer), (ours, theirs)) in rows.iter().zip(ours.iter().zip(&peers)) {
        let theirs = peer.map(|_| format!("{theirs:.3}")).unwrap_or_default();
        println(format_args!("| {name} | {ours:.3} | {:.2} | {theirs} |", copy / ours))?;
    }
    let sum: f64 = ours.iter().sum();
    println(format_args!("| all in one pass | {together:.3} | {:.2} | |", copy / together))?;
    println(format_args!("\nOne after another: {sum:.3} s\n"))?;
    Ok(())
}

/// Runs what writes these files twice, each time removes them, and counts the second time. A virtual machine may have
/// given the memory that was free for seconds back to its host, and to get it again takes as long as to write does:
/// the first run gets it, for each contestant alike.
fn timed(best: &mut f64, files: &[PathBuf], mut run: impl FnMut() -> Result<()>) -> Result<()> {
    for counted in [false, true] {
        let start = Instant::now();
        run()?;
        if counted {
            *best = best.min(start.elapsed().as_secs_f64());
        }
        files.iter().try_for_each(fs::remove_file)?;
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    if !command.stdout(Stdio::null()).status()?.success() {
        bail!("{command:?} failed");
    }
    Ok(())
}
