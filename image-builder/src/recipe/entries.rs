//! The entries of a recipe: files, bundles, links and directories.

use toml::Spanned;

use super::raw::{RawBundle, RawDirectory, RawFile, RawLink};
use super::{Bundle, Directory, Exports, File, Link, Mode, RecipeError, Source};
use crate::manifest::{Checker, ValueError};

/// Checks files. Without a source (it was wrong itself) what depends on its type is let pass.
pub(super) fn files(
    c: &mut Checker,
    raw: Vec<Spanned<RawFile>>,
    source: Option<&Source>,
) -> Vec<File> {
    raw.into_iter().map(|raw| file(c, raw, source)).collect()
}

pub(super) fn bundles(c: &mut Checker, raw: Vec<Spanned<RawBundle>>) -> Vec<Bundle> {
    let bundle = |raw: Spanned<RawBundle>| {
        let RawBundle { from, to, mode } = raw.into_inner();
        let span = to.span();
        let from = pattern(c, from);
        Bundle { from, to: destination(c, to), mode: mode.map(|text| self::mode(c, &text)), span }
    };
    raw.into_iter().map(bundle).collect()
}

pub(super) fn links(c: &mut Checker, raw: Vec<Spanned<RawLink>>) -> Vec<Link> {
    let link = |raw: Spanned<RawLink>| {
        let RawLink { path, to } = raw.into_inner();
        let span = path.span();
        Link { path: destination(c, path), to: c.text("to", to), span }
    };
    raw.into_iter().map(link).collect()
}

pub(super) fn directories(c: &mut Checker, raw: Vec<Spanned<RawDirectory>>) -> Vec<Directory> {
    let directory = |raw: Spanned<RawDirectory>| {
        let RawDirectory { path, mode } = raw.into_inner();
        let span = path.span();
        Directory { path: destination(c, path), mode: self::mode(c, &mode), span }
    };
    raw.into_iter().map(directory).collect()
}

/// A name that the source builds.
pub(super) fn binary(c: &mut Checker, raw: &Spanned<String>, binaries: &[String]) {
    if !binaries.contains(raw.get_ref()) {
        let name = raw.get_ref().escape_debug().to_string();
        c.note(raw.span(), RecipeError::UnknownBinary { name, binaries: binaries.to_owned() });
    }
}

/// A path of one file.
pub(super) fn single(c: &mut Checker, raw: Spanned<String>) -> String {
    if raw.get_ref().contains('*') {
        let path = raw.get_ref().escape_debug().to_string();
        c.note(raw.span(), RecipeError::Star { path, place: "where one file is meant" });
    }
    c.path(raw)
}

fn file(c: &mut Checker, raw: Spanned<RawFile>, source: Option<&Source>) -> File {
    let whole = raw.span();
    let RawFile { from, to, mode, exports } = raw.into_inner();
    let span = to.as_ref().unwrap_or(&from).span();
    match source {
        Some(Source::Files(_)) if to.is_some() => {
            c.note(span.clone(), RecipeError::FilesEntry("not a `to`"));
        }
        Some(Source::Files(_)) if mode.is_none() => {
            c.note(whole, RecipeError::FilesEntry("so write one"));
        }
        Some(source @ (Source::Workspace(_) | Source::Crate(_))) => {
            binary(c, &from, source.binaries());
        }
        _ => {}
    }
    let mode = mode.map(|text| self::mode(c, &text));
    let known = [("keep", Exports::Keep), ("drop", Exports::Drop)];
    let exports = exports.map_or(Exports::Keep, |word| c.choice("exports", &word, &known));
    let from_span = from.span();
    let noted = c.noted();
    let from = pattern(c, from);
    let is_pattern = from.contains('*');
    let to = match to {
        Some(to) if is_pattern => folder(c, to),
        Some(to) => destination(c, to),
        None if c.noted() == noted && !from.starts_with("usr/") => {
            c.note(from_span, RecipeError::NeedsTo(from.clone()));
            from.clone()
        }
        None if is_pattern => from.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
        None => from.clone(),
    };
    File { from, to, mode, exports, span }
}

/// A path that may have `*` in its last component.
fn pattern(c: &mut Checker, raw: Spanned<String>) -> String {
    let text = raw.get_ref();
    if text.rsplit_once('/').is_some_and(|(folder, _)| folder.contains('*')) {
        let path = text.escape_debug().to_string();
        c.note(raw.span(), RecipeError::Star { path, place: "before its last component" });
    }
    c.path(raw)
}

/// The folder that a pattern's files go to, written with `/` at its end.
fn folder(c: &mut Checker, raw: Spanned<String>) -> String {
    let Some(folder) = raw.get_ref().strip_suffix('/') else {
        let rule = "be a folder and end in `/`, since `from` is a pattern";
        c.note(raw.span(), RecipeError::Destination { to: shown(&raw), rule });
        return raw.into_inner();
    };
    let folder = Spanned::new(raw.span(), folder.to_owned());
    below_usr(c, folder)
}

/// Where one file goes.
fn destination(c: &mut Checker, raw: Spanned<String>) -> String {
    if raw.get_ref().ends_with('/') {
        let rule = "be the whole path, without `/` at its end";
        c.note(raw.span(), RecipeError::Destination { to: shown(&raw), rule });
        return raw.into_inner();
    }
    if raw.get_ref().contains('*') {
        let path = shown(&raw);
        c.note(raw.span(), RecipeError::Star { path, place: "where one file is meant" });
    }
    below_usr(c, raw)
}

fn below_usr(c: &mut Checker, raw: Spanned<String>) -> String {
    let noted = c.noted();
    let span = raw.span();
    let path = c.path(raw);
    if c.noted() == noted && !path.starts_with("usr/") {
        c.note(span, RecipeError::OutsideUsr(path.clone()));
    }
    path
}

fn mode(c: &mut Checker, raw: &Spanned<String>) -> Mode {
    Mode::from_text(raw.get_ref()).unwrap_or_else(|| {
        c.note(raw.span(), ValueError::Mode { mode: shown(raw) });
        Mode(0o644)
    })
}

fn shown(raw: &Spanned<String>) -> String {
    raw.get_ref().escape_debug().to_string()
}
