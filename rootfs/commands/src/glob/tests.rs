use proptest::prelude::*;

use super::*;

#[test]
fn patterns_match_as_the_shell_has_it() {
    for (pattern, name, expected) in [
        ("ssh*", "ssh.service", true),
        ("*.service", "ssh.socket", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false),
        ("[]]", "]", true),
        ("[", "[", true),
        ("\\*", "*", true),
        ("\\*", "a", false),
        ("*a*b*c", "xxaxxbxxc", true),
        ("", "", true),
        ("*", "", true),
        ("a**", "a", true),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    }
}

#[test]
fn paths_are_found_below_the_root_and_hidden_ones_only_by_their_dot() {
    let root = tempfile::tempdir().expect("a folder");
    for name in ["a/x.conf", "a/.hidden.conf", "b/y.conf", "b/z.txt"] {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, "").expect("written");
    }
    assert_eq!(
        paths(root.path(), "/*/*.conf"),
        [PathBuf::from("/a/x.conf"), PathBuf::from("/b/y.conf")]
    );
    assert_eq!(paths(root.path(), "/a/.*"), [PathBuf::from("/a/.hidden.conf")]);
    assert_eq!(paths(root.path(), "/a/none"), Vec::<PathBuf>::new());
}

proptest! {
    #[test]
    fn random_patterns_never_panic(pattern in "[\\[\\]!^*?a-c\\\\-]{0,12}", name in "[a-c\\[\\]-]{0,12}") {
        let _ = matches(&pattern, &name);
    }

    #[test]
    fn a_name_without_special_characters_matches_itself_alone(name in "[a-z.]{0,10}", other in "[a-z.]{0,10}") {
        prop_assert!(matches(&name, &name));
        prop_assert_eq!(matches(&name, &other), name == other);
    }
}
