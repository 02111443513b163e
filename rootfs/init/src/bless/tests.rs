use super::*;

#[test]
fn counted_paths_of_the_loader_are_understood() {
    let counted = Counted::parse("\\EFI\\Linux\\keelson_1.2+2-1.efi").expect("counted");
    assert_eq!(counted.folder, Path::new("EFI/Linux"));
    assert_eq!(counted.name, "keelson_1.2+2-1.efi");
    assert_eq!(counted.good_name(), "keelson_1.2.efi");
    for (name, same) in [
        ("keelson_1.2+3.efi", true),
        ("keelson_1.2+0-3.efi", true),
        ("keelson_1.2.efi", false),
        ("keelson_1.3+2-1.efi", false),
        ("keelson_1.2+x.efi", false),
    ] {
        assert_eq!(counted.is_same_entry(name), same, "{name}");
    }
    for path in [
        "",
        "\\",
        "\\EFI\\Linux\\keelson_1.2.efi",
        "\\a\\..\\k+1.efi",
        "+1.efi",
        "k+.efi",
        "k+1-.efi",
    ] {
        assert_eq!(Counted::parse(path), None, "{path}");
    }
}

#[test]
fn the_counter_is_taken_off_once() {
    let esp = tempfile::tempdir().expect("a folder");
    let folder = esp.path().join("EFI/Linux");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("keelson_1+2-1.efi"), "uki").expect("written");
    fs::write(folder.join("keelson_2+3.efi"), "other").expect("written");
    // The loader may name another state of the counter than the one on the disk.
    let counted = Counted::parse("\\EFI\\Linux\\keelson_1+3.efi").expect("counted");
    let (from, to) = ("keelson_1+2-1.efi".to_owned(), "keelson_1.efi".to_owned());
    assert_eq!(
        rename(esp.path(), &counted).expect("renamed"),
        Outcome::Renamed { from, to: to.clone() }
    );
    assert_eq!(rename(esp.path(), &counted).expect("known"), Outcome::Already(to));
    assert_eq!(fs::read_to_string(folder.join("keelson_1.efi")).expect("kept"), "uki");
    assert!(folder.join("keelson_2+3.efi").exists());
    let other = Counted::parse("\\EFI\\Linux\\keelson_9+3.efi").expect("counted");
    assert!(matches!(rename(esp.path(), &other), Err(BlessError::Gone { .. })));
}
