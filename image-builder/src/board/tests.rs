//! What a board is read as; below, every mistake with the exact text of its error.

mod form;
mod sections;
mod sizes;

use super::*;

const BOARD: &str = r#"schema = 1
name = "x"
description = "A board"
architecture = "x86-64"
recipes = ["base", "kernel"]

[kernel]
command-line = ["console=ttyS0"]

[usr]
compression = "zstd"
level = 19
cluster-size = "64 KiB"
features = ["dedupe"]

[verity]
on-corruption = "panic"

[boot]
menu-timeout = 0
debug = "off"

[disk]
size = "4 GiB"
esp = "1 GiB"
usr = "1 GiB"
usr-verity = "16 MiB"
root-minimum = "256 MiB"

[budgets]
usr = "76 MiB"
"#;

/// Replaces `from` in a board that is fine, and compares the error.
#[track_caller]
fn refused(from: &str, to: &str, error: &str) {
    assert!(BOARD.contains(from), "{from} is not in the board");
    match Board::parse("boards/x.toml", &BOARD.replacen(from, to, 1)) {
        Ok(_) => panic!("accepted:\n{to}"),
        Err(found) => assert_eq!(found.to_string(), error),
    }
}

#[test]
fn a_board_is_read_as_it_is_written() {
    let board = Board::parse("boards/x.toml", BOARD).expect("a board");
    let names: Vec<&str> = board.recipes.iter().map(|name| name.get_ref().as_str()).collect();
    assert_eq!((board.name.as_str(), names), ("x", vec!["base", "kernel"]));
    assert_eq!(board.kernel.command_line, ["console=ttyS0"]);
    assert_eq!(board.usr.compression.mkfs_option().as_deref(), Some("zstd,level=19"));
    assert_eq!(board.usr.features, [Feature::Dedupe]);
    assert_eq!(board.disk.fixed(), ByteSize::mib(1 + 1024 + 2 * (1024 + 16 + 1) + 64 + 1));
    assert_eq!(board.budgets.usr, Some(ByteSize::mib(76)));
}

#[test]
fn what_a_board_leaves_out_has_a_default() {
    let short = BOARD.split("[kernel]").next().expect("the keys before the sections");
    let board = Board::parse("x.toml", short).expect("a board");
    assert!(board.kernel.command_line.is_empty());
    assert_eq!(board.usr.compression, Compression::Zstd { level: 19 });
    let (enroll, firmware) = (Enroll::Manual, Firmware::Uefi);
    assert_eq!(board.boot, Boot { menu_timeout: 0, debug: Debug::Off, enroll, firmware });
    assert_eq!(board.disk.size, ByteSize::mib(4096));
    assert_eq!(board.budgets.uki, None);
}

#[test]
fn a_board_chooses_when_keys_are_enrolled() {
    for enroll in Enroll::ALL {
        let key = format!("[boot]\nsecure-boot-enroll = \"{}\"", enroll.name());
        let board = Board::parse("x.toml", &BOARD.replace("[boot]", &key)).expect("a board");
        assert_eq!(board.boot.enroll, enroll);
    }
}

#[test]
fn a_board_may_ask_for_debugging_where_it_allows_it() {
    let text = BOARD.replace("\"off\"", "\"allowed\"").replace("console=ttyS0", "keelson.debug");
    let board = Board::parse("x.toml", &text).expect("a board");
    assert_eq!(board.kernel.command_line, ["keelson.debug"]);
}
