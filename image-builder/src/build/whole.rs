//! Builds everything, from packages and programs to the formats.

use fs_err as fs;
use keelson_format::release::Release;

use super::inputs::BUILD_TOOLS;
use super::{BuildError, Clock, Work, artifacts, bios, disk, formats, fresh, seal, uki};

/// Makes all artifacts in a folder of their own and puts it in the place of the build before.
pub(super) fn build(work: &Work<'_>, clock: &mut Clock) -> Result<Release, BuildError> {
    let request = work.request;
    let plan = &request.manifests.plan;
    let progress = &work.sdk.options().progress;
    let tools =
        clock.time("tools", || work.sdk.tools(work.lock, &BUILD_TOOLS.map(str::to_owned)))?;
    let partial = artifacts::Partial::begin(work.board_folder, &plan.version)?;
    let at = |name: &str| partial.path().join(name);
    let mut staged = clock.time("stage", || {
        let _step = progress.step("collecting /usr");
        crate::stage::stage(plan, work.inputs)
    })?;
    seal::add_release_keys(&mut staged.tree, request.keys)?;
    // The initramfs does not depend on the root hash: both are compressed at once.
    let (image, initramfs) = clock.time("erofs, initramfs", || {
        let _step = progress.step("compressing /usr");
        let (format, uuid) = (&plan.usr.format, plan.usr.uuid);
        rayon::join(
            || crate::erofs::write(&tools, &staged.tree, format, uuid, &at("usr.erofs")),
            || uki::initramfs(plan, &staged, request.keys),
        )
    });
    image?;
    let sealed =
        clock.time("verity", || seal::seal(plan, &staged.tree, partial.path(), request.keys))?;
    let boot =
        clock.time("uki", || uki::assemble(plan, &staged, &sealed, &initramfs?, request.keys))?;
    fs::write(at("keelson.efi"), &boot.uki)?;
    let bios = clock.time("bios", || bios::of_disk(plan, &tools, &boot.uki))?;
    let (table, ranges) = clock.time("disk.raw", || {
        disk::write(plan, &sealed, boot, bios, request.keys, partial.path())
    })?;
    artifacts::bill(plan, work.lock, &staged, &sealed, request.workspace, partial.path())?;
    let release = artifacts::manifest(plan, &staged, &sealed, (table, ranges), request.keys);
    let source = formats::Source::new(work, &release, partial.path());
    formats::make(&source, &work.wanted(), clock)?;
    let release = clock.time("manifest", || {
        let _step = progress.step("writing the manifest");
        artifacts::describe(release, request.keys, partial.path())
    })?;
    clock.time("sync", || -> Result<(), BuildError> {
        fresh::record(partial.path(), work.digest)?;
        partial.finish(work.folder)
    })?;
    Ok(release)
}
