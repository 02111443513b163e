use super::*;
use proptest::prelude::*;

#[test]
fn time_spans_are_read() {
    let micros = |count| Some(Some(Duration::from_micros(count)));
    for (text, expected) in [
        ("5", micros(5_000_000)),
        ("1.5s", micros(1_500_000)),
        ("1min 30s", micros(90_000_000)),
        ("2h5min", micros(7_500_000_000)),
        ("200ms", micros(200_000)),
        ("5 µs", micros(5)),
        (".5s", micros(500_000)),
        ("1y 1M", micros(34_187_400_000_000)),
        ("55s500ms", micros(55_500_000)),
        ("300ms20s 5day", micros(432_020_300_000)),
        ("0", micros(0)),
        ("infinity", Some(None)),
        ("", None),
        ("5 parsecs", None),
        ("s", None),
        ("-1", None),
        ("1.2.3", None),
        ("1e400", None),
        ("99999999999999999999999w", None),
        ("999999999999w", None),
    ] {
        assert_eq!(time_span(text), expected, "{text}");
    }
    assert_eq!(nanoseconds("50"), Some(50));
    assert_eq!(nanoseconds("1us"), Some(1000));
}

#[test]
fn limits_have_units_of_1024() {
    for (text, expected) in [
        ("0", Some("0")),
        ("4K", Some("4096")),
        ("1.5G", Some("1610612736")),
        ("1G 500M", Some("1598029824")),
        ("infinity", Some("max")),
        ("", None),
        ("K", None),
        ("50%", None),
        ("99999999999999999999", None),
        ("18446744073709551615T", None),
    ] {
        assert_eq!(Limit::parse(text).map(Limit::cgroup_text).as_deref(), expected, "{text}");
    }
}

#[test]
fn booleans_modes_and_shares_are_read() {
    for (text, expected) in [
        ("yes", Some(true)),
        ("On", Some(true)),
        ("0", Some(false)),
        ("FALSE", Some(false)),
        ("2", None),
    ] {
        assert_eq!(boolean(text), expected, "{text}");
    }
    for (text, expected) in [
        ("0755", Some(0o755)),
        ("7777", Some(0o7777)),
        ("10000", None),
        ("8", None),
        ("+7", None),
        ("", None),
    ] {
        assert_eq!(mode(text), expected, "{text}");
    }
    for (text, expected) in
        [("25%", Some(2500)), ("0.5%", Some(50)), ("12‰", Some(120)), ("7‱", Some(7)), ("5", None)]
    {
        assert_eq!(permyriad(text), expected, "{text}");
    }
}

#[test]
fn processors_are_ranges() {
    let set = processors("0-2, 8 4").expect("a list");
    assert_eq!(processor_text(&set), "0-2,4,8");
    assert_eq!(processors("3-1"), None);
    assert_eq!(processors("0-99999999999"), None);
    assert_eq!(processors("x"), None);
}

proptest! {
    #[test]
    fn no_text_makes_them_panic(text in "[\\PC0-9.%KMG smin-]{0,40}") {
        let _values = (time_span(&text), nanoseconds(&text), size(&text), permyriad(&text));
        let _others = (mode(&text), processors(&text), boolean(&text));
    }
}
