use proptest::prelude::*;

use super::*;

fn accounts() -> Accounts {
    Accounts::from_text(
        "root:x:0:0:root:/root:/bin/bash\ncore:x:500:500::/home/core:\nbad\nworse:x:y:0:::\n",
        "root:x:0:\ncore:x:500:\nwheel:x:10:core,other\ntty:x:5:\nbad\n",
    )
}

#[test]
fn users_are_found_by_name_and_number() {
    for name in ["core", "500"] {
        let user = accounts().user(name).expect("core is there");
        assert_eq!((user.uid, user.gid, user.name.as_str()), (500, 500, "core"));
        assert_eq!(user.shell, PathBuf::from("/bin/sh"));
    }
    assert_eq!(accounts().groups_of("core"), [10]);
    assert_eq!(accounts().group("tty").expect("tty is there"), 5);
}

#[test]
fn users_beside_a_line_that_is_not_utf_8_are_found() {
    let root = tempfile::tempdir().expect("a folder");
    let etc = root.path().join("etc");
    fs::create_dir_all(&etc).expect("made");
    fs::write(etc.join("passwd"), b"jo:x:1000:1000:J\xf6rg:/:\ncore:x:500:500::/home/core:\n")
        .expect("written");
    fs::write(etc.join("group"), b"core:x:500:\n").expect("written");
    let accounts = Accounts::read_below(root.path()).expect("readable");
    assert_eq!(accounts.user("core").expect("core is there").uid, 500);
}

#[test]
fn numbers_nobody_has_are_users_without_a_home() {
    let user = accounts().user("4711").expect("a number is a user");
    assert_eq!((user.uid, user.gid, user.home), (4711, 4711, PathBuf::from("/")));
}

#[test]
fn unknown_names_are_named() {
    let error = accounts().user("nobody").expect_err("nobody is not there");
    assert_eq!(error.to_string(), "no user `nobody` in /etc/passwd");
    let error = accounts().group("disk").expect_err("disk is not there");
    assert_eq!(error.to_string(), "no group `disk` in /etc/group");
}

proptest! {
    #[test]
    fn random_files_never_panic(passwd in any::<String>(), group in any::<String>(), name in any::<String>()) {
        let accounts = Accounts::from_text(&passwd, &group);
        let _found = (accounts.user(&name).is_ok(), accounts.group(&name).is_ok());
        accounts.groups_of(&name);
    }
}
