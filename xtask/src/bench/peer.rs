//! The boot against another system's, in one run and under QEMU's count of instructions.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use keelson_qemu_tests::board::Board;
use keelson_qemu_tests::{Clock, Machine, OnReset, Setup};

use super::boot::{BOARD, RAN, container};
use super::head;

/// The kernel's first line: where the firmware's part ends.
const KERNEL: &str = "Linux version";
/// What a peer's image prints once it has run a container.
const PEER_RAN: &str = "PEERMARK container-ran";
/// A count of instructions makes a boot slow.
const LIMIT: Duration = Duration::from_mins(30);

/// Boots ours and `image`, a raw disk that prints [`PEER_RAN`], in turns, `count` times each.
pub fn boots(image: &Path, count: u32) -> Result<()> {
    let board = Board::open(BOARD)?;
    head(
        &format!("Kernel's start to a container that ran, against {}", image.display()),
        &["boot", "ours, QEMU CPU s", "peer, QEMU CPU s", "ours / peer"],
    );
    for boot in 1..=count {
        let mut setup = board.setup("bench-counted").ignition(&container(&board));
        setup.clock = Clock::Instructions;
        let ours = measure(&board, &setup, RAN)?;
        let mut setup = Setup::new("bench-peer", image);
        setup.clock = Clock::Instructions;
        setup.on_reset = OnReset::Boot;
        let peer = measure(&board, &setup, PEER_RAN)?;
        println!("| {boot} | {ours:.1} | {peer:.1} | {:.3} |", ours / peer);
    }
    println!();
    Ok(())
}

/// CPU seconds of QEMU from the kernel's first line to `end`.
fn measure(board: &Board, setup: &Setup, end: &str) -> Result<f64> {
    let mut setup = setup.clone();
    setup.limit = Some(LIMIT);
    let mut machine = Machine::boot(&board.tools, &setup)?;
    machine.wait_for(end, LIMIT)?;
    let lines = machine.lines();
    // The last start counts: an image may restart once to enrol its keys.
    let find = |text: &str| lines.iter().rev().find(|line| line.text.contains(text));
    let kernel = find(KERNEL).with_context(|| format!("the console never said `{KERNEL}`"))?;
    let end = find(end).with_context(|| format!("the console never said `{end}`"))?;
    Ok(end.cpu.saturating_sub(kernel.cpu).as_secs_f64())
}
