use super::*;

#[test]
fn values_are_found_by_path() {
    let text = "{\n  \"a\": {\"b\": [1, {\"c\": \"x\\\"y\"}]},\n  \"d\" : null\n}";
    let positions = Positions::scan(text);
    for (path, line, column) in [
        ("", 1, 1),
        ("a", 2, 8),
        ("a.b", 2, 14),
        ("a.b[0]", 2, 15),
        ("a.b[1].c", 2, 24),
        ("d", 3, 9),
        ("a.b[1].missing", 2, 18),
        ("nowhere", 1, 1),
    ] {
        assert_eq!(positions.of(path), Some(Position { line, column }), "{path}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_scanner_panic(text in "[\\PC\\n{}\\[\\]\",:\\\\]{0,200}") {
        Positions::scan(&text);
    }
}
