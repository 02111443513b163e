use proptest::prelude::*;

use super::*;

fn parsed(line: &str) -> Result<Line> {
    parse(line, &Facts::default())
}

#[test]
fn every_field_is_read() {
    let user = User {
        name: "httpd".into(),
        id: Id::Fixed(404),
        group: Some("web".into()),
        description: "HTTP user".into(),
        home: "/srv".into(),
        shell: Some("/bin/sh".into()),
        locked: true,
    };
    assert_eq!(
        parsed("u! httpd 404:web \"HTTP user\" /srv /bin/sh").expect("a line"),
        Line::User(user)
    );
    for (line, expected) in [
        ("g input - -", Line::Group { name: "input".into(), id: Id::Any }),
        ("g x 7", Line::Group { name: "x".into(), id: Id::Fixed(7) }),
        ("g x /usr/bin/x", Line::Group { name: "x".into(), id: Id::OfFile("/usr/bin/x".into()) }),
        ("m httpd web", Line::Member { user: "httpd".into(), group: "web".into() }),
        ("r - 500-900", Line::Range(500, 900)),
        ("r - 5", Line::Range(5, 5)),
    ] {
        assert_eq!(parsed(line).expect(line), expected);
    }
    let Line::User(user) = parsed("u x -:4").expect("a line") else { panic!("no user") };
    assert_eq!((user.id, user.group.as_deref(), user.home.as_str()), (Id::Any, Some("4"), "/"));
}

#[test]
fn bad_lines_say_what_is_wrong() {
    for (line, error) in [
        ("x y", "unknown line type 'x'"),
        ("u", "no name"),
        ("u 1x", "'1x' is no user or group name"),
        ("u a:b", "'a:b' is no user or group name"),
        ("u x 65535", "'65535' is no user or group number"),
        ("g x y", "'y' is no user or group number"),
        ("u x - \"a:b\"", "'a:b' has a colon or a control character in it"),
        ("m x", "no group"),
        ("r - 9-5", "'9-5' is no range"),
        ("u x - d h s more", "too many fields"),
    ] {
        assert_eq!(parsed(line).expect_err(line).to_string(), error);
    }
}

proptest! {
    #[test]
    fn random_lines_never_panic(line in "[ugmr]!? \\PC{0,40}") {
        let _ = parsed(&line);
    }
}
