//! What a host knows of its platform, and that a wrong one breaks nothing.

use keelson_disk::platform::Overlay;
use keelson_format::platform::Platform;
use keelson_qemu_tests::Machine;
use keelson_qemu_tests::board::ScratchDisk;

use crate::checks::{self, Group, Has, Is};
use crate::{BOARD, BOOT, END, Outcome, esp};

/// A disk of the board for another platform.
fn disk_of(platform: Platform) -> Result<ScratchDisk, Box<dyn std::error::Error>> {
    let disk = BOARD.scratch_disk()?;
    let folder = BOARD.artifacts.path("");
    let overlay = Overlay::read(&BOARD.artifacts.release.platform, platform, &folder)?;
    overlay.write(&std::fs::File::options().write(true).open(disk.image.path())?)?;
    Ok(disk)
}

const EC2: Group = (
    "ec2",
    &[
        ("jaq -r .platform /run/keelson/boot.json", Is("ec2")),
        ("cat /proc/cmdline", Has(" keelson.platform=ec2 console=tty0 console=ttyS0,115200n8 ")),
        ("cat /proc/cmdline", Has(" clocksource=tsc ")),
        ("cat /run/chrony-platform/platform.conf", Has("server 169.254.169.123 prefer")),
        ("eventually 'chronyc -n sources | grep -q 169.254.169.123' && echo asked", Is("asked")),
        // The last console is /dev/console, and the kernel speaks on all.
        ("cat /sys/class/tty/console/active", Has("ttyS0")),
        ("systemctl --failed --no-legend", Is("")),
    ],
);

#[test]
fn a_disk_of_another_platform_has_its_defaults_and_boots_elsewhere_too() -> Outcome {
    let disk = disk_of(Platform::Ec2)?;
    let setup = disk.setup("platform-ec2").ignition(&checks::config("chrony.service", &[EC2]));
    let report = checks::run(&setup, &[EC2], &[])?;
    report.check("ec2");
    report.console.clone()?;
    Ok(report.end.clone()?)
}

const METAL: Group = (
    "metal",
    &[
        ("jaq -r .platform /run/keelson/boot.json", Is("metal")),
        ("cat /proc/cmdline", Has(" keelson.platform=metal ")),
        ("test -e /run/chrony-platform || echo none", Is("none")),
    ],
);

#[test]
fn disk_raw_says_that_it_is_on_metal() -> Outcome {
    let setup = BOARD.setup("platform-metal").ignition(&checks::config("chrony.service", &[METAL]));
    let report = checks::run(&setup, &[METAL], &[])?;
    report.check("metal");
    Ok(report.end.clone()?)
}

/// Where the screen is `/dev/console`, the serial port still shows that the boot is complete; and a host that got no
/// configuration says what was not looked at.
#[test]
fn a_platform_with_a_screen_speaks_on_the_serial_port_too() -> Outcome {
    let disk = disk_of(Platform::Vmware)?;
    let mut machine = Machine::boot(&BOARD.tools, &disk.setup("platform-vmware"))?;
    machine.wait_for("platform vmware: this release does not read the guestinfo", BOOT)?;
    machine.wait_for("boot complete in", BOOT)?;
    machine.power_off(END)?;
    Ok(machine.check_console(&[])?)
}

#[test]
fn a_host_without_an_add_on_boots_without_a_platform() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    // An add-on that is none: the stub leaves out what is no image.
    esp::replace(&disk, "loader/addons/", |bytes| vec![0; bytes.len()])?;
    let group: Group = ("none", &[("jaq -r .platform /run/keelson/boot.json", Is("null"))]);
    let setup = disk.setup("platform-none").ignition(&checks::config("basic.target", &[group]));
    let report = checks::run(&setup, &[group], &[])?;
    report.check("none");
    Ok(report.end.clone()?)
}
