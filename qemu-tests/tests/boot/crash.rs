//! A panic leaves its words for the next boot, and a host that hangs is started anew by its watchdog.

use std::path::Path;

use keelson_qemu_tests::board::ScratchDisk;
use keelson_qemu_tests::ignition::Config;
use keelson_qemu_tests::{Ending, Firmware, Machine, Setup, Watchdog};

use crate::{BOARD, BOOT, END, Outcome};

/// A restart has less than what is left of services is given to end.
const SETTINGS: &[u8] = b"[Manager]\nRuntimeWatchdogSec=10s\nRebootWatchdogSec=2s\n";

/// Runs at every boot.
const SCRIPT: &str = "\
boot=1
if [ -f /var/lib/boots ]; then read boot </var/lib/boots; boot=$((boot + 1)); fi
echo $boot >/var/lib/boots
cd /sys/class/watchdog/watchdog0
until grep -q ^active state; do sleep 0.1; done
echo \"STATE watchdog=$(cat identity): $(cat state), $(cat timeout) s\"
lines() { journalctl -t pstore -o cat; }
echo \"STATE panics=$(lines | grep -c 'Kernel panic - not syncing: sysrq triggered crash')\"
echo \"STATE critical=$(journalctl -b -p 2 -t pstore -o cat | grep -c 'last words')\"
echo \"STATE order=$(lines | grep -oE 'last words|Kernel panic - not' | head -2 | tr '\\n' ' ')\"
echo \"STATE told=$(journalctl -b -u systemd-journald -o cat | grep -c 'The kernel left a crash record')\"
echo \"STATE left=$(ls /sys/fs/pstore | wc -l)\"
echo \"STATE variables=$(ls /sys/firmware/efi/efivars | grep -c ^dump-)\"
echo \"STATE kept=$([ -n \"$(ls /var/lib/systemd/pstore)\" ] && echo files)\"
# Two of the watchdog's times: it is pinged.
sleep 20
echo \"STATE later=$(cat state)\"
# Outside of every service, deaf to SIGTERM: PID 1's end takes five seconds.
sh -c 'echo $$ >/sys/fs/cgroup/cgroup.procs; trap \"\" TERM; while :; do sleep 100; done' &
echo DONE
case $boot in
1)
  echo 0 >/proc/sys/kernel/panic
  echo '<2>last words' >/dev/kmsg
  sync
  echo c >/proc/sysrq-trigger
  ;;
2) reboot ;;
esac
";

fn boot(
    disk: &ScratchDisk,
    number: u32,
    variables: &Path,
    watchdog: Watchdog,
) -> Result<Machine, Box<dyn std::error::Error>> {
    let config = Config::new()
        .file("/etc/systemd/system.conf.d/watchdog.conf", 0o644, SETTINGS)
        .script("crash-test", "multi-user.target systemd-pstore.service", SCRIPT);
    let (identity, without) = match watchdog {
        Watchdog::Chipset => ("iTCO_wdt", "i6300esb"),
        Watchdog::Card => ("i6300ESB timer", "iTCO_wdt"),
    };
    let setup = Setup {
        firmware: Firmware::Kept(variables.to_owned()),
        watchdog,
        kernel_words: vec![format!("modprobe.blacklist={without}")],
        ..disk.setup(&format!("crash-{number}")).ignition(&config)
    };
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for_result("DONE", BOOT)?;
    assert_eq!(state(&machine, "watchdog"), format!("{identity}: active, 10 s"));
    assert_eq!(state(&machine, "later"), "active");
    Ok(machine)
}

/// What the script printed.
fn state(machine: &Machine, key: &str) -> String {
    let prefix = format!("STATE {key}=");
    let lines = machine.results();
    lines.iter().filter_map(|line| line.text.strip_prefix(&prefix)).collect()
}

#[test]
fn a_panic_is_read_after_the_watchdogs_reset_and_the_end_is_watched_as_set() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let variables = disk.folder.path().join("variables.fd");
    fs_err::copy(BOARD.tools.path("usr/share/OVMF/OVMF_VARS_4M.fd"), &variables)?;

    let mut first = boot(&disk, 1, &variables, Watchdog::Chipset)?;
    assert_eq!(state(&first, "panics"), "0");
    first.wait_for("Kernel panic - not syncing: sysrq triggered crash", END)?;
    first.expect_end(&Ending::Watchdog, END)?;

    let mut second = boot(&disk, 2, &variables, Watchdog::Card)?;
    for (key, expected) in [
        ("panics", "1"),
        ("critical", "1"),
        ("order", "last words Kernel panic - not "),
        ("told", "1"),
        ("left", "0"),
        ("kept", "files"),
    ] {
        assert_eq!(state(&second, key), expected, "{key}");
    }
    // Its restart takes longer than the watchdog allows.
    second.expect_end(&Ending::Watchdog, END)?;

    // Nothing is read twice, and the watchdog is off when the machine goes off, which takes as long.
    let mut third = boot(&disk, 3, &variables, Watchdog::Card)?;
    for (key, expected) in [("panics", "1"), ("left", "0"), ("variables", "0")] {
        assert_eq!(state(&third, key), expected, "{key}");
    }
    third.power_off(END)?;
    third.check_console(&["recovery complete"])?;
    Ok(())
}
