//! What only one type of source has.

use super::{DEBIAN, FILE, refused};

#[test]
fn binaries_are_built_and_taken() {
    refused(
        &[(
            DEBIAN,
            r#"type = "workspace"
package = "keelson-init"
binaries = ["keelson-init"]"#,
        )],
        r#"x.toml:9:12: the binary `keelson-init` is built, but no [[file]] nor `build-only` takes it
9 | binaries = ["keelson-init"]
  |            ^^^^^^^^^^^^^^^^
x.toml:12:8: `usr/sbin/runc` is not one of this source's binaries: keelson-init
12 | from = "usr/sbin/runc"
   |        ^^^^^^^^^^^^^^^"#,
    );
    refused(
        &[
            (
                DEBIAN,
                r#"type = "workspace"
package = "keelson-init"
binaries = ["keelson-init", "keelson-x"]"#,
            ),
            (
                FILE,
                r#"from = "keelson-init"
to = "usr/bin/x""#,
            ),
        ],
        r#"x.toml:9:12: the binary `keelson-x` is built, but no [[file]] nor `build-only` takes it
9 | binaries = ["keelson-init", "keelson-x"]
  |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#,
    );
    refused(
        &[
            (
                DEBIAN,
                r#"type = "workspace"
package = "keelson-init"
binaries = ["keelson-init"]"#,
            ),
            (FILE, r#"from = "keelson-init""#),
        ],
        r#"x.toml:12:8: `keelson-init` needs a `to`: its own path is not below `usr/`
12 | from = "keelson-init"
   |        ^^^^^^^^^^^^^^"#,
    );
    refused(
        &[
            (
                DEBIAN,
                r#"type = "workspace"
package = "keelson-init"
binaries = ["keelson-init"]
build-only = ["keelson-inti"]"#,
            ),
            (
                FILE,
                r#"from = "keelson-init"
to = "usr/bin/x""#,
            ),
        ],
        r#"x.toml:10:15: `keelson-inti` is not one of this source's binaries: keelson-init
10 | build-only = ["keelson-inti"]
   |               ^^^^^^^^^^^^^^"#,
    );
}

#[test]
fn crates_are_pinned() {
    refused(
        &[
            (
                DEBIAN,
                r#"type = "crate"
crate = "jaq"
version = "3.1"
binaries = ["jaq"]"#,
            ),
            (
                FILE,
                r#"from = "jaq"
to = "usr/bin/jaq""#,
            ),
        ],
        r#"x.toml:9:11: `3.1` is not an exact version: write all three numbers, as in `0.4.0`
9 | version = "3.1"
  |           ^^^^^"#,
    );
    refused(
        &[
            (
                DEBIAN,
                r#"type = "crate"
crate = "jaq"
version = "^3.1.2"
binaries = ["jaq"]"#,
            ),
            (
                FILE,
                r#"from = "jaq"
to = "usr/bin/jaq""#,
            ),
        ],
        r#"x.toml:9:11: `^3.1.2` is not an exact version: write all three numbers, as in `0.4.0`
9 | version = "^3.1.2"
  |           ^^^^^^^^"#,
    );
    refused(
        &[
            (
                DEBIAN,
                r#"type = "crate"
crate = "../jaq"
version = "3.1.2"
binaries = ["jaq"]"#,
            ),
            (
                FILE,
                r#"from = "jaq"
to = "usr/bin/jaq""#,
            ),
        ],
        r#"x.toml:8:9: `../jaq` is not a crate's name: use letters, digits, `-` and `_`
8 | crate = "../jaq"
  |         ^^^^^^^^"#,
    );
    refused(
        &[
            (
                DEBIAN,
                r#"type = "crate"
crate = "jaq"
version = "3.1.2"
binaries = ["jaq"]
features = ["a b"]"#,
            ),
            (
                FILE,
                r#"from = "jaq"
to = "usr/bin/jaq""#,
            ),
        ],
        r#"x.toml:11:13: `a b` is not a feature's name: use letters, digits and `-_+./?`
11 | features = ["a b"]
   |             ^^^^^"#,
    );
}

#[test]
fn modules_are_paths_below_kernel() {
    refused(
        &[(
            DEBIAN,
            r#"type = "kernel"
package = "linux-image-amd64"
modules = ["net/tun.ko.xz", "fs/"]
initramfs-modules = ["fs/ext4/ext4"]"#,
        )],
        r#"x.toml:9:12: `net/tun.ko.xz` is not a module: write its path below `kernel/` without `.ko`, or a folder ending in `/`
9 | modules = ["net/tun.ko.xz", "fs/"]
  |            ^^^^^^^^^^^^^^^"#,
    );
    refused(
        &[(
            DEBIAN,
            r#"type = "kernel"
package = "linux-image-amd64"
modules = ["../tun", "fs/"]
initramfs-modules = ["fs/ext4/ext4"]"#,
        )],
        r#"x.toml:9:12: `../tun` is not a module: write its path below `kernel/` without `.ko`, or a folder ending in `/`
9 | modules = ["../tun", "fs/"]
  |            ^^^^^^^^"#,
    );
    refused(
        &[(
            DEBIAN,
            r#"type = "kernel"
package = "linux-image-amd64"
modules = []
initramfs-modules = ["fs/ext4/ext4"]"#,
        )],
        r"x.toml:9:11: `modules` is an empty list
9 | modules = []
  |           ^^",
    );
}

#[test]
fn files_of_a_folder_stay_where_they_are() {
    refused(
        &[
            (
                DEBIAN,
                r#"type = "files"
folder = "rootfs/files""#,
            ),
            (
                FILE,
                r#"from = "usr/sbin/runc"
to = "usr/bin/x""#,
            ),
        ],
        r#"x.toml:12:6: every file of a `files` source is taken where it is: a [[file]] gives one a `mode`, not a `to`
12 | to = "usr/bin/x"
   |      ^^^^^^^^^^^"#,
    );
    refused(
        &[(
            DEBIAN,
            r#"type = "files"
folder = "rootfs/files""#,
        )],
        r"x.toml:10:1: every file of a `files` source is taken where it is: a [[file]] gives one a `mode`, so write one
10 | [[file]]
   | ^^^^^^^^",
    );
    refused(
        &[
            (
                DEBIAN,
                r#"type = "files"
folder = "../rootfs/files""#,
            ),
            (
                r#"[[file]]
from = "usr/sbin/runc"

"#,
                "",
            ),
        ],
        r#"x.toml:8:10: `../rootfs/files` is not a path in the tree: it has a `.` or `..`
8 | folder = "../rootfs/files"
  |          ^^^^^^^^^^^^^^^^^"#,
    );
}
