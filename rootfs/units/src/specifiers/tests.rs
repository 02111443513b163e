use super::*;
use proptest::prelude::*;

fn facts() -> Facts {
    let os_release = [("ID", "keelson"), ("VERSION_ID", "1")];
    Facts {
        machine_id: "0123".into(),
        boot_id: "4567".into(),
        hostname: "host.example".into(),
        pretty_hostname: String::new(),
        kernel_release: "6.12".into(),
        architecture: "x86-64".into(),
        os_release: os_release.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    }
}

#[test]
fn every_specifier_of_the_manual_has_its_value() {
    let (facts, name) = (facts(), "a-foo\\x2dx@tty-1.service".parse().expect("a name"));
    let fragment = Path::new("/usr/lib/systemd/system/a@.service");
    let specifiers = Specifiers { name: &name, fragment: Some(fragment), facts: &facts };
    for (value, expected) in [
        ("%n|%N", "a-foo\\x2dx@tty-1.service|a-foo\\x2dx@tty-1"),
        ("%p|%P|%i|%I|%j|%J|%f", "a-foo\\x2dx|a/foo-x|tty-1|tty/1|foo\\x2dx|foo-x|/tty/1"),
        (
            "%t %S %C %L %E %D %T %V",
            "/run /var/lib /var/cache /var/log /etc /usr/share /tmp /var/tmp",
        ),
        ("%d", "/run/credentials/a-foo\\x2dx@tty-1.service"),
        ("%u %U %g %G %h %s", "root 0 root 0 /root /bin/sh"),
        ("%a %b %H %l %q %m %v", "x86-64 4567 host.example host host 0123 6.12"),
        ("%o %w [%A%B%M%W]", "keelson 1 []"),
        ("%y|%Y", "/usr/lib/systemd/system/a@.service|/usr/lib/systemd/system"),
        ("100%% %- %", "100% %- %"),
    ] {
        assert_eq!(specifiers.expand(value).as_deref(), Ok(expected), "{value}");
    }
    assert_eq!(specifiers.expand("%Z"), Err(SpecifierError::Unknown('Z')));
    let nothing = Facts::default();
    let bare = Specifiers { name: &name, fragment: None, facts: &nothing };
    assert_eq!(bare.expand("/x/%m"), Err(SpecifierError::NoValue('m')));
    assert_eq!(bare.expand("%y"), Err(SpecifierError::NoValue('y')));
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(value in "[\\PC%a-zA-Z]{0,60}") {
        let (facts, name) = (facts(), "x@y.service".parse().expect("a name"));
        let _text = Specifiers { name: &name, fragment: None, facts: &facts }.expand(&value);
    }
}
