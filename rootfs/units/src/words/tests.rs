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
        ("a\\sb \\\"q\\\"", &["a b", "\"q\""]),
        ("\\x41\\102\\u00e4\\U0001f600", &["ABä😀"]),
        ("\\xc3\\xa4", &["ä"]),
        ("\\a\\b\\f\\n\\r\\t\\v\\\\", &["\x07\x08\x0c\n\r\t\x0b\\"]),
        ("\\d+\\; end\\", &["\\d+\\;", "end\\"]),
    ] {
        assert_eq!(
            texts(value).as_deref(),
            Ok(&expected.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..]),
            "{value}"
        );
    }
}

#[test]
fn quotes_and_escapes_that_are_none_are_errors() {
    for (value, expected) in [
        ("a \"b", WordError::OpenQuote('"')),
        ("\\x4", WordError::Escape("x4".into())),
        ("\\x00", WordError::Escape("x".into())),
        ("\\777", WordError::Escape("7".into())),
        ("\\ud800", WordError::Escape("u".into())),
        ("\\xff", WordError::Utf8),
    ] {
        assert_eq!(texts(value), Err(expected), "{value}");
    }
}

#[test]
fn variables_become_words_alone_and_text_inside() {
    let environment = BTreeMap::from([
        ("A".to_owned(), "1 '2 3'".to_owned()),
        ("E".to_owned(), String::new()),
        ("Q".to_owned(), "it's 4".to_owned()),
    ]);
    for (value, expected) in [
        ("x $A", &["x", "1", "2 3"][..]),
        ("x ${A}", &["x", "1 '2 3'"]),
        ("x -o=${E}! -o=$A", &["x", "-o=!", "-o=$A"]),
        ("sh -c 'echo $A'", &["sh", "-c", "echo $A"]),
        ("x $E $NONE ${NONE}", &["x", ""]),
        ("x $Q", &["x", "it's", "4"]),
        ("x $$A $5 $ ${5}", &["x", "$A", "$5", "$", "${5}"]),
    ] {
        assert_eq!(substitute(&split(value).expect("words"), &environment), expected, "{value}");
    }
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(value in "[\\PC$%{}\"'\\\\xuU0-9]{0,80}") {
        if let Ok(words) = split(&value) {
            substitute(&words, &BTreeMap::new());
        }
        let _text = unescape(&value);
    }
}
