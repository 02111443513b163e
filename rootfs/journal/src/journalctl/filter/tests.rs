use super::*;
use crate::entry::field;

fn entry(fields: &[(&str, &str)]) -> Entry {
    let fields = fields.iter().map(|(name, value)| field(name, *value)).collect();
    Entry { fields, ..Entry::default() }
}

#[test]
fn names_get_their_suffix_and_patterns_match() {
    let rows = [
        ("ssh", "ssh.service"),
        ("a.timer", "a.timer"),
        ("a*", "a*"),
        ("getty@tty1", "getty@tty1.service"),
    ];
    for (name, wanted) in rows {
        assert_eq!(unit_name(name), wanted);
    }
    let rows = [
        ("a*", "abc.service", true),
        ("a?c", "abc", true),
        ("a?c", "abcd", false),
        ("[ab]c", "bc", true),
        ("[!a]c", "ac", false),
        ("a.c", "abc", false),
        ("[^a]c", "ac", false),
    ];
    for (pattern, text, wanted) in rows {
        assert_eq!(glob(pattern, text), wanted, "{pattern} {text}");
    }
}

#[test]
fn a_units_lines_and_those_about_it_are_shown() {
    let own = entry(&[("_SYSTEMD_UNIT", "a.service")]);
    let about = entry(&[("UNIT", "a.service"), ("_UID", "0")]);
    let forged = entry(&[("UNIT", "a.service"), ("_UID", "1000")]);
    assert!(of_unit(&own, "a.service") && of_unit(&about, "a.service"));
    assert!(!of_unit(&forged, "a.service") && !of_unit(&own, "b.service"));
}

#[test]
fn matches_of_one_name_are_alternatives_and_of_several_all_needed() {
    let list = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| field(name, *value)).collect::<Vec<_>>()
    };
    let filter = Filter {
        matches: vec![list(&[("A", "1"), ("A", "2"), ("B", "3")]), list(&[("C", "4")])],
        ..Filter::default()
    };
    let rows: [(&[(&str, &str)], bool); 5] = [
        (&[("A", "1"), ("B", "3")], true),
        (&[("A", "2"), ("B", "3")], true),
        (&[("A", "1")], false),
        (&[("C", "4")], true),
        (&[("A", "9"), ("B", "3")], false),
    ];
    for (fields, wanted) in rows {
        assert_eq!(filter.shows(&entry(fields)), wanted, "{fields:?}");
    }
}

#[test]
fn an_expression_in_lower_case_ignores_case() {
    assert!(pattern("error", None).unwrap().is_match("An ERROR"));
    assert!(!pattern("Error", None).unwrap().is_match("an error"));
    assert!(!pattern("error", Some(true)).unwrap().is_match("ERROR"));
    assert!(pattern("(", None).is_err());
}
