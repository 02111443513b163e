//! The signed UKI of a sealed `/usr` and the signed loader that starts it.

use fs_err as fs;

use super::BuildError;
use super::seal::SealedUsr;
use crate::keys::KeySet;
use crate::plan::Plan;
use crate::stage::Staged;
use crate::uki::Parts;
use crate::{authenticode, initramfs, uki};

/// What the firmware starts.
pub(super) struct Boot {
    /// systemd-boot, signed.
    pub(super) loader: Vec<u8>,
    /// The UKI, signed.
    pub(super) uki: Vec<u8>,
    /// The stub of add-ons.
    pub(super) addon_stub: Vec<u8>,
}

/// The compressed initramfs.
pub(super) fn initramfs(
    plan: &Plan,
    staged: &Staged,
    keys: &KeySet,
) -> Result<Vec<u8>, BuildError> {
    let init = staged.build_file(&plan.boot.init)?;
    Ok(initramfs::assemble(init, &staged.kernel, keys, plan.boot.debug)?)
}

/// Joins and signs the UKI, and signs the loader.
pub(super) fn assemble(
    plan: &Plan,
    staged: &Staged,
    sealed: &SealedUsr,
    initrd: &[u8],
    keys: &KeySet,
) -> Result<Boot, BuildError> {
    let unsigned = uki::assemble(&Parts {
        stub: &staged.build_file(&plan.boot.stub)?.read()?,
        os_release: &os_release(plan, keys),
        cmdline: &plan.cmdline(sealed.root_hash).to_string(),
        uname: &staged.kernel.release,
        sbat: "",
        linux: &fs::read(&staged.kernel.image)?,
        initrd,
    })?;
    let uki = authenticode::sign(&unsigned, keys.db())?;
    let (size, limit) = (uki.len() as u64, plan.boot.uki_limit.bytes());
    if size > limit {
        let mut largest: Vec<_> = staged
            .kernel
            .initramfs
            .iter()
            .map(|m| (m.path.clone(), m.bytes.len() as u64))
            .collect();
        largest.sort_by_key(|file| std::cmp::Reverse(file.1));
        largest.truncate(10);
        let limit_name = format!("{limit} bytes, its budget or else a sixth of the ESP");
        return Err(BuildError::TooLarge {
            what: "the UKI",
            size,
            over: size - limit,
            limit: limit_name,
            largest,
        });
    }
    let loader = authenticode::sign(&staged.build_file(&plan.boot.loader)?.read()?, keys.db())?;
    let addon_stub = staged.build_file(&plan.boot.addon_stub)?.read()?;
    Ok(Boot { loader, uki, addon_stub })
}

/// The os-release of the UKI, which the loader's menu shows: it says what kind of keys signed it.
fn os_release(plan: &Plan, keys: &KeySet) -> String {
    if !keys.is_dev() {
        return plan.os_release.clone();
    }
    let mark = |line: &str| match line.strip_prefix("PRETTY_NAME=") {
        Some(name) => format!("PRETTY_NAME=\"{} (development keys)\"\n", name.trim_matches('"')),
        None => format!("{line}\n"),
    };
    plan.os_release.lines().map(mark).collect()
}
