use keelson_units::facts::Facts;

use super::super::line;
use super::*;

fn lines(text: &str) -> Vec<Line> {
    text.lines().map(|text| line::parse(text, &Facts::default()).expect(text)).collect()
}

fn database() -> Database {
    let list = |text: &[&str]| text.iter().map(|line| line.as_bytes().to_vec()).collect();
    Database {
        passwd: list(&["root:x:0:0:root:/root:/bin/sh", "taken:x:999:999::/:/bin/sh", "+::::::"]),
        group: list(&["root:x:0:", "adm:x:4:core", "taken:x:999:"]),
        shadow: list(&["root:*:::::::", "taken:!*:::::::"]),
        gshadow: list(&["root:*::", "adm:*::core", "taken:!*::"]),
    }
}

fn texts(lines: &[Vec<u8>]) -> Vec<&str> {
    lines.iter().map(|line| str::from_utf8(line).expect("UTF-8")).collect()
}

fn planned(text: &str) -> Result<(Database, Vec<String>), Vec<String>> {
    let owner_of = |path: &str| (path == "/usr/bin/owned").then_some((77, 78));
    done(plan(database(), &lines(text), &owner_of, 0))
}

fn done(planned: Planned) -> Result<(Database, Vec<String>), Vec<String>> {
    if planned.failed.is_empty() {
        Ok((planned.database, planned.said))
    } else {
        Err(planned.failed)
    }
}

#[test]
fn users_get_groups_numbers_and_locked_passwords() {
    let (found, said) = planned("u web 404 \"Web server\" /srv\nu! any -\ng log 190\nm any adm\n")
        .expect("planned");
    assert_eq!(
        texts(&found.passwd),
        [
            "root:x:0:0:root:/root:/bin/sh",
            "taken:x:999:999::/:/bin/sh",
            "web:x:404:404:Web server:/srv:/usr/sbin/nologin",
            "any:x:998:998::/:/usr/sbin/nologin",
            "+::::::",
        ]
    );
    assert_eq!(
        texts(&found.group),
        ["root:x:0:", "adm:x:4:core,any", "taken:x:999:", "log:x:190:", "web:x:404:", "any:x:998:"]
    );
    assert_eq!(texts(&found.shadow[2..]), ["web:!*:::::::", "any:!*::::::1:"]);
    assert_eq!(
        texts(&found.gshadow[1..]),
        ["adm:*::core,any", "taken:!*::", "log:!*::", "web:!*::", "any:!*::"]
    );
    assert_eq!(
        said,
        [
            "Creating group 'log' with GID 190.",
            "Creating group 'web' with GID 404.",
            "Creating user 'web' (Web server) with UID 404 and GID 404.",
            "Creating group 'any' with GID 998.",
            "Creating user 'any' (n/a) with UID 998 and GID 998.",
            "Adding user 'any' to group 'adm'.",
        ]
    );
    let (again, said) =
        done(plan(found.clone(), &lines("u web 404\nu any -\nm any adm\n"), &|_| None, 0))
            .expect("planned");
    assert_eq!((again, said), (found, Vec::new()));
}

#[test]
fn numbers_that_are_taken_are_not_given_twice() {
    let (found, _) =
        planned("u a 999\nu b /usr/bin/owned\nu c -:adm\nr - 500-501\n").expect("planned");
    assert_eq!((found.uid("a"), found.gid("a")), (Some(501), Some(501)));
    assert_eq!((found.uid("b"), found.gid("b")), (Some(77), Some(77)));
    assert_eq!((found.uid("c"), found.gid("c")), (Some(500), None));
    assert!(found.passwd.iter().any(|line| line.starts_with(b"c:x:500:4:")));
    assert!(planned("r - 999-999\nu x -\n").is_err());
    assert!(planned("u x -:nowhere\n").is_err());
}

#[test]
fn members_make_what_is_missing() {
    let (found, _) = planned("m new-user new-group\n").expect("planned");
    assert!(found.uid("new-user").is_some());
    assert!(
        found
            .group
            .iter()
            .any(|line| line.starts_with(b"new-group:x:") && line.ends_with(b":new-user"))
    );
}

#[test]
fn a_line_that_fails_keeps_no_other_from_its_place() {
    let text = "u db -:nowhere\nm db adm\nu web 404\nm web adm\n";
    let found = plan(database(), &lines(text), &|_| None, 0);
    assert_eq!(found.failed, ["user 'db' wants the group 'nowhere', which is not there"]);
    assert_eq!((found.database.uid("db"), found.database.uid("web")), (None, Some(404)));
    assert!(texts(&found.database.group).contains(&"adm:x:4:core,web"));
}
