use std::collections::BTreeSet;

use keelson_units::model::{Command, ExecSettings, ServiceDirectory};
use proptest::prelude::*;

use super::*;

fn command() -> Command {
    Command {
        words: Vec::new(),
        may_fail: false,
        own_argv0: false,
        privileged: false,
        keep_user: false,
        literal: false,
        shell: false,
    }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn later_sources_win_and_what_is_unset_is_gone() {
    let exec = ExecSettings {
        environment: BTreeMap::from([pair("A", "unit"), pair("B", "unit"), pair("C", "keep")]),
        pass_environment: BTreeSet::from(["P".to_owned(), "A".to_owned()]),
        unset_environment: BTreeSet::from([
            "N".to_owned(),
            "C=other".to_owned(),
            "D=file".to_owned(),
        ]),
        ..ExecSettings::default()
    };
    let command = command();
    let manager = [pair("N", "1"), pair("A", "manager"), pair("M", "manager")];
    let own = [pair("P", "passed"), pair("A", "passed"), pair("Q", "not passed")];
    let mut invocation = Invocation::new("a.service", &command, &exec);
    (invocation.environment, invocation.manager_environment) = (&manager, &own);
    let facts = Facts { files: vec![pair("B", "file"), pair("D", "file")], ..Facts::default() };
    let all = build(&invocation, &facts);
    let expected = [("A", "unit"), ("B", "file"), ("C", "keep"), ("M", "manager"), ("P", "passed")];
    let mut expected: BTreeMap<String, String> =
        expected.iter().map(|(name, value)| pair(name, value)).collect();
    expected.insert("PATH".to_owned(), SEARCH_PATH.join(":"));
    assert_eq!(all, expected);
}

#[test]
fn users_folders_and_log_are_told() {
    let folder =
        |path: &str| ServiceDirectory { path: path.into(), links: Vec::new(), read_only: false };
    let exec = ExecSettings {
        user: Some("core".to_owned()),
        directories: BTreeMap::from([(DirectoryKind::Runtime, vec![folder("a"), folder("b/c")])]),
        ..ExecSettings::default()
    };
    let command = command();
    let user = User {
        name: "core".to_owned(),
        uid: 500,
        gid: 500,
        home: "/home/core".into(),
        shell: "/bin/sh".into(),
    };
    let facts = Facts {
        user: Some(&user),
        journal_stream: Some((8, 99)),
        terminal: Some(Path::new("/dev/ttyS0")),
        ..Facts::default()
    };
    let all = build(&Invocation::new("a.service", &command, &exec), &facts);
    for (name, value) in [
        ("HOME", "/home/core"),
        ("USER", "core"),
        ("LOGNAME", "core"),
        ("SHELL", "/bin/sh"),
        ("JOURNAL_STREAM", "8:99"),
        ("TERM", "vt220"),
        ("RUNTIME_DIRECTORY", "/run/a:/run/b/c"),
    ] {
        assert_eq!(all.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[test]
fn consoles_and_lines_have_their_terminal_types() {
    for (path, term) in [("/dev/tty1", "linux"), ("/dev/ttyS0", "vt220"), ("/dev/console", "vt220")]
    {
        assert_eq!(term_of(Path::new(path)), term, "{path}");
    }
}

#[test]
fn environment_files_are_read_as_a_shell_would() {
    for (text, expected) in [
        ("A=1\nB=two words \nC=\n", vec![("A", "1"), ("B", "two words"), ("C", "")]),
        ("# A=1\n; B=2\n  # C=3\nD=4", vec![("D", "4")]),
        ("# ends here \\\nA=1\nB=2\n", vec![("A", "1"), ("B", "2")]),
        ("A='x # y'\nB=\"a\\\"b\\n\"\n", vec![("A", "x # y"), ("B", "a\"b\\n")]),
        ("A=\"two\nlines\"\n", vec![("A", "two\nlines")]),
        ("A=one\\\ntwo\nB=a\\ b\n", vec![("A", "onetwo"), ("B", "a b")]),
        ("export A=1\n 1B=2\nno assignment\n=x\nC = 3 \n", vec![("A", "1"), ("C", "3")]),
        ("A=it's\nB='a'\"b\" \n", vec![("A", "it's"), ("B", "ab")]),
        ("SSHD_OPTS=\n", vec![("SSHD_OPTS", "")]),
        ("A='  '\n", vec![("A", "  ")]),
    ] {
        let expected: Vec<_> = expected.iter().map(|(name, value)| pair(name, value)).collect();
        assert_eq!(file::parse(text), expected, "{text:?}");
    }
}

#[test]
fn a_missing_file_is_an_error_unless_it_may_miss() {
    let path = PathBuf::from("/nonexistent/environment");
    let file = |may_miss| EnvironmentFile { path: path.clone(), may_miss };
    assert!(read_files(&[file(true)]).expect("it may miss").is_empty());
    assert!(read_files(&[file(false)]).is_err());
}

proptest! {
    #[test]
    fn random_environment_files_never_panic(text in any::<String>()) {
        for (name, _) in file::parse(&text) {
            prop_assert!(file::is_name(&name));
        }
    }
}
