//! Loads the drivers of the hardware found and waits for the disk that holds this `/usr`.

use std::fs;
use std::time::{Duration, Instant};

use keelson_format::cmdline::Cmdline;
use keelson_kernel_modules::{LoadError, Modules};
use uuid::Uuid;

use crate::console;
use crate::devices;
use crate::find::{self, Choice, Disk, FindError, Mode, Seen};
use crate::uevents::Uevents;

/// How long the disk may take to appear, unless `keelson.rootwait=SECONDS` says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long another disk than the loader's waits for the loader's to appear.
const LOADER_GRACE: Duration = Duration::from_secs(5);
/// How long a live boot waits for a medium while it has the same `/usr` on a disk with a ROOT: a USB
/// stick may take that long, and the disk may be what is installed to.
const MEDIUM_GRACE: Duration = Duration::from_secs(15);
/// How often the wait says what it waits for.
const REPORT: Duration = Duration::from_secs(5);
/// How often the disks are looked at while nothing happens.
const TICK: Duration = Duration::from_millis(50);
/// How often all devices are looked at again, should an event have been lost.
const RESCAN: Duration = Duration::from_secs(2);

/// systemd's vendor GUID for the variables of the boot loader interface.
const LOADER_PARTITION: &str =
    "/sys/firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// The partition the loader was started from, where the firmware keeps it.
pub(crate) fn loader_partition() -> Option<Uuid> {
    fs::read(LOADER_PARTITION).ok().and_then(|bytes| parse_variable(&bytes))
}

/// A variable is four bytes of attributes and, here, a GUID in UTF-16.
fn parse_variable(bytes: &[u8]) -> Option<Uuid> {
    let units = bytes.get(4..)?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let text: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16(&text).ok()?.parse().ok()
}

/// Loads drivers until the disk with the partitions of this `/usr` is there, and no more of them.
pub(crate) fn wait_for_usr(
    modules: &Modules,
    cmdline: &Cmdline,
    loader: Option<Uuid>,
) -> Result<(Choice, Vec<Disk>), FindError> {
    let events = Uevents::open().map_err(console::warn).ok();
    let mode = Mode::of(cmdline);
    let is_it =
        |choice: &Choice| choice.from_loader.unwrap_or(mode == Mode::Installed || choice.is_medium);
    let find = |disks: &[Disk]| find::choose(disks, &cmdline.root_hash, loader, mode);
    // Other controllers are left to PID 1: some take long to start, and none is needed before.
    let there = || find(&devices::disks(mode)).is_ok_and(|choice| is_it(&choice));
    report(&modules.coldplug_until(there));
    console::step("modules loaded");
    let patience = cmdline.value("keelson.rootwait").and_then(|text| text.parse().ok());
    let patience = patience.map_or(PATIENCE, Duration::from_secs);
    let grace = if mode == Mode::Live { MEDIUM_GRACE } else { LOADER_GRACE };
    let start = Instant::now();
    let (mut next_report, mut next_scan) = (REPORT, RESCAN);
    loop {
        let disks = devices::disks(mode);
        let waited = start.elapsed();
        let found = find(&disks);
        match &found {
            Ok(choice) if !is_it(choice) && waited < grace => {}
            Ok(_) => return found.map(|choice| (choice, disks)),
            Err(error) if waited >= patience => return Err(error.clone()),
            Err(_) => {}
        }
        if waited >= next_report {
            next_report += REPORT;
            console::warn(format_args!(
                "waiting for the disk with partition {} ({} of {} s); seen:{}",
                cmdline.root_hash.data_guid(),
                waited.as_secs(),
                patience.as_secs(),
                Seen(&disks)
            ));
        }
        match &events {
            Some(events) => {
                events.wait(TICK).iter().for_each(|alias| report(&modules.plug(alias)));
            }
            None => std::thread::sleep(TICK),
        }
        if waited >= next_scan {
            next_scan += RESCAN;
            // What fails now failed before, and was said then.
            let _said = modules.coldplug_until(there);
        }
    }
}

/// Says which modules failed; whether that matters shows in whether the disk appears.
pub(crate) fn report(failures: &[LoadError]) {
    failures.iter().for_each(console::warn);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_variable_is_a_guid_in_utf_16_after_its_attributes() {
        let text = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B\0";
        let mut bytes = vec![6, 0, 0, 0];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let guid = parse_variable(&bytes).expect("a GUID");
        assert_eq!(guid.to_string(), "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
        assert_eq!(parse_variable(&bytes[..20]), None);
        assert_eq!(parse_variable(&[]), None);
    }
}
