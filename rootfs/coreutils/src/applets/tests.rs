//! The table against the recipe.

use std::collections::BTreeSet;

use super::{Applet, Run, names};

/// The recipe that makes the links.
const RECIPE: &str = include_str!("../../../packages/coreutils.toml");

fn names_linked_by_the_recipe() -> Vec<String> {
    let recipe: toml::Table = RECIPE.parse().expect("the recipe is TOML");
    let links = recipe["link"].as_array().expect("the recipe has links");
    let name = |link: &toml::Value| {
        let path = link["path"].as_str().expect("a path is text");
        path.rsplit('/').next().expect("a path has a name").to_owned()
    };
    links.iter().map(name).collect()
}

#[test]
fn the_recipe_links_every_applet_once() {
    let mut linked = names_linked_by_the_recipe();
    linked.sort_unstable();
    assert_eq!(linked, names());
}

#[test]
fn the_links_of_the_recipe_lead_to_the_program() {
    let recipe: toml::Table = RECIPE.parse().expect("the recipe is TOML");
    for link in recipe["link"].as_array().expect("the recipe has links") {
        let (path, to) = (link["path"].as_str(), link["to"].as_str());
        let expected = match path.and_then(|path| path.strip_prefix("usr/")) {
            Some(path) if path.starts_with("bin/") => "coreutils",
            Some(path) if path.starts_with("sbin/") => "../bin/coreutils",
            _ => panic!("{path:?} is in neither bin nor sbin"),
        };
        assert_eq!(to, Some(expected), "{path:?}");
    }
}

#[test]
fn no_name_is_in_the_table_twice() {
    let names = names();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn an_error_of_our_own_applets_gives_status_1() {
    let applet = Applet { name: "fails", run: Run::Own(|_| Err("as it should".to_owned())) };
    assert_eq!(applet.run(vec!["fails".into()]), 1);
}
