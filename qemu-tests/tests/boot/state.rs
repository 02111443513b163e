//! State outlives the power, grows with the disk, and may fill it.

use std::path::Path;

use keelson_qemu_tests::board::ScratchDisk;
use keelson_qemu_tests::disk::{DiskImage, Extent};
use keelson_qemu_tests::ignition::Config;
use keelson_qemu_tests::{Ending, Machine, Setup};

use crate::{BOARD, BOOT, END, Outcome};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// Runs at every boot, when all that it asks about is there.
const SCRIPT: &str = "\
boot=1
if [ -f /var/lib/boots ]; then read boot </var/lib/boots; boot=$((boot + 1)); fi
echo $boot >/var/lib/boots
echo BEGIN $boot
echo \"STATE changed=$(cat /etc/changed)\"
echo changed >/etc/changed
if [ -f /etc/once ]; then echo 'STATE once=present'; else echo 'STATE once=absent'; fi
rm -f /etc/once
echo \"STATE machine-id=$(cat /etc/machine-id)\"
for key in /etc/ssh/ssh_host_*_key.pub; do echo \"STATE $key=$(cat $key)\"; done
echo \"STATE ssh=$(exec 3<>/dev/tcp/127.0.0.1/2222; read -r line <&3; echo ${line%%_*})\"
echo \"STATE usr=$(touch /usr/x 2>&1)\"
echo \"STATE bytes=$(($(stat -f -c '%b * %S' /)))\"
echo DONE
if [ $boot = 2 ]; then poweroff; fi
";

/// What the script printed at one boot.
fn state(machine: &Machine, key: &str) -> String {
    let prefix = format!("STATE {key}=");
    let values: Vec<String> = machine
        .results()
        .iter()
        .filter_map(|line| line.text.strip_prefix(&prefix).map(str::to_owned))
        .collect();
    assert_eq!(values.len(), 1, "`{key}` is printed once: {values:?}");
    values.concat()
}

fn key_lines(machine: &Machine) -> Vec<String> {
    let lines = machine.results().into_iter().map(|line| line.text);
    lines.filter(|line| line.starts_with("STATE /etc/ssh/")).collect()
}

fn boot(setup: &Setup, number: u32) -> Result<Machine, Box<dyn std::error::Error>> {
    let mut machine = Machine::boot(&BOARD.tools, setup)?;
    machine.wait_for_result(&format!("BEGIN {number}"), BOOT)?;
    machine.wait_for_result("DONE", BOOT)?;
    if number != 2 {
        machine.wait_for("boot complete in", BOOT)?;
    }
    Ok(machine)
}

/// Lets e2fsck judge ROOT, and gives its place in the table.
fn check_root(disk: &ScratchDisk) -> Result<Extent, Box<dyn std::error::Error>> {
    let image = DiskImage::open(disk.image.path())?;
    let root = disk.folder.path().join("root.ext4");
    image.extract("ROOT", &root)?;
    let output = BOARD.tools.command("e2fsck")?.arg("-fn").arg(&root).output()?;
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "e2fsck: {words}");
    Ok(image.extent("ROOT")?)
}

/// Takes every free block of a ROOT file system.
fn fill(disk: &ScratchDisk) -> Outcome {
    let image = DiskImage::open(disk.image.path())?;
    let root = disk.folder.path().join("root.ext4");
    image.extract("ROOT", &root)?;
    let free = free_blocks(&root)?;
    // The last blocks go to the extent tree of the file itself.
    let requests = format!("write /dev/null fill\nfallocate fill 0 {}\n", free - 1);
    let script = disk.folder.path().join("fill");
    std::fs::write(&script, requests)?;
    let output =
        BOARD.tools.command("debugfs")?.arg("-w").arg("-f").arg(&script).arg(&root).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let left = free_blocks(&root)?;
    assert!(left < 64, "{left} blocks are free");
    image.insert("ROOT", &root)?;
    Ok(())
}

fn free_blocks(file_system: &Path) -> Result<u64, Box<dyn std::error::Error>> {
    let output = BOARD.tools.command("dumpe2fs")?.arg("-h").arg(file_system).output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("Free blocks:"));
    Ok(line.ok_or("dumpe2fs names no free blocks")?.trim().parse()?)
}

#[test]
fn state_is_kept_over_boots_grows_with_the_disk_and_may_fill_it() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let built = disk.image.extent("ROOT")?;
    disk.image.resize(6 * GIB)?;
    let config = Config::new()
        .file("/etc/once", 0o644, b"once\n")
        .file(
            "/etc/systemd/system/ssh.socket.d/port.conf",
            0o644,
            b"[Socket]\nListenStream=\nListenStream=2222\n",
        )
        .script("state-test", "containerd.service keelson-sshd-keygen.service", SCRIPT);

    let mut first = boot(&disk.setup("state-1").ignition(&config), 1)?;
    assert_eq!(state(&first, "once"), "present");
    assert!(state(&first, "usr").contains("Read-only file system"));
    assert!(!key_lines(&first).is_empty());
    assert_eq!(state(&first, "ssh"), "SSH-2.0-OpenSSH");
    let bytes: u64 = state(&first, "bytes").parse()?;
    first.wait_for("blessed: keelson_", BOOT)?;
    first.power_off(END)?;
    first.check_console(&[])?;
    let root = check_root(&disk)?;
    assert!(root.length > built.length + 2 * GIB - MIB, "{} to {}", built.length, root.length);
    assert!(bytes * 10 > root.length * 9, "{bytes} of {}", root.length);

    disk.image.resize(8 * GIB)?;
    let mut second = boot(&disk.setup("state-2").ignition(&config), 2)?;
    second.expect_end(&Ending::PowerOff, END)?;
    second.check_console(&[])?;
    assert_eq!(state(&second, "changed"), "changed");
    assert_eq!(state(&second, "once"), "absent", "provisioning runs once");
    assert_eq!(state(&second, "machine-id"), state(&first, "machine-id"));
    assert_eq!(key_lines(&second), key_lines(&first));
    assert_eq!(state(&second, "ssh"), "SSH-2.0-OpenSSH");
    let grown = check_root(&disk)?;
    assert_eq!(grown.start, root.start);
    assert_eq!(grown.length, root.length + 2 * GIB);
    assert!(state(&second, "bytes").parse::<u64>()? > bytes + GIB);

    fill(&disk)?;
    let mut third = Machine::boot(&BOARD.tools, &disk.setup("state-full"))?;
    third.wait_for("changes to /etc are kept in memory", BOOT)?;
    // It needs no room to start.
    third.wait_for("Started chrony.service", BOOT)?;
    third.wait_for("boot complete in", BOOT)?;
    third.power_off(END)?;
    third.check_console(&[])?;
    check_root(&disk)?;
    Ok(())
}
