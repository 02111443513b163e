use std::os::unix::fs::FileExt;

use keelson_disk::fat::Reader;
use keelson_format::guid::derived;
use tempfile::TempDir;

use super::*;

#[test]
fn what_is_no_ignition_configuration_is_refused() {
    for (text, expected) in [
        ("", "EOF"),
        ("#cloud-config", "expected value"),
        ("[]", "no `ignition.version`"),
        ("{\"ignition\":{\"version\":\"2.3.0\"}}", "specification 2.3.0"),
    ] {
        let error = format!("{:#}", check(text.as_bytes()).expect_err("refused"));
        assert!(error.contains(expected), "{error}");
    }
    check(b"{\"ignition\":{\"version\":\"3.4.0\"}}").expect("good");
}

#[test]
fn a_configuration_that_is_too_large_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("config");
    std::fs::write(&path, vec![b' '; 5 << 20]).expect("written");
    let error = read(&path.display().to_string()).expect_err("refused");
    assert!(error.to_string().contains("more than 4194304 bytes"), "{error}");
}

#[test]
fn the_volume_holds_the_file_and_depends_on_nothing_else() {
    let oem = Partition {
        number: 8,
        label: "OEM".to_owned(),
        type_guid: derived(&["type"]),
        guid: derived(&["oem"]),
        first: 2048,
        last: 2048 + (64 << 11) - 1,
        entry: [0; 128],
    };
    let config = b"{\"ignition\":{\"version\":\"3.4.0\"}}";
    let pieces = volume(config, &oem).expect("made");
    assert_eq!(pieces, volume(config, &oem).expect("made"));
    let file = tempfile::tempfile().expect("a file");
    file.set_len(oem.end()).expect("sized");
    for (at, bytes) in &pieces {
        file.write_all_at(bytes, *at).expect("written");
    }
    let reader = Reader::open(&file, oem.start()).expect("a volume");
    let files = reader.files().expect("read");
    assert_eq!(files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), [NAME]);
    assert_eq!(reader.read(&files[0]).expect("read"), config);
}
