use super::*;

#[test]
fn folders_of_a_unit_are_named_after_it_its_template_and_their_beginnings() {
    for (name, expected) in [
        ("a.service", &["a.service"][..]),
        ("a-b-c.service", &["a-b-c.service", "a-b-.service", "a-.service"]),
        ("a-b@i.service", &["a-b@i.service", "a-b@.service", "a-@.service", "a-@i.service"]),
        ("-.mount", &["-.mount"]),
        ("a-.slice", &["a-.slice"]),
    ] {
        assert_eq!(variants(&name.parse().expect("a name")), expected);
    }
}
