use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn parsed(line: &str) -> Result<Item> {
    let accounts = Accounts::parse("core:x:1000:1000::/:/bin/sh\n", "adm:x:4:\n");
    parse(line, &Facts { boot_id: "b00".into(), ..Facts::default() }, &accounts)
}

#[test]
fn every_field_is_read() {
    let item = parsed("d!-= /run/%b/./x ~0750 core :adm 10d -").expect("a line");
    assert_eq!((item.kind, item.path.as_str()), (Kind::Directory, "/run/b00/x"));
    assert!(item.boot_only && item.may_fail && item.replaces && !item.plus);
    assert_eq!(item.mode, Some(Setting { value: 0o750, only_new: false, masked: true }));
    assert_eq!(item.user, Some(Setting { value: 1000, only_new: false, masked: false }));
    assert_eq!(item.group, Some(Setting { value: 4, only_new: true, masked: false }));
    assert_eq!(item.age.map(|age| age.span), Some(Duration::from_hours(240)));
    assert_eq!(item.argument, None);
}

#[test]
fn arguments_are_the_rest_of_the_line() {
    for (line, argument) in [
        ("f /x - - - - two  words\\n", &b"two  words\n"[..]),
        ("f~ /x - - - - aGVsbG8=", b"hello"),
        ("w /x - - - - %t", b"/run"),
        ("L+ /x - - - - ../y", b"../y"),
    ] {
        assert_eq!(parsed(line).expect(line).argument.as_deref(), Some(argument), "{line}");
    }
    assert_eq!(parsed("L? /x - - - - y").expect("a line").kind, Kind::LinkIfTarget);
    assert!(parsed("F /x").expect("a line").plus);
}

#[test]
fn ages_say_which_times_count() {
    let age: Age = "~aM:1w2h".parse().expect("an age");
    assert!(
        age.keep_first && age.files.access && !age.files.modification && age.folders.modification
    );
    assert_eq!(age.span, Duration::from_hours(170));
    let age: Age = "0".parse().expect("an age");
    assert!(age.files.change && !age.folders.change && age.span.is_zero());
    for wrong in ["soon", "z:1d", ""] {
        assert!(wrong.parse::<Age>().is_err(), "{wrong}");
    }
}

#[test]
fn bad_lines_say_what_is_wrong() {
    for (line, error) in [
        ("y /x", "unknown line type 'y'"),
        ("d; /x", "unknown modifier ';' in 'd;'"),
        ("d", "no path"),
        ("d x", "'x' is not an absolute path"),
        ("d /x/../y", "'/x/../y' has '..' in it"),
        ("d /x 999", "'999' is no mode"),
        ("d /x - ghost", "there is no user 'ghost'"),
        ("d /x - - ghost", "there is no group 'ghost'"),
        ("w /x", "the line needs an argument"),
        ("d /%i", "unknown specifier %i"),
        ("d? /x", "modifier '?' is for L alone"),
        ("f~ /x - - - - !", "'!' is no Base64"),
    ] {
        assert_eq!(parsed(line).expect_err(line).to_string(), error);
    }
}

proptest! {
    #[test]
    fn random_lines_never_panic(line in "[a-zA-Z+!=~?-]{0,4} /?\\PC{0,40}") {
        let _ = parsed(&line);
    }
}
