//! Forms and sources.

use super::refused;

#[test]
fn a_text_of_another_form_is_refused() {
    refused(
        &[(
            r#"license = "Apache-2.0"
"#,
            "",
        )],
        r"x.toml:1:1: the key `license` is missing
1 | schema = 1
  | ^",
    );
    refused(
        &[("license = ", "licence = ")],
        r#"x.toml:4:1: unknown key `licence`
4 | licence = "Apache-2.0"
  | ^^^^^^^
  = did you mean `license`?"#,
    );
    refused(
        &[(r#""Apache-2.0""#, r#""Apache; MIT""#)],
        r#"x.toml:4:11: `Apache; MIT` is not an SPDX expression: use letters, digits, spaces and `.-+:()`
4 | license = "Apache; MIT"
  |           ^^^^^^^^^^^^^"#,
    );
    refused(
        &[(r#"name = "x""#, r#"name = "y""#)],
        r#"x.toml:2:8: the recipe is named `y`, but its file is `x.toml`
2 | name = "y"
  |        ^^^"#,
    );
    refused(
        &[(
            r#"[source]
type = "debian"
packages = ["runc"]
"#,
            "",
        )],
        r"x.toml:1:1: the key `source` is missing
1 | schema = 1
  | ^",
    );
}

#[test]
fn sources_have_the_keys_of_their_type() {
    refused(
        &[(r#""debian""#, r#""deb""#)],
        r#"x.toml:7:8: `deb` is not a value of `type`: use `workspace`, `crate`, `debian`, `kernel`, `files`
7 | type = "deb"
  |        ^^^^^"#,
    );
    refused(
        &[(r#""debian""#, r#""rpm""#)],
        r#"x.toml:7:8: `rpm` is not a value of `type`: use `workspace`, `crate`, `debian`, `kernel`, `files`
7 | type = "rpm"
  |        ^^^^^"#,
    );
    refused(
        &[(r#"packages = ["runc"]"#, r#"package = "runc""#)],
        r#"x.toml:6:1: a source of type `debian` needs the key `packages`
6 | [source]
  | ^^^^^^^^
x.toml:8:11: `package` says nothing for a source of type `debian`
8 | package = "runc"
  |           ^^^^^^"#,
    );
    refused(
        &[(r#"packages = ["runc"]"#, "packages = []")],
        r"x.toml:8:12: `packages` is an empty list
8 | packages = []
  |            ^^",
    );
    refused(
        &[(r#"["runc"]"#, r#"["runc", "runc"]"#)],
        r#"x.toml:8:21: `runc` stands twice in `packages`
8 | packages = ["runc", "runc"]
  |                     ^^^^^^
  = first at x.toml:8"#,
    );
    refused(
        &[(r#"["runc"]"#, r#"["Runc"]"#)],
        r#"x.toml:8:13: `Runc` is not the name of a Debian package: use two or more of a-z 0-9 + - ., beginning with a letter or digit
8 | packages = ["Runc"]
  |             ^^^^^^"#,
    );
    refused(
        &[(r#"["runc"]"#, r#"["runc=1.0"]"#)],
        r#"x.toml:8:13: `runc=1.0` is not the name of a Debian package: use two or more of a-z 0-9 + - ., beginning with a letter or digit
8 | packages = ["runc=1.0"]
  |             ^^^^^^^^^^"#,
    );
    refused(
        &[(
            r#"packages = ["runc"]"#,
            r#"packages = ["runc"]
folder = "x""#,
        )],
        r#"x.toml:9:10: `folder` says nothing for a source of type `debian`
9 | folder = "x"
  |          ^^^"#,
    );
}
