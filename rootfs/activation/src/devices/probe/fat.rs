//! FAT12, FAT16 and FAT32 (Microsoft's FAT specification 1.03).

use super::{Bytes, Content, Superblock, u16_at, u32_at};

pub(super) fn fat(bytes: Bytes<'_>) -> Option<Superblock> {
    let boot = bytes(0, 512)?;
    let wide = match (boot.get(82..90)?, boot.get(54..62)?) {
        (b"FAT32   ", _) => true,
        (_, b"FAT12   " | b"FAT16   " | b"FAT     ") => false,
        _ => return None,
    };
    let sector = u64::from(u16_at(&boot, 11)?);
    let (cluster, tables, media) = (u64::from(boot[13]), u64::from(boot[16]), boot[21]);
    let sound = sector.is_power_of_two()
        && (512..=4096).contains(&sector)
        && cluster.is_power_of_two()
        && (1..=2).contains(&tables)
        && (media == 0xF0 || media >= 0xF8)
        && boot[510..] == [0x55, 0xAA];
    if !sound {
        return None;
    }
    let reserved = u64::from(u16_at(&boot, 14)?);
    let (root, length) = if wide {
        let first = reserved + tables * u64::from(u32_at(&boot, 36)?);
        let number = u64::from(u32_at(&boot, 44)?).checked_sub(2)?;
        ((first + number.checked_mul(cluster)?).checked_mul(sector)?, sector * cluster)
    } else {
        (
            (reserved + tables * u64::from(u16_at(&boot, 22)?)) * sector,
            u64::from(u16_at(&boot, 17)?) * 32,
        )
    };
    let (serial, name) = if wide { (67, 71) } else { (39, 43) };
    let [a, b, c, d] = boot.get(serial..serial + 4)?.try_into().ok()?;
    let uuid = (u32_at(&boot, serial)? != 0).then(|| format!("{d:02X}{c:02X}-{b:02X}{a:02X}"));
    let label = volume_label(bytes, root, length).or_else(|| plain(&boot[name..name + 11]));
    Some(Superblock { kind: Content::Vfat, uuid, label: label.filter(|label| label != "NO NAME") })
}

/// The label is an entry of the root folder; that in the boot sector may be old.
fn volume_label(bytes: Bytes<'_>, root: u64, length: u64) -> Option<String> {
    const LABEL: u8 = 0x08;
    const LONG_NAME: u8 = 0x0F;
    // A cluster is at most 128 KiB.
    let folder = bytes(root, usize::try_from(length.min(128 << 10)).ok()?)?;
    for entry in folder.chunks_exact(32) {
        match (entry[0], entry[11]) {
            (0, _) => return None,
            (0xE5, _) => {}
            (_, attributes) if attributes & 0x3F == LONG_NAME => {}
            (_, attributes) if attributes & (LABEL | 0x10) == LABEL => return plain(&entry[..11]),
            _ => {}
        }
    }
    None
}

fn plain(bytes: &[u8]) -> Option<String> {
    super::label(bytes)
}
