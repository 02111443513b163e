//! Files, links and directories.

use super::{FILE, refused};

#[test]
fn paths_stay_in_their_trees() {
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/runc"
form = "x""#,
        )],
        r#"x.toml:12:1: unknown key `form`
12 | form = "x"
   | ^^^^
   = did you mean `from`?"#,
    );
    refused(
        &[(FILE, r#"from = "/usr/sbin/runc""#)],
        r#"x.toml:11:8: `/usr/sbin/runc` is not a path in the tree: it begins with `/`; paths are relative to the root
11 | from = "/usr/sbin/runc"
   |        ^^^^^^^^^^^^^^^^"#,
    );
    refused(
        &[(
            FILE,
            r#"from = "usr/../etc/passwd"
to = "usr/x""#,
        )],
        r#"x.toml:11:8: `usr/../etc/passwd` is not a path in the tree: it has a `.` or `..`
11 | from = "usr/../etc/passwd"
   |        ^^^^^^^^^^^^^^^^^^^"#,
    );
    refused(
        &[(FILE, r#"from = "usr//runc""#)],
        r#"x.toml:11:8: `usr//runc` is not a path in the tree: it has an empty component
11 | from = "usr//runc"
   |        ^^^^^^^^^^^"#,
    );
    refused(
        &[(FILE, r#"from = "etc/runc.conf""#)],
        r#"x.toml:11:8: `etc/runc.conf` needs a `to`: its own path is not below `usr/`
11 | from = "etc/runc.conf"
   |        ^^^^^^^^^^^^^^^"#,
    );
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/runc"
to = "etc/runc""#,
        )],
        r#"x.toml:12:6: `etc/runc` is not below `usr/`, and the image has nothing else
12 | to = "etc/runc"
   |      ^^^^^^^^^^"#,
    );
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/runc"
to = "usr/bin/../../etc/x""#,
        )],
        r#"x.toml:12:6: `usr/bin/../../etc/x` is not a path in the tree: it has a `.` or `..`
12 | to = "usr/bin/../../etc/x"
   |      ^^^^^^^^^^^^^^^^^^^^^"#,
    );
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/runc"
to = "usr/bin/""#,
        )],
        r#"x.toml:12:6: `usr/bin/` must be the whole path, without `/` at its end
12 | to = "usr/bin/"
   |      ^^^^^^^^^^"#,
    );
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/runc"
to = "usr/bin/*""#,
        )],
        r#"x.toml:12:6: `usr/bin/*` has a `*` where one file is meant
12 | to = "usr/bin/*"
   |      ^^^^^^^^^^^"#,
    );
    refused(
        &[(FILE, r#"from = "usr/*/runc""#)],
        r#"x.toml:11:8: `usr/*/runc` has a `*` before its last component
11 | from = "usr/*/runc"
   |        ^^^^^^^^^^^^"#,
    );
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/*"
to = "usr/bin/x""#,
        )],
        r#"x.toml:12:6: `usr/bin/x` must be a folder and end in `/`, since `from` is a pattern
12 | to = "usr/bin/x"
   |      ^^^^^^^^^^^"#,
    );
}

#[test]
fn modes_links_and_directories_are_checked() {
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/runc"
mode = "755""#,
        )],
        r#"x.toml:12:8: `755` is not a mode: write four octal digits, as in `0755`
12 | mode = "755"
   |        ^^^^^"#,
    );
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/runc"
mode = "0999""#,
        )],
        r#"x.toml:12:8: `0999` is not a mode: write four octal digits, as in `0755`
12 | mode = "0999"
   |        ^^^^^^"#,
    );
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/runc"
mode = 0755"#,
        )],
        r"x.toml:12:8: unexpected leading zero, expected nothing
12 | mode = 0755
   |        ^",
    );
    refused(
        &[(
            FILE,
            r#"from = "usr/sbin/runc"
mode = 755"#,
        )],
        r"x.toml:12:8: invalid type: integer `755`, expected a string
12 | mode = 755
   |        ^^^",
    );
    refused(
        &[(r#""usr/bin/runc""#, r#""bin/runc""#)],
        r#"x.toml:14:8: `bin/runc` is not below `usr/`, and the image has nothing else
14 | path = "bin/runc"
   |        ^^^^^^^^^^"#,
    );
    refused(
        &[(r#""../sbin/runc""#, r#""""#)],
        r#"x.toml:15:6: `to` is empty
15 | to = ""
   |      ^^"#,
    );
    refused(
        &[(r#""usr/lib/x""#, r#""usr/lib/./x""#)],
        r#"x.toml:18:8: `usr/lib/./x` is not a path in the tree: it has a `.` or `..`
18 | path = "usr/lib/./x"
   |        ^^^^^^^^^^^^^"#,
    );
    refused(
        &[(
            r#"mode = "0755"
"#,
            "",
        )],
        r"x.toml:17:1: the key `mode` is missing
17 | [[directory]]
   | ^^^^^^^^^^^^^",
    );
    refused(
        &[(
            r#"[[file]]
from = "usr/sbin/runc"

"#,
            "",
        )],
        r"x.toml:6:1: nothing is taken from this source: add a [[file]], a [[bundle]] or `build-only`
6 | [source]
  | ^^^^^^^^",
    );
    refused(
        &[(
            r#"[[file]]
from = "usr/sbin/runc""#,
            r#"[[bundle]]
from = "usr/share/*.crt"
to = "usr/share/""#,
        )],
        r#"x.toml:12:6: `usr/share/` must be the whole path, without `/` at its end
12 | to = "usr/share/"
   |      ^^^^^^^^^^^^"#,
    );
}

#[test]
fn exports_are_kept_or_dropped() {
    refused(
        &[(FILE, "from = \"usr/sbin/runc\"\nexports = \"none\"")],
        r#"x.toml:12:11: `none` is not a value of `exports`: use `keep`, `drop`
12 | exports = "none"
   |           ^^^^^^"#,
    );
}
