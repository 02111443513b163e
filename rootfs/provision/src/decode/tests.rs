use super::*;
use crate::config::Owner;
use proptest::prelude::*;

fn errors(text: &str) -> Vec<String> {
    match decode(text.as_bytes()) {
        Ok(decoded) => panic!("accepted: {decoded:?}"),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// A configuration with these members besides `ignition`.
fn with(members: &str) -> String {
    format!("{{\"ignition\": {{\"version\": \"3.4.0\"}}, {members}}}")
}

#[test]
fn a_configuration_as_butane_writes_it_is_decoded() {
    let text = r#"{"ignition":{"version":"3.4.0"},
      "storage":{"directories":[{"path":"/opt/app","mode":448}],
        "files":[{"path":"/etc/motd","overwrite":true,"mode":420,"user":{"name":"core"},"group":{"id":7},
          "contents":{"compression":"","source":"data:;base64,aGk=",
            "verification":{"hash":"sha256-8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"}},
          "append":[{"source":"data:,%21"}]},
          {"path":"/etc/zip","contents":{"compression":"gzip",
            "source":"data:;base64,H4sIAAAAAAAC/8vIBACsKpPYAgAAAA=="}}],
        "links":[{"path":"/etc/l","target":"../x","hard":false}], "disks": []},
      "systemd":{"units":[{"name":"a.service","enabled":true,"contents":"[Service]\n",
        "dropins":[{"name":"1.conf","contents":"[Unit]\n"}]},{"name":"b.timer","mask":true}]},
      "passwd":{"users":[{"name":"core","sshAuthorizedKeys":["ssh-ed25519 AAAA x"]}],"groups":null},
      "kernelArguments":{}}"#;
    let decoded = decode(text.as_bytes()).expect("good");
    assert_eq!(decoded.warnings, []);
    let config = decoded.config;
    assert_eq!(config.directories[0].mode, Some(0o700));
    let file = &config.files[0];
    assert_eq!((file.mode, file.contents.as_deref()), (Some(0o644), Some(&b"hi"[..])));
    assert_eq!(
        (&file.node.user, &file.node.group),
        (&Some(Owner::Name("core".into())), &Some(Owner::Id(7)))
    );
    assert_eq!(file.append, [b"!".to_vec()]);
    assert_eq!(config.files[1].contents.as_deref(), Some(&b"hi"[..]));
    assert_eq!(config.links[0].target, "../x");
    assert_eq!(config.units[0].drop_ins, [("1.conf".to_owned(), "[Unit]\n".to_owned())]);
    assert!(config.units[1].mask);
    assert_eq!(config.users[0].keys, ["ssh-ed25519 AAAA x"]);
}

#[test]
fn every_version_of_the_third_specification_is_read_and_no_other() {
    for version in VERSIONS {
        assert!(
            decode(format!("{{\"ignition\":{{\"version\":\"{version}\"}}}}").as_bytes()).is_ok(),
            "{version}"
        );
    }
    for (header, expected) in [
        (
            r#"{"version":"2.3.0"}"#,
            "1:24: ignition.version: specification 2.3.0 is not supported; translate the configuration to 3.x",
        ),
        (
            r#"{"version":"4.0.0"}"#,
            "1:24: ignition.version: specification `4.0.0` is not supported; 3.0.0 to 3.5.0 are",
        ),
        (r#"{"version":3}"#, "1:24: ignition.version: a text is expected here, not 3"),
    ] {
        assert_eq!(errors(&format!("{{\"ignition\":{header}}}"))[0], expected);
    }
    assert_eq!(
        errors("{}"),
        [
            "1:1: ignition: ignition.version is missing; write \"ignition\": {\"version\": \"3.4.0\"}"
        ]
    );
}

#[test]
fn each_mistake_is_told_by_path() {
    for (members, expected) in [
        (
            r#""storage":{"disks":[{"device":"/dev/vda"}]}"#,
            "storage.disks: not supported by this release; remove it",
        ),
        (
            r#""kernelArguments":{"shouldExist":["x"]}"#,
            "kernelArguments: not supported by this release; remove it",
        ),
        (
            r#""storage":{"files":[{"path":"/a","contents":{"source":"https://x/y"}}]}"#,
            "storage.files[0].contents.source: `https:` sources are not supported by this release; use a data: URL",
        ),
        (
            r#""storage":{"files":[{"path":"etc/x"}]}"#,
            "storage.files[0].path: `etc/x` is not absolute",
        ),
        (
            r#""storage":{"files":[{"path":"/etc/../x"}]}"#,
            "storage.files[0].path: `/etc/../x` has `.` or `..` in it; write the path itself",
        ),
        (
            r#""storage":{"files":[{"path":"//usr/bin/x"}]}"#,
            "storage.files[0].path: /usr is part of the verified, read-only system; use /etc, /opt or /var",
        ),
        (
            r#""storage":{"files":[{"path":"/"}]}"#,
            "storage.files[0].path: `/` itself cannot be written",
        ),
        (r#""storage":{"files":[{"mode":1}]}"#, "storage.files[0].path: a path is needed"),
        (
            r#""storage":{"files":[{"path":"/a","mode":"0644"}]}"#,
            "storage.files[0].mode: a whole number from 0 to 4095 is expected here, not a text",
        ),
        (
            r#""storage":{"files":[{"path":"/a","contents":{"source":"data:,x","verification":{"hash":"sha256-00"}}}]}"#,
            "storage.files[0].contents.verification.hash: the contents have another digest: \
             sha256-2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        ),
        (
            r#""storage":{"files":[{"path":"/a","contents":{"source":"data:,x","compression":"gzip"}}]}"#,
            "storage.files[0].contents.source: it is not gzip: ",
        ),
        (
            r#""storage":{"files":[{"path":"/a"},{"path":"/a/"}]}"#,
            "storage.files[1].path: `/a` is written by storage.files[0] as well",
        ),
        (
            r#""storage":{"files":[{"path":"/a/b"}],"links":[{"path":"/a","target":"/x"}]}"#,
            "storage.files[0].path: `/a/b` is below `/a`, which storage.links[0] makes no directory",
        ),
        (
            r#""storage":{"links":[{"path":"/a"}]}"#,
            "storage.links[0].target: a link needs a target",
        ),
        (r#""storage":{"files":{}}"#, "storage.files: a list is expected here, not an object"),
        (r#""systemd":[]"#, "systemd: an object is expected here, not a list"),
        (
            r#""systemd":{"units":[{"name":"../x.service"}]}"#,
            "systemd.units[0].name: `../x.service` has characters that a unit name cannot have",
        ),
        (
            r#""systemd":{"units":[{"name":"x"}]}"#,
            "systemd.units[0].name: `x` is no name of a unit; write NAME.service or the like",
        ),
        (
            r#""systemd":{"units":[{"name":"a.service"},{"name":"a.service"}]}"#,
            "systemd.units[1].name: `a.service` is described by systemd.units[0] as well",
        ),
        (
            r#""systemd":{"units":[{"name":"a.service","dropins":[{"name":"x","contents":""}]}]}"#,
            "systemd.units[0].dropins[0].name: `x` is no name of a drop-in; write NAME.conf",
        ),
        (
            r#""passwd":{"users":[{"name":"u","passwordHash":"secret"}]}"#,
            "passwd.users[0].passwordHash: this is no hash: make one with `openssl passwd -6`",
        ),
        (
            r#""passwd":{"users":[{"name":"u","uid":7}]}"#,
            "passwd.users[0].uid: not supported by this release; remove it",
        ),
    ] {
        let found = errors(&with(members));
        let bare = found[0].splitn(3, ':').nth(2).unwrap_or_default().trim_start();
        assert!(bare.starts_with(expected), "{members}\n{found:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    let text = "{\n \"ignition\": {\"version\": \"3.1.0\"},\n \"storage\": {\"files\": [\n  {\"path\": \"x\"},\n  {\"path\": \"y\"}]}}";
    assert_eq!(
        errors(text),
        [
            "4:12: storage.files[0].path: `x` is not absolute",
            "5:12: storage.files[1].path: `y` is not absolute",
        ]
    );
}

#[test]
fn unknown_keys_are_passed_over_with_a_warning() {
    let decoded =
        decode(with(r#""storage":{"filez":[],"files":[{"path":"/a","moed":1}]},"x":1"#).as_bytes())
            .expect("good");
    let warnings: Vec<String> =
        decoded.warnings.iter().map(|warning| warning.path.clone()).collect();
    assert_eq!(warnings, ["storage.files[0].moed", "storage.filez", "x"]);
}

#[test]
fn what_is_no_json_is_told_by_line_and_column() {
    assert_eq!(
        errors("{\n  \"ignition\": }"),
        ["2:15: not JSON: expected value at line 2 column 15"]
    );
    assert!(
        errors("variant: flatcar\n")[0]
            .ends_with("Butane and cloud-config texts must be translated to Ignition first")
    );
    let problems = decode(b"{\"a\": \"\xff\"}").expect_err("not UTF-8");
    assert_eq!(problems[0].to_string(), "the configuration is not UTF-8, from byte 7 on");
    assert!(decode("[".repeat(100_000).as_bytes()).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _either = decode(&bytes);
    }

    #[test]
    fn no_shape_of_json_makes_it_panic(members in "[{}\\[\\]\",:a-c0-9/. -]{0,60}", path in "\\PC{0,20}") {
        let _either = decode(with(&format!("\"storage\":{members}")).as_bytes());
        let text = serde_json::json!({"ignition": {"version": "3.0.0"},
            "storage": {"files": [{"path": path, "contents": {"source": format!("data:{path}")}}]},
            "systemd": {"units": [{"name": path, "enabled": true}]}});
        let _either = decode(text.to_string().as_bytes());
    }
}
