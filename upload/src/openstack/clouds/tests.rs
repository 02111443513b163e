use super::*;

const CLOUDS: &str = "
clouds:
  one:
    auth:
      auth_url: https://identity.example/v3
      username: u
      password: p
      project_id: 1234
    region_name: r1
    identity_api_version: 3
    verify: true
  two: { auth: { auth_url: https://x }, profile: y }
";

#[test]
fn a_cloud_is_read_with_what_it_needs() {
    let one = Cloud::parse(CLOUDS, "one").expect("YAML").expect("there");
    assert_eq!(one.get("project_id"), Some("1234"));
    assert_eq!((one.get("region_name"), one.get("username")), (Some("r1"), Some("u")));
    assert_eq!(Cloud::parse(CLOUDS, "three"), Ok(None));
    assert!(Cloud::parse("clouds: [", "one").is_err());
}

#[test]
fn what_is_said_of_a_broken_file_names_the_place_and_quotes_no_password() {
    let passwords = [
        // The line beside it is wrong, or the value itself is: open, an alias, a reserved sign, a list, a tag.
        "hunter2\n     username: u",
        "hunter2\n      password: hunter2",
        "\"hunter2",
        "*hunter2",
        "@hunter2",
        "[hunter2]",
        "!!int hunter2",
        "!hunter2 { a: b }",
        "{ hunter2: hunter2",
        "hunter2: hunter2",
        "hunter2\n\tusername: u",
    ];
    for password in passwords {
        let text = format!("clouds:\n  one:\n    auth:\n      password: {password}\n");
        let said = Cloud::parse(&text, "one").expect_err(password);
        assert!(!said.contains("hunter2"), "{said}");
        assert!(said.contains("at line "), "{password}: {said}");
    }
}

proptest::proptest! {
    #[test]
    fn no_file_panics(text: String) {
        let _ = Cloud::parse(&text, "one");
        let _ = Cloud::parse(&format!("clouds:\n  one:\n    auth: {text}"), "one");
    }
}
