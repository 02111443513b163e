//! Installs from the live medium to an empty disk, by hand and by the kernel command line, and boots the
//! disk twice; what must be refused is refused.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use keelson_disk::sparse;
use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::disk::DiskImage;
use keelson_qemu_tests::ignition::Config;
use keelson_qemu_tests::{Disk, Ending, Machine, Setup};
use tempfile::TempDir;

use crate::{BOARD, BOOT, END, Outcome};

const GIB: u64 = 1 << 30;

/// Says at each boot of the installed host which one it is, and what it sees.
const HOST: &str = "\
boot=1
if [ -f /var/lib/boots ]; then read boot </var/lib/boots; boot=$((boot + 1)); fi
echo $boot >/var/lib/boots
echo \"HOST $boot name=$(cat /etc/from-oem) root=$(($(stat -f -c '%b * %S' /) > 2000000000))\"
echo \"LIST $(keelson-install list | grep -c 'this system was started from it')\"
echo DONE $boot
";

/// An empty disk, and the folder that it goes away with.
struct Target {
    folder: TempDir,
    path: PathBuf,
}

impl Target {
    fn new(bytes: u64) -> Result<Self, Box<dyn std::error::Error>> {
        let folder = scratch()?;
        let path = folder.path().join("target.raw");
        sparse::create(&path, bytes)?;
        Ok(Self { folder, path })
    }

    /// A machine that boots the live medium as a stick, beside this disk.
    fn live(&self, name: &str) -> Setup {
        let mut setup = Setup::new(name, &BOARD.artifacts.path("keelson.iso"));
        setup.more_disks.push(self.path.clone());
        // A boot and an installation.
        setup.limit = Some(BOOT * 2);
        setup
    }

    /// A machine that boots this disk.
    fn host(&self, name: &str) -> Setup {
        Setup { disk: Disk::Raw(self.path.clone()), ..Setup::new(name, &self.path) }
    }

    /// Boots the installed disk so many times: it is provisioned once, from its own partition, and has grown.
    fn boots(&self, name: &str, times: u32) -> Outcome {
        for boot in 1..=times {
            let mut machine = Machine::boot(&BOARD.tools, &self.host(&format!("{name}-{boot}")))?;
            machine.wait_for_result(&format!("HOST {boot} name=oem root=1"), BOOT)?;
            machine.wait_for_result("LIST 1", BOOT)?;
            machine.wait_for_result(&format!("DONE {boot}"), BOOT)?;
            machine.power_off(END)?;
            machine.check_console(&[])?;
        }
        Ok(())
    }
}

/// The configuration that is installed.
fn host_config() -> String {
    Config::new()
        .file("/etc/from-oem", 0o644, b"oem\n")
        .script("host", "containerd.service", HOST)
        .to_json()
}

/// The live system's: the configuration to install, and a script that runs when nothing is left to be installed
/// unattended.
fn live_config(script: &str) -> Config {
    Config::new().file("/etc/host.ign", 0o600, host_config().as_bytes()).script(
        "live",
        "keelson-install.service containerd.service",
        script,
    )
}

/// In one live system: an unattended installation that fails, says why and changes nothing; then one by hand.
#[test]
fn a_failed_installation_changes_nothing_and_one_by_hand_is_disk_raw_and_boots_twice() -> Outcome {
    let target = Target::new(6 * GIB)?;
    let script = "\
(exec 3</dev/ttyS0; echo READY; read -r _ <&3)
journalctl -u keelson-install -o cat
keelson-install list
keelson-install /dev/vda --quiet; echo MEDIUM $?
keelson-install /dev/vdb --quiet --config /etc/passwd; echo CONFIG $?
keelson-install /dev/vdb --quiet --dry-run --config /etc/host.ign; echo DRY $?
keelson-install /dev/vdb --config /etc/host.ign; echo INSTALLED $?
keelson-install /dev/vdb --quiet; echo AGAIN $?
for part in /sys/class/block/vdb?; do grep PARTNAME= $part/uevent; done
echo DONE
";
    let setup = target.live("install-live").ignition(&live_config(script)).words(&[
        "keelson.install.device=/dev/vdb",
        "keelson.install.image=http://127.0.0.1:9/disk.raw.zst",
        "keelson.install.then=poweroff",
    ]);
    let mut live = Machine::boot(&BOARD.tools, &setup)?;
    live.wait_for("Failed to start keelson-install.service", BOOT)?;
    live.wait_for_result("READY", BOOT)?;
    assert!(sparse::data_map(&target.path, 4096)?.is_empty());
    live.type_text("\n")?;
    for line in [
        "FAILED: fetching http://127.0.0.1:9/SHA256SUMS",
        "this system stays up",
        "this system was started from it",
        "empty",
        "MEDIUM 1",
        "is no Ignition configuration",
        "CONFIG 1",
        "nothing was written",
        "DRY 0",
        "read back and right",
        "the firmware starts it first (Boot",
        "INSTALLED 0",
        "is refused: it is not empty (GPT with ESP, usr-A",
        "AGAIN 1",
        "PARTNAME=ROOT",
        "DONE",
    ] {
        live.wait_for_result(line, BOOT)?;
    }
    live.power_off(END)?;
    live.check_console(&["keelson-install"])?;

    let (image, disk) = (File::open(BOARD.artifacts.path("disk.raw"))?, File::open(&target.path)?);
    let table = DiskImage::open(&target.path)?;
    let oem = table.extent("OEM")?;
    let backup = BOARD.artifacts.release.disk.size - 33 * 512;
    for range in [34 * 512..oem.start, oem.start + oem.length..backup] {
        let difference = sparse::first_difference(&image, range.clone(), &disk, range.start)?;
        assert_eq!(difference, None, "from byte {}", range.start);
    }
    let judged = BOARD.tools.command("sgdisk")?.arg("-v").arg(&target.path).output()?;
    let words = String::from_utf8_lossy(&judged.stdout);
    assert!(words.contains("No problems found"), "{words}");

    target.boots("installed", 2)
}

#[test]
fn the_kernel_command_line_installs_a_disk_that_nobody_attends() -> Outcome {
    let target = Target::new(6 * GIB)?;
    // An old system, which goes, and data, which stay.
    let old = Data::put(&target)?;
    let setup = target.live("install-unattended").ignition(&live_config("true\n")).words(&[
        "keelson.install.device=/dev/vdb",
        "keelson.install.config=/etc/host.ign",
        "keelson.install.wipe",
        "keelson.install.platform=qemu",
        "keelson.install.save-partlabel=data*",
        "keelson.install.then=poweroff",
    ]);
    let mut live = Machine::boot(&BOARD.tools, &setup)?;
    live.wait_for("read back and right", BOOT)?;
    live.wait_for("keelson-install: done", BOOT)?;
    live.expect_end(&Ending::PowerOff, END)?;
    live.check_console(&[])?;
    old.is_still_there(&target)?;
    target.boots("unattended", 1)?;
    old.is_still_there(&target)
}

/// A partition with data on a disk that holds something else as well.
struct Data {
    at: u64,
    bytes: Vec<u8>,
}

impl Data {
    fn put(target: &Target) -> Result<Self, Box<dyn std::error::Error>> {
        let script = ["-n1:1M:+100M", "-c1:old", "-n7:5700M:+100M", "-c7:data-1"];
        let made = BOARD.tools.command("sgdisk")?.args(script).arg(&target.path).output()?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let at = DiskImage::open(&target.path)?.extent("data-1")?.start;
        let bytes = b"kept ".repeat(100_000);
        File::options().write(true).open(&target.path)?.write_all_at(&bytes, at)?;
        Ok(Self { at, bytes })
    }

    fn is_still_there(&self, target: &Target) -> Outcome {
        assert_eq!(DiskImage::open(&target.path)?.extent("data-1")?.start, self.at);
        let mut found = vec![0; self.bytes.len()];
        File::open(&target.path)?.read_exact_at(&mut found, self.at)?;
        assert!(found == self.bytes);
        assert!(target.folder.path().exists());
        Ok(())
    }
}
