//! The add-ons of the platforms and the ranges of the disk that they take, judged by programs that
//! others wrote.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use keelson_disk::platform::Overlay;
use keelson_format::disk::Role;
use keelson_format::platform::{ADDON_PATH, CFG_BYTES, CFG_PATH, Platform};
use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::disk::DiskImage;
use keelson_qemu_tests::pe::Pe;

use crate::{BOARD, Outcome, judged};

fn artifact(platform: Platform, suffix: &str) -> Result<Vec<u8>, std::io::Error> {
    fs_err::read(BOARD.artifacts.path(&format!("platforms/{platform}.{suffix}")))
}

#[test]
fn every_add_on_is_signed_and_says_its_platform() -> Outcome {
    let folder = scratch()?;
    let [der, pem] = ["signer.der", "signer.pem"].map(|name| folder.path().join(name));
    let uki = fs_err::read(BOARD.artifacts.path("keelson.efi"))?;
    fs_err::write(&der, Pe::parse(&uki)?.signer_certificate()?)?;
    let mut command = BOARD.tools.command("openssl")?;
    judged(command.args(["x509", "-inform", "DER", "-in"]).arg(&der).arg("-out").arg(&pem))?;
    for platform in Platform::ALL {
        let addon = BOARD.artifacts.path(&format!("platforms/{platform}.addon.efi"));
        let words = judged(BOARD.tools.command("sbverify")?.arg("--cert").arg(&pem).arg(&addon))?;
        assert!(words.contains("Signature verification OK"), "{platform}: {words}");
        assert!(!words.contains("warning"), "{platform}: {words}");
        let words = judged(BOARD.tools.command("ukify")?.arg("inspect").arg(&addon))?;
        let cmdline = platform.command_line();
        for part in [".sbat:", ".cmdline:", cmdline.as_str()] {
            assert!(words.contains(part), "{platform}: no {part} in\n{words}");
        }
        assert!(!words.contains(".linux") && !words.contains(".uname"), "{platform}: {words}");
    }
    Ok(())
}

#[test]
fn the_files_of_all_platforms_have_one_size() -> Outcome {
    let mut sizes = BTreeSet::new();
    for platform in Platform::ALL {
        sizes.insert(artifact(platform, "addon.efi")?.len());
        assert_eq!(artifact(platform, "cfg")?, platform.grub_cfg(), "{platform}");
    }
    assert_eq!(sizes.len(), 1, "{sizes:?}");
    let ranges = &BOARD.artifacts.release.platform;
    let shown: Vec<_> = ranges.iter().map(|range| (range.path.as_str(), range.size)).collect();
    let size = *sizes.first().ok_or("no add-on")? as u64;
    assert_eq!(shown, [(ADDON_PATH, size), (CFG_PATH, CFG_BYTES as u64)]);
    Ok(())
}

#[test]
fn disk_raw_is_the_disk_of_metal() -> Outcome {
    let disk = fs_err::File::open(BOARD.artifacts.path("disk.raw"))?;
    for range in &BOARD.artifacts.release.platform {
        let mut bytes = vec![0; usize::try_from(range.size)?];
        disk.file().read_exact_at(&mut bytes, range.start)?;
        assert!(bytes == fs_err::read(BOARD.artifacts.path(&range.artifact(Platform::Metal)))?);
    }
    Ok(())
}

/// Where two files of one length differ.
fn differences(a: &Path, b: &Path) -> Result<Vec<u64>, std::io::Error> {
    let (mut a, mut b) = (fs_err::File::open(a)?, fs_err::File::open(b)?);
    let (mut one, mut other) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let (mut at, mut differences) = (0, Vec::new());
    loop {
        let length = a.read(&mut one)?;
        if length == 0 {
            return Ok(differences);
        }
        b.read_exact(&mut other[..length])?;
        if one[..length] != other[..length] {
            let pairs = one.iter().zip(&other).take(length).enumerate();
            let found = pairs.filter(|(_, (a, b))| a != b).map(|(index, _)| at + index as u64);
            differences.extend(found);
        }
        at += length as u64;
    }
}

#[test]
fn the_esp_of_another_platform_is_clean_and_differs_in_the_recorded_ranges_alone() -> Outcome {
    let folder = scratch()?;
    let [metal, other] = ["metal", "other"].map(|name| folder.path().join(name));
    let disk = DiskImage::open(&BOARD.artifacts.path("disk.raw"))?;
    let label = Role::Esp.label();
    let start = disk.extent(label)?.start;
    disk.extract(label, &metal)?;
    disk.extract(label, &other)?;
    let ranges = &BOARD.artifacts.release.platform;
    let overlay = Overlay::read(ranges, Platform::Ec2, &BOARD.artifacts.path(""))?;
    let esp = fs_err::File::options().write(true).open(&other)?;
    for (at, bytes) in overlay.patches() {
        esp.file().write_all_at(bytes, at - start)?;
    }
    judged(BOARD.tools.command("fsck.fat")?.args(["-n", "-v"]).arg(&other))?;
    let differences = differences(&metal, &other)?;
    assert!(!differences.is_empty());
    for at in differences {
        let within = ranges.iter().any(|r| (r.start..r.start + r.size).contains(&(start + at)));
        assert!(within, "byte {at} of the ESP differs and is in no range");
    }
    Ok(())
}

#[test]
fn the_manual_shows_the_command_lines_as_they_are() -> Outcome {
    let manual = keelson_qemu_tests::artifacts::workspace().join("docs/platforms.md");
    let text = fs_err::read_to_string(manual)?;
    for platform in Platform::ALL {
        let cmdline = platform.command_line();
        let words = cmdline.split_once(' ').ok_or("no words")?.1;
        let row = format!("| `{platform}` | {} | `{words}` |", platform.title());
        assert!(text.contains(&row), "docs/platforms.md lacks the row\n{row}");
    }
    Ok(())
}
