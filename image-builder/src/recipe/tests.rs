//! What a recipe is read as; below, every mistake with the exact text of its error.

mod entries;
mod form;
mod source_types;

use super::*;

const RECIPE: &str = r#"schema = 1
name = "x"
description = "A recipe"
license = "Apache-2.0"

[source]
type = "debian"
packages = ["runc"]

[[file]]
from = "usr/sbin/runc"

[[link]]
path = "usr/bin/runc"
to = "../sbin/runc"

[[directory]]
path = "usr/lib/x"
mode = "0755"
"#;

const DEBIAN: &str = "type = \"debian\"\npackages = [\"runc\"]";
const FILE: &str = "from = \"usr/sbin/runc\"";

/// Makes replacements in a recipe that is fine, and compares the error.
#[track_caller]
fn refused(replacements: &[(&str, &str)], error: &str) {
    let mut text = RECIPE.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from} is not in the recipe");
        text = text.replacen(from, to, 1);
    }
    match Recipe::parse("x.toml", &text) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(found) => assert_eq!(found.to_string(), error),
    }
}

#[test]
fn a_recipe_is_read_as_it_is_written() {
    let recipe = Recipe::parse("user/x.toml", RECIPE).expect("a recipe");
    assert_eq!(recipe.source, Source::Debian(DebianSource { packages: vec!["runc".to_owned()] }));
    assert_eq!((recipe.files[0].to.as_str(), recipe.files[0].mode), ("usr/sbin/runc", None));
    assert_eq!(
        (recipe.links[0].path.as_str(), recipe.links[0].to.as_str()),
        ("usr/bin/runc", "../sbin/runc")
    );
    assert_eq!(recipe.directories[0].mode.bits(), 0o755);
}

#[test]
fn patterns_match_within_one_component() {
    for (pattern, path, expected) in [
        ("usr/bin/x", "usr/bin/x", true),
        ("usr/bin/x", "usr/bin/xy", false),
        ("usr/lib/libxt_*", "usr/lib/libxt_tcp.so", true),
        ("usr/lib/libxt_*.so", "usr/lib/libxt_tcp.so", true),
        ("usr/lib/libxt_*.so", "usr/lib/libxt_a/b.so", false),
        ("usr/lib/*", "usr/lib/a/b", false),
        ("usr/lib/*", "usr/lib/", true),
        ("a*b*c", "aXbYc", true),
        ("a*b*c", "aXcYb", false),
        ("a*a", "a", false),
        ("*", "x", true),
    ] {
        assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
    }
}

#[test]
fn a_pattern_keeps_the_names_of_its_files() {
    let text = RECIPE.replace(FILE, "from = \"etc/x/*.conf\"\nto = \"usr/share/x/\"");
    let recipe = Recipe::parse("x.toml", &text).expect("a recipe");
    assert_eq!(recipe.files[0].destination("etc/x/a.conf"), "usr/share/x/a.conf");
    let text = RECIPE.replace(FILE, "from = \"usr/share/x/*\"");
    let recipe = Recipe::parse("x.toml", &text).expect("a recipe");
    assert_eq!(recipe.files[0].destination("usr/share/x/a"), "usr/share/x/a");
}

#[test]
fn two_recipes_of_one_name_are_refused() {
    let parse = |file| Recipe::parse(file, RECIPE).expect("a recipe");
    let error =
        by_name([parse("rootfs/packages/x.toml"), parse("mine/x.toml")]).expect_err("twice");
    assert_eq!(
        error.to_string(),
        "mine/x.toml:1:1: a second recipe is named `x`\n\
         1 | schema = 1\n  | ^\n  = the first is rootfs/packages/x.toml"
    );
}
