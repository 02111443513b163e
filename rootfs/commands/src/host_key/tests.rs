//! The host key, made by a shell in the place of `ssh-keygen`.

use std::collections::BTreeMap;

use super::*;

/// Writes both halves, as `ssh-keygen` does, into the file that its last argument names, which must not exist.
const KEYGEN: &str =
    r#"for file; do :; done; set -C; echo "$*" >"$file" && echo public >"$file.pub""#;

fn keygen(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "keygen"]);
    command
}

fn contents(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let text = fs::read_to_string(entry.path()).expect("a file");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect()
}

#[test]
fn both_halves_come_to_their_place_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    make(keygen(KEYGEN), &key).expect("the key is made");
    let found = contents(folder.path());
    assert_eq!(found.keys().collect::<Vec<_>>(), ["key", "key.pub"]);
    let asked = format!("-q -t ed25519 -N  -C  -f {}\n", folder.path().join(".key.new").display());
    assert_eq!(found["key"], asked);
    assert_eq!(found["key.pub"], "public\n");
}

#[test]
fn what_an_interrupted_boot_left_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    for left in [".key.new", ".key.new.pub", "key.pub"] {
        fs::write(folder.path().join(left), "half").expect("written");
    }
    make(keygen(KEYGEN), &key).expect("the key is made");
    let found = contents(folder.path());
    assert_eq!(found.keys().collect::<Vec<_>>(), ["key", "key.pub"]);
    assert_eq!(found["key.pub"], "public\n");
}

#[test]
fn a_key_that_is_not_made_whole_does_not_come_to_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    let error = make(keygen("exit 3"), &key).expect_err("it fails");
    assert_eq!(error.to_string(), "/bin/sh failed (exit status: 3)");
    let half = r#"for file; do :; done; echo secret >"$file""#;
    let error = make(keygen(half), &key).expect_err("the public half is missing");
    assert!(error.to_string().ends_with("key.pub"), "{error}");
    assert!(!key.exists());
}
