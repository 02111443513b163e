use super::*;

#[test]
fn what_people_type_becomes_a_name() {
    for (word, name) in [
        ("ssh", "ssh.service"),
        ("ssh.socket", "ssh.socket"),
        ("getty@tty1", "getty@tty1.service"),
        ("foo.bar", "foo.bar.service"),
        ("/home", "home.mount"),
        ("/", "-.mount"),
        ("/dev/sda1", "dev-sda1.device"),
        ("a b", "a\\x20b.service"),
        ("x/y", "x-y.service"),
    ] {
        assert_eq!(
            mangle(word, UnitKind::Service).map(|name| name.to_string()),
            Ok(name.to_owned()),
            "{word}"
        );
    }
    assert!(mangle("", UnitKind::Service).is_err());
}

#[test]
fn patterns_keep_what_they_have() {
    for (word, pattern) in
        [("ssh*", "ssh*"), ("s?h", "s?h.service"), ("*.mount", "*.mount"), ("*.[st]*", "*.[st]*")]
    {
        assert_eq!(mangle_pattern(word, UnitKind::Service), Ok(pattern.to_owned()));
    }
}
