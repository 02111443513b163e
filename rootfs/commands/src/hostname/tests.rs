use super::*;

#[test]
fn names_are_kept_in_their_files() {
    let root = tempfile::tempdir().expect("a folder");
    let fixed = Options { only_static: true, ..Options::default() };
    let pretty = Options { only_pretty: true, ..Options::default() };
    set_hostname("web1.example.com", &fixed, root.path()).expect("set");
    set_hostname("Lennart's \"Box\"", &pretty, root.path()).expect("set");
    set_info(root.path(), "DEPLOYMENT", "staging").expect("set");
    assert_eq!(name(&fixed, root.path()), "web1.example.com");
    assert_eq!(name(&pretty, root.path()), "Lennart's \"Box\"");
    assert_eq!(machine_info(root.path())["DEPLOYMENT"], "staging");
    set_info(root.path(), "DEPLOYMENT", "").expect("unset");
    assert!(!machine_info(root.path()).contains_key("DEPLOYMENT"));
    set_hostname("", &fixed, root.path()).expect("unset");
    assert!(!root.path().join("etc/hostname").exists());
    for wrong in ["-a", "a..b", "a b", "a/b", &"x".repeat(65)] {
        assert!(set_hostname(wrong, &fixed, root.path()).is_err(), "{wrong}");
    }
}

#[test]
fn the_status_is_a_list_or_json() {
    let host = [
        ("Static hostname", "StaticHostname", "web1".to_owned()),
        ("Chassis", "Chassis", "vm".to_owned()),
    ];
    assert_eq!(status(&host, &Options::default()), "Static hostname: web1\n        Chassis: vm\n");
    let json = Options { json: Some(false), ..Options::default() };
    assert_eq!(status(&host, &json), "{\"Chassis\":\"vm\",\"StaticHostname\":\"web1\"}\n");
}
