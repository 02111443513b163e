//! The paths that recipes give, and whether any two of them are in each other's way.
//!
//! Patterns and `files` folders are not known by path here; the builder checks them when it has
//! unpacked the sources.

use std::collections::BTreeMap;

use super::PlanError;
use crate::manifest::{Mistake, Span};
use crate::recipe::Recipe;

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory(u32),
}

/// Who gives a path.
#[derive(Clone, Copy)]
struct Given<'a> {
    recipe: &'a Recipe,
    span: &'a Span,
    kind: Kind,
}

/// A contradiction, with the recipe and place of its second half.
pub(super) struct Contradiction<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) span: Span,
    pub(super) mistake: Mistake,
}

/// The contradictions between the entries of recipes.
pub(super) fn contradictions(recipes: &[Recipe]) -> Vec<Contradiction<'_>> {
    let mut tree: BTreeMap<&str, Given> = BTreeMap::new();
    let mut found = Vec::new();
    for (path, given) in recipes.iter().flat_map(entries) {
        match tree.get(path) {
            None => {
                tree.insert(path, given);
            }
            // A directory may be asked for by everyone who needs it.
            Some(first) if given.kind == first.kind && given.kind != Kind::File => {}
            Some(first) => found.push(contradiction(&given, || PlanError::Conflict {
                recipe: given.recipe.name.clone(),
                path: path.to_owned(),
                first: first.recipe.name.clone(),
                place: first.recipe.origin.line_of(first.span),
            })),
        }
    }
    for (path, given) in &tree {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        let above = parents.filter_map(|parent| Some((parent, tree.get(parent)?)));
        if let Some((parent, first)) = above.into_iter().find(|(_, g)| g.kind == Kind::File) {
            found.push(contradiction(given, || PlanError::BelowFile {
                recipe: given.recipe.name.clone(),
                path: (*path).to_owned(),
                parent: parent.to_owned(),
                first: first.recipe.name.clone(),
                place: first.recipe.origin.line_of(first.span),
            }));
        }
    }
    found
}

/// The paths that a recipe gives, in the order of its file.
fn entries(recipe: &Recipe) -> Vec<(&str, Given<'_>)> {
    let given = |span, kind| Given { recipe, span, kind };
    let mut entries: Vec<(&str, Given)> = Vec::new();
    // In a `files` recipe a file entry changes the mode of a file that is given anyway.
    for file in recipe.files.iter().filter(|file| !file.is_pattern()) {
        entries.push((&file.to, given(&file.span, Kind::File)));
    }
    for bundle in &recipe.bundles {
        entries.push((&bundle.to, given(&bundle.span, Kind::File)));
    }
    for link in &recipe.links {
        entries.push((&link.path, given(&link.span, Kind::File)));
    }
    for directory in &recipe.directories {
        let kind = Kind::Directory(directory.mode.bits());
        entries.push((&directory.path, given(&directory.span, kind)));
    }
    entries.sort_by_key(|(_, given)| given.span.start);
    entries
}

fn contradiction<'a>(given: &Given<'a>, error: impl FnOnce() -> PlanError) -> Contradiction<'a> {
    Contradiction { recipe: given.recipe, span: given.span.clone(), mistake: error().into() }
}
