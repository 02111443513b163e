use super::*;
use proptest::prelude::*;

#[test]
fn strings_and_paths_are_escaped_as_by_systemd_escape() {
    for (text, escaped) in [
        ("Hallöchen, Meister", "Hall\\xc3\\xb6chen\\x2c\\x20Meister"),
        ("/tmp//waldi/foobar/", "-tmp--waldi-foobar-"),
        (".hidden-x", "\\x2ehidden\\x2dx"),
        ("", ""),
    ] {
        assert_eq!(escape(text), escaped);
    }
    for (path, escaped) in [
        ("/tmp//waldi/foobar/", "tmp-waldi-foobar"),
        ("/", "-"),
        ("/dev/disk/by-id/a b", "dev-disk-by\\x2did-a\\x20b"),
        ("/.snap", "\\x2esnap"),
    ] {
        assert_eq!(escape_path(Path::new(path)).as_deref(), Some(escaped));
    }
    assert_eq!(escape_path(Path::new("/a/../b")), None);
}

#[test]
fn what_was_not_escaped_is_no_path() {
    for text in ["a--b", "..", "a-..", "-a", "a\\x00", "\\y", "\\x4", ""] {
        assert_eq!(unescape_path(text), None, "{text}");
    }
    assert_eq!(unescape_path("-").as_deref(), Some("/"));
    let name = path_unit(Path::new("/var/lib/a-b"), UnitKind::Mount).expect("a name");
    assert_eq!(name.as_str(), "var-lib-a\\x2db.mount");
    assert_eq!(unit_path(&name), Some(PathBuf::from("/var/lib/a-b")));
}

proptest! {
    #[test]
    fn a_string_comes_back(text in "[\\PC/-]{0,60}") {
        prop_assert_eq!(unescape(&escape(&text)), Some(text));
    }

    #[test]
    fn a_path_comes_back(path in "(/[a-z.\\-ä ]{1,8}[a-z]){1,5}") {
        let escaped = escape_path(Path::new(&path)).expect("a plain path");
        prop_assert_eq!(unescape_path(&escaped), Some(path));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\PC\\\\x0-9a-f-]{0,40}") {
        let _paths = (unescape(&text), unescape_path(&text), escape_path(Path::new(&text)));
    }
}
