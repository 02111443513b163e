use super::*;

fn file(text: &str) -> Kind {
    Kind::File(Content::Bytes(text.as_bytes().to_vec()))
}

fn tree(nodes: &[(&str, Kind)]) -> Tree {
    let mut tree = Tree::default();
    for (path, kind) in nodes {
        tree.insert(path, Node::new(0o755, "test", kind.clone())).expect(path);
    }
    tree
}

#[test]
fn links_are_followed_as_on_the_host() {
    let link = |text: &str| Kind::Link(text.to_owned());
    let tree = tree(&[
        ("usr/bin/bash", file("")),
        ("usr/bin/sh", link("bash")),
        ("usr/bin/rsh", link("/bin/sh")),
        ("usr/sbin/init", link("../lib/keelson/init")),
        ("usr/lib/keelson/init", file("")),
        ("usr/lib/alias", link("keelson")),
        ("usr/bin/loop", link("loop")),
        ("usr/bin/gone", link("nothing")),
        ("usr/share/x", link("/etc/x")),
    ]);
    for (path, target) in [
        ("usr/bin/rsh", Some("usr/bin/bash")),
        ("usr/sbin/init", Some("usr/lib/keelson/init")),
        ("usr/lib/alias/init", Some("usr/lib/keelson/init")),
        ("sbin/init", Some("usr/lib/keelson/init")),
        ("usr/bin/loop", None),
    ] {
        assert_eq!(tree.resolve(path).as_deref(), target, "{path}");
    }
    let dangling: Vec<_> = tree.dangling_links().into_iter().map(|link| link.path).collect();
    assert_eq!(dangling, ["usr/bin/gone", "usr/bin/loop"]);
}

#[test]
fn two_recipes_with_one_path_are_refused_by_name() {
    let mut tree = tree(&[("usr/bin/a", file("1"))]);
    let again = tree.insert("usr/bin/a", Node::new(0o755, "other", file("2")));
    assert_eq!(
        again.expect_err("a conflict").to_string(),
        "/usr/bin/a comes from recipe `test` and from recipe `other`: remove it from one of them"
    );
    let below = tree.insert("usr/bin/a/b", Node::new(0o755, "other", file("")));
    assert_eq!(
        below.expect_err("a file").to_string(),
        "/usr/bin/a is not a folder, but /usr/bin/a/b is below it"
    );
    for path in ["", "/usr", "usr/../etc", "usr//bin", "./usr"] {
        assert!(tree.insert(path, Node::new(0o755, "other", file(""))).is_err(), "{path}");
    }
}

#[test]
fn the_tar_stream_holds_owners_and_modes_and_no_clock() {
    let mut tree = tree(&[("usr/bin/a", file("abc")), ("usr/bin/b", Kind::Link("a".into()))]);
    let long = format!("usr/share/{}/{}", "d".repeat(90), "f".repeat(90));
    tree.insert(&long, Node { gid: 42, ..Node::new(0o640, "test", file("x")) }).expect("inserts");
    let mut bytes = Vec::new();
    tree.write_tar(&mut bytes).expect("writes");
    let mut archive = tar::Archive::new(&*bytes);
    let mut listed = Vec::new();
    for entry in archive.entries().expect("a tar") {
        let entry = entry.expect("an entry");
        let header = entry.header();
        assert_eq!(header.mtime().expect("a time"), 0);
        let path = entry.path().expect("a path").to_string_lossy().into_owned();
        let mode = header.mode().expect("a mode");
        listed.push((path, mode, header.gid().expect("a group")));
    }
    assert_eq!(listed.len(), 6, "{listed:?}");
    assert!(listed.contains(&("bin/a".to_owned(), 0o755, 0)));
    assert!(listed.contains(&(long["usr/".len()..].to_owned(), 0o640, 42)));
}
