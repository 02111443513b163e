//! The sizes of a board: disk, partitions, budgets.

use keelson_format::size::ByteSize;
use toml::Spanned;

use super::raw::{RawBudgets, RawDisk};
use super::{BoardError, Budgets, Disk, Firmware};
use crate::manifest::{Checker, Span, ValueError};

const MIB: ByteSize = ByteSize::mib(1);
/// Beyond any disk; keeps sums far from overflow.
const LARGEST: ByteSize = ByteSize::new(1 << 44);
/// The smallest FAT32 on a disk with sectors of 4 KiB.
const ESP_LEAST: ByteSize = ByteSize::mib(256);
/// FAT32 counts sectors of 512 bytes in 32 bits.
const ESP_MOST: ByteSize = ByteSize::new(1 << 40);
/// What a UKI may take of the ESP: one for each slot, the one being written, and room beside them.
const UKI_SHARE: u64 = 6;

/// Default sizes: the table of the manual's chapter on the disk.
const DISK: Disk = Disk {
    size: ByteSize::mib(4096),
    esp: ByteSize::mib(1024),
    usr: ByteSize::mib(1024),
    usr_verity: ByteSize::mib(16),
    usr_signature: ByteSize::mib(1),
    oem: ByteSize::mib(64),
    // Room for a core image several times the size of today's.
    bios: MIB,
    // An ext4 with a journal, the first boot's log and one small container.
    root_minimum: ByteSize::mib(256),
};

/// What a UKI may take of an ESP, in whole MiB.
pub(crate) fn uki_share(esp: ByteSize) -> ByteSize {
    let share = esp.bytes() / UKI_SHARE;
    ByteSize::new(share - share % MIB.bytes())
}

pub(super) fn check(
    c: &mut Checker,
    raw: &RawDisk,
    budgets: &RawBudgets,
    firmware: Firmware,
) -> (Disk, Budgets) {
    let noted = c.noted();
    let mut sized = |key, raw: &Option<Spanned<String>>, default, least, most| match raw {
        Some(raw) => bounded(c, key, raw, least, most),
        None => default,
    };
    let disk = Disk {
        size: sized("size", &raw.size, DISK.size, MIB, LARGEST),
        esp: sized("esp", &raw.esp, DISK.esp, ESP_LEAST, ESP_MOST),
        usr: sized("usr", &raw.usr, DISK.usr, MIB, LARGEST),
        usr_verity: sized("usr-verity", &raw.usr_verity, DISK.usr_verity, MIB, LARGEST),
        usr_signature: sized("usr-signature", &raw.usr_signature, DISK.usr_signature, MIB, LARGEST),
        oem: sized("oem", &raw.oem, DISK.oem, MIB, LARGEST),
        bios: match firmware {
            Firmware::UefiAndBios => DISK.bios,
            Firmware::Uefi => ByteSize::new(0),
        },
        root_minimum: sized("root-minimum", &raw.root_minimum, DISK.root_minimum, MIB, LARGEST),
    };
    let mut budget = |key, raw: &Option<Spanned<String>>| {
        raw.as_ref().map(|raw| c.size(key, raw, ByteSize::new(1)))
    };
    let checked = Budgets {
        usr: budget("usr", &budgets.usr),
        uki: budget("uki", &budgets.uki),
        disk_compressed: budget("disk-compressed", &budgets.disk_compressed),
        iso: budget("iso", &budgets.iso),
    };
    if c.noted() == noted {
        fits(c, raw, &disk);
        within(c, budgets.usr.as_ref(), disk.usr, "the size of the /usr partition");
        within(c, budgets.uki.as_ref(), uki_share(disk.esp), "a sixth of the ESP");
    }
    (disk, checked)
}

fn bounded(
    c: &mut Checker,
    key: &'static str,
    raw: &Spanned<String>,
    least: ByteSize,
    most: ByteSize,
) -> ByteSize {
    let noted = c.noted();
    let size = c.size(key, raw, MIB);
    if c.noted() == noted && !(least..=most).contains(&size) {
        c.note(raw.span(), ValueError::Bounds { key, size, least, most });
    }
    size
}

/// Checks the sizes of the partitions against each other.
fn fits(c: &mut Checker, raw: &RawDisk, disk: &Disk) {
    // The place of the key, else of the nearest one that has a say, else the start of the file.
    let span = |keys: [&Option<Spanned<String>>; 2]| -> Span {
        keys.into_iter().flatten().next().map_or(0..0, Spanned::span)
    };
    let needed = disk.fixed().bytes().saturating_add(disk.root_minimum.bytes());
    if disk.usr.bytes().saturating_mul(2) > disk.size.bytes() {
        let error = BoardError::Slots { usr: disk.usr, disk: disk.size };
        c.note(span([&raw.usr, &raw.size]), error);
    } else if needed > disk.size.bytes() {
        let error = BoardError::DiskTooSmall {
            disk: disk.size,
            fixed: disk.fixed(),
            root_minimum: disk.root_minimum,
        };
        c.note(span([&raw.size, &raw.root_minimum]), error);
    }
    let tree = hash_tree(disk.usr);
    if tree > disk.usr_verity {
        let error = BoardError::HashTree { tree, usr: disk.usr, partition: disk.usr_verity };
        c.note(span([&raw.usr_verity, &raw.usr]), error);
    }
}

fn within(c: &mut Checker, raw: Option<&Spanned<String>>, limit: ByteSize, what: &'static str) {
    let Some(raw) = raw else { return };
    match raw.get_ref().parse::<ByteSize>() {
        Ok(budget) if budget > limit => {
            c.note(raw.span(), BoardError::Budget { budget, limit, what });
        }
        _ => {}
    }
}

/// Superblock and hash tree of a full partition, in whole MiB.
fn hash_tree(usr: ByteSize) -> ByteSize {
    let bytes = crate::verity::tree_bytes(usr.bytes());
    ByteSize::new(bytes.next_multiple_of(MIB.bytes()))
}
