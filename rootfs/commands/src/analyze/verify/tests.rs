use super::*;

fn findings(files: &[(&str, &str)], words: &[&str]) -> Vec<String> {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("etc/systemd/system");
    fs::create_dir_all(&folder).expect("made");
    fs::create_dir_all(root.path().join("bin")).expect("made");
    fs::write(root.path().join("bin/true"), "").expect("written");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("written");
    }
    let words: Vec<String> = words
        .iter()
        .map(|word| {
            if word.contains('/') {
                root.path().join(word).display().to_string()
            } else {
                (*word).to_owned()
            }
        })
        .collect();
    let found = judge(&words, root.path(), true).expect("judged");
    found.into_iter().map(|text| text.replace(&root.path().display().to_string(), "")).collect()
}

#[test]
fn a_good_unit_has_no_findings() {
    let text = "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n";
    assert_eq!(findings(&[("a.service", text)], &["a.service"]), Vec::<String>::new());
    assert_eq!(
        findings(&[("a.service", text)], &["etc/systemd/system/a.service"]),
        Vec::<String>::new()
    );
}

#[test]
fn bad_lines_and_missing_programs_are_found() {
    let text =
        "[Unit]\nDefaultDependencies=no\n[Service]\nExecStrat=/bin/true\nExecStart=/bin/none\n";
    let found = findings(&[("a.service", text)], &["etc/systemd/system/a.service"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("/etc/systemd/system/a.service:4: "), "{found:?}");
    assert_eq!(
        found[1],
        "a.service: Command /bin/none is not executable: No such file or directory"
    );
    assert_eq!(findings(&[], &["none.service"]), ["Unit none.service not found."]);
}

#[test]
fn a_cycle_is_found() {
    let unit = |other: &str| {
        format!(
            "[Unit]\nDefaultDependencies=no\nRequires={other}.service\nAfter={other}.service\n\
             [Service]\nExecStart=/bin/true\n"
        )
    };
    let found = findings(&[("a.service", &unit("b")), ("b.service", &unit("a"))], &["a.service"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("a.service")
            && found[0].contains("b.service")
            && found[0].contains("ycl"),
        "{found:?}"
    );
}
