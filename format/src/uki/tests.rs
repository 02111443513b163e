use proptest::prelude::*;

use super::*;

fn name(version: &str, tries: Tries, done: u8) -> UkiName {
    UkiName { version: version.parse().expect("a version"), tries, done }
}

#[test]
fn names_are_read_and_written_as_the_loader_does() {
    for (text, expected) in [
        ("keelson_1.2.efi", name("1.2", Tries::Good, 0)),
        ("keelson_1.2+3.efi", name("1.2", Tries::Left(3), 0)),
        ("keelson_1.2+2-1.efi", name("1.2", Tries::Left(2), 1)),
        ("keelson_1.2-rc1+0-3.efi", name("1.2-rc1", Tries::Left(0), 3)),
    ] {
        assert_eq!(UkiName::parse(text).as_ref(), Some(&expected), "{text}");
        assert_eq!(expected.to_string(), text);
    }
    assert_eq!(
        UkiName::parse("keelson_1+999-0.efi").map(|name| name.tries),
        Some(Tries::Left(255))
    );
    for text in
        ["", "keelson_.efi", "other_1.efi", "keelson_1+.efi", "keelson_1+x.efi", "keelson_1+3-.efi"]
    {
        assert_eq!(UkiName::parse(text), None, "{text}");
    }
}

#[test]
fn a_name_with_fewer_tries_counts_those_that_were_made() {
    let name = name("1", Tries::Left(3), 0);
    assert_eq!(name.with(Tries::Left(1)).to_string(), "keelson_1+1-2.efi");
    assert_eq!(name.with(Tries::Left(1)).with(Tries::Left(0)).to_string(), "keelson_1+0-3.efi");
    assert_eq!(name.with(Tries::Good).to_string(), "keelson_1.efi");
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser_and_what_it_takes_keeps_its_meaning(text in "(keelson_)?[0-9a-z+.-]{0,16}(.efi)?") {
        if let Some(name) = UkiName::parse(&text) {
            prop_assert_eq!(UkiName::parse(&name.to_string()), Some(name));
        }
    }
}
