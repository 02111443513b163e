use super::*;

/// A core image of `blocks` blocks, the last of them not whole.
fn core(blocks: u16) -> Vec<u8> {
    let mut core = vec![7; usize::from(blocks) * BLOCK - 100];
    core[REST..REST + 8].fill(0);
    core[REST_COUNT..REST_COUNT + 2].copy_from_slice(&(blocks - 1).to_le_bytes());
    core
}

fn boot() -> Vec<u8> {
    let mut boot = vec![0xeb; BLOCK];
    boot[510..].copy_from_slice(&[0x55, 0xaa]);
    boot
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[test]
fn each_stage_is_told_where_the_next_lies() {
    let code = DiskCode::new(boot(), core(9)).expect("code");
    let first = 1 << 33;
    let mbr = code.mbr(first);
    assert_eq!(long(&mbr, KERNEL_SECTOR), first);
    assert_eq!(mbr[DRIVE_CHECK..DRIVE_CHECK + 2], CHECK);
    let partition = code.partition(first, 1 << 20).expect("room");
    assert_eq!(long(&partition, REST), first + 1);
    assert_eq!(partition.len(), 9 * BLOCK);
    assert_eq!(code.partition(first, 4096), Err(BiosError::Room { bytes: 4608, room: 4096 }));
}

#[test]
fn a_cd_and_a_stick_are_told_too() {
    let image = [vec![1; 2048], core(9)].concat();
    let code = IsoCode::new(boot(), &image).expect("code");
    assert_eq!(code.boot_image_bytes(), 2048 + 9 * 512);
    // 100 blocks of 2048 bytes, four of 512 bytes for cdboot.img, one that has the list.
    assert_eq!(long(&code.boot_image(100), 2048 + REST), 405);
    // Block 16 and its own, then its length.
    assert_eq!(long(&code.boot_image(100), 8), 100 << 32 | 16);
    assert_eq!(long(&code.boot_image(100), 16) & 0xffff_ffff, 2048 + 9 * 512);
    assert_eq!(long(&code.mbr(100), 0x1b0), 404);
}

#[test]
fn what_is_no_image_of_grubs_is_refused() {
    let mut other_count = core(9);
    other_count[REST_COUNT] = 9;
    for (boot_image, core_image) in [
        (vec![0; BLOCK], core(9)),
        (boot()[1..].to_vec(), core(9)),
        (boot(), Vec::new()),
        (boot(), vec![0; 100]),
        (boot(), other_count),
    ] {
        assert!(DiskCode::new(boot_image.clone(), core_image.clone()).is_err());
        assert!(IsoCode::new(boot_image, &[vec![0; 2048], core_image].concat()).is_err());
    }
    assert!(IsoCode::new(boot(), &[0; 2048]).is_err());
}
