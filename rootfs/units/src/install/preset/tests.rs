use super::*;

#[test]
fn globs_are_those_of_the_shell() {
    for (pattern, text, fits) in [
        ("*", "a.service", true),
        ("a*.service", "abc.service", true),
        ("a*.service", "abc.socket", false),
        ("systemd-*d.s*", "systemd-networkd.service", true),
        ("?.service", "a.service", true),
        ("[ab]?[!c].x", "azd.x", true),
        ("[a-c].x", "b.x", true),
        ("[a-c].x", "d.x", false),
        ("[", "[", true),
        ("", "a", false),
        ("**a", "ba", true),
    ] {
        assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
    }
}
