use proptest::prelude::*;

use super::*;

#[test]
fn patterns_fit_as_the_shell_has_them() {
    for (pattern, text, fits) in [
        ("en*", "enp0s3", true),
        ("en*", "veth0", false),
        ("*", "", true),
        ("eth?", "eth0", true),
        ("eth?", "eth10", false),
        ("eth[0-3]", "eth2", true),
        ("eth[!0-3]", "eth2", false),
        ("eth[!0-3]", "eth7", true),
        ("a*b*c", "axxbyyc", true),
        ("a*b*c", "axxbyy", false),
        ("[]]", "]", true),
        ("[a", "[a", true),
        ("\\*", "*", true),
        ("\\*", "a", false),
        ("**", "x", true),
    ] {
        assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
    }
}

proptest! {
    #[test]
    fn any_pattern_takes_any_text(pattern in "[a*?\\[\\]!\\\\-]{0,12}", text in "[ab\\]-]{0,20}") {
        let _ = matches(&pattern, &text);
    }
}
