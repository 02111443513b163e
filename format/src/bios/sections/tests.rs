use proptest::prelude::*;

use super::*;

/// A PE image with a section table of these names, sizes in memory, sizes in the file and offsets.
fn image(table: &[(&str, u32, u32, u32)]) -> Vec<u8> {
    let mut image = vec![0; 0x40];
    image[..2].copy_from_slice(b"MZ");
    image[0x3c] = 0x40;
    image.extend(b"PE\0\0");
    image.extend([0x64, 0x86, u8::try_from(table.len()).expect("few"), 0]);
    image.extend([0; 12]);
    image.extend([8, 0, 0, 0]);
    image.extend([0; 8]);
    for (name, virtual_size, raw_size, offset) in table {
        let mut header = [0; HEADER];
        header[..name.len()].copy_from_slice(name.as_bytes());
        for (at, value) in [(8, virtual_size), (16, raw_size), (20, offset)] {
            header[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        image.extend(header);
    }
    image
}

#[test]
fn sections_are_found_by_name() {
    let image =
        image(&[(".text", 1, 512, 512), (".linux", 700, 1024, 1024), (".initrd", 9, 512, 2048)]);
    assert_eq!(
        sections(&image, [".initrd", ".linux"]),
        Ok([Section { offset: 2048, bytes: 9 }, Section { offset: 1024, bytes: 700 }])
    );
    assert_eq!(sections(&image, [".uname"]), Err(SectionsError::Missing(".uname")));
}

#[test]
fn what_is_no_image_is_refused() {
    let whole = image(&[(".linux", 1, 512, 512)]);
    for (bytes, error) in [
        (Vec::new(), SectionsError::NotPe),
        (b"MZ".to_vec(), SectionsError::Short(2)),
        (whole[..whole.len() - 1].to_vec(), SectionsError::Short(whole.len() - 1)),
        (vec![0; 512], SectionsError::NotPe),
    ] {
        assert_eq!(sections(&bytes, [".linux"]), Err(error));
    }
}

proptest! {
    #[test]
    fn no_bytes_break_it(noise in prop::collection::vec((0..200_usize, any::<u8>()), 0..8), cut in 0..200_usize) {
        let mut image = image(&[(".linux", 1, 512, 512), (".initrd", 9, 512, 2048)]);
        for (at, byte) in noise {
            if let Some(place) = image.get_mut(at) {
                *place = byte;
            }
        }
        let _any = sections(&image[..cut.min(image.len())], [".linux", ".initrd"]);
        let _any = sections(&image, [".linux", ".initrd"]);
    }
}
