//! The boot, split where one program hands over to the next.

use std::time::Duration;

use anyhow::{Context as _, Result};
use keelson_qemu_tests::board::Board;
use keelson_qemu_tests::{Accelerator, Machine, Setup, ignition, oci};

use super::head;
use crate::output::println;

/// Where a phase ends: its name, and what the console says then.
const MARKS: [(&str, &str); 8] = [
    ("firmware", "BdsDxe: starting Boot"),
    ("loader and stub", "Linux version"),
    ("kernel", "keelson: initramfs started"),
    ("initramfs: modules and disk", "keelson: disk "),
    ("initramfs: /usr, ROOT, provisioning", "keelson: switching root"),
    ("PID 1", "PID 1 of Keelson"),
    ("containerd ready", "Started containerd.service"),
    ("container ran", RAN),
];

/// What is measured.
pub const BOARD: &str = "amd64-usr";
/// The console's line once the container has run.
pub const RAN: &str = "BENCH container ran";
/// Where the container's root is.
const ROOTFS: &str = "/var/lib/bench";
const LIMIT: Duration = Duration::from_mins(5);

/// Boots the image `count` times to a container that ran.
pub fn phases(count: u32) -> Result<()> {
    let board = Board::open(BOARD)?;
    let config = container(&board);
    for boot in 1..=count {
        let setup = Setup { processors: 2, ..board.setup("bench").ignition(&config) };
        let mut machine = Machine::boot(&board.tools, &setup)?;
        machine.wait_for(RAN, LIMIT)?;
        let lines = machine.lines();
        let title = format!(
            "Boot {boot} of {count}, first boot of the image, {:?}",
            Accelerator::of_this_host()
        );
        head(&title, &["until the end of", "s", "QEMU CPU s", "phase, CPU s"])?;
        let mut before = Duration::ZERO;
        for (phase, pattern) in MARKS {
            let line = lines.iter().find(|line| line.text.contains(pattern));
            let line = line.with_context(|| format!("the console never said `{pattern}`"))?;
            let cpu = line.cpu;
            println(format_args!(
                "| {phase} | {:.1} | {:.1} | {:.1} |",
                line.wall.as_secs_f64(),
                cpu.as_secs_f64(),
                cpu.saturating_sub(before).as_secs_f64()
            ))?;
            before = cpu;
        }
        println("")?;
    }
    Ok(())
}

/// A configuration that runs a container on the first boot and says so on the console: from a folder, without an
/// image to import, as the peer does.
pub fn container(board: &Board) -> ignition::Config {
    let script = format!(
        "ctr run --rm --rootfs --read-only {ROOTFS} bench {} exit 0 && echo '{RAN}' >/dev/console\n",
        oci::PROGRAM
    );
    ignition::Config::new()
        .file(&format!("{ROOTFS}{}", oci::PROGRAM), 0o755, &board.container_program)
        .script("bench", "containerd.service", &script)
}
