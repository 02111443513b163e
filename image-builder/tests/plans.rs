//! The plan of every board of the tree, compared with the one under `tests/golden`.
//!
//! A difference is meant to be read: it is what a change of a board or recipe does to the image.

use std::fs;
use std::path::{Path, PathBuf};

use keelson_image_builder::board::Board;
use keelson_image_builder::plan::resolve;
use keelson_image_builder::recipe::{Recipe, by_name};

/// The golden plans are of this version, so that a release does not change them.
const VERSION: &str = "0.0.0";

/// The root of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is a folder of the workspace")
}

/// The files of a folder of the workspace that end in `extension`, sorted.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect(folder);
    let paths = entries.map(|entry| entry.expect(folder).path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| name(path).ends_with(extension)).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("names in the tree are UTF-8")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn recipes() -> Vec<Recipe> {
    let parse = |path: PathBuf| {
        Recipe::parse(&format!("rootfs/packages/{}", name(&path)), &read(&path))
            .unwrap_or_else(|error| panic!("{error}"))
    };
    files("rootfs/packages", ".toml").into_iter().map(parse).collect()
}

fn printed_plan(board: &Path) -> String {
    let recipes = by_name(recipes()).unwrap_or_else(|error| panic!("{error}"));
    let board = Board::parse(&format!("boards/{}", name(board)), &read(board))
        .unwrap_or_else(|error| panic!("{error}"));
    let version = VERSION.parse().expect("a version");
    resolve(&board, &recipes, &version).unwrap_or_else(|error| panic!("{error}")).to_toml()
}

#[test]
fn the_plan_of_every_board_is_the_golden_one() {
    let boards = files("boards", ".toml");
    assert!(!boards.is_empty());
    for board in boards {
        let board_name = name(&board).trim_end_matches(".toml");
        let golden = format!("image-builder/tests/golden/{board_name}.plan.toml");
        let printed = printed_plan(&board);
        let expected = fs::read_to_string(root().join(&golden)).unwrap_or_default();
        let mut lines = printed.lines().zip(expected.lines()).enumerate();
        let different = lines.find(|(_, (printed, expected))| printed != expected);
        assert!(
            printed == expected,
            "the plan of {board_name} is not {golden} (first different line: {different:?}); \
             if that is meant, run\n\
             cargo xtask plan --board {board_name} --version {VERSION} > {golden}"
        );
    }
}

#[test]
fn every_golden_plan_has_a_board() {
    let boards = files("boards", ".toml");
    for golden in files("image-builder/tests/golden", ".plan.toml") {
        let board = name(&golden).replace(".plan.toml", ".toml");
        assert!(boards.iter().any(|path| name(path) == board), "there is no boards/{board}");
    }
}
