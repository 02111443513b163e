//! `keelson.iso`: the live medium, of the same `/usr`, UKI and loader as the disk.

use std::fmt::Write as _;

use fs_err as fs;
use keelson_disk::fat::{self, Entry, Node, Volume};
use keelson_disk::iso::{self, File, Image, Partition, partition_starts};
use keelson_disk::{recipe, sparse};
use keelson_format::cmdline::LIVE;
use keelson_format::disk::{Role, Slot};
use keelson_format::guid;
use keelson_format::platform::{Platform, grub_cfg};
use keelson_format::release::Artifact;
use keelson_format::uki::{Tries, UkiName};
use sha2::{Digest as _, Sha256};

use super::BuildError;
use super::formats::Source;
use super::inputs::BUILD_TOOLS;
use crate::{addon, authenticode, bios, esp, stage};

/// The artifact.
const NAME: &str = "keelson.iso";
/// The name of the volume, by which it is found in `/dev/disk/by-label`.
const VOLUME: &str = "KEELSON";
/// Bytes of the ESP's tables and folders, and what is free for a user's own files on a stick.
const ESP_ROOM: u64 = 1 << 20;
/// No cluster of an ESP is larger.
const CLUSTER: u64 = 4096;

/// Writes the medium.
pub(super) fn write(source: &Source<'_>) -> Result<(), BuildError> {
    let tools = source.sdk.tools(source.lock, &BUILD_TOOLS.map(str::to_owned))?;
    let code = source.plan.boot.bios.as_ref().map(|_| bios::iso_code(&tools)).transpose()?;
    let esp = tempfile::NamedTempFile::new_in(source.folder)?;
    let uki = write_esp(source, esp.as_file())?;

    let path = |name: &str| source.folder.join(name);
    let parts = [
        (bios::ISO_ESP, Role::Esp, esp.path().to_owned()),
        ("usr.erofs", Role::UsrData(Slot::A), path("usr.erofs")),
        ("usr.verity", Role::UsrHash(Slot::A), path("usr.verity")),
        ("usr.sig.json", Role::UsrSignature(Slot::A), path("usr.sig.json")),
    ];
    let mut files: Vec<File> = Vec::new();
    for (name, role, content) in parts {
        files.push(File {
            path: name.to_owned(),
            content: content.into(),
            partition: Some(partition(source, role)),
        });
    }
    let mut lengths = Vec::new();
    for file in &files {
        lengths.push(file.content.bytes()?);
    }
    let starts = partition_starts(&lengths);
    files.push(installation(source, &starts, uki)?);
    files.extend(texts(source, &files)?);

    let image = Image {
        volume: VOLUME,
        guid: derived(source, "disk"),
        esp: bios::ISO_ESP,
        bios: code.as_ref(),
        files: &files,
    };
    let out = fs::File::options().read(true).write(true).create_new(true).open(path(NAME))?;
    iso::write(out.file(), &image)?;
    let size = out.metadata()?.len();
    match source.plan.disk.iso_limit {
        Some(budget) if size > budget.bytes() => Err(BuildError::TooLarge {
            what: NAME,
            size,
            over: size - budget.bytes(),
            limit: format!("the board's budget of {budget}"),
            largest: Vec::new(),
        }),
        _ => Ok(()),
    }
}

/// Writes the ESP into an empty file; gives the UKI's place in it.
///
/// The UKI has no tries: there is nowhere on a CD to count them, and nothing to fall back to.
fn write_esp(source: &Source<'_>, out: &std::fs::File) -> Result<u64, BuildError> {
    let plan = source.plan;
    let file = |file| -> Result<Vec<u8>, BuildError> {
        Ok(stage::build_file(plan, source.inputs, file)?.read()?)
    };
    let words = format!("{} {LIVE}", Platform::Metal.command_line());
    let uki = source.folder.join("keelson.efi");
    let name = UkiName { version: plan.version.clone(), tries: Tries::Good, done: 0 }.to_string();
    let entries = esp::entries(
        esp::Parts {
            loader: &authenticode::sign(&file(&plan.boot.loader)?, source.keys.db())?,
            uki: uki.clone().into(),
            uki_name: name.clone(),
            menu_timeout: plan.boot.menu_timeout,
            enroll: plan.boot.enroll,
            addon: addon::assemble(&file(&plan.boot.addon_stub)?, &words, source.keys.db())?,
            cfg: grub_cfg(&words),
            bios: match plan.boot.bios {
                Some(_) => bios::esp_files(
                    &plan.version,
                    Tries::Good,
                    &fs::read(&uki)?,
                    plan.boot.menu_timeout,
                )?,
                None => Vec::new(),
            },
        },
        source.keys,
    );
    let volume = Volume {
        bytes: esp_bytes(&entries)?,
        id: plan.disk.esp_volume_id,
        label: "ESP".parse().expect("a label of FAT"),
        hidden_sectors: u32::try_from(iso::ALIGNMENT / fat::SECTOR).expect("the ESP comes first"),
    };
    out.set_len(volume.bytes)?;
    fat::write(out, 0, &volume, &entries)?;
    let reader = fat::Reader::open(out, 0)?;
    let found = reader.files()?;
    let found = found.iter().find(|found| found.path.ends_with(&name));
    let pieces = reader.pieces(found.expect("it was just written"))?;
    Ok(pieces.first().expect("the writer keeps files in one piece").start)
}

fn esp_bytes(entries: &[Entry]) -> Result<u64, BuildError> {
    let mut bytes = ESP_ROOM;
    for entry in entries {
        if let Node::File(content) = &entry.node {
            bytes += content.bytes()?.next_multiple_of(CLUSTER);
        }
    }
    Ok(bytes.next_multiple_of(iso::ALIGNMENT))
}

/// What the installer needs to make `disk.raw` of the medium. It comes last: it says where the rest lies.
fn installation(source: &Source<'_>, starts: &[u64], uki: u64) -> Result<File, BuildError> {
    let [esp, usr, verity, _signature] = starts else {
        unreachable!("the medium has these partitions before the installer's")
    };
    let path = |name: &str| source.folder.join(name);
    let (efi, usr_path, verity_path) = (path("keelson.efi"), path("usr.erofs"), path("usr.verity"));
    let shared = [
        recipe::Shared { path: &usr_path, medium: *usr },
        recipe::Shared { path: &verity_path, medium: *verity },
        recipe::Shared { path: &efi, medium: esp + uki },
    ];
    let release = source.release;
    let mut overlays = Vec::new();
    for range in &release.platform {
        for platform in Platform::ALL {
            let bytes = fs::read(path(&range.artifact(platform)))?;
            let (platform, at) = (platform.to_string(), range.start);
            overlays.push(recipe::Overlay { platform, at, bytes });
        }
    }
    let bytes = recipe::make(
        &path("disk.raw"),
        &release.disk,
        (release.version.as_str(), &release.board),
        &shared,
        &overlays,
        &|message| source.keys.sign_release(message),
    )?;
    let partition = Partition {
        label: recipe::LABEL.to_owned(),
        type_guid: Role::Oem.type_guid(),
        guid: derived(source, recipe::LABEL),
    };
    let path = "install.recipe".to_owned();
    Ok(File { path, content: bytes.into(), partition: Some(partition) })
}

/// What says what the medium is: a text, the manifest with the medium's own files, sums and their
/// signature.
fn texts(source: &Source<'_>, files: &[File]) -> Result<Vec<File>, BuildError> {
    let mut release = source.release.clone();
    release.artifacts.clear();
    for file in files {
        let sha256 = match &file.content {
            keelson_disk::content::Content::Bytes(bytes) => Sha256::digest(bytes).into(),
            keelson_disk::content::Content::File(path) => sparse::sha256(path)?,
        };
        let (size, sha256) = (file.content.bytes()?, hex::encode(sha256));
        release.artifacts.insert(file.path.clone(), Artifact { size, sha256 });
    }
    let mut manifest = serde_json::to_string_pretty(&release).expect("a manifest is text");
    manifest.push('\n');
    let readme = format!(
        "Keelson {} for {}: live medium and installer.\n\n\
         It boots as a CD and as a USB stick, by UEFI and by BIOS, keeps nothing on this machine's\n\
         disks, and installs with `keelson-install`.\n\
         boot/esp.img      the EFI system partition: loader, kernel, keys for Secure Boot\n\
         usr.*             the system, its hash tree and its signed root hash\n\
         install.recipe    how the installer puts a disk together\n\
         SHA256SUMS.sig    the release key's signature (Ed25519) of SHA256SUMS\n",
        release.version, release.board
    );
    let mut sums = String::new();
    for (name, artifact) in &release.artifacts {
        writeln!(sums, "{}  {name}", artifact.sha256).expect("writing to a String cannot fail");
    }
    for (name, text) in [("README.txt", &readme), ("release.json", &manifest)] {
        let digest = hex::encode(Sha256::digest(text));
        writeln!(sums, "{digest}  {name}").expect("writing to a String cannot fail");
    }
    let signature = source.keys.sign_release(sums.as_bytes()).to_vec();
    let contents = [
        ("README.txt", readme.into_bytes()),
        ("release.json", manifest.into_bytes()),
        ("SHA256SUMS", sums.into_bytes()),
        ("SHA256SUMS.sig", signature),
    ];
    let text = |(path, bytes): (&str, Vec<u8>)| File {
        path: path.to_owned(),
        content: bytes.into(),
        partition: None,
    };
    Ok(contents.map(text).into())
}

/// The partition of a role: that of the disk, but the ESP has its own GUID, by which the loader tells the
/// initramfs where it was started from.
fn partition(source: &Source<'_>, role: Role) -> Partition {
    let of_disk = source.release.disk.partitions.iter().find(|p| p.label == role.label());
    let guid = match (role, of_disk) {
        (Role::UsrData(_) | Role::UsrHash(_) | Role::UsrSignature(_), Some(found)) => found.guid,
        _ => derived(source, role.label()),
    };
    Partition { label: role.label().to_owned(), type_guid: role.type_guid(), guid }
}

fn derived(source: &Source<'_>, name: &str) -> uuid::Uuid {
    guid::derived(&["medium", &source.plan.board, source.plan.version.as_str(), name])
}
