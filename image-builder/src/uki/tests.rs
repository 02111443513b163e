use sha2::{Digest, Sha256};

use super::*;

const OPTIONAL: usize = 0x40 + 24;
const SBAT: &str =
    "sbat,1,SBAT Version,sbat,1,https://example.com\nstub,1,Stub,stub,1,https://example.com\n";

/// A PE32+ image for x86-64 with these sections, headers of `header_bytes` and `NX_COMPAT`.
pub(crate) fn image(header_bytes: u32, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut image = vec![0; header_bytes as usize];
    image[..2].copy_from_slice(b"MZ");
    put_u32(&mut image, 0x3c, 0x40);
    image[0x40..0x44].copy_from_slice(b"PE\0\0");
    put_u16(&mut image, 0x44, 0x8664);
    put_u16(&mut image, 0x46, u16::try_from(sections.len()).unwrap());
    put_u16(&mut image, 0x54, 240);
    put_u16(&mut image, OPTIONAL, 0x20b);
    put_u32(&mut image, OPTIONAL + 32, 0x1000);
    put_u32(&mut image, OPTIONAL + 36, 0x200);
    put_u32(&mut image, OPTIONAL + 60, header_bytes);
    put_u16(&mut image, OPTIONAL + 68, 10);
    put_u16(&mut image, OPTIONAL + 70, 0x160);
    put_u32(&mut image, OPTIONAL + 108, 16);
    let mut address = 0x1000;
    for (index, (name, content)) in sections.iter().enumerate() {
        let entry = OPTIONAL + 240 + index * SECTION_HEADER;
        let size = u32::try_from(content.len()).unwrap();
        let raw = u32::try_from(image.len()).unwrap();
        image[entry..entry + name.len()].copy_from_slice(name.as_bytes());
        put_u32(&mut image, entry + 8, size);
        put_u32(&mut image, entry + 12, address);
        put_u32(&mut image, entry + 16, size.next_multiple_of(0x200));
        put_u32(&mut image, entry + 20, raw);
        put_u32(&mut image, entry + 36, READABLE);
        address += size.next_multiple_of(0x1000);
        image.extend_from_slice(content);
        image.resize(image.len().next_multiple_of(0x200), 0);
    }
    put_u32(&mut image, OPTIONAL + 56, address);
    image
}

/// A stub with room for five more sections.
pub(crate) fn stub() -> Vec<u8> {
    image(0x400, &[(".text", b"code"), (".sbat", SBAT.as_bytes()), (".reloc", &[0; 12])])
}

pub(crate) fn kernel() -> Vec<u8> {
    image(0x400, &[(".text", &[0x90; 5000])])
}

fn parts<'a>(stub: &'a [u8], linux: &'a [u8]) -> Parts<'a> {
    Parts {
        stub,
        os_release: "ID=keelson\n",
        cmdline: "quiet panic=30",
        uname: "6.12.0-amd64",
        sbat: "keelson,1,Keelson,keelson,1.0,https://example.com\n",
        linux,
        initrd: b"070701",
    }
}

fn field(image: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(image[offset..offset + 4].try_into().unwrap())
}

#[test]
fn the_sections_follow_the_stubs_in_the_order_of_ukify() {
    let (stub, linux) = (stub(), kernel());
    let uki = assemble(&parts(&stub, &linux)).unwrap();
    let sections = inspect(&uki).unwrap();
    let names: Vec<_> = sections.iter().map(|section| section.name.as_str()).collect();
    assert_eq!(
        names,
        [".text", ".sbat", ".reloc", ".osrel", ".cmdline", ".uname", ".linux", ".initrd"]
    );
    let content = |name| section(&uki, name).unwrap().unwrap();
    assert_eq!(content(".text"), b"code");
    assert_eq!(content(".osrel"), b"ID=keelson\n");
    assert_eq!(content(".cmdline"), b"quiet panic=30");
    assert_eq!(content(".uname"), b"6.12.0-amd64");
    assert_eq!(content(".linux"), linux);
    assert_eq!(content(".initrd"), b"070701");
    assert_eq!(section(&uki, ".dtb").unwrap(), None);
    for pair in sections.windows(2) {
        let [before, after] = pair else { unreachable!("windows of two") };
        assert!(after.virtual_address >= before.virtual_address + before.virtual_size, "{after:?}");
        assert!(after.raw_offset >= before.raw_offset + before.raw_size, "{after:?}");
        assert_eq!((after.virtual_address % 0x1000, after.raw_offset % 0x200), (0, 0), "{after:?}");
    }
}

#[test]
fn the_headers_tell_the_sizes_of_the_new_image() {
    let (stub, linux) = (stub(), kernel());
    let uki = assemble(&parts(&stub, &linux)).unwrap();
    let last = inspect(&uki).unwrap().pop().unwrap();
    assert_eq!(field(&uki, OPTIONAL + 56), last.virtual_address + 0x1000, "SizeOfImage");
    assert_eq!(field(&uki, OPTIONAL + 60), 0x400, "SizeOfHeaders");
    assert_eq!((last.raw_offset + last.raw_size) as usize, uki.len());
    let content = 11 + 14 + 12 + linux.len() + 6;
    assert_eq!(field(&uki, OPTIONAL + 8) as usize, content, "SizeOfInitializedData");
}

#[test]
fn the_checksum_is_the_folded_sum_of_words_and_the_length() {
    let (stub, linux) = (stub(), kernel());
    let uki = assemble(&parts(&stub, &linux)).unwrap();
    let mut sum = 0u32;
    for (index, pair) in uki.chunks(2).enumerate() {
        let at = index * 2;
        if (OPTIONAL + 64..OPTIONAL + 68).contains(&at) {
            continue;
        }
        sum += u32::from(u16::from_le_bytes([pair[0], pair[1]]));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    assert_eq!(field(&uki, OPTIONAL + 64), sum + u32::try_from(uki.len()).unwrap());
}

#[test]
fn equal_parts_give_these_very_bytes() {
    let (stub, linux) = (stub(), kernel());
    let digest = Sha256::digest(assemble(&parts(&stub, &linux)).unwrap());
    assert_eq!(
        hex::encode(digest),
        "b63d503d8b72c29e9cd71c391767c8105c5ac97bc30d1c677c4dfe0c7cc957d2"
    );
}

#[test]
fn a_kernel_without_nx_compat_takes_the_flag_from_the_uki() {
    let (stub, mut linux) = (stub(), kernel());
    let flags = |linux: &[u8]| {
        let uki = assemble(&parts(&stub, linux)).unwrap();
        u16::from_le_bytes([uki[OPTIONAL + 70], uki[OPTIONAL + 71]])
    };
    assert_eq!(flags(&linux), 0x160);
    put_u16(&mut linux, OPTIONAL + 70, 0);
    assert_eq!(flags(&linux), 0x60);
}

#[test]
fn revocation_lines_are_appended_to_those_of_the_stub() {
    let (stub, linux) = (stub(), kernel());
    let uki = assemble(&parts(&stub, &linux)).unwrap();
    let text = str::from_utf8(section(&uki, ".sbat").unwrap().unwrap()).unwrap();
    let names: Vec<_> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(names, ["sbat", "stub", "uki", "keelson", "\0"]);
}

#[test]
fn bad_parts_are_refused_and_the_section_is_named() {
    let (stub, linux) = (stub(), kernel());
    let long = "x,1,X,x,1,https://example.com/long\n".repeat(12);
    let cut_off = "x".repeat(2048);
    let narrow = image(0x200, &[(".text", b"code"), (".sbat", SBAT.as_bytes())]);
    let plain = image(0x400, &[(".text", b"code")]);
    let twice = image(0x400, &[(".sbat", SBAT.as_bytes()), (".initrd", b"x")]);
    let strange = image(0x400, &[(".sbat", b"no text of that kind")]);
    let mut signed = stub.clone();
    let end = u32::try_from(signed.len()).unwrap();
    signed.extend_from_slice(&[0; 8]);
    put_u32(&mut signed, OPTIONAL + 144, end);
    put_u32(&mut signed, OPTIONAL + 148, 8);
    let good = parts(&stub, &linux);
    let cases: [(Parts<'_>, &str); 14] = [
        (
            Parts { stub: b"", ..good },
            "the EFI stub: not a PE image: the MZ header is missing at byte 0",
        ),
        (
            Parts { stub: &signed, ..good },
            "the EFI stub is already signed; the unsigned stub is needed",
        ),
        (
            Parts { linux: b"\x1f\x8b", ..good },
            "section .linux: the kernel has no EFI stub: not a PE image: the MZ header is missing at byte 0",
        ),
        (Parts { initrd: b"", ..good }, "section .initrd is empty"),
        (Parts { cmdline: "", ..good }, "section .cmdline is empty"),
        (
            Parts { cmdline: &cut_off, ..good },
            "section .cmdline: 2048 bytes, and the kernel reads 2047",
        ),
        (
            Parts { cmdline: "a\nb", ..good },
            "section .cmdline: byte 1 is 0x0a, which ends the text",
        ),
        (
            Parts { os_release: "A=1\0", ..good },
            "section .osrel: byte 3 is 0x00, which ends the text",
        ),
        (
            Parts { stub: &narrow, ..good },
            "section .uname: its header ends at byte 528, the headers of the EFI stub at 512",
        ),
        (Parts { stub: &plain, ..good }, "section .sbat: the EFI stub has none"),
        (Parts { stub: &strange, ..good }, "section .sbat: the EFI stub's is not SBAT text"),
        (Parts { stub: &twice, ..good }, "section .initrd: the EFI stub has one already"),
        (
            Parts { sbat: "keelson,0,K,k,1,u", ..good },
            "section .sbat: `keelson,0,K,k,1,u` is not `component,generation,vendor,package,version,url`",
        ),
        (
            Parts { sbat: &long, ..good },
            "section .sbat: 589 bytes, and the EFI stub has room for 512",
        ),
    ];
    for (parts, message) in cases {
        assert_eq!(assemble(&parts).unwrap_err().to_string(), message);
    }
}

#[test]
fn broken_headers_are_refused_or_read_but_never_panic() {
    let (whole, linux) = (stub(), kernel());
    for length in 0..whole.len() {
        let _ = assemble(&parts(&whole[..length], &linux)).is_ok();
    }
    for at in 0..0x400 {
        for value in [0, 1, 0x7f, 0xff] {
            let mut broken = whole.clone();
            broken[at] = value;
            let _ = assemble(&parts(&broken, &linux)).is_ok();
            for section in inspect(&broken).unwrap_or_default() {
                let _ = section.data(&broken);
            }
        }
    }
}
