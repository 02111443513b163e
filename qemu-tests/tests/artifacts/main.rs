//! What the latest build made, judged by programs that others wrote, and held against the budgets.

mod archives;
mod disks;
mod iso;
mod netboot;
mod platforms;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use keelson_format::disk::{Role, Slot, TABLE};
use keelson_format::signature::SlotSignature;
use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::disk::DiskImage;
use keelson_qemu_tests::pe::Pe;
use keelson_qemu_tests::{Board, oci};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const MB: u64 = 1_000_000;

static BOARD: LazyLock<Board> =
    LazyLock::new(|| Board::open("amd64-usr").unwrap_or_else(|error| panic!("{error}")));

fn tool(name: &str) -> Result<Command, keelson_sdk::ToolsError> {
    BOARD.tools.command(name)
}

/// Runs a judge, which must be content. Gives all that it says.
fn judged(command: &mut Command) -> Result<String, std::io::Error> {
    let Output { status, stdout, stderr } = command.output()?;
    let words = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {status}\n{words}");
    Ok(words.into_owned())
}

fn size(path: &Path) -> Result<u64, std::io::Error> {
    Ok(fs_err::metadata(path)?.len())
}

/// A partition as a file of its own.
fn partition(label: &str, to: &Path) -> Outcome {
    Ok(DiskImage::open(&BOARD.artifacts.path("disk.raw"))?.extract(label, to)?)
}

#[test]
fn the_partition_table_is_whole() -> Outcome {
    let disk = BOARD.artifacts.path("disk.raw");
    // Both exit with 0 whatever they find.
    let bad = ["ERROR", "corrupt", "Caution", "CRC", "Invalid"];
    for (command, good) in [
        (tool("sgdisk")?.arg("-v").arg(&disk), "No problems found"),
        (tool("sfdisk")?.arg("--verify").arg(&disk), "No errors detected"),
    ] {
        let words = judged(command)?;
        assert!(words.contains(good), "{words}");
        assert!(!bad.iter().any(|bad| words.contains(bad)), "{words}");
    }
    Ok(())
}

#[test]
fn the_partitions_are_those_of_the_design_and_of_the_root_hash() -> Outcome {
    let words = judged(tool("sfdisk")?.arg("-J").arg(BOARD.artifacts.path("disk.raw")))?;
    let table: Value = serde_json::from_str(&words)?;
    let partitions = table["partitiontable"]["partitions"].as_array().ok_or("no partitions")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
    let labels: Vec<_> = partitions.iter().map(|p| p["name"].as_str()).collect();
    assert_eq!(labels, TABLE.map(|role| Some(role.label())));
    for (partition, role) in partitions.iter().zip(TABLE) {
        assert_eq!(text(&partition["type"]), role.type_guid().to_string(), "{}", role.label());
    }
    let hash = BOARD.artifacts.release.usr.root_hash;
    assert_eq!(text(&partitions[1]["uuid"]), hash.data_guid().to_string());
    assert_eq!(text(&partitions[2]["uuid"]), hash.hash_guid().to_string());
    Ok(())
}

#[test]
fn the_esp_is_a_clean_fat32() -> Outcome {
    let folder = scratch()?;
    let esp = folder.path().join("esp");
    partition(Role::Esp.label(), &esp)?;
    let words = judged(tool("fsck.fat")?.args(["-n", "-v"]).arg(&esp))?;
    assert!(!words.contains("less than the required minimum"), "{words}");
    assert!(words.contains("32 bit entries"), "{words}");
    Ok(())
}

#[test]
fn usr_can_be_extracted_and_is_what_the_partition_holds() -> Outcome {
    let folder = scratch()?;
    let image = BOARD.artifacts.path("usr.erofs");
    let extracted = folder.path().join("usr");
    let option = format!("--extract={}", extracted.display());
    judged(tool("fsck.erofs")?.arg(option).arg(&image))?;
    assert!(size(&extracted.join("bin/containerd"))? > MB);
    assert!(size(&extracted.join("lib/keelson/init"))? <= 4 * MB, "PID 1 is over its budget");
    let slot = folder.path().join("usr-A");
    partition(Role::UsrData(Slot::A).label(), &slot)?;
    let length = size(&image)?;
    assert_eq!(length, BOARD.artifacts.release.usr.data_size);
    assert!(hash(&slot, length)? == hash(&image, length)?, "usr-A is not usr.erofs");
    Ok(())
}

#[test]
fn the_hash_tree_holds_for_every_block() -> Outcome {
    let hash = BOARD.artifacts.release.usr.root_hash.to_string();
    let (data, tree) = (BOARD.artifacts.path("usr.erofs"), BOARD.artifacts.path("usr.verity"));
    judged(tool("veritysetup")?.arg("verify").args([&data, &tree]).arg(&hash))?;
    let folder = scratch()?;
    let slot = folder.path().join("usr-A-verity");
    partition(Role::UsrHash(Slot::A).label(), &slot)?;
    judged(tool("veritysetup")?.arg("verify").args([&data, &slot]).arg(&hash))?;
    Ok(())
}

#[test]
fn the_signature_partition_signs_the_root_hash() -> Outcome {
    let folder = scratch()?;
    let at = folder.path().join("usr-A-sig");
    partition(Role::UsrSignature(Slot::A).label(), &at)?;
    let bytes = fs_err::read(&at)?;
    let json = fs_err::read(BOARD.artifacts.path("usr.sig.json"))?;
    assert!(bytes.starts_with(&json), "usr-A-sig is not usr.sig.json");
    let signature = SlotSignature::from_partition(&bytes)?;
    let hash = BOARD.artifacts.release.usr.root_hash;
    assert_eq!(signature.root_hash, hash);
    // A certificate is optional; where the release has one, OpenSSL must agree.
    assert_eq!(signature.signature.is_some(), signature.certificate_fingerprint.is_some());
    if let (Some(text), Some(fingerprint)) =
        (&signature.signature, &signature.certificate_fingerprint)
    {
        let certificate = dev_certificate(fingerprint)?;
        let [der, content] = ["sig.der", "content"].map(|name| folder.path().join(name));
        fs_err::write(&der, BASE64.decode(text)?)?;
        fs_err::write(&content, hash.to_string())?;
        let mut command = tool("openssl")?;
        command.args(["cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-in"]);
        command.arg(&der).arg("-content").arg(&content);
        command.arg("-certfile").arg(&certificate).arg("-CAfile").arg(&certificate);
        judged(&mut command)?;
    }
    Ok(())
}

/// The certificate with this fingerprint among this user's dev keys.
fn dev_certificate(fingerprint: &str) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    let folder = data.ok_or("neither XDG_DATA_HOME nor HOME is set")?.join("keelson/dev-keys");
    for entry in fs_err::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "crt") {
            let text = fs_err::read_to_string(&path)?;
            let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
            if hex::encode(Sha256::digest(BASE64.decode(base64)?)) == fingerprint {
                return Ok(path);
            }
        }
    }
    Err(format!("no certificate in {} has the fingerprint {fingerprint}", folder.display()).into())
}

#[test]
fn the_uki_is_one_and_signed() -> Outcome {
    let uki = BOARD.artifacts.path("keelson.efi");
    let words = judged(tool("ukify")?.arg("inspect").arg(&uki))?;
    for section in [".osrel", ".cmdline", ".uname", ".sbat", ".linux", ".initrd"] {
        assert!(words.contains(&format!("{section}:")), "{section} is not in\n{words}");
    }
    let hash = BOARD.artifacts.release.usr.root_hash;
    assert!(words.contains(&format!("usrhash={hash}")), "{words}");

    let folder = scratch()?;
    let [der, pem] = ["signer.der", "signer.pem"].map(|name| folder.path().join(name));
    fs_err::write(&der, Pe::parse(&fs_err::read(&uki)?)?.signer_certificate()?)?;
    let mut command = tool("openssl")?;
    judged(command.args(["x509", "-inform", "DER", "-in"]).arg(&der).arg("-out").arg(&pem))?;
    let words = judged(tool("sbverify")?.arg("--cert").arg(&pem).arg(&uki))?;
    assert!(words.contains("Signature verification OK"), "{words}");
    Ok(())
}

#[test]
fn the_manifest_names_every_artifact_by_its_digest() -> Outcome {
    let artifacts = &BOARD.artifacts.release.artifacts;
    for name in ["disk.raw", "disk.qcow2", "disk.raw.zst", "keelson.efi", "usr.erofs"] {
        assert!(artifacts.contains_key(name), "{name} is not in release.json");
    }
    for (name, artifact) in artifacts {
        let path = BOARD.artifacts.path(name);
        assert_eq!(size(&path)?, artifact.size, "{name}");
        assert_eq!(hash(&path, artifact.size)?, artifact.sha256, "{name}");
    }
    Ok(())
}

#[test]
fn sizes_are_within_the_budgets() -> Outcome {
    let esp = DiskImage::open(&BOARD.artifacts.path("disk.raw"))?.extent(Role::Esp.label())?;
    for (name, budget) in [
        ("usr.erofs", 80 * MB),
        ("keelson.efi", (20 * MB).min(esp.length / 6)),
        ("disk.raw.zst", 95 * MB),
    ] {
        let size = size(&BOARD.artifacts.path(name))?;
        assert!(size <= budget, "{name} has {size} bytes, the budget is {budget}");
    }
    Ok(())
}

#[test]
fn the_initramfs_holds_init_and_modules_and_nothing_else() -> Outcome {
    let uki = fs_err::read(BOARD.artifacts.path("keelson.efi"))?;
    let folder = scratch()?;
    let packed = folder.path().join("initrd.zst");
    fs_err::write(&packed, Pe::parse(&uki)?.section(".initrd").ok_or("no .initrd")?)?;
    let cpio = folder.path().join("initrd");
    let output = fs_err::File::create(&cpio)?;
    let mut command = tool("zstd")?;
    // Zero bytes that pad the section follow the frame; the kernel skips them, zstd complains.
    command.arg("-dcq").arg(&packed).stdout(output.into_file()).stderr(Stdio::null()).status()?;
    let files = cpio_files(&fs_err::read(&cpio)?)?;
    let init = files.iter().find(|(name, _)| name == "init").ok_or("no /init")?;
    assert!(init.1 <= 3 * MB, "/init has {} bytes", init.1);
    for (name, _) in &files {
        let known = ["init", "etc/", "usr/lib/modules/"];
        assert!(known.iter().any(|known| name.starts_with(known)), "{name} in the initramfs");
    }
    Ok(())
}

#[test]
fn the_container_image_is_read_by_others() -> Outcome {
    let folder = scratch()?;
    let archive = folder.path().join("probe.tar");
    fs_err::write(&archive, &BOARD.container_image)?;
    assert!(size(&archive)? < 60_000, "it must fit into a configuration");
    let reference = format!("oci-archive:{}:latest", archive.display());
    let mut command = tool("skopeo")?;
    command.arg("--tmpdir").arg(folder.path()).args(["inspect", "--config", &reference]);
    let config: Value = serde_json::from_str(&judged(&mut command)?)?;
    assert_eq!(config["config"]["Entrypoint"][0], oci::PROGRAM);
    Ok(())
}

/// SHA-256 of the first `length` bytes of a file.
fn hash(path: &Path, length: u64) -> Result<String, std::io::Error> {
    let mut hash = Sha256::new();
    std::io::copy(&mut fs_err::File::open(path)?.take(length), &mut hash)?;
    Ok(hex::encode(hash.finalize()))
}

/// Names and sizes of the regular files of a cpio archive (newc: `initramfs-buffer-format`).
fn cpio_files(archive: &[u8]) -> Result<Vec<(String, u64)>, Box<dyn std::error::Error>> {
    let mut files = Vec::new();
    let mut at = 0;
    loop {
        let header = archive.get(at..at + 110).ok_or("the archive is cut off")?;
        assert_eq!(&header[..6], b"070701", "at {at}");
        let field = |index: usize| {
            let text = std::str::from_utf8(&header[6 + 8 * index..14 + 8 * index])?;
            Ok::<_, Box<dyn std::error::Error>>(usize::from_str_radix(text, 16)?)
        };
        let (mode, length, name_length) = (field(1)?, field(6)?, field(11)?);
        let name = std::str::from_utf8(&archive[at + 110..at + 109 + name_length])?;
        if name == "TRAILER!!!" {
            return Ok(files);
        }
        if mode & 0o170_000 == 0o100_000 {
            files.push((name.to_owned(), length as u64));
        }
        at = (at + 110 + name_length).next_multiple_of(4) + length.next_multiple_of(4);
    }
}
