//! Forms, names and lists.

use super::refused;

#[test]
fn a_text_of_another_form_is_refused() {
    refused(
        "[boot]",
        "[boot",
        r"boards/x.toml:19:6: unclosed table, expected `]`
19 | [boot
   |      ^",
    );
    refused(
        "schema = 1\n",
        "",
        r#"boards/x.toml:1:1: the key `schema` is missing: begin the file with `schema = 1`
1 | name = "x"
  | ^"#,
    );
    refused(
        "schema = 1",
        "schema = 2",
        r"boards/x.toml:1:10: schema 2 is not known to this builder, which reads schema 1
1 | schema = 2
  |          ^",
    );
    refused(
        "schema = 1",
        r#"schema = "1""#,
        r#"boards/x.toml:1:10: invalid type: string "1", expected an integer
1 | schema = "1"
  |          ^^^"#,
    );
    refused(
        "schema = 1",
        r"schema = 1
shcema = 1",
        r"boards/x.toml:2:1: unknown key `shcema`
2 | shcema = 1
  | ^^^^^^
  = did you mean `schema`?",
    );
    refused(
        r#"name = "x"
"#,
        "",
        r"boards/x.toml:1:1: the key `name` is missing
1 | schema = 1
  | ^",
    );
    refused(
        r#"name = "x"
"#,
        r#"nmae = "x"
"#,
        r#"boards/x.toml:2:1: unknown key `nmae`
2 | nmae = "x"
  | ^^^^
  = did you mean `name`?"#,
    );
    refused(
        r#"name = "x""#,
        r#"name = "y""#,
        r#"boards/x.toml:2:8: the board is named `y`, but its file is `x.toml`
2 | name = "y"
  |        ^^^"#,
    );
    refused(
        r#"name = "x""#,
        r#"name = "X 1""#,
        r#"boards/x.toml:2:8: `X 1` is not a board's name: use 1 to 63 of a-z 0-9 -, beginning with a letter or digit
2 | name = "X 1"
  |        ^^^^^"#,
    );
    refused(
        r#"name = "x""#,
        "name = 1",
        r"boards/x.toml:2:8: invalid type: integer `1`, expected a string
2 | name = 1
  |        ^",
    );
    refused(
        "[disk]",
        "[disks]",
        r"boards/x.toml:23:2: unknown key `disks`
23 | [disks]
   |  ^^^^^
   = did you mean `disk`?",
    );
    refused(
        "menu-timeout",
        "timeout",
        r"boards/x.toml:20:1: unknown key `timeout`
20 | timeout = 0
   | ^^^^^^^
   = known here: menu-timeout, debug, bios, secure-boot-enroll",
    );
    refused(
        "esp = ",
        r#"usr.verity = "1 MiB"
esp = "#,
        r#"boards/x.toml:27:1: duplicate key
27 | usr = "1 GiB"
   | ^^^"#,
    );
}

#[test]
fn names_texts_and_lists_are_checked() {
    refused(
        r#""A board""#,
        r#"" ""#,
        r#"boards/x.toml:3:15: `description` is empty
3 | description = " "
  |               ^^^"#,
    );
    refused(
        r#""A board""#,
        r#""A\u0007board""#,
        r#"boards/x.toml:3:15: `description` has a control character
3 | description = "A\u0007board"
  |               ^^^^^^^^^^^^^^"#,
    );
    refused(
        r#""x86-64""#,
        r#""x86_64""#,
        r#"boards/x.toml:4:16: `x86_64` is not a value of `architecture`: use `x86-64`
4 | architecture = "x86_64"
  |                ^^^^^^^^
  = did you mean `x86-64`?"#,
    );
    refused(
        r#""x86-64""#,
        r#""amd64""#,
        r#"boards/x.toml:4:16: `amd64` is not a value of `architecture`: use `x86-64`
4 | architecture = "amd64"
  |                ^^^^^^^"#,
    );
    refused(
        r#"["base", "kernel"]"#,
        "[]",
        r"boards/x.toml:5:11: `recipes` is an empty list
5 | recipes = []
  |           ^^",
    );
    refused(
        r#"["base", "kernel"]"#,
        r#"["base", "kernel", "base"]"#,
        r#"boards/x.toml:5:30: `base` stands twice in `recipes`
5 | recipes = ["base", "kernel", "base"]
  |                              ^^^^^^
  = first at boards/x.toml:5"#,
    );
    refused(
        r#"["base", "kernel"]"#,
        r#"["base", "../kernel"]"#,
        r#"boards/x.toml:5:20: `../kernel` is not a recipe's name: use 1 to 63 of a-z 0-9 -, beginning with a letter or digit
5 | recipes = ["base", "../kernel"]
  |                    ^^^^^^^^^^^"#,
    );
    refused(
        r#"["base", "kernel"]"#,
        r#""base""#,
        r#"boards/x.toml:5:11: invalid type: string "base", expected a sequence
5 | recipes = "base"
  |           ^^^^^^"#,
    );
}
