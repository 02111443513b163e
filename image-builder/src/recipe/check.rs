//! From the keys of a recipe to the checked recipe.

use super::raw::RawRecipe;
use super::{Recipe, RecipeError, Source, entries, source};
use crate::manifest::{self, Checker, ManifestError, Origin};

pub(super) fn recipe(origin: &Origin) -> Result<Recipe, ManifestError> {
    let raw: RawRecipe = manifest::parse(origin)?;
    let mut checker = Checker::new(origin);
    let c = &mut checker;
    let name = c.own_name("recipe", "a recipe's name", raw.name);
    let description = c.text("description", raw.description);
    let rule = "use letters, digits, spaces and `.-+:()`";
    let license = c.matching("an SPDX expression", rule, raw.license, |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-+:() ".contains(c);
        !text.trim().is_empty() && text.chars().all(allowed)
    });
    let source_span = raw.source.span();
    let binaries_span = raw.source.get_ref().binaries.as_ref().map(toml::Spanned::span);
    let noted = c.noted();
    let (source, build_only) = source::check(c, raw.source);
    // A source that is wrong itself would make every entry that refers to it wrong too.
    let sound = c.noted() == noted;
    let files = entries::files(c, raw.file, sound.then_some(&source));
    let bundles = entries::bundles(c, raw.bundle);
    let links = entries::links(c, raw.link);
    let directories = entries::directories(c, raw.directory);

    let takes_something = match source {
        Source::Kernel(_) | Source::Files(_) => true,
        _ => !(files.is_empty() && bundles.is_empty() && build_only.is_empty()),
    };
    if sound && !takes_something {
        c.note(source_span.clone(), RecipeError::TakesNothing);
    }
    let taken = |binary: &String| {
        build_only.contains(binary) || files.iter().any(|file| file.from == *binary)
    };
    for binary in source.binaries().iter().filter(|binary| sound && !taken(binary)) {
        let span = binaries_span.clone().unwrap_or(source_span.clone());
        c.note(span, RecipeError::UnusedBinary(binary.clone()));
    }
    checker.finish(Recipe {
        name,
        description,
        license,
        source,
        build_only,
        files,
        links,
        directories,
        bundles,
        origin: origin.clone(),
    })
}
