//! Every format of the disk holds the disk of its platform: `disk.raw` with the platform's bytes.

use std::io::Read;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use keelson_format::platform::Platform;
use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::disk::copy_sparse;

use crate::{BOARD, Outcome, judged, size, tool};

/// The disk of an artifact's platform, made by hand.
fn disk_of(artifact: &str, folder: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let platform = Platform::of_artifact(artifact).ok_or("it is no disk")?;
    let path = folder.join("expected.raw");
    copy_sparse(&BOARD.artifacts.path("disk.raw"), &path)?;
    let disk = fs_err::File::options().write(true).open(&path)?;
    assert!(!BOARD.artifacts.release.platform.is_empty(), "no ranges are the platform's");
    for range in &BOARD.artifacts.release.platform {
        let bytes = fs_err::read(BOARD.artifacts.path(&range.artifact(platform)))?;
        disk.file().write_all_at(&bytes, range.start)?;
    }
    Ok(path)
}

/// Holds an image against its disk by `qemu-img`, which also checks its tables where it can.
fn is_the_disk(artifact: &str, format: &str) -> Outcome {
    let folder = scratch()?;
    let image = BOARD.artifacts.path(artifact);
    // QEMU has no check of VHD, and there is nothing to check of a raw disk.
    if !matches!(format, "vpc" | "raw") {
        let words = judged(tool("qemu-img")?.args(["check", "-f", format]).arg(&image))?;
        assert!(words.contains("No errors were found"), "{words}");
    }
    let mut command = tool("qemu-img")?;
    command.args(["compare", "-f", "raw", "-F", format]);
    let words = judged(command.arg(disk_of(artifact, folder.path())?).arg(&image))?;
    // A warning where one is longer.
    assert!(words.contains("Images are identical") && !words.contains("size"), "{words}");
    Ok(())
}

#[test]
fn qcow2_is_the_disk_of_qemu() -> Outcome {
    is_the_disk("disk.qcow2", "qcow2")
}

#[test]
fn both_vmdks_are_the_disk_of_vmware() -> Outcome {
    is_the_disk("disk.vmdk", "vmdk")?;
    is_the_disk("disk-sparse.vmdk", "vmdk")
}

#[test]
fn vhdx_is_the_disk_of_hyperv() -> Outcome {
    is_the_disk("disk.vhdx", "vhdx")
}

#[test]
fn vhd_is_the_disk_of_azure_in_whole_mebibytes() -> Outcome {
    is_the_disk("disk.vhd", "vpc")?;
    let image = BOARD.artifacts.path("disk.vhd");
    let bytes = size(&image)?;
    assert_eq!(bytes % (1 << 20), 512);
    let mut footer = [0; 512];
    fs_err::File::open(&image)?.file().read_exact_at(&mut footer, bytes - 512)?;
    assert!(footer.starts_with(b"conectix"));
    let words = judged(tool("qemu-img")?.args(["info", "-f", "vpc"]).arg(&image))?;
    let virtual_size = format!("({} bytes)", BOARD.artifacts.release.disk.size);
    assert!(words.contains(&virtual_size), "{words}");
    Ok(())
}

#[test]
fn the_compressed_disk_is_that_of_metal() -> Outcome {
    let folder = scratch()?;
    let mut zstd = tool("zstd")?;
    zstd.arg("-dc").arg(BOARD.artifacts.path("disk.raw.zst"));
    same(&mut zstd, &disk_of("disk.raw.zst", folder.path())?)
}

#[test]
fn the_archive_for_gce_holds_one_sparse_disk() -> Outcome {
    let folder = scratch()?;
    let archive = BOARD.artifacts.path("gce.tar.gz");
    let words = judged(tool("tar")?.arg("-tvzf").arg(&archive))?;
    let (bytes, lines) = (BOARD.artifacts.release.disk.size, words.lines().count());
    assert_eq!(lines, 1, "{words}");
    assert!(words.contains(" disk.raw\n") && words.contains(&bytes.to_string()), "{words}");
    assert_eq!(bytes % (1 << 30), 0);
    let mut tar = tool("tar")?;
    tar.arg("-xzOf").arg(&archive);
    same(&mut tar, &disk_of("gce.tar.gz", folder.path())?)
}

#[test]
fn bmaptool_copies_and_verifies_the_disk() -> Outcome {
    let folder = scratch()?;
    let raw = BOARD.artifacts.path("disk.raw");
    let target = folder.path().join("target");
    let mut command = tool("bmaptool")?;
    command.arg("copy").arg("--bmap").arg(BOARD.artifacts.path("disk.raw.bmap"));
    judged(command.arg(&raw).arg(&target))?;
    let mut command = tool("qemu-img")?;
    judged(command.args(["compare", "-f", "raw", "-F", "raw"]).arg(&raw).arg(&target))?;
    let words = judged(tool("sgdisk")?.arg("-v").arg(&target))?;
    assert!(words.contains("No problems found"), "{words}");
    Ok(())
}

#[test]
fn bmaptool_refuses_a_disk_that_was_changed() -> Outcome {
    let folder = scratch()?;
    let changed = folder.path().join("changed.raw");
    copy_sparse(&BOARD.artifacts.path("disk.raw"), &changed)?;
    fs_err::File::options().write(true).open(&changed)?.file().write_all_at(b"x", 600)?;
    let mut command = tool("bmaptool")?;
    command.arg("copy").arg("--bmap").arg(BOARD.artifacts.path("disk.raw.bmap"));
    let output = command.arg(&changed).arg(folder.path().join("target")).output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && words.contains("checksum"), "{words}");
    Ok(())
}

#[test]
fn the_raw_disk_for_ec2_is_that_of_ec2_and_sparse() -> Outcome {
    is_the_disk("disk-ec2.raw", "raw")?;
    let allocated = fs_err::metadata(BOARD.artifacts.path("disk-ec2.raw"))?.blocks() * 512;
    let bytes = size(&BOARD.artifacts.path("disk-ec2.raw"))?;
    assert!(bytes == BOARD.artifacts.release.disk.size && allocated < bytes / 8, "{allocated}");
    Ok(())
}

/// Holds what a program writes to its output against a file.
fn same(program: &mut std::process::Command, expected: &Path) -> Outcome {
    let mut running = program.stdout(Stdio::piped()).spawn()?;
    let mut found = running.stdout.take().ok_or("it has no output")?;
    let mut file = fs_err::File::open(expected)?;
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut left = size(expected)?;
    while left > 0 {
        let length = usize::try_from(left.min(1 << 20))?;
        found.read_exact(&mut a[..length])?;
        file.read_exact(&mut b[..length])?;
        assert!(a[..length] == b[..length], "it differs {left} bytes before the end");
        left -= length as u64;
    }
    assert_eq!(found.read(&mut a)?, 0, "it is longer");
    assert!(running.wait()?.success());
    Ok(())
}
