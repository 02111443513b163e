use keelson_format::uki::Tries;

use super::*;

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

/// An ESP with these UKIs and the entries of versions 1 and 2.
fn esp(ukis: &[&str], environment: Option<&[u8]>) -> tempfile::TempDir {
    let esp = tempfile::tempdir().expect("a folder");
    let write = |path: &str, bytes: &[u8]| {
        let path = esp.path().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        fs::write(path, bytes).expect("written");
    };
    for name in ukis {
        write(&format!("{}/{name}", uki::FOLDER), name.as_bytes());
    }
    for text in ["1", "2"] {
        write(&bios::entry_path(&version(text)), b"");
    }
    if let Some(bytes) = environment {
        write(bios::ENVIRONMENT_PATH, bytes);
    }
    esp
}

fn environment(entries: &[(&str, Tries)]) -> Environment {
    Environment::new(entries.iter().map(|(text, tries)| (version(text), *tries)))
}

/// Applies what is found and gives the outcomes; nothing is left to do then.
fn settle(esp: &tempfile::TempDir, good: &str) -> Vec<String> {
    let change = find(esp.path(), &version(good)).expect("read");
    let outcomes = change.map_or(Vec::new(), |change| change.apply(esp.path()).expect("written"));
    assert!(find(esp.path(), &version(good)).expect("read").is_none(), "all agree");
    outcomes.iter().map(ToString::to_string).collect()
}

fn names(esp: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(esp.path().join(uki::FOLDER)).expect("listed");
    let name = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().into_string());
    let mut names: Vec<String> =
        entries.map(|entry| name(entry).expect("an entry").expect("text")).collect();
    names.sort();
    names
}

fn known(esp: &tempfile::TempDir) -> Environment {
    let bytes = fs::read(esp.path().join(bios::ENVIRONMENT_PATH)).expect("there");
    Environment::parse(&bytes).expect("a block")
}

#[test]
fn a_boot_on_bios_is_blessed_in_both_places() {
    let before = environment(&[("2", Tries::Left(2)), ("1", Tries::Good)]).to_bytes();
    let esp = esp(&["keelson_2+3.efi", "keelson_1.efi"], Some(&before));
    assert_eq!(
        settle(&esp, "2"),
        ["blessed: keelson_2+3.efi is now keelson_2.efi", "GRUB's environment is up to date"]
    );
    assert_eq!(names(&esp), ["keelson_1.efi", "keelson_2.efi"]);
    assert_eq!(known(&esp), environment(&[("2", Tries::Good), ("1", Tries::Good)]));
}

#[test]
fn a_fall_back_on_bios_is_one_on_uefi() {
    let before = environment(&[("2", Tries::Left(0)), ("1", Tries::Good)]).to_bytes();
    let esp = esp(&["keelson_2+3.efi", "keelson_1.efi"], Some(&before));
    assert_eq!(
        settle(&esp, "1"),
        ["keelson_2+3.efi is now keelson_2+0-3.efi, as another boot left it"]
    );
}

#[test]
fn an_environment_that_is_damaged_or_missing_is_written_anew() {
    for (bytes, reason) in [
        (None, "it was missing"),
        (Some(&b"short"[..]), "it has 5 bytes instead of 1024"),
        (Some(&[b'x'; 1024][..]), "it does not begin with GRUB's first line"),
    ] {
        let esp = esp(&["keelson_1.efi", "keelson_9.efi"], bytes);
        assert_eq!(settle(&esp, "1"), [format!("GRUB's environment was written anew: {reason}")]);
        assert_eq!(known(&esp), environment(&[("1", Tries::Good)]), "9 has no entry");
    }
}

#[test]
fn without_grub_nothing_is_looked_at() {
    let esp = tempfile::tempdir().expect("a folder");
    assert!(find(esp.path(), &version("1")).expect("read").is_none());
}
