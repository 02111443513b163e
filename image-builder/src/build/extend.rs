//! Adds formats to a build that is otherwise up to date.

use std::collections::BTreeSet;

use keelson_format::release::Release;

use super::{BuildError, Clock, Wanted, Work, artifacts, formats, fresh};

/// Makes those of the wanted formats that a build lacks, out of what it has; nothing else is built.
/// Gives the manifest, and whether nothing was missing.
pub(super) fn add_missing(
    work: &Work<'_>,
    release: Release,
    clock: &mut Clock,
) -> Result<(Release, bool), BuildError> {
    let missing: BTreeSet<Wanted> = work
        .wanted()
        .into_iter()
        .filter(|wanted| !release.artifacts.contains_key(&wanted.artifact()))
        .collect();
    if missing.is_empty() {
        return Ok((release, true));
    }
    let progress = &work.sdk.options().progress;
    let partial = artifacts::Partial::begin(work.board_folder, &release.version)?;
    artifacts::link(work.folder, partial.path())?;
    let source = formats::Source::new(work, &release, partial.path());
    formats::make(&source, &missing, clock)?;
    let keys = work.request.keys;
    let release = clock.time("manifest", || {
        let _step = progress.step("writing the manifest");
        artifacts::describe(release, keys, partial.path())
    })?;
    clock.time("sync", || -> Result<(), BuildError> {
        fresh::record(partial.path(), work.digest)?;
        partial.finish(work.folder)
    })?;
    Ok((release, false))
}
