use super::*;

fn exec(credentials: &[(&str, Vec<Credential>)], import: &[&str]) -> ExecSettings {
    ExecSettings {
        credentials: credentials.iter().map(|(id, all)| ((*id).to_owned(), all.clone())).collect(),
        import_credentials: import.iter().map(|pattern| (*pattern).to_owned()).collect(),
        ..ExecSettings::default()
    }
}

fn set(value: &str) -> Credential {
    Credential::Set(value.as_bytes().to_vec())
}

fn values(found: &Found) -> Vec<(&str, &str)> {
    let text = |value| std::str::from_utf8(value).expect("text");
    found.values.iter().map(|(id, value)| (id.as_str(), text(value))).collect()
}

#[test]
fn files_folders_and_stores_are_read_and_set_ones_fill_the_gaps() {
    let root = tempfile::tempdir().expect("a folder");
    let at = |path: &str| root.path().join(path);
    for folder in ["first", "second", "folder"] {
        fs::create_dir(at(folder)).expect("a folder");
    }
    for (path, text) in [
        ("file", "of file"),
        ("folder/a", "in folder"),
        ("first/stored", "first"),
        ("second/stored", "second"),
        ("second/app.key", "key"),
        ("second/app.cert", "cert"),
    ] {
        fs::write(at(path), text).expect("a file");
    }
    let exec = exec(
        &[
            ("f", vec![Credential::Load(at("file")), set("not used")]),
            ("d", vec![Credential::Load(at("folder"))]),
            ("s", vec![Credential::Load("stored".into())]),
            ("m", vec![Credential::Load(at("missing")), set("set")]),
            ("n", vec![Credential::Load("not-stored".into())]),
        ],
        &["app.*", "stored:renamed"],
    );
    let (first, second) = (at("first"), at("second"));
    let found = collect(&exec, &[&first, &second]).expect("all can be read");
    let expected = [
        ("app.cert", "cert"),
        ("app.key", "key"),
        ("d_a", "in folder"),
        ("f", "of file"),
        ("m", "set"),
        ("renamed", "first"),
        ("s", "first"),
    ];
    assert_eq!(values(&found), expected);
}

#[test]
fn missing_files_and_bad_names_are_errors() {
    let missing = exec(&[("a", vec![Credential::Load("/nonexistent/x".into())])], &[]);
    let error = collect(&missing, &[]).err().expect("it is missing");
    assert!(error.to_string().starts_with("credential a from /nonexistent/x"), "{error}");
    let bad = exec(&[("a/b", vec![set("x")])], &[]);
    assert!(matches!(collect(&bad, &[]), Err(CredentialError::Name(_))));
}

#[test]
fn sockets_are_left_to_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let exec = exec(&[("a", vec![Credential::Load(path.clone())])], &[]);
    let found = collect(&exec, &[]).expect("it is there");
    assert_eq!(found.sockets.get("a"), Some(&path));
    assert!(found.values.is_empty());
}

#[test]
fn who_asks_a_socket_is_told_by_its_name() {
    let name = asking_name("a.service", "key");
    assert_eq!(name[2], 0);
    assert!(name.ends_with(b"/unit/a.service/key"));
}
