//! Tests of reading apt sources and choosing a mirror. All hosts are under `.example`.

use super::{Mirror, choose, from_url, parse_deb822, parse_list, write};

const DEB822: &str = "\
Types: deb deb-src
# http://old.example/debian
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites:
 bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
";

#[test]
fn both_formats_give_the_same_sources() {
    let new = parse_deb822(DEB822);
    let old = parse_list(
        "# comment\n\
         deb-src http://mirror.example/debian bookworm main\n\
         deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian/ bookworm main contrib\n\
         deb\t[ signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] http://mirror.example/debian/ bookworm-updates main contrib # note\n\
         deb http://mirror.example/debian-security bookworm-security main\n\
         deb broken\n",
    );
    assert_eq!(new, old);
    assert_eq!(new.len(), 3);
}

#[test]
fn the_debian_mirror_is_told_from_archives_of_others() {
    let others = "deb https://db.example/apt bookworm main\ndeb https://cloud.example/apt cloud-bookworm main\ndeb cdrom:[Debian]/ bookworm main\n";
    let mut sources = parse_list(others);
    let ubuntu =
        "deb http://u.example/ubuntu noble main\ndeb http://u.example/ubuntu noble-updates main\n";
    sources.extend(parse_list(ubuntu));
    assert_eq!(choose(&sources), None);
    sources.extend(parse_deb822(DEB822));
    assert_eq!(
        choose(&sources),
        Some(Mirror {
            main: "http://mirror.example/debian/".to_owned(),
            security: "http://mirror.example/debian-security".to_owned(),
            partial: false,
        })
    );
}

#[test]
fn old_and_local_layouts_are_understood() {
    let table = [
        (
            "deb http://m.example/debian bullseye main\ndeb http://s.example/security bullseye/updates main\n",
            ("http://m.example/debian", "http://s.example/security", false),
        ),
        (
            "deb file:///srv/debian trixie main\n",
            ("file:///srv/debian", "file:///srv/debian-security", true),
        ),
        (
            "deb mirror+file:/etc/apt/mirrors/debian.list stable main\ndeb mirror+file:/etc/apt/mirrors/debian.list stable-updates main\ndeb mirror+file:/etc/apt/mirrors/security.list stable-security main\n",
            (
                "mirror+file:/etc/apt/mirrors/debian.list",
                "mirror+file:/etc/apt/mirrors/security.list",
                false,
            ),
        ),
    ];
    for (text, (main, security, partial)) in table {
        let mirror = choose(&parse_list(text)).expect(text);
        assert_eq!(
            (mirror.main.as_str(), mirror.security.as_str(), mirror.partial),
            (main, security, partial)
        );
    }
}

#[test]
fn the_private_sources_name_three_suites_and_the_keyring() {
    let mirror = from_url("http://m.example/debian/");
    let text = write(&mirror, "trixie", "/k.gpg", true);
    let sources = parse_deb822(&text);
    let suites: Vec<_> = sources.iter().map(|s| (s.uri.as_str(), s.suite.as_str())).collect();
    assert_eq!(
        suites,
        [
            ("http://m.example/debian/", "trixie"),
            ("http://m.example/debian/", "trixie-updates"),
            ("http://m.example/debian-security", "trixie-security"),
        ]
    );
    assert!(sources.iter().all(|source| source.signed_by == "/k.gpg"));
    assert_eq!(parse_deb822(&write(&mirror, "trixie", "/k.gpg", false)).len(), 1);
}
