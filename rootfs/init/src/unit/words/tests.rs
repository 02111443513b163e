use super::*;
use proptest::prelude::*;

fn texts(value: &str) -> Result<Vec<String>, WordError> {
    Ok(split(value)?.into_iter().map(|word| word.text).collect())
}

#[test]
fn words_are_split_outside_of_quotes() {
    for (value, expected) in [
        ("", &[][..]),
        ("a  b\tc", &["a", "b", "c"]),
        ("'a b' \"c 'd'\" e'f'g", &["a b", "c 'd'", "efg"]),
        ("\"\" x", &["", "x"]),
        ("a\\ b \\s \\\"q\\\" \\x", &["a\\ b", " ", "\"q\"", "\\x"]),
        ("end\\", &["end\\"]),
    ] {
        assert_eq!(
            texts(value).as_deref(),
            Ok(&expected.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..]),
            "{value}"
        );
    }
    assert_eq!(texts("a \"b"), Err(WordError::OpenQuote('"')));
}

#[test]
fn specifiers_of_a_name_are_put_in() {
    let specifiers = Specifiers { name: "getty@tty-1.service" };
    for (value, expected) in [
        ("%n|%N|%p|%i|%I", "getty@tty-1.service|getty@tty-1|getty|tty-1|tty/1"),
        ("%t %S 100%% %", "/run /var/lib 100% %"),
    ] {
        assert_eq!(specifiers.expand(value).as_deref(), Ok(expected));
    }
    assert_eq!(specifiers.expand("%Z"), Err(WordError::Specifier('Z')));
}

#[test]
fn variables_become_words_alone_and_text_inside() {
    let environment =
        BTreeMap::from([("A".to_owned(), "1 2".to_owned()), ("E".to_owned(), String::new())]);
    for (value, expected) in [
        ("x $A", &["x", "1", "2"][..]),
        ("x ${A}", &["x", "1 2"]),
        ("x \"$A\"", &["x", "1 2"]),
        ("x -o=$A!", &["x", "-o=1 2!"]),
        ("x $E $NONE ${NONE}", &["x", ""]),
        ("x $$A $5 $", &["x", "$A", "$5", "$"]),
    ] {
        assert_eq!(substitute(&split(value).expect("words"), &environment), expected, "{value}");
    }
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(value in "[\\PC$%{}\"'\\\\]{0,80}") {
        let _expanded = Specifiers { name: &value }.expand(&value);
        if let Ok(words) = split(&value) {
            substitute(&words, &BTreeMap::new());
        }
    }
}
