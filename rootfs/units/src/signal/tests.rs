use super::*;

#[test]
fn signals_are_known_by_name_and_number() {
    for (text, expected) in [
        ("SIGTERM", Some(15)),
        ("TERM", Some(15)),
        ("9", Some(9)),
        ("SIGRTMIN+3", Some(37)),
        ("RTMAX-1", Some(63)),
        ("RTMIN", Some(34)),
        ("SIGRTMIN+31", None),
        ("SIGRTMIN-1", None),
        ("0", None),
        ("65", None),
        ("SIGNOT", None),
        ("RTMIN+99999999999", None),
    ] {
        assert_eq!(number(text), expected, "{text}");
    }
}

#[test]
fn every_name_leads_back_to_its_number() {
    for signal in (1..=31).chain(RTMIN..=RTMAX) {
        assert_eq!(name(signal).as_deref().and_then(number), Some(signal));
    }
    assert_eq!(name(32), None);
}
