//! How places are shown, and that no text makes the parsers panic.

use proptest::prelude::*;

use super::*;
use crate::board::Board;
use crate::recipe::Recipe;

const BOARD: &str = include_str!("../../../boards/amd64-usr.toml");
const RECIPE: &str = include_str!("../../../rootfs/packages/containerd.toml");

/// What an error at `range` of `text` looks like.
fn shown(text: &str, range: Span) -> String {
    let key = "k".to_owned();
    ManifestError::one(&Origin::new("x.toml", text), &range, FormError::MissingKey { key })
        .to_string()
}

#[test]
fn the_line_of_a_mistake_is_shown_with_its_place_underlined() {
    for (text, range, expected) in [
        ("a = 1\nb = 2\n", 10..11, "x.toml:2:5: the key `k` is missing\n2 | b = 2\n  |     ^"),
        (
            "a = \"ä\" # ö",
            4..8,
            "x.toml:1:5: the key `k` is missing\n1 | a = \"ä\" # ö\n  |     ^^^",
        ),
        ("\ta = 1", 1..2, "x.toml:1:2: the key `k` is missing\n1 |  a = 1\n  |  ^"),
        ("a = [\n1]\n", 4..8, "x.toml:1:5: the key `k` is missing\n1 | a = [\n  |     ^"),
        ("a = 1\r\nb", 4..7, "x.toml:1:5: the key `k` is missing\n1 | a = 1\n  |     ^"),
        ("", 0..0, "x.toml:1:1: the key `k` is missing\n1 |\n  | ^"),
        ("a", 9..12, "x.toml:1:2: the key `k` is missing\n1 | a\n  |  ^"),
    ] {
        assert_eq!(shown(text, range), expected, "{text:?}");
    }
}

#[test]
fn of_a_long_line_the_surroundings_are_shown() {
    let text = "x".repeat(5000);
    let error = shown(&text, 4000..4100);
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines[0], "x.toml:1:4001: the key `k` is missing");
    assert_eq!((lines[1].len(), lines[2].len()), (124, 124));
    assert_eq!(lines[2].matches('^').count(), 80);
}

#[test]
fn all_mistakes_of_a_manifest_are_reported_in_the_order_of_their_lines() {
    let text = BOARD
        .replace("\"zstd\"", "\"zip\"")
        .replace("\"4 GiB\"", "\"4\"")
        .replace("\"base\"", "\"Base\"");
    let error = Board::parse("amd64-usr.toml", &text).expect_err("three mistakes");
    let lines: Vec<usize> = error.mistakes().iter().map(|located| located.line).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.is_sorted());
}

/// A manifest with a few of its bytes replaced by others that mean something to TOML.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let edit =
        (any::<prop::sample::Index>(), 0..8usize, "[\\[\\]{}\"'=.,#\n\\\\a0-9/*ä \u{7}-]{0,6}");
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut chars: Vec<char> = text.chars().collect();
        for (index, length, with) in edits {
            let at = index.index(chars.len() + 1);
            let end = (at + length).min(chars.len());
            chars.splice(at..end, with.chars());
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_parsers_panic(text in any::<String>()) {
        for result in [Board::parse("x", &text).err(), Recipe::parse("x", &text).err()] {
            prop_assert!(!result.expect("not a manifest").to_string().is_empty());
        }
    }

    #[test]
    fn no_change_of_a_manifest_makes_its_parser_panic(
        board in mutated(BOARD),
        recipe in mutated(RECIPE),
    ) {
        let board = Board::parse("boards/amd64-usr.toml", &board).map(|_| ());
        let recipe = Recipe::parse("containerd.toml", &recipe).map(|_| ());
        for error in [board, recipe].into_iter().filter_map(Result::err) {
            for located in error.mistakes() {
                prop_assert!(located.line >= 1 && located.column >= 1);
                prop_assert!(!located.to_string().is_empty());
            }
        }
    }
}
