//! What a host knows of its platform, and that a wrong one breaks nothing. That of `disk.raw` is looked at in
//! [`crate::network`], one with a screen in [`crate::formats`].

use keelson_disk::platform::Overlay;
use keelson_format::platform::Platform;
use keelson_qemu_tests::board::ScratchDisk;

use crate::checks::{self, Group, Has, Is};
use crate::{BOARD, Outcome, esp};

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
