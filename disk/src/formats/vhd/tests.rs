use super::super::Form;
use super::super::tests::{mixed, written};
use super::*;

#[test]
fn the_file_is_the_disk_and_a_footer() {
    let bytes = 40 << 20;
    let pieces = mixed(bytes);
    let vhd = written(Form::Vhd, bytes, &pieces);
    let (disk, footer) = vhd.split_at(usize::try_from(bytes).unwrap());
    assert!(disk == written(Form::Raw, bytes, &pieces));
    assert_eq!(footer.len(), 512);
    assert_eq!(footer[..8], *b"conectix");
    let number = |at: usize| u64::from_be_bytes(footer[at..at + 8].try_into().unwrap());
    assert_eq!([number(16), number(40), number(48)], [u64::MAX, bytes, bytes]);
    assert_eq!(footer[60..64], [0, 0, 0, 2]);
    let sum: u32 = footer
        .iter()
        .enumerate()
        .filter(|(at, _)| !(64..68).contains(at))
        .map(|(_, byte)| u32::from(*byte))
        .sum();
    assert_eq!(footer[64..68], (!sum).to_be_bytes());
}

#[test]
fn geometries_are_those_of_the_specification() {
    const MIB: u64 = (1 << 20) / SECTOR;
    for (sectors, expected) in [
        (MIB, (30, 4, 17)),
        (100 * MIB, (1003, 12, 17)),
        (200 * MIB, (825, 16, 31)),
        (4096 * MIB, (8322, 16, 63)),
        (40 << 20, (41_610, 16, 63)),
        (80 << 20, (20_560, 16, 255)),
        (65535 * 16 * 255 + 5, (65535, 16, 255)),
    ] {
        assert_eq!(geometry(sectors), expected, "{sectors}");
    }
}
