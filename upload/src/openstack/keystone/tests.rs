use super::*;

fn cloud(pairs: &[(&str, &str)]) -> Cloud {
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Cloud { values: pairs.collect() }
}

fn sent(pairs: &[(&str, &str)]) -> Value {
    match login(&cloud(pairs)).expect("enough").body {
        Body::Secret(value) => value,
        other => panic!("{other:?} would be shown"),
    }
}

#[test]
fn logins_are_as_the_reference_has_them() {
    let url = ("auth_url", "https://x/v3/");
    let password = [
        url,
        ("username", "u"),
        ("password", "p"),
        ("project_name", "q"),
        ("user_domain_name", "D"),
    ];
    let user = json!({ "name": "u", "domain": { "name": "D" }, "password": "p" });
    assert_eq!(
        sent(&password),
        json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": user } },
        "scope": { "project": { "name": "q", "domain": { "id": "default" } } },
    } })
    );
    let credential = [
        url,
        ("application_credential_id", "i"),
        ("application_credential_secret", "s"),
        ("project_id", "1"),
    ];
    assert_eq!(
        sent(&credential),
        json!({ "auth": { "identity": {
        "methods": ["application_credential"], "application_credential": { "id": "i", "secret": "s" },
    } } })
    );
    assert_eq!(login(&cloud(&password)).expect("enough").url, "https://x/v3/auth/tokens");
    assert!(login(&cloud(&[url])).is_err() && login(&cloud(&[("password", "p")])).is_err());
}

#[test]
fn the_image_service_is_that_of_region_and_interface() {
    let one = |interface: &str, region: &str, url: &str| json!({ "interface": interface, "region_id": region, "url": url });
    let endpoints = json!([
        one("internal", "a", "http://i"),
        one("public", "b", "http://b/v2"),
        one("public", "a", "http://a/")
    ]);
    let token = json!({ "token": { "catalog": [{ "type": "image", "endpoints": endpoints }] } });
    assert_eq!(endpoint(&token, Some("a"), "public").as_deref(), Some("http://a"));
    assert_eq!(endpoint(&token, None, "public").as_deref(), Some("http://b"));
    assert_eq!(endpoint(&token, Some("c"), "public"), None);
    assert_eq!(endpoint(&json!({}), None, "public"), None);
}
