use super::*;

#[test]
fn types_are_listed_with_and_without_a_legend() {
    let bare = Values::Types.text(false);
    assert_eq!(bare.lines().count(), UnitKind::ALL.len());
    assert_eq!(Values::Types.text(true), format!("Available unit types:\n{bare}"));
}

#[test]
fn states_are_listed_in_groups() {
    let text = Values::States.text(true);
    let groups: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(groups.len(), 3 + UnitKind::ALL.len());
    assert!(groups[0].starts_with("Available unit load states:\nloaded\n"), "{text}");
    for kind in UnitKind::ALL {
        let title = format!("Available {} unit substates:\ndead\n", kind.suffix());
        assert!(text.contains(&title), "{title}{text}");
    }
    let bare = Values::States.text(false);
    assert!(!bare.contains(':') && !bare.contains("\n\n"), "{bare}");
}
