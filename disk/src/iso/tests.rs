use std::fs::File as HostFile;

use keelson_format::guid;
use sha2::{Digest as _, Sha256};

use super::*;

fn file(path: &str, bytes: Vec<u8>, label: Option<&str>) -> File {
    let partition = label.map(|label| Partition {
        label: label.to_owned(),
        type_guid: guid::derived(&["type", label]),
        guid: guid::derived(&["partition", label]),
    });
    File { path: path.to_owned(), content: bytes.into(), partition }
}

fn files() -> Vec<File> {
    vec![
        file("boot/esp.img", vec![1; 1_500_000], Some("ESP")),
        file("usr.erofs", (0..=255).cycle().take(3_000_001).collect(), Some("usr-A")),
        file("usr.sig.json", b"{}".to_vec(), Some("usr-A-sig")),
        file("README.txt", b"read me\n".to_vec(), None),
        file("boot/deep/er/a name of its own.tar.gz", vec![7; 5000], None),
        file("empty", Vec::new(), None),
    ]
}

fn code() -> IsoCode {
    let mut hybrid = vec![0x11; 512];
    hybrid[510..].copy_from_slice(&[0x55, 0xaa]);
    // cdboot.img, then a core image of two blocks, the first of which says that one follows.
    let mut image = vec![0x22; 2048 + 1024];
    image[2048 + 508..2048 + 510].copy_from_slice(&[1, 0]);
    IsoCode::new(hybrid, &image).unwrap()
}

fn image<'a>(files: &'a [File], bios: Option<&'a IsoCode>) -> Image<'a> {
    let guid = guid::derived(&["disk"]);
    Image { volume: "KEELSON", guid, esp: "boot/esp.img", bios, files }
}

fn written(files: &[File], bios: Option<&IsoCode>) -> Result<(HostFile, Vec<u8>), IsoError> {
    let out = tempfile::tempfile().unwrap();
    write(&out, &image(files, bios))?;
    let mut bytes = vec![0; usize::try_from(out.metadata().unwrap().len()).unwrap()];
    out.read_exact_at(&mut bytes, 0).unwrap();
    Ok((out, bytes))
}

/// The files of a volume by their Rock Ridge names: path, start, length.
fn listing(bytes: &[u8], record: usize, path: &str, found: &mut Vec<(String, usize, usize)>) {
    let le32 = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i])) as usize;
    let (start, length) = (le32(record + 2) * 2048, le32(record + 10));
    if bytes[record + 25] & 2 == 0 {
        found.push((path.to_owned(), start, length));
        return;
    }
    let mut at = start;
    while at < start + length {
        let size = usize::from(bytes[at]);
        if size == 0 {
            at = (at + 1).next_multiple_of(2048);
            continue;
        }
        let name = usize::from(bytes[at + 32]);
        let mut field = (at + 33 + name).next_multiple_of(2);
        while field + 4 <= at + size {
            let length = usize::from(bytes[field + 2]);
            if &bytes[field..field + 2] == b"NM" {
                let name = String::from_utf8_lossy(&bytes[field + 5..field + length]);
                listing(bytes, at, &format!("{path}/{name}"), found);
            }
            field += length;
        }
        at += size;
    }
}

fn all(bytes: &[u8]) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    listing(bytes, 16 * 2048 + 156, "", &mut found);
    found
}

#[test]
fn every_file_is_found_by_its_name_with_its_bytes() {
    let (_out, bytes) = written(&files(), Some(&code())).unwrap();
    let found = all(&bytes);
    let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
    let expected = [
        "/boot/bios.img",
        "/boot/boot.cat",
        "/boot/deep/er/a name of its own.tar.gz",
        "/boot/esp.img",
        "/empty",
        "/README.txt",
        "/usr.erofs",
        "/usr.sig.json",
    ];
    assert_eq!(names, expected);
    for file in files() {
        let (_, start, length) =
            found.iter().find(|(name, ..)| name[1..] == file.path).expect("listed");
        assert!(bytes[*start..start + length] == file.content.read().unwrap(), "{}", file.path);
    }
}

#[test]
fn large_files_are_partitions_and_lie_where_they_were_foretold() {
    let (out, bytes) = written(&files(), None).unwrap();
    let table = gpt::read(&out).unwrap();
    let labels: Vec<_> = table.partitions.iter().map(|p| p.label.as_str()).collect();
    assert_eq!(labels, ["ESP", "usr-A", "usr-A-sig"]);
    let starts = partition_starts(&[1_500_000, 3_000_001, 2]);
    assert_eq!(starts, [1 << 20, 3 << 20, 6 << 20]);
    for (partition, start) in std::iter::zip(&table.partitions, starts) {
        assert_eq!(partition.offset(), start);
        assert!(partition.bytes().is_multiple_of(ALIGNMENT), "{}", partition.label);
        let found = all(&bytes);
        assert!(found.iter().any(|(_, at, _)| *at as u64 == start), "{}", partition.label);
    }
    // An active entry without a type beside the protective one.
    assert_eq!((bytes[446 + 4], bytes[446 + 16], bytes[446 + 16 + 4]), (0xee, 0x80, 0));
    assert_eq!(bytes[510..512], [0x55, 0xaa]);
}

#[test]
fn the_catalogue_names_the_code_for_a_bios_and_the_esp() {
    let (_out, bytes) = written(&files(), Some(&code())).unwrap();
    assert_eq!(&bytes[17 * 2048 + 7..17 * 2048 + 30], b"EL TORITO SPECIFICATION");
    let le32 = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i])) as usize;
    let catalogue = le32(17 * 2048 + 71) * 2048;
    let entries = &bytes[catalogue..catalogue + 128];
    assert_eq!((entries[1], entries[32], entries[64], entries[65]), (0, 0x88, 0x91, 0xef));
    let (_, bios, _) =
        all(&bytes).into_iter().find(|(name, ..)| name.ends_with("bios.img")).unwrap();
    assert_eq!(le32(catalogue + 32 + 8) * 2048, bios);
    assert_eq!(
        (le32(catalogue + 96 + 8) * 2048, le32(catalogue + 96 + 6) & 0xffff),
        (1 << 20, 2930)
    );
    assert!(bytes[..400] == [0x11; 400], "the code of the MBR");
    // Without code for a BIOS the ESP is the only entry.
    let (_out, bytes) = written(&files(), None).unwrap();
    let catalogue = le32(17 * 2048 + 71) * 2048;
    assert_eq!((bytes[catalogue + 1], bytes[catalogue + 64]), (0xef, 0));
}

#[test]
fn a_medium_is_always_the_same_bytes() {
    let (_out, first) = written(&files(), Some(&code())).unwrap();
    let (_out, second) = written(&files(), Some(&code())).unwrap();
    assert!(first == second);
    // These bytes have been judged by xorriso, isoinfo and sgdisk.
    let digest = hex::encode(Sha256::digest(&first));
    assert_eq!(digest, "cea6a59597ee61d22fc529d84f8a7a773f197a184eeaca9c81c6429612a075f9");
}

#[test]
fn a_folder_of_many_files_takes_several_blocks() {
    let mut files = files();
    for number in 0..200 {
        let name = format!("many/{number:03} {}", "n".repeat(60));
        files.push(file(&name, vec![1], None));
    }
    let (_out, bytes) = written(&files, None).unwrap();
    assert_eq!(all(&bytes).iter().filter(|(name, ..)| name.starts_with("/many/")).count(), 200);
}

#[test]
fn what_does_not_fit_is_refused() {
    let with =
        |extra: File| written(&[files(), vec![extra]].concat(), None).unwrap_err().to_string();
    for (extra, expected) in [
        (file("README.TXT", Vec::new(), None), r#""README.TXT" is there already, as "README.txt""#),
        (file("a//b", Vec::new(), None), r#""" is no name on an ISO 9660 volume"#),
        (file(&"n".repeat(81), Vec::new(), None), "is no name on an ISO 9660 volume"),
        (file("large", vec![0; 1 << 20], None), "there is room for 1048576"),
    ] {
        let error = with(extra);
        assert!(error.contains(expected), "{error}");
    }
    let without: Vec<File> = files().split_off(1);
    assert!(matches!(written(&without, None), Err(IsoError::NoEsp { .. })));
    let large = vec![file("boot/esp.img", vec![0; 33 << 20], Some("ESP"))];
    assert!(matches!(written(&large, None), Err(IsoError::EspSize { .. })));
    let files = files();
    let named = Image { volume: "keelson", ..image(&files, None) };
    let out = tempfile::tempfile().unwrap();
    assert!(matches!(write(&out, &named), Err(IsoError::Name { .. })));
}
