//! The live medium, judged by xorriso, isoinfo, sgdisk and fsck.fat.

use std::path::{Path, PathBuf};
use std::process::Command;

use keelson_format::release::Release;
use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::disk::DiskImage;

use crate::{BOARD, Outcome, judged, tool};

fn iso() -> PathBuf {
    let path = BOARD.artifacts.path("keelson.iso");
    assert!(path.is_file(), "make it: cargo xtask build-image --format iso");
    path
}

/// Extracts everything by its Rock Ridge name.
fn extracted(folder: &Path) -> Outcome {
    let mut xorriso = tool("xorriso")?;
    xorriso.args(["-osirrox", "on", "-indev"]).arg(iso()).args(["-extract", "/"]).arg(folder);
    judged(&mut xorriso)?;
    Ok(())
}

#[test]
fn the_medium_is_within_its_budget() -> Outcome {
    let size = fs_err::metadata(iso())?.len();
    assert!(size <= 110_000_000, "{size} bytes");
    Ok(())
}

#[test]
fn firmware_finds_the_boot_images() -> Outcome {
    let mut xorriso = tool("xorriso")?;
    xorriso.arg("-indev").arg(iso());
    xorriso.args(["-report_el_torito", "plain", "-report_system_area", "plain"]);
    let words = judged(&mut xorriso)?;
    for line in [
        "El Torito catalog  : ",
        "El Torito boot img :   1  BIOS  y   none  0x0000  0x00      4 ",
        "El Torito boot img :   2  UEFI  y   none  0x0000  0x00 ",
        "El Torito img path :   1  /boot/bios.img",
        "El Torito img path :   2  /boot/esp.img",
        "GPT partition name :   2  7500730072002d004100",
        "GPT partition path :   1  /boot/esp.img",
        "GPT partition path :   2  /usr.erofs",
        "GPT partition path :   3  /usr.verity",
        "GPT partition path :   4  /usr.sig.json",
        "protective-msdos-label",
    ] {
        assert!(words.contains(line), "`{line}` is not in\n{words}");
    }
    assert!(!words.contains("GPT                :   -"), "{words}");
    Ok(())
}

#[test]
fn every_block_reads_and_every_descriptor_is_as_it_should_be() -> Outcome {
    let mut xorriso = tool("xorriso")?;
    xorriso.arg("-indev").arg(iso()).args(["-check_media", "--"]);
    let words = judged(&mut xorriso)?;
    assert!(!words.contains("FAILURE") && !words.contains("SORRY"), "{words}");
    let words = judged(tool("isoinfo")?.arg("-d").arg("-i").arg(iso()))?;
    for line in ["Volume id: KEELSON", "Rock Ridge signatures version 1 found", "El Torito VD"] {
        assert!(words.contains(line), "`{line}` is not in\n{words}");
    }
    let words = judged(tool("isoinfo")?.args(["-R", "-f", "-i"]).arg(iso()))?;
    assert!(words.lines().any(|line| line == "/boot/esp.img"), "{words}");
    Ok(())
}

#[test]
fn the_partition_table_is_whole() -> Outcome {
    for name in ["sgdisk", "sfdisk"] {
        let option = if name == "sgdisk" { "-v" } else { "--verify" };
        let words = judged(tool(name)?.arg(option).arg(iso()))?;
        let good = words.contains("No problems found") || words.contains("No errors detected");
        assert!(good, "{name}: {words}");
    }
    Ok(())
}

#[test]
fn files_and_partitions_are_those_of_the_build() -> Outcome {
    let folder = scratch()?;
    let at = folder.path().join("all");
    extracted(&at)?;
    let medium = DiskImage::open(&iso())?;
    for (name, label) in
        [("usr.erofs", "usr-A"), ("usr.verity", "usr-A-verity"), ("usr.sig.json", "usr-A-sig")]
    {
        let expected = fs_err::read(BOARD.artifacts.path(name))?;
        assert!(fs_err::read(at.join(name))? == expected, "{name} is not the build's");
        assert!(medium.read(label, 0, expected.len())? == expected, "{label} is not {name}");
    }
    let sums = fs_err::read_to_string(at.join("SHA256SUMS"))?;
    assert_eq!(sums.lines().count(), 7, "{sums}");
    judged(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(&at))?;
    let release: Release = serde_json::from_slice(&fs_err::read(at.join("release.json"))?)?;
    assert_eq!(release.usr, BOARD.artifacts.release.usr);
    let words = judged(tool("fsck.fat")?.args(["-n", "-v"]).arg(at.join("boot/esp.img")))?;
    assert!(words.contains("16 bit entries"), "{words}");
    Ok(())
}
