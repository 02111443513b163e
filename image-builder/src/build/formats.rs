//! Makes the formats of an image out of what a build's folder has: `disk.raw`, the UKI, the sealed
//! `/usr` and the manifest so far. A format that is added to a finished build needs nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use keelson_format::release::Release;
use keelson_sdk::{Lock, Sdk};

use super::inputs::Inputs;
use super::{BuildError, Clock, Format, Wanted, Work, convert, installer, iso, netboot};
use crate::keys::KeySet;
use crate::plan::Plan;

/// What formats are made of.
pub(super) struct Source<'a> {
    /// Tools and compilers.
    pub(super) sdk: &'a Sdk,
    /// The resolved plan.
    pub(super) plan: &'a Plan,
    /// The Debian packages of the build.
    pub(super) lock: &'a Lock,
    /// The unpacked packages and compiled programs of the plan.
    pub(super) inputs: &'a Inputs,
    /// Root of the workspace.
    pub(super) workspace: &'a Path,
    /// Keys that sign.
    pub(super) keys: &'a KeySet,
    /// The manifest; its artifacts are not complete yet.
    pub(super) release: &'a Release,
    /// Where everything lies and the formats go.
    pub(super) folder: &'a Path,
}

impl<'a> Source<'a> {
    pub(super) fn new(work: &Work<'a>, release: &'a Release, folder: &'a Path) -> Self {
        Self {
            sdk: work.sdk,
            plan: &work.request.manifests.plan,
            lock: work.lock,
            inputs: work.inputs,
            workspace: work.request.workspace,
            keys: work.request.keys,
            release,
            folder,
        }
    }
}

/// Makes what is wanted in the source's folder. Every format of the disk is written in the same pass over it.
pub(super) fn make(
    source: &Source<'_>,
    wanted: &BTreeSet<Wanted>,
    clock: &mut Clock,
) -> Result<(), BuildError> {
    let progress = &source.sdk.options().progress;
    if wanted.iter().any(|wanted| wanted.format.is_of_disk()) {
        clock.time("disk formats", || {
            let _step = progress.step("writing the formats of the disk");
            convert::convert(source, wanted)
        })?;
    }
    for Wanted { format, .. } in wanted {
        match format {
            // Each is made by a function of its own in build/, which gets the source.
            Format::Pxe => clock.time("pxe", || netboot::pxe(source))?,
            Format::Netboot => clock.time("netboot", || netboot::single_file(source))?,
            Format::Iso => clock.time("iso", || {
                let _step = progress.step("writing the live medium");
                iso::write(source)
            })?,
            Format::Installer => clock.time("installer", || installer::write(source))?,
            _ => {}
        }
    }
    Ok(())
}
