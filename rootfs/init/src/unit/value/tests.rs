use super::*;

#[test]
fn time_spans_are_read() {
    let millis = |count| Some(Some(Duration::from_millis(count)));
    for (text, expected) in [
        ("5", millis(5000)),
        ("1.5s", millis(1500)),
        ("1min 30s", millis(90_000)),
        ("2h5min", millis(7_500_000)),
        ("200ms", millis(200)),
        ("0", millis(0)),
        ("infinity", Some(None)),
        ("", None),
        ("5 parsecs", None),
        ("s", None),
        ("-1", None),
        ("1e400", None),
        ("99999999999999999999999w", None),
    ] {
        assert_eq!(time_span(text), expected, "{text}");
    }
}

#[test]
fn limits_have_units_of_1024() {
    for (text, expected) in [
        ("0", Some("0")),
        ("4K", Some("4096")),
        ("2G", Some("2147483648")),
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
fn booleans_and_modes_are_read() {
    for (text, expected) in [
        ("yes", Some(true)),
        ("On", Some(true)),
        ("0", Some(false)),
        ("FALSE", Some(false)),
        ("2", None),
    ] {
        assert_eq!(boolean(text), expected, "{text}");
    }
    for (text, expected) in
        [("0755", Some(0o755)), ("7777", Some(0o7777)), ("10000", None), ("8", None), ("", None)]
    {
        assert_eq!(mode(text), expected, "{text}");
    }
}
