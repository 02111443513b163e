//! Sizes.

use super::refused;

#[test]
fn sizes_are_checked_alone_and_together() {
    refused(
        r#""4 GiB""#,
        r#""4 GB""#,
        r#"boards/x.toml:24:8: `GB` is not a unit of size: use B, KiB, MiB, GiB or TiB
24 | size = "4 GB"
   |        ^^^^^^"#,
    );
    refused(
        r#""4 GiB""#,
        r#""big""#,
        r#"boards/x.toml:24:8: `big` is not a size: write an integer and one of B, KiB, MiB, GiB, TiB, as in `64 MiB`
24 | size = "big"
   |        ^^^^^"#,
    );
    refused(
        r#""4 GiB""#,
        "4",
        r"boards/x.toml:24:8: invalid type: integer `4`, expected a string
24 | size = 4
   |        ^",
    );
    refused(
        r#""4 GiB""#,
        r#""0 GiB""#,
        r#"boards/x.toml:24:8: `size` is zero
24 | size = "0 GiB"
   |        ^^^^^^^"#,
    );
    refused(
        r#""4 GiB""#,
        r#""4194305 KiB""#,
        r#"boards/x.toml:24:8: `size` is 4194305 KiB, which is not a multiple of 1 MiB
24 | size = "4194305 KiB"
   |        ^^^^^^^^^^^^^"#,
    );
    refused(
        r#""4 GiB""#,
        r#""17 TiB""#,
        r#"boards/x.toml:24:8: `size` is 17 TiB: use 1 MiB to 16 TiB
24 | size = "17 TiB"
   |        ^^^^^^^^"#,
    );
    refused(
        r#""4 GiB""#,
        r#""3 GiB""#,
        r#"boards/x.toml:24:8: a disk of 3 GiB is too small: the partitions take 3172 MiB and ROOT at least 256 MiB
24 | size = "3 GiB"
   |        ^^^^^^^
   = `size` must be at least 3428 MiB"#,
    );
    refused(
        r#"size = "4 GiB"
esp = "1 GiB"
usr = "1 GiB""#,
        r#"size = "8 GiB"
esp = "1 GiB"
usr = "6 GiB""#,
        r#"boards/x.toml:26:7: two /usr slots of 6 GiB do not fit on a disk of 8 GiB
26 | usr = "6 GiB"
   |       ^^^^^^^
boards/x.toml:27:14: a hash tree of 49 MiB for a /usr of 6 GiB does not fit in `usr-verity` of 16 MiB
27 | usr-verity = "16 MiB"
   |              ^^^^^^^^
   = `usr-verity` must be at least 49 MiB"#,
    );
    refused(
        r#"esp = "1 GiB""#,
        r#"esp = "64 MiB""#,
        r#"boards/x.toml:25:7: `esp` is 64 MiB: use 256 MiB to 1 TiB
25 | esp = "64 MiB"
   |       ^^^^^^^^"#,
    );
    refused(
        r#""16 MiB""#,
        r#""8 MiB""#,
        r#"boards/x.toml:27:14: a hash tree of 9 MiB for a /usr of 1 GiB does not fit in `usr-verity` of 8 MiB
27 | usr-verity = "8 MiB"
   |              ^^^^^^^
   = `usr-verity` must be at least 9 MiB"#,
    );
    refused(
        r#""76 MiB""#,
        r#""2 GiB""#,
        r#"boards/x.toml:31:7: a budget of 2 GiB is more than 1 GiB, the size of the /usr partition
31 | usr = "2 GiB"
   |       ^^^^^^^"#,
    );
    refused(
        r#"usr = "76 MiB""#,
        r#"uki = "200 MiB""#,
        r#"boards/x.toml:31:7: a budget of 200 MiB is more than 170 MiB, a sixth of the ESP
31 | uki = "200 MiB"
   |       ^^^^^^^^^"#,
    );
}
