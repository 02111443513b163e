//! Kernel options and the small sections.

use super::refused;

#[test]
fn kernel_options_that_are_not_the_boards_are_refused() {
    refused(
        r#""console=ttyS0""#,
        r#""quiet splash""#,
        r#"boards/x.toml:8:17: `quiet splash` is not one kernel option: it has a space outside double quotes
8 | command-line = ["quiet splash"]
  |                 ^^^^^^^^^^^^^^"#,
    );
    refused(
        r#""console=ttyS0""#,
        r#""""#,
        r#"boards/x.toml:8:17: `` is not one kernel option: it is empty
8 | command-line = [""]
  |                 ^^"#,
    );
    refused(
        r#""console=ttyS0""#,
        r#""dyndbg=\"file a.c +p""#,
        r#"boards/x.toml:8:17: `dyndbg=\"file a.c +p` is not one kernel option: a double quote is not closed
8 | command-line = ["dyndbg=\"file a.c +p"]
  |                 ^^^^^^^^^^^^^^^^^^^^^^"#,
    );
    refused(
        r#""console=ttyS0""#,
        r#""a\nb""#,
        r#"boards/x.toml:8:17: `a\nb` is not one kernel option: use printable ASCII
8 | command-line = ["a\nb"]
  |                 ^^^^^^"#,
    );
    refused(
        r#""console=ttyS0""#,
        r#""usrhash=00""#,
        r#"boards/x.toml:8:17: the kernel option `usrhash` is not the board's to set: the builder sets it
8 | command-line = ["usrhash=00"]
  |                 ^^^^^^^^^^^^"#,
    );
    refused(
        r#""console=ttyS0""#,
        r#""keelson.board=y""#,
        r#"boards/x.toml:8:17: the kernel option `keelson.board` is not the board's to set: the builder sets it
8 | command-line = ["keelson.board=y"]
  |                 ^^^^^^^^^^^^^^^^^"#,
    );
    refused(
        r#""console=ttyS0""#,
        r#""keelson.debug""#,
        r#"boards/x.toml:8:17: the kernel option `keelson.debug` is not the board's to set: `debug` in [boot] is `off`, so the image would not obey it
8 | command-line = ["keelson.debug"]
  |                 ^^^^^^^^^^^^^^^"#,
    );
    refused(
        r#""console=ttyS0""#,
        r#""init=/bin/sh""#,
        r#"boards/x.toml:8:17: the kernel option `init` is not the board's to set: the initramfs decides what is mounted and started, and reads no such option
8 | command-line = ["init=/bin/sh"]
  |                 ^^^^^^^^^^^^^^"#,
    );
}

#[test]
fn the_form_of_usr_is_checked() {
    refused(
        r#""zstd""#,
        r#""zst""#,
        r#"boards/x.toml:11:15: `zst` is not a value of `compression`: use `zstd`, `lz4hc`, `none`
11 | compression = "zst"
   |               ^^^^^
   = did you mean `zstd`?"#,
    );
    refused(
        "level = 19",
        "level = 23",
        r"boards/x.toml:12:9: `level` is 23: use 1 to 22
12 | level = 23
   |         ^^",
    );
    refused(
        "level = 19",
        "level = -1",
        r"boards/x.toml:12:9: `level` is -1: use 1 to 22
12 | level = -1
   |         ^^",
    );
    refused(
        r#""zstd"
level = 19"#,
        r#""lz4hc"
level = 13"#,
        r"boards/x.toml:12:9: `level` is 13: use 1 to 12
12 | level = 13
   |         ^^",
    );
    refused(
        r#""zstd"
level = 19"#,
        r#""none""#,
        r#"boards/x.toml:13:13: `dedupe` needs compressed data, but `compression` is `none`
13 | features = ["dedupe"]
   |             ^^^^^^^^"#,
    );
    refused(
        r#""zstd"
level = 19
"#,
        r#""none"
level = 1
#"#,
        r#"boards/x.toml:12:9: `level` says nothing where `compression` is `none`
12 | level = 1
   |         ^
boards/x.toml:14:13: `dedupe` needs compressed data, but `compression` is `none`
14 | features = ["dedupe"]
   |             ^^^^^^^^"#,
    );
    refused(
        r#""64 KiB""#,
        r#""6 KiB""#,
        r#"boards/x.toml:13:16: `cluster-size` is 6 KiB, which is not a multiple of 4 KiB
13 | cluster-size = "6 KiB"
   |                ^^^^^^^"#,
    );
    refused(
        r#""64 KiB""#,
        r#""2 MiB""#,
        r#"boards/x.toml:13:16: `cluster-size` is 2 MiB: use 4 KiB to 1 MiB
13 | cluster-size = "2 MiB"
   |                ^^^^^^^"#,
    );
    refused(
        r#""dedupe""#,
        r#""dedup""#,
        r#"boards/x.toml:14:13: `dedup` is not a value of `features`: use `fragments`, `all-fragments`, `dedupe`, `ztailpacking`
14 | features = ["dedup"]
   |             ^^^^^^^
   = did you mean `dedupe`?"#,
    );
}

#[test]
fn choices_of_verity_and_boot_are_checked() {
    refused(
        r#""panic""#,
        r#""ignore""#,
        r#"boards/x.toml:17:17: `ignore` is not a value of `on-corruption`: use `panic`, `restart`
17 | on-corruption = "ignore"
   |                 ^^^^^^^^"#,
    );
    refused(
        "menu-timeout = 0",
        "menu-timeout = 61",
        r"boards/x.toml:20:16: `menu-timeout` is 61: use 0 to 60
20 | menu-timeout = 61
   |                ^^",
    );
    refused(
        r#"debug = "off""#,
        r#"debug = "on""#,
        r#"boards/x.toml:21:9: `on` is not a value of `debug`: use `off`, `allowed`
21 | debug = "on"
   |         ^^^^"#,
    );
    refused(
        r#"debug = "off""#,
        "debug = false",
        r"boards/x.toml:21:9: invalid type: boolean `false`, expected a string
21 | debug = false
   |         ^^^^^",
    );
}
