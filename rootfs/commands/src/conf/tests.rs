use proptest::prelude::*;

use super::*;

#[test]
fn a_stronger_place_hides_files_of_the_same_name() {
    let root = tempfile::tempdir().expect("a folder");
    let put = |path: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(&path, path.display().to_string()).expect("written");
    };
    for path in [
        "usr/lib/t.d/b.conf",
        "usr/lib/t.d/a.conf",
        "etc/t.d/a.conf",
        "run/t.d/c.conf",
        "usr/lib/t.d/c.conf",
    ] {
        put(path);
    }
    put("usr/lib/t.d/README");
    put("usr/lib/t.d/off.conf");
    std::os::unix::fs::symlink("/dev/null", root.path().join("etc/t.d/off.conf")).expect("linked");
    let found = files(root.path(), "t.d");
    let found: Vec<_> = found
        .iter()
        .map(|path| path.strip_prefix(root.path()).expect("below").to_owned())
        .collect();
    assert_eq!(
        found,
        ["etc/t.d/a.conf", "usr/lib/t.d/b.conf", "run/t.d/c.conf"].map(PathBuf::from)
    );
    let named = chosen(root.path(), "t.d", &["b.conf".into(), "/x/y".into()]).expect("found");
    assert_eq!(named, [root.path().join("usr/lib/t.d/b.conf"), PathBuf::from("/x/y")]);
    assert!(chosen(root.path(), "t.d", &["none.conf".into()]).is_err());
}

#[test]
fn fields_lose_their_quotes_and_the_rest_stays() {
    let (found, rest) = fields("f  \"/a b\" 0644\t'x' -  the \"rest\" ", 5).expect("fields");
    assert_eq!(found, ["f", "/a b", "0644", "x", "-"]);
    assert_eq!(rest, "the \"rest\"");
    assert_eq!(fields("a\\x20b", 1).expect("fields").0, ["a b"]);
    assert!(fields("\"open", 1).is_err());
    assert!(fields("bad\\q", 1).is_err());
}

#[test]
fn specifiers_of_units_are_refused() {
    let facts = Facts { boot_id: "b00".into(), ..Facts::default() };
    assert_eq!(expanded("/run/%b/%%/%t", &facts).expect("known"), "/run/b00/%//run");
    assert!(expanded("/x/%i", &facts).is_err());
    assert!(expanded("/x/%m", &facts).is_err(), "a machine without an ID");
}

proptest! {
    #[test]
    fn random_lines_never_panic(line in "\\PC*") {
        let _ = fields(&line, 7);
        let _ = unescaped_bytes(&line);
        let _ = expanded(&line, &Facts::default());
    }
}
