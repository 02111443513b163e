//! The boot against another system's, in one run and under QEMU's count of instructions.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use keelson_qemu_tests::board::{self, Board};
use keelson_qemu_tests::disk::DiskImage;
use keelson_qemu_tests::machine;
use keelson_qemu_tests::{Clock, Disk, Machine, OnReset, Setup};

use super::boot::{BOARD, RAN, container};
use super::head;
use crate::output::println;

/// The kernel's first line: where the firmware's part ends.
const KERNEL: &str = "Linux version";
/// What a peer's image prints once it has run a container.
const PEER_RAN: &str = "PEERMARK container-ran";
/// A count of instructions makes a boot slow.
const LIMIT: Duration = Duration::from_mins(30);
/// How long an orderly end may take.
const END: Duration = Duration::from_mins(3);

/// Boots ours and `image`, a raw disk that prints [`PEER_RAN`], in turns, `count` times each: first the images as they
/// are, then the disks that a first boot has left. `qemu` is QEMU's program; `None` is that of the SDK.
pub fn boots(image: &Path, qemu: Option<&Path>, count: u32) -> Result<()> {
    let board = Board::open(BOARD)?;
    let title = format!(
        "Kernel's start to a container that ran, against {}, under {}",
        image.display(),
        version(&board, qemu)?
    );
    head(&title, &["boot", "ours, QEMU CPU s", "peer, QEMU CPU s", "ours / peer"])?;
    let mut ours = board.setup("bench-counted").ignition(&container(&board));
    ours.program = qemu.map(Path::to_owned);
    let mut peer = Setup { program: ours.program.clone(), ..Setup::new("bench-peer", image) };
    // It may restart once to enrol its keys.
    peer.on_reset = OnReset::Boot;
    let scratch = board::scratch()?;
    let (ours_kept, peer_kept) = (scratch.path().join("ours.raw"), scratch.path().join("peer.raw"));
    for boot in 1..=count {
        row(&board, &format!("first {boot}"), &ours, &peer)?;
    }
    let ours = booted_once(&board, &ours, &ours_kept, RAN)?;
    let peer = booted_once(&board, &peer, &peer_kept, PEER_RAN)?;
    for boot in 1..=count {
        row(&board, &format!("later {boot}"), &ours, &peer)?;
    }
    println("")?;
    Ok(())
}

/// What QEMU calls itself.
fn version(board: &Board, program: Option<&Path>) -> Result<String> {
    let mut command = machine::qemu(&board.tools, program)?;
    let output = command.arg("--version").output();
    let output =
        output.with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn row(board: &Board, name: &str, ours: &Setup, peer: &Setup) -> Result<()> {
    let ours = measure(board, ours, RAN)?;
    let peer = measure(board, peer, PEER_RAN)?;
    println(format_args!("| {name} | {ours:.1} | {peer:.1} | {:.3} |", ours / peer))?;
    Ok(())
}

/// Copies the disk of `setup`, boots it once to its end, and gives the machine that boots what that left.
fn booted_once(board: &Board, setup: &Setup, copy: &Path, end: &str) -> Result<Setup> {
    let Disk::Overlay { base, .. } = &setup.disk else { bail!("the disk is in use") };
    DiskImage::copy(base, copy)?;
    let mut first = setup.clone();
    first.disk = Disk::Raw(copy.to_owned());
    first.limit = Some(LIMIT);
    first.on_reset = OnReset::Boot;
    let mut machine = Machine::boot(&board.tools, &first)?;
    machine.wait_for(end, LIMIT)?;
    machine.power_off(END)?;
    Ok(Setup { disk: Disk::Overlay { base: copy.to_owned(), size: None }, ..setup.clone() })
}

/// CPU seconds of QEMU from the kernel's first line to `end`.
fn measure(board: &Board, setup: &Setup, end: &str) -> Result<f64> {
    let mut setup = setup.clone();
    setup.limit = Some(LIMIT);
    setup.clock = Clock::Instructions;
    let mut machine = Machine::boot(&board.tools, &setup)?;
    machine.wait_for(end, LIMIT)?;
    let lines = machine.lines();
    // The last start counts: an image may restart once to enrol its keys.
    let find = |text: &str| lines.iter().rev().find(|line| line.text.contains(text));
    let kernel = find(KERNEL).with_context(|| format!("the console never said `{KERNEL}`"))?;
    let end = find(end).with_context(|| format!("the console never said `{end}`"))?;
    Ok(end.cpu.saturating_sub(kernel.cpu).as_secs_f64())
}
