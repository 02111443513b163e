//! One changed byte anywhere in `/usr`, its hash tree, its signature or the command line, and the
//! boot is refused, with words that say what is wrong.

use keelson_format::disk::{Role, Slot};
use keelson_format::verity::RootHash;
use keelson_qemu_tests::disk::DiskImage;
use keelson_qemu_tests::{Ending, Machine};

use crate::{BOARD, BOOT, END, IMPATIENT, Outcome};

const DATA: &str = Role::UsrData(Slot::A).label();
const HASH: &str = Role::UsrHash(Slot::A).label();
const SIGNATURE: &str = Role::UsrSignature(Slot::A).label();

/// What the kernel says of a block that does not match the hash tree.
const CORRUPTED: &str = "is corrupted";

/// The boots that nothing is added to: one that the kernel refuses, and one that the initramfs does.
const AS_BUILT: [&str; 2] = ["usr-data", "no-signature"];

/// Boots a disk changed by `change`: `message` must appear, and the machine must restart without
/// having reached PID 1.
fn refused(
    name: &str,
    message: &str,
    change: impl FnOnce(&mut DiskImage) -> Outcome,
) -> Result<Machine, Box<dyn std::error::Error>> {
    let mut disk = BOARD.scratch_disk()?;
    change(&mut disk.image)?;
    let setup = disk.setup(name);
    // That a host restarts unattended with the words of the image alone is to be seen as well.
    let setup = if AS_BUILT.contains(&name) { setup } else { setup.words(&IMPATIENT) };
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for(message, BOOT)?;
    machine.expect_end(&Ending::Reset, END)?;
    let text: String = machine.lines().into_iter().map(|line| line.text + "\n").collect();
    assert!(!text.contains("PID 1 of Keelson"), "it went on:\n{text}");
    Ok(machine)
}

fn root_hash() -> RootHash {
    BOARD.artifacts.release.usr.root_hash
}

#[test]
fn a_changed_byte_of_usr_is_refused() -> Outcome {
    // The superblock of EROFS is in the first block, which every mount reads.
    refused("usr-data", CORRUPTED, |disk| Ok(disk.flip(DATA, 1500)?))?;
    Ok(())
}

#[test]
fn a_changed_byte_of_a_program_is_refused() -> Outcome {
    let at = extent_of("/lib/keelson/init")?;
    refused("usr-program", CORRUPTED, |disk| Ok(disk.flip(DATA, at + 100)?))?;
    Ok(())
}

#[test]
fn a_changed_byte_of_the_hash_tree_is_refused() -> Outcome {
    // The first block holds the superblock, the second the root of the tree.
    refused("usr-hash", CORRUPTED, |disk| Ok(disk.flip(HASH, 4096 + 7)?))?;
    Ok(())
}

#[test]
fn a_changed_byte_of_the_salt_is_refused() -> Outcome {
    refused("usr-salt", CORRUPTED, |disk| Ok(disk.flip(HASH, 88)?))?;
    Ok(())
}

#[test]
fn a_changed_byte_of_the_signature_is_refused() -> Outcome {
    let message = "does not match the signed statement";
    refused("usr-signature", message, |disk| {
        let statement = disk.find(SIGNATURE, b"keelson-usr 1", "statement")?;
        let at = disk.find(SIGNATURE, b"data-size ", "size in the statement")?;
        assert!(at > statement);
        Ok(disk.flip(SIGNATURE, at + 10)?)
    })?;
    Ok(())
}

#[test]
fn an_erased_signature_is_refused() -> Outcome {
    refused("no-signature", "REFUSED: vda4: the signature partition is empty", |disk| {
        let length = disk.extent(SIGNATURE)?.length;
        Ok(disk.write(SIGNATURE, 0, &vec![0; usize::try_from(length)?])?)
    })?;
    Ok(())
}

#[test]
fn a_changed_root_hash_finds_no_partition() -> Outcome {
    refused("root-hash", "REFUSED: no disk has the usr data partition GUID", |disk| {
        change_root_hash(disk).map(|_| ())
    })?;
    Ok(())
}

#[test]
fn a_changed_root_hash_with_partitions_to_match_is_not_signed() -> Outcome {
    refused("root-hash-guids", "signed for root hash", |disk| {
        let hash = change_root_hash(disk)?;
        disk.set_guid(DATA, hash.data_guid())?;
        disk.set_guid(HASH, hash.hash_guid())?;
        Ok(disk.set_guid(SIGNATURE, hash.signature_guid())?)
    })?;
    Ok(())
}

#[test]
fn the_other_slot_in_place_of_the_signed_one_is_refused() -> Outcome {
    refused("swapped-slot", "REFUSED: vda7: the signature partition is empty", |disk| {
        for role in [Role::UsrData, Role::UsrHash, Role::UsrSignature] {
            disk.swap_guids(role(Slot::A).label(), role(Slot::B).label())?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Changes the first digit of the root hash on the UKI's command line, in place.
fn change_root_hash(disk: &mut DiskImage) -> Result<RootHash, Box<dyn std::error::Error>> {
    let option = format!("usrhash={}", root_hash());
    let at = disk.find(Role::Esp.label(), option.as_bytes(), "root hash")? + 8;
    let digit = if disk.read(Role::Esp.label(), at, 1)? == b"0" { "1" } else { "0" };
    disk.write(Role::Esp.label(), at, digit.as_bytes())?;
    Ok(format!("{digit}{}", &root_hash().to_string()[1..]).parse()?)
}

/// Where the first data of a file is in the EROFS image, by an outside reader.
fn extent_of(path: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let mut command = BOARD.tools.command("dump.erofs")?;
    command.args(["-e", "--path", path]).arg(BOARD.artifacts.path("usr.erofs"));
    let output = command.output()?;
    let text = String::from_utf8(output.stdout)?;
    // A line is ` 0:  0..  4096 | 4096 :  8192.. 12288 | 4096`: the file's place, then the image's.
    let first = text.lines().find(|line| line.trim_start().starts_with("0:"));
    let place = first
        .and_then(|line| line.split(':').nth(2)?.split("..").next()?.trim().parse().ok())
        .ok_or_else(|| format!("dump.erofs names no extent of {path}: {text}"))?;
    Ok(place)
}
