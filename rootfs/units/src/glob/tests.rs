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
        ("eth[!0-3]", "eth2", false),
        ("eth[^0-3]", "eth7", true),
        ("a*b*c", "axxbyy", false),
        ("[a", "[a", true),
        ("a.c", "abc", false),
        ("a**", "a", true),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    }
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
