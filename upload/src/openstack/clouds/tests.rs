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

proptest::proptest! {
    #[test]
    fn no_file_panics(text: String) {
        let _ = Cloud::parse(&text, "one");
        let _ = Cloud::parse(&format!("clouds:\n  one:\n    auth: {text}"), "one");
    }
}
